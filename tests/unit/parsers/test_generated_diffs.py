"""Diffs that git makes of generated trees, with git's own counts as the truth."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.diff import FileDiff, Side, parse
from parsers.positions import LinePair, hunk_lines, pair_of, same_hunk
from parsers.source import split_lines
from tests.unit.parsers.repositories import CONTENTS, Change, Repository, Tree, changes, edits

OPTIONS = st.sampled_from(
    [
        [],
        ["-U0"],
        ["-M", "-C", "--find-copies-harder"],
        ["--no-prefix"],
        ["--src-prefix=i/", "--dst-prefix=w/"],
        ["--binary", "--full-index", "-M"],
        ["-R"],
        ["--text"],
    ]
)


@pytest.fixture(scope="module")
def repository() -> Iterator[Repository]:
    with tempfile.TemporaryDirectory() as folder:
        yield Repository(Path(folder))


PAIRING = {"-M", "-C", "--find-copies-harder", "-R", "--text"}  # the options that numstat may share


@settings(max_examples=60)
@given(change=changes(), options=OPTIONS)
def test_git_and_we_count_alike(repository: Repository, change: Change, options: list[str]) -> None:
    old, new = repository.write_tree(change.old), repository.write_tree(change.new)
    parsed = parse(repository.diff(old, new, *options))
    assert parsed.problems == ()
    found = {
        (f.old_path, f.path): None if f.is_binary else (len(f.added_lines), len(f.removed_lines))
        for f in parsed.files
    }
    shared = [option for option in options if option in PAIRING]
    wanted = read_numstat(repository.diff(old, new, "--numstat", "-z", *shared))
    # A pure rename or a copy does not say that the file is binary: it has no lines in either case.
    assert {names: count or (0, 0) for names, count in found.items()} == {
        names: count or (0, 0) for names, count in wanted.items()
    }
    before, after = (change.new, change.old) if "-R" in options else (change.old, change.new)
    for file in parsed.files:
        assert_lines_stand_in(file, before, after)


def read_numstat(output: bytes) -> dict[tuple[str, str], tuple[int, int] | None]:
    """Read `--numstat -z`: a rename has an empty name and then both."""
    fields = iter(output.decode().split("\0")[:-1])
    counts: dict[tuple[str, str], tuple[int, int] | None] = {}
    for field in fields:
        added, deleted, name = field.split("\t", 2)
        names = (name, name) if name else (next(fields), next(fields))
        counts[names] = None if added == "-" else (int(added), int(deleted))
    return counts


def assert_lines_stand_in(file: FileDiff, before: Tree, after: Tree) -> None:
    old = split_lines(before.get(file.old_path, b""))
    new = split_lines(after.get(file.path, b""))
    for line in (line for hunk in file.hunks for line in hunk.lines):
        if line.old_line is not None:
            assert old[line.old_line - 1] == line.text
        if line.new_line is not None:
            assert new[line.new_line - 1] == line.text


@settings(max_examples=60)
@given(data=st.data(), context=st.sampled_from(["-U0", "-U1", "-U3"]))
def test_pairs_are_those_of_the_whole_file(repository: Repository, data: st.DataObject, context: str) -> None:
    content = data.draw(CONTENTS)
    trees = [repository.write_tree({"f": text}) for text in (content, data.draw(edits(content)))]
    files = parse(repository.diff(*trees, "--text", context)).files
    whole = parse(repository.diff(*trees, "--text", "-U100000")).files
    for file, all_lines in zip(files, whole, strict=True):
        inside = {LinePair(line.old_line, line.new_line) for hunk in file.hunks for line in hunk.lines}
        for line in all_lines.hunks[0].lines:
            pair = LinePair(line.old_line, line.new_line)
            for side, number in ((Side.OLD, pair.old), (Side.NEW, pair.new)):
                if number is not None:
                    assert pair_of(file, side, number) == pair
                    assert ((side, number) in hunk_lines(file)) == (pair in inside)
                    assert same_hunk(file, side, number, number) == (pair in inside)
