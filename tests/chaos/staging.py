"""Runs one scenario on fresh ground, and turns what goes wrong there into an outcome."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy.exc import SQLAlchemyError

from reviewer.forges.local import open_diff
from reviewer.repo.git import GitFailed
from reviewer.scanners.secrets import SecretScanner
from tests.chaos.catalogue import Scenario
from tests.chaos.ground import Ground
from tests.chaos.outcome import Outcome, Scale
from tests.chaos.postgres import PostgresServer, Unavailable, postgres_server

# What a scenario may end with besides an outcome; the others are still run.
_CRASHES = (AssertionError, OSError, RuntimeError, GitFailed, httpx.HTTPError, SQLAlchemyError)
_ANY_CHANGE = b"--- /dev/null\n+++ b/a.py\n@@ -0,0 +1 @@\n+a = 1\n"


@dataclass(slots=True)
class Stage:
    """What scenarios share: one Postgres and one copy of the compiled secret rules, each made when first needed."""

    folder: Path
    _stack: ExitStack
    _postgres: PostgresServer | None = None

    def play(self, name: str, scenario: Scenario, scale: Scale) -> Outcome:
        """Run a scenario and end all that it started."""
        folder = self.folder / name
        folder.mkdir()
        try:
            with ExitStack() as stack:
                return scenario(Ground(name, folder, scale, self._open_postgres, self._warm, stack))
        except Unavailable as err:
            return Outcome(runs=0, skipped=str(err))
        except _CRASHES as err:
            return Outcome(runs=0, broken=(f"{type(err).__name__}: {err}",))

    def _open_postgres(self) -> PostgresServer:
        if self._postgres is None:
            self._postgres = self._stack.enter_context(postgres_server())
        return self._postgres

    def _warm(self, data_dir: Path) -> None:
        compiled = self.folder / "compiled-secrets"
        if not compiled.exists():
            SecretScanner(compiled).scan(open_diff(_ANY_CHANGE))
        shutil.copytree(compiled, data_dir / "secrets")


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Set a stage in a folder."""
    with ExitStack() as stack:
        yield Stage(folder, stack)
