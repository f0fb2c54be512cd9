"""A rolling upgrade: the next release starts beside this one on one Postgres, and takes over from it."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from tests.chaos.ground import Ground
from tests.chaos.outcome import Outcome
from tests.chaos.site import Site
from tests.chaos.tally import judge

_ROOT = Path(__file__).resolve().parents[3]
_REVISIONS = Path("reviewer") / "database" / "revisions"
_JOBS = 4
_NEXT_REVISION = '''
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{newest}"
oldest_program = "{newest}"


def upgrade():
    """Add what this release does not know yet."""
    op.add_column("jobs", sa.Column("later", sa.Integer, nullable=False, server_default="0"))
'''


def run(ground: Ground) -> Outcome:
    """Run both releases side by side under load, end the old one, then go back to it as an operator might."""
    site = Site(ground, "postgres")
    newer = _next_release(ground.folder / "next")
    old = site.process()
    worst = 0.0
    new = site.process(start=False, tree=newer)
    for _ in range(ground.scale.faults):
        site.begin(_JOBS, to=old)
        new.start()
        new.wait_ready()
        site.begin(_JOBS, to=old)  # the old one works on a database that the new one has changed
        site.begin(_JOBS, to=new)
        assert "later" in site.ledger.columns("jobs"), "the next release has not changed the database"
        began = time.monotonic()
        code = old.stop()
        assert code == 0, f"the old release ended with {code}"
        site.ledger.look(dict(site.acknowledged))
        site.settle()
        worst = max(worst, time.monotonic() - began)
        site.begin(_JOBS, to=new)
        old.start()
        old.wait_ready()
        new.stop()
        site.settle()
    return judge(site, runs=2 * ground.scale.faults, recovery_s=worst)


def _next_release(folder: Path) -> Path:
    """Copy the program and give the copy a revision of its own."""
    shutil.copytree(_ROOT / "reviewer", folder / "reviewer", ignore=shutil.ignore_patterns("_material"))
    for shared in ("parsers", "rules", "ci", "pyproject.toml"):
        (folder / shared).symlink_to(_ROOT / shared)
    newest = max(file.name for file in (folder / _REVISIONS).glob("[0-9]*.py")).partition("_")[0]
    (folder / _REVISIONS / "9999_later.py").write_text(_NEXT_REVISION.format(newest=newest), encoding="utf-8")
    return folder
