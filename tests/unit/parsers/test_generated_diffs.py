"""Diffs that git makes of generated trees, with git's own account of them as the truth."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.diff import FileDiff, FileStatus, Side, parse
from parsers.positions import LinePair, hunk_lines, pair_of, same_hunk
from parsers.source import split_lines
from tests.unit.parsers.mutations import EFFORT
from tests.unit.parsers.repositories import SUBMODULE, Change, Entry, Repository, Tree, changes

STATUSES = {
    "A": FileStatus.ADDED,
    "D": FileStatus.DELETED,
    "M": FileStatus.MODIFIED,
    "R": FileStatus.RENAMED,
    "C": FileStatus.COPIED,
    "T": FileStatus.TYPE_CHANGED,
}
PAIRING = {"-M", "-C", "--find-copies-harder", "-R"}  # the options that say which files belong together
OPTIONS = st.sampled_from(
    [
        [],
        ["-U0"],
        ["-U1", "--inter-hunk-context=2"],
        ["-M", "-C", "--find-copies-harder"],
        ["-M", "-C", "--find-copies-harder", "-U0", "--no-prefix"],
        ["--no-prefix"],
        ["--src-prefix=i/", "--dst-prefix=w/"],
        ["--binary", "-M"],
        ["-R", "-M"],
        ["--text", "-M"],
        ["--patience", "--function-context"],
    ]
)


class Told(NamedTuple):
    """What git says of a file in `--raw`; a side that does not exist has no mode and no blob."""

    status: FileStatus
    modes: tuple[str | None, str | None]
    blobs: tuple[str | None, str | None]


@pytest.fixture(scope="module")
def repository() -> Iterator[Repository]:
    with tempfile.TemporaryDirectory() as folder:
        yield Repository(Path(folder))


@settings(max_examples=100 * EFFORT)
@given(change=changes(), options=OPTIONS)
def test_we_read_what_git_says(repository: Repository, change: Change, options: list[str]) -> None:
    old, new = repository.write_tree(change.old), repository.write_tree(change.new)
    parsed = parse(repository.diff(old, new, "--full-index", *options))
    raw = repository.diff(old, new, "--raw", "-z", "--no-abbrev", *PAIRING.intersection(options))
    told = read_raw(raw)
    before, after = (change.new, change.old) if "-R" in options else (change.old, change.new)

    assert parsed.problems == ()
    assert sorted((file.old_path, file.path) for file in parsed.files) == sorted(told)
    for file in parsed.files:
        assert_agrees(file, told[file.old_path, file.path])
        if not file.is_binary:
            assert apply(file, text_in(before, file.old_path)) == text_in(after, file.path)


@settings(max_examples=25 * EFFORT)
@given(one=changes(), other=changes(), options=st.sampled_from([[], ["--no-signature"], ["--attach"]]))
def test_mails_are_read_commit_by_commit(
    repository: Repository, one: Change, other: Change, options: list[str]
) -> None:
    trees = [repository.write_tree(tree) for tree in (one.old, one.new, other.new)]
    root = repository.commit(trees[0], "root")
    first = repository.commit(trees[1], "Round fees to fen\n\n--- a/b is no header\n@@ neither\n", root)
    second = repository.commit(trees[2], "费用按分取整", first)
    parsed = parse(repository.mails(root, second, "--no-renames", "--binary", *options))
    pairs = [(trees[0], trees[1]), (trees[1], trees[2])]
    wanted = [
        name for pair in pairs for name in read_raw(repository.diff(*pair, "--raw", "-z", "--no-renames"))
    ]

    assert parsed.problems == ()
    assert [(file.old_path, file.path) for file in parsed.files] == wanted


def read_raw(output: bytes) -> dict[tuple[str, str], Told]:
    """Read `--raw -z` by (old path, new path): a rename and a copy have both."""
    fields = iter(output.decode().split("\0")[:-1])
    told = {}
    for field in fields:
        old_mode, new_mode, old_blob, new_blob, letter = field.removeprefix(":").split()
        old_path = next(fields)
        path = next(fields) if letter[0] in "RC" else old_path
        mode_only = letter == "M" and old_blob == new_blob
        told[old_path, path] = Told(
            FileStatus.MODE_ONLY if mode_only else STATUSES[letter[0]],
            (old_mode if old_mode.strip("0") else None, new_mode if new_mode.strip("0") else None),
            (old_blob if old_blob.strip("0") else None, new_blob if new_blob.strip("0") else None),
        )
    return told


def assert_agrees(file: FileDiff, told: Told) -> None:
    """Compare with git; a file whose content stays has no blobs in the diff, if its mode stays no modes either."""
    assert file.status is told.status
    if told.blobs[0] != told.blobs[1]:
        assert (file.old_blob, file.new_blob) == told.blobs
        assert (file.old_mode, file.new_mode) == told.modes
    elif file.old_mode or file.new_mode:
        assert (file.old_mode, file.new_mode) == told.modes


def text_in(tree: Tree, path: str) -> bytes:
    """Return a file as a diff shows it: a submodule is the line that names its commit."""
    entry = tree.get(path, Entry(b""))
    return b"Subproject commit %s\n" % entry.content if entry.mode == SUBMODULE else entry.content


def apply(file: FileDiff, old: bytes) -> bytes:
    """Replay a diff on the old text; fail where a line does not stand where its numbers say."""
    before, after = io.BytesIO(old).readlines(), list[bytes]()
    at = 0
    for hunk in file.hunks:
        first = hunk.old_start - 1 if hunk.old_count else hunk.old_start
        after += before[at:first]
        at = max(at, first)  # a type change ends one file and begins another
        for line in hunk.lines:
            whole = line.text + b"\n" * line.has_newline
            if line.old_line is not None:
                assert (line.old_line, before[at]) == (at + 1, whole)
                at += 1
            if line.new_line is not None:
                after.append(whole)
                assert line.new_line == len(after)
    return b"".join(after + before[at:])


@settings(max_examples=60 * EFFORT)
@given(change=changes(), context=st.sampled_from(["-U0", "-U1", "-U3"]))
def test_pairs_are_those_of_the_whole_file(repository: Repository, change: Change, context: str) -> None:
    trees = [repository.write_tree(tree) for tree in (change.old, change.new)]
    options = ("--text", "-M", "-C", "--find-copies-harder", "--diff-filter=t")  # types: see test_positions
    files = parse(repository.diff(*trees, *options, context)).files
    for file, whole in zip(files, each_file(repository.diff(*trees, *options, "-U100000")), strict=True):
        assert_pairs(file, read_pairs(whole) or unchanged(text_in(change.new, file.path)))


def each_file(diff: bytes) -> list[bytes]:
    """Cut a diff of git where a file begins; lines of files never begin like that."""
    return (b"\n" + diff).split(b"\ndiff --git ")[1:]


def read_pairs(whole: bytes) -> list[LinePair]:
    """Number the lines of a diff of one file that shows all of it."""
    _, _, body = whole.partition(b"\n@@ ")
    old = new = 0
    pairs = []
    for sign in (line[:1] for line in split_lines(body)[1:]):
        old += sign in (b" ", b"-")
        new += sign in (b" ", b"+")
        if sign != b"\\":
            pairs.append(LinePair(None if sign == b"+" else old, None if sign == b"-" else new))
    return pairs


def unchanged(text: bytes) -> list[LinePair]:
    return [LinePair(line, line) for line in range(1, len(split_lines(text)) + 1)]


def assert_pairs(file: FileDiff, pairs: list[LinePair]) -> None:
    """GitLab takes every line by its pair, GitHub the lines of the hunks by side and number."""
    shown = {LinePair(line.old_line, line.new_line) for hunk in file.hunks for line in hunk.lines}
    commentable = set()
    for pair in pairs:
        for side, number in ((Side.OLD, pair.old), (Side.NEW, pair.new)):
            if number is not None:
                assert pair_of(file, side, number) == pair
                assert same_hunk(file, side, number, number) == (pair in shown)
                commentable |= {(side, number)} if pair in shown else set()
    assert hunk_lines(file) == commentable
