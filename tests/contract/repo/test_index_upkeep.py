"""The index as a file: crashes, damage, several processes, and forgetting."""

from __future__ import annotations

import fcntl
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reviewer.demo.repository import Repository
from reviewer.errors import StoreError
from reviewer.repo.index import SymbolIndex
from reviewer.repo.index_file import IndexDamaged
from reviewer.repo.index_rows import NotIndexed
from tests.contract.repo.index_lab import FILES, STORE, say

FOUND = ("method app/store.py:2 by-name",)

# Indexes, and is killed as soon as the first portion is written down.
KILLED = """
import os, signal, sys
from pathlib import Path
from reviewer.repo.git import Git
from reviewer.repo.index import SymbolIndex
from reviewer.repo.index_rows import IndexRows

added = IndexRows.add_blobs

def add_and_die(rows, outlines):
    if rows.find_blob(next(iter(outlines))) is None and os.path.exists(sys.argv[4]):
        os.kill(os.getpid(), signal.SIGKILL)
    added(rows, outlines)
    Path(sys.argv[4]).touch()

IndexRows.add_blobs = add_and_die
git = Git(Path(sys.argv[1]), git_dir=Path(sys.argv[1]))
SymbolIndex.open(Path(sys.argv[2])).update(git, sys.argv[3])
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.create(tmp_path / "repository.git")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def index(folder: Path) -> Iterator[SymbolIndex]:
    with SymbolIndex.open(folder) as opened:
        yield opened


def only_file(folder: Path) -> Path:
    (file,) = folder.glob("symbols-*.db")
    return file


def test_a_killed_process_leaves_what_it_had_written(
    repository: Repository, folder: Path, tmp_path: Path
) -> None:
    commit = repository.commit("main", {f"{n}.py": f"def f{n}(): pass\n" for n in range(600)})
    arguments = (str(repository.path), str(folder), commit, str(tmp_path / "first-portion"))
    process = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
    assert process.returncode == -9

    with SymbolIndex.open(folder) as index:
        with pytest.raises(NotIndexed):
            index.definitions(commit, "f1")
        report = index.update(repository.git, commit)
        assert (report.parsed, report.reused) == (600 - 256, 256)
        for name in ("f0", "f300", "f599"):
            assert len(index.definitions(commit, name).found) == 1


def test_a_file_that_is_no_database_is_begun_anew(repository: Repository, folder: Path) -> None:
    commit = repository.commit("main", FILES)
    with SymbolIndex.open(folder) as index:
        index.update(repository.git, commit)
    only_file(folder).write_bytes(b"no database at all, whatever its name says" * 100)

    with SymbolIndex.open(folder) as index:
        with pytest.raises(NotIndexed):
            index.definitions(commit, "save")
        assert index.update(repository.git, commit).parsed == 3
        assert say(index, commit, "save")[0] == FOUND
    assert only_file(folder).name == "symbols-2.db"


def test_damage_inside_is_an_error_once(repository: Repository, folder: Path) -> None:
    commit = repository.commit("main", {f"{n}.py": f"def f{n}(): g{n}()\n" for n in range(200)})
    with SymbolIndex.open(folder) as index:
        index.update(repository.git, commit)
    content = bytearray(only_file(folder).read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)  # all but the page that says what it is
    only_file(folder).write_bytes(content)

    with SymbolIndex.open(folder) as index:
        with pytest.raises(IndexDamaged):
            index.update(repository.git, commit)
        assert index.update(repository.git, commit).parsed == 200
        assert len(index.definitions(commit, "f7").found) == 1


def test_a_damaged_outline_is_damage(repository: Repository, folder: Path) -> None:
    commit = repository.commit("main", FILES)
    with SymbolIndex.open(folder) as index:
        index.update(repository.git, commit)
        db = sqlite3.connect(only_file(folder))
        db.execute("UPDATE blobs SET outline = x'789c00'")
        db.commit()
        db.close()
        with pytest.raises(IndexDamaged):
            index.definitions(commit, "save")
        with pytest.raises(NotIndexed):
            index.definitions(commit, "save")


def test_another_format_is_begun_anew(repository: Repository, folder: Path) -> None:
    commit = repository.commit("main", FILES)
    with SymbolIndex.open(folder) as index:
        index.update(repository.git, commit)
    db = sqlite3.connect(only_file(folder))
    db.execute("PRAGMA user_version = 999")
    db.close()

    with SymbolIndex.open(folder) as index:
        assert index.update(repository.git, commit).parsed == 3


def test_who_has_a_dropped_file_open_does_no_harm(repository: Repository, folder: Path) -> None:
    commit = repository.commit("main", FILES)
    old = SymbolIndex.open(folder)
    old.update(repository.git, commit)
    only_file(folder).write_bytes(b"\xa5" * 20_000)

    with SymbolIndex.open(folder) as new:
        new.update(repository.git, commit)
        old.close()
        assert say(new, commit, "save")[0] == FOUND
    with SymbolIndex.open(folder) as again:
        assert say(again, commit, "save")[0] == FOUND


def test_a_folder_that_cannot_be_used_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StoreError, match="taken"):
        SymbolIndex.open(tmp_path / "taken")


def test_several_hands_index_at_once_and_outline_each_blob_once(repository: Repository, folder: Path) -> None:
    commits = [
        repository.commit("main", {f"{n}/{m}.py": f"def f{n}x{m}(): g()\n" for m in range(60)})
        for n in range(4)
    ]

    def work(number: int) -> int:
        with SymbolIndex.open(folder) as index:
            order = commits[number:] + commits[:number]
            return sum(index.update(repository.git, commit).parsed for commit in order)

    with ThreadPoolExecutor(4) as pool:
        parsed = list(pool.map(work, range(4)))

    assert sum(parsed) == 240
    with SymbolIndex.open(folder) as index:
        assert [index.mentions(commit, "g").candidates for commit in commits] == [
            16 + 44,
            16 + 104,
            16 + 164,
            16 + 224,
        ]


def test_nobody_waits_longer_than_he_said(repository: Repository, folder: Path, index: SymbolIndex) -> None:
    commit = repository.commit("main", FILES)
    with (folder / "update.lock").open("w") as lease:
        fcntl.flock(lease, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match="locked"):
            index.update(repository.git, commit, max_seconds=0)
    assert index.update(repository.git, commit).parsed == 3


def test_one_reads_while_another_writes(repository: Repository, folder: Path) -> None:
    first = repository.commit("main", FILES)
    second = repository.commit("main", {"app/desk.py": None})
    with SymbolIndex.open(folder) as reader, SymbolIndex.open(folder) as writer:
        writer.update(repository.git, first)
        before = say(reader, first, "save")
        writer.update(repository.git, second)
        assert say(reader, first, "save") == before
        assert say(reader, second, "save") == (FOUND, ())


def test_pruning_forgets_old_commits_and_then_their_blobs(repository: Repository, index: SymbolIndex) -> None:
    commits = []
    for number in range(5):
        commits.append(repository.commit("main", {"a.py": f"def f{number}(): shared()\n", "b.py": STORE}))
        index.update(repository.git, commits[-1])
    index.update(repository.git, commits[1])  # used again: it stays

    report = index.prune(commits=2, blobs=0)

    assert (report.commits, report.blobs) == (3, 3)
    for number in (0, 2, 3):
        with pytest.raises(NotIndexed):
            index.definitions(commits[number], "save")
    assert say(index, commits[1], "f1") == (("function a.py:1 by-name",), ())
    assert say(index, commits[4], "f4") == (("function a.py:1 by-name",), ())
    assert say(index, commits[4], "shared")[1] == ("call a.py:1 f4 by-name",)
    assert index.update(repository.git, commits[0]).parsed == 1


def test_blobs_of_no_commit_are_kept_within_bounds(repository: Repository, index: SymbolIndex) -> None:
    for number in range(6):
        commit = repository.commit("main", {"a.py": f"def f{number}(): pass\n"})
        index.update(repository.git, commit)

    assert index.prune(commits=1, blobs=2, limit=1).blobs == 1
    assert index.prune(commits=1, blobs=2).blobs == 2
    assert index.prune(commits=1, blobs=2).blobs == 0
    again = repository.commit("main", {"a.py": "def f4(): pass\n"})
    assert index.update(repository.git, again).parsed == 0


def test_forgetting_everything_leaves_nothing(
    repository: Repository, index: SymbolIndex, folder: Path
) -> None:
    files = {f"{n}.py": "".join(f"def f{n}x{m}(): g{m}()\n" for m in range(60)) for n in range(200)}
    index.update(repository.git, repository.commit("main", files))
    full = index.size
    index.prune(commits=0, blobs=0)

    db = sqlite3.connect(only_file(folder))
    counts = [db.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("blobs", "names", "paths")]
    db.close()
    assert counts == [(0,), (0,), (0,)]
    assert index.size < full / 2
