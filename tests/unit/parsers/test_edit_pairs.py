"""Edits that people really made must pass, and the same with one bracket lost must not."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from parsers.diff import FileDiff, LineKind, parse
from parsers.edits import EditVerdict, check
from parsers.languages import detect
from parsers.source import ParsedSource, split_lines
from parsers.source import parse as parse_source
from tests.unit.parsers.test_real_diffs import Rows, diff_of, text_of

BRACKETS = b"()[]{}"


@dataclass(frozen=True)
class Edit:
    """One hunk of a real change: the file with it undone, and the lines that it puts in."""

    path: str
    before: bytes
    after: bytes
    parsed: ParsedSource
    start: int
    end: int
    end_before: int
    text: str


@pytest.fixture(scope="module")
def edits(rows: Rows) -> list[Edit]:
    pairs = [pair for pair in rows("file_pairs") if detect(pair["path"])]
    wanted = {pair["diff"] for pair in pairs}
    files = {
        (row["id"], file.path): file
        for row in rows("real_diffs")
        if row["id"] in wanted
        for file in parse(diff_of(row)).files
    }
    return [
        edit for pair in pairs for edit in edits_of(files[pair["diff"], pair["path"]], text_of(pair["new"]))
    ]


def edits_of(file: FileDiff, after: bytes) -> Iterator[Edit]:
    language = detect(file.path, after)
    assert language is not None
    parsed = parse_source(after, language)
    if parsed.error_lines or parsed.utf8 != after:
        return
    lines = split_lines(after)
    for hunk in file.hunks:
        new = [line.text for line in hunk.lines if line.kind is not LineKind.REMOVED]
        old = [line.text for line in hunk.lines if line.kind is not LineKind.ADDED]
        if new and old and hunk.new_count == len(new):
            start, end = hunk.new_start, hunk.new_start + len(new) - 1
            before = b"\n".join([*lines[: start - 1], *old, *lines[end:]]) + b"\n"
            text = b"\n".join(new).decode()
            yield Edit(file.path, before, after, parsed, start, end, start + len(old) - 1, text)


def test_real_edits_pass(edits: list[Edit]) -> None:
    verdicts = Counter(
        check(edit.path, edit.before, edit.start, edit.end_before, edit.text).verdict for edit in edits
    )
    assert verdicts[EditVerdict.CLEAN] + verdicts[EditVerdict.NO_OP] == len(edits) > 0


def test_edits_that_lost_a_bracket_do_not_pass(edits: list[Edit]) -> None:
    chance = random.Random(20)
    broken = [mutilated for edit in edits if (mutilated := lose_a_bracket(edit, chance)) is not None]
    rejected = [
        check(edit.path, edit.after, edit.start, edit.end, text).verdict is EditVerdict.BREAKS_SYNTAX
        for edit, text in broken
    ]
    assert sum(rejected) >= 0.94 * len(rejected) > 0


def lose_a_bracket(edit: Edit, chance: random.Random) -> tuple[Edit, str] | None:
    """Return the edit without one bracket that is a token of its own, None if it has none."""
    first = sum(len(line) + 1 for line in split_lines(edit.after)[: edit.start - 1])
    text = edit.text.encode()
    root = edit.parsed.tree.root_node
    tokens = []
    for at in (at for at, byte in enumerate(text) if byte in BRACKETS):
        node = root.descendant_for_byte_range(first + at, first + at + 1)
        if node is not None and node.type == chr(text[at]):
            tokens.append(at)
    if not tokens:
        return None
    at = chance.choice(tokens)
    return edit, (text[:at] + text[at + 1 :]).decode()
