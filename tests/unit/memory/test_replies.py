"""Replies are kept for the next time, for their owner alone, and never cost a review."""

from __future__ import annotations

import multiprocessing
import random
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reviewer.domain import Completion, Usage
from reviewer.memory.replies import FILE_NAME, ReplyFile

DAY_S = 86_400.0


def reply(text: str = "NOTHING TO REPORT") -> Completion:
    return Completion(text, "because \ud800", "stop", Usage(1, 100, 50, 10, 2.5), "coder", 0.5)


class Shelf:
    """A reply file whose clock is set by hand and whose complaints are listened to."""

    def __init__(self, folder: Path, *, max_mb: float = 200) -> None:
        self.now = 1_000_000.0
        self.said: list[str] = []
        self.file = folder / FILE_NAME
        self.replies = ReplyFile(
            folder, max_age_days=14, max_mb=max_mb, now=lambda: self.now, say=self.said.append
        )


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "replies")


def test_a_reply_comes_back_as_it_was(shelf: Shelf) -> None:
    assert shelf.replies.get("key") is None
    shelf.replies.put("key", reply())
    assert shelf.replies.get("key") == reply()
    assert shelf.replies.get("other") is None
    shelf.replies.put("key", reply("newer"))
    found = shelf.replies.get("key")
    assert found is not None
    assert found.text == "newer"
    assert shelf.said == []


def test_nobody_else_may_read_it(shelf: Shelf) -> None:
    shelf.replies.put("key", reply())
    assert stat.S_IMODE(shelf.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(shelf.file.parent.stat().st_mode) == 0o700


def test_old_replies_are_gone(shelf: Shelf) -> None:
    shelf.replies.put("key", reply())
    shelf.now += 13.9 * DAY_S
    assert shelf.replies.get("key") is not None
    shelf.now += 0.2 * DAY_S
    assert shelf.replies.get("key") is None
    shelf.replies.put("other", reply())
    with sqlite3.connect(shelf.file) as db:
        assert db.execute("SELECT key FROM replies").fetchall() == [("other",)]
    db.close()


def test_the_oldest_go_where_the_file_grows_too_big(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "replies", max_mb=1)
    for number in range(120):
        shelf.now += 1
        shelf.replies.put(str(number), reply(random.Random(number).randbytes(15_000).hex()))
        assert shelf.file.stat().st_size < 1.3 * (1 << 20)
    assert shelf.replies.get("0") is None
    assert shelf.replies.get("119") is not None


def test_a_damaged_file_is_replaced_and_that_is_said(shelf: Shelf) -> None:
    shelf.replies.put("key", reply())
    shelf.file.write_bytes(b"no database at all" * 100)
    assert shelf.replies.get("key") is None
    shelf.replies.put("key", reply())
    assert shelf.replies.get("key") == reply()
    (said,) = shelf.said
    assert "was damaged" in said
    assert "starts anew" in said


def test_a_damaged_reply_is_no_reply(shelf: Shelf) -> None:
    shelf.replies.put("key", reply())
    with sqlite3.connect(shelf.file) as db:
        db.execute("UPDATE replies SET reply = x'00'")
    db.close()
    assert shelf.replies.get("key") is None
    shelf.replies.put("key", reply())
    assert shelf.replies.get("key") == reply()


def test_a_file_of_another_release_is_emptied(shelf: Shelf) -> None:
    shelf.replies.put("key", reply())
    with sqlite3.connect(shelf.file) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    assert shelf.replies.get("key") is None
    shelf.replies.put("key", reply())
    assert shelf.replies.get("key") == reply()


def test_a_folder_that_cannot_be_made_is_said_and_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    shelf = Shelf(tmp_path / "file" / "replies")
    for _ in range(3):
        shelf.replies.put("key", reply())
        assert shelf.replies.get("key") is None
    assert len(shelf.said) == 2, "once for writing, once for reading"


def test_threads_share_it(shelf: Shelf) -> None:
    def work(number: int) -> bool:
        shelf.replies.put(str(number), reply(f"reply {number}"))
        return shelf.replies.get(str(number)) == reply(f"reply {number}")

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(64)))
    assert shelf.said == []


def _write_many(folder: Path, first: int) -> None:
    shelf = Shelf(folder)
    for number in range(first, first + 25):
        shelf.replies.put(str(number), reply(str(number)))
    if shelf.said:
        raise SystemExit(1)


def test_processes_share_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write_many, args=(tmp_path / "replies", 100 * n)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    shelf = Shelf(tmp_path / "replies")
    assert all(
        shelf.replies.get(str(100 * n + m)) == reply(str(100 * n + m)) for n in range(3) for m in range(25)
    )


def test_a_file_that_another_has_begun_anew_is_not_removed_again(tmp_path: Path) -> None:
    first, second = Shelf(tmp_path / "replies"), Shelf(tmp_path / "replies")
    for number in range(50):
        first.replies.put(str(number), reply("x" * 200))
    with first.file.open("r+b") as file:
        file.seek(4096)  # the first page, which says that it is a database, stays
        file.write(b"\xff" * (first.file.stat().st_size - 4096))

    def meanwhile() -> float:
        for _ in range(2):  # finds the damage, then begins anew
            first.replies.put("key", reply())
        return second.now

    late = ReplyFile(tmp_path / "replies", max_age_days=14, max_mb=200, now=meanwhile, say=second.said.append)
    assert late.get("key") is None
    assert first.replies.get("key") == reply()
    assert len(first.said) == 1
    assert second.said == []
