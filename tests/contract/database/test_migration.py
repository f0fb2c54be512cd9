"""Every start finds the tables it knows, whichever program was here before."""

from __future__ import annotations

import importlib
import pkgutil
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, delete, inspect, text

import reviewer.database
from reviewer.database.connections import open_database
from reviewer.database.migration import REVISIONS, VERSION_TABLE, check_revision, migrate
from reviewer.database.tables import metadata, revisions
from reviewer.domain import Event
from reviewer.errors import StoreError
from reviewer.service import intake
from reviewer.service.store import Store

pytestmark = pytest.mark.xdist_group("jobs")

FIRST_RELEASE = {
    "reviewer_version": "version INTEGER NOT NULL PRIMARY KEY",
    "deliveries": "forge VARCHAR(64) NOT NULL, delivery VARCHAR(128) NOT NULL, job TEXT NOT NULL, "
    "received FLOAT NOT NULL, PRIMARY KEY (forge, delivery)",
    "merge_requests": "forge VARCHAR(64) NOT NULL, project TEXT NOT NULL, number BIGINT NOT NULL, "
    "head VARCHAR(64), generation BIGINT NOT NULL, changed FLOAT NOT NULL, PRIMARY KEY (forge, project, number)",
    "jobs": "id TEXT NOT NULL PRIMARY KEY, forge VARCHAR(64) NOT NULL, delivery VARCHAR(128) NOT NULL, "
    "attempt INTEGER NOT NULL, project TEXT NOT NULL, number BIGINT NOT NULL, head VARCHAR(64), meaning TEXT, "
    "generation BIGINT, event TEXT NOT NULL, created FLOAT NOT NULL, superseded BOOLEAN NOT NULL, "
    "error TEXT NOT NULL",
    "reviews": "id VARCHAR(64) NOT NULL PRIMARY KEY, job TEXT NOT NULL, forge VARCHAR(64) NOT NULL, "
    "project TEXT NOT NULL, number BIGINT NOT NULL, head VARCHAR(64), verdict VARCHAR(16) NOT NULL, "
    "document TEXT NOT NULL, created FLOAT NOT NULL",
    "executors": "id VARCHAR(64) NOT NULL PRIMARY KEY, host TEXT NOT NULL, pid BIGINT NOT NULL, "
    "started BIGINT NOT NULL, beat FLOAT NOT NULL",
}

LATER = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{newest}"
oldest_program = "{oldest}"


def upgrade():
    op.add_column("jobs", sa.Column("later", sa.Integer, nullable=False, server_default="0"))
