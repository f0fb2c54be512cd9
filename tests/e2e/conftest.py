"""What the deployed services of the end-to-end tests share: the compiled rules of the secret scanner."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reviewer.forges.local import open_diff
from reviewer.scanners.secrets import SecretScanner
from tests.contract.conftest import new_postgres_database  # noqa: F401  # a fixture

ANY_CHANGE = b"--- /dev/null\n+++ b/a.py\n@@ -0,0 +1 @@\n+a = 1\n"


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Compile the secret scanner's rules once for all workers: seconds each time otherwise."""
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "compiled-secrets"
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.is_dir():
            draft = shared.with_suffix(".draft")
            SecretScanner(draft).scan(open_diff(ANY_CHANGE))
            draft.rename(shared)
    return shared


@pytest.fixture(scope="session")
def warm(compiled: Path) -> Callable[[Path], None]:
    """Give a data folder its own copy of what is compiled."""

    def copy(data_dir: Path) -> None:
        shutil.copytree(compiled, data_dir / "secrets")

    return copy
