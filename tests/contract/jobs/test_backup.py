"""A copy taken while jobs are accepted, and what it is good for afterwards."""

from __future__ import annotations

import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest

from reviewer.cli import main
from reviewer.domain import Event, JobState
from reviewer.ports import Json, Step
from reviewer.service.fence import Fence
from tests.contract.jobs.lab import HEAD_A, opened, wait_for

pytestmark = pytest.mark.xdist_group("jobs")


async def nothing(event: Event, step: Step, fence: Fence) -> Json:
    return None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A service's folder with its configuration and key."""
    (tmp_path / "key").write_text("k" * 64)
    (tmp_path / "reviewer.toml").write_text(
        f'[service]\ndatabase = "sqlite:///{tmp_path}/reviewer.db"\nsecret_key_file = "key"\n'
    )
    return tmp_path


def run(folder: Path, *arguments: str) -> int:
    return main([*arguments, "--config", str(folder / "reviewer.toml")])


def test_a_copy_of_a_running_service_is_whole(folder: Path) -> None:
    database, copy = f"sqlite:///{folder}/reviewer.db", folder / "copy.db"
    with opened(database, nothing) as jobs:
        stop = threading.Event()
        accepted: list[str] = []

        def deliver() -> None:
            while not stop.is_set():
                number = len(accepted) + 1
                event = Event("main", f"desk/p{number % 7}", number, "opened", f"d{number}", head=HEAD_A)
                accepted.append(jobs.submit(event))

        courier = threading.Thread(target=deliver)
        courier.start()
        wait_for(lambda: len(accepted) > 20, "deliveries come in")
        known = set(accepted)
        assert run(folder, "backup", str(copy)) == 0
        stop.set()
        courier.join()
        assert run(folder, "restore", str(copy)) == 1  # the service runs
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        kept = {row[0] for row in connection.execute("SELECT id FROM jobs")}
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert known <= kept <= set(accepted)
    assert "backup_key" not in names
    assert b"k" * 64 not in copy.read_bytes()


def test_jobs_of_a_restored_copy_go_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database, copy = f"sqlite:///{folder}/reviewer.db", folder / "copy.db"
    with opened(database, nothing) as jobs:
        first = jobs.submit(Event("main", "desk/p", 1, "opened", "d1", head=HEAD_A))
        assert run(folder, "backup", str(copy), "--with-key") == 0
        jobs.submit(Event("main", "desk/p", 2, "opened", "d2", head=HEAD_A))
    (folder / "key").unlink()
    assert run(folder, "restore", str(copy)) == 0
    assert "before-restore" in capsys.readouterr().err
    assert (folder / "key").read_text() == "k" * 64
    assert stat.S_IMODE((folder / "key").stat().st_mode) == 0o600
    with opened(database, nothing) as jobs:
        wait_for(lambda: jobs.list()[0].state is JobState.DONE, "it is done")
        assert [job.id for job in jobs.list()] == [first]
    with closing(sqlite3.connect(folder / "reviewer.db")) as connection:
        assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'backup_key'").fetchone()


def test_nothing_is_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "backup", str(folder / "copy.db")) == 2  # there is no database yet
    with opened(f"sqlite:///{folder}/reviewer.db", nothing):
        assert run(folder, "backup", str(folder / "key")) == 2
        assert run(folder, "backup", str(folder / "copy.db"), "--with-key") == 0
    (folder / "key").write_text("another " * 8)
    capsys.readouterr()
    assert run(folder, "restore", str(folder / "copy.db")) == 2
    assert "another one" in capsys.readouterr().err
    assert (folder / "key").read_text() == "another " * 8


def test_files_that_are_no_copies(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = folder / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE x (y)")
    (folder / "text").write_text("nothing of the kind, but long enough to be looked at " * 40)
    for name, code in (("none", 2), ("other.db", 2), ("text", 1)):
        assert run(folder, "restore", str(folder / name)) == code
    assert not (folder / "reviewer.db").exists()
    assert "no database of this program" in capsys.readouterr().err


def test_postgres_has_tools_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "reviewer.toml").write_text('[service]\ndatabase = "postgresql://db/reviewer"\n')
    for command in ("backup", "restore"):
        assert run(tmp_path, command, str(tmp_path / "x")) == 2
        assert "pg_dump" in capsys.readouterr().err