"""


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = open_database(database, connections=4, timeout_s=20)
    yield engine
    engine.dispose()


def newest() -> str:
    return max(file.name for file in REVISIONS.glob("[0-9]*.py")).partition("_")[0]


def later_program(folder: Path, *, oldest: str) -> Path:
    """Make the revisions of a program that is one ahead of this one."""
    copy = folder / "revisions"
    shutil.copytree(REVISIONS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "9999_later.py").write_text(LATER.format(newest=newest(), oldest=oldest))
    return copy


def differences(engine: Engine) -> list[Any]:
    for module in pkgutil.iter_modules(reviewer.database.__path__):
        if not module.ispkg:
            importlib.import_module(f"reviewer.database.{module.name}")  # every room adds its tables

    def is_ours(name: str | None, kind: str, _: Any) -> bool:
        return kind != "table" or name not in {VERSION_TABLE, "reviewer_version"}

    with engine.connect() as connection:
        options = {"compare_server_default": True, "include_name": is_ours}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, metadata))


def test_the_revisions_lead_to_the_tables_that_the_program_uses(engine: Engine) -> None:
    migrate(engine)
    assert differences(engine) == []
    migrate(engine)
    with engine.connect() as connection:
        applied = connection.scalars(text("SELECT revision FROM revisions ORDER BY revision")).all()
        assert connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}")) == newest()
    assert applied == sorted(file.name[:4] for file in REVISIONS.glob("[0-9]*.py"))
    check_revision(engine)


def test_a_database_of_the_first_release_loses_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        for name, columns in FIRST_RELEASE.items():
            connection.execute(text(f"CREATE TABLE {name} ({columns})"))
        connection.execute(text("CREATE INDEX jobs_by_created ON jobs (created)"))
        connection.execute(text("INSERT INTO reviewer_version VALUES (1)"))
        connection.execute(text("INSERT INTO deliveries VALUES ('main', 'd1', 'main:d1:1', 5)"))
        connection.execute(
            text(
                "INSERT INTO jobs VALUES ('main:d1:1', 'main', 'd1', 1, 'desk/p', 7, 'abc', 'code:abc', 1, "
                "'{}', 5, false, '')"
            )
        )
    migrate(engine)
    assert differences(engine) == []
    with engine.connect() as connection:
        job = connection.execute(text("SELECT id, number, stage, priority FROM jobs")).one()
        assert tuple(job) == ("main:d1:1", 7, "started", 1)
        assert connection.scalar(text("SELECT job FROM deliveries")) == "main:d1:1"
        # The first release would misread waiting jobs; so it refuses to start beside this one.
        assert connection.scalar(text("SELECT version FROM reviewer_version")) == 2


def test_a_newer_program_that_only_added_things_leaves_the_database_to_both(
    engine: Engine, tmp_path: Path
) -> None:
    migrate(engine, later_program(tmp_path, oldest=newest()))
    migrate(engine)
    check_revision(engine)
    store = Store(engine, lambda: 1.0)
    event = Event("main", "desk/p", 1, "opened", "d1", head="a" * 40)
    with engine.begin() as connection:  # the engine's own table, which is made elsewhere
        if store.shared:
            connection.execute(text("CREATE SCHEMA dbos"))
        name = "dbos.workflow_status" if store.shared else "workflow_status"
        connection.execute(
            text(
                f"CREATE TABLE {name} (workflow_uuid TEXT, status TEXT, executor_id TEXT, updated_at BIGINT)"
            )
        )
    accepted = intake.accept(store, event)
    assert accepted.job == "main:d1:1"
    assert "later" in {column["name"] for column in inspect(engine).get_columns("jobs")}


def test_a_newer_program_that_changed_things_is_named(engine: Engine, tmp_path: Path) -> None:
    migrate(engine, later_program(tmp_path, oldest="9999"))
    for look in (migrate, check_revision):
        with pytest.raises(StoreError, match=f"revision 9999, this program knows {newest()}") as caught:
            look(engine)
        assert "newer program" in caught.value.remedy


def test_a_newer_database_that_says_nothing_is_refused(engine: Engine, tmp_path: Path) -> None:
    migrate(engine, later_program(tmp_path, oldest=newest()))
    with engine.begin() as connection:
        connection.execute(delete(revisions).where(revisions.c.revision == "9999"))
    with pytest.raises(StoreError, match="would have to know 9999"):
        migrate(engine)


def test_a_revision_that_fails_leaves_no_half_of_it(engine: Engine, tmp_path: Path) -> None:
    migrate(engine)
    broken = later_program(tmp_path, oldest=newest())
    with (broken / "9999_later.py").open("a") as out:
        out.write('    op.execute("DELETE FROM no_such_table")\n')
    with pytest.raises(StoreError):
        migrate(engine, broken)
    assert differences(engine) == []
    migrate(engine)


def test_several_programs_that_start_at_once(engine: Engine) -> None:
    failures: list[Exception] = []

    def start() -> None:
        try:
            migrate(engine)
        except Exception as err:  # noqa: BLE001  # whatever it is, the test shows it
            failures.append(err)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert differences(engine) == []


def test_looking_changes_nothing(engine: Engine) -> None:
    with pytest.raises(StoreError, match="not been brought up"):
        check_revision(engine)
    assert inspect(engine).get_table_names() == []
