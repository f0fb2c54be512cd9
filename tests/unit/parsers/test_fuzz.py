"""Real diffs and files, damaged at random: no crash, no hang, nothing untrue.

The seeds are fixed. `REVIEWER_FUZZ=50` takes fifty times as many files and injuries.
"""

from __future__ import annotations

import random

import pytest

from parsers.context import context
from parsers.diff import DiffSyntaxError, ParsedDiff, parse
from parsers.edits import check
from parsers.languages import LANGUAGES, detect
from parsers.source import SourceTooLarge, split_lines
from parsers.source import parse as parse_source
from tests.unit.parsers.mutations import EFFORT, mutate, time_limit
from tests.unit.parsers.truth import Rows, diff_of, text_of


def small_diffs(rows: Rows, count: int) -> list[bytes]:
    diffs = (
        diff
        for name in ("real_diffs", "odd_diffs")
        for row in rows(name)
        if len(diff := diff_of(row)) < 20_000
    )
    return random.Random(1).sample(list(diffs), count)


def test_damaged_diffs_are_read_or_refused(rows: Rows) -> None:
    chance = random.Random(2)
    for diff in small_diffs(rows, 200):
        for _ in range(2 * EFFORT):
            damaged = mutate(diff, chance)
            with time_limit():
                try:
                    parsed = parse(damaged)
                except DiffSyntaxError:
                    continue
            assert_true_to(damaged, parsed)


def assert_true_to(diff: bytes, parsed: ParsedDiff) -> None:
    """Every line that was read stands in the diff, and every hunk holds what its header says."""
    texts = {line[1:] for line in split_lines(diff)} | {b"", b"\r"}
    for hunk in (hunk for file in parsed.files for hunk in file.hunks):
        old = [line.old_line for line in hunk.lines if line.old_line is not None]
        new = [line.new_line for line in hunk.lines if line.new_line is not None]
        assert old == list(range(hunk.old_start, hunk.old_start + hunk.old_count))
        assert new == list(range(hunk.new_start, hunk.new_start + hunk.new_count))
        assert {line.text for line in hunk.lines} <= texts
    assert all(1 <= problem.line <= len(split_lines(diff)) for problem in parsed.problems)


def test_a_cut_costs_no_more_than_the_file_it_falls_into_and_is_told(rows: Rows) -> None:
    chance = random.Random(3)
    for diff in small_diffs(rows, 100):
        lines = diff.split(b"\n")
        starts = [at for at, line in enumerate(lines) if line.startswith(b"diff --git ")]
        whole = read_all(diff)
        if not starts or len(starts) != len(whole.files):
            continue  # a combined diff, or a type change, which is two files to git
        for _ in range(4 * EFFORT):
            cut = chance.randint(starts[0] + 1, len(lines))
            cut += lines[cut : cut + 1] == [b"\\ No newline at end of file"]  # nobody would miss it
            assert_cut(whole, read_all(b"\n".join(lines[:cut])), sum(start < cut for start in starts) - 1)


def read_all(diff: bytes) -> ParsedDiff:
    """Parse; a refusal as its problems."""
    try:
        return parse(diff)
    except DiffSyntaxError as err:
        return ParsedDiff((), err.problems)


def assert_cut(whole: ParsedDiff, cut: ParsedDiff, last: int) -> None:
    """Files before the last are as they were; of that one nothing is left, or hunks that are whole."""
    assert cut.files[:last] == whole.files[:last]
    if cut.problems:
        assert (len(cut.files), len(cut.problems)) == (last, 1)
        return
    (file,) = cut.files[last:]
    assert file.path == whole.files[last].path
    assert file.hunks == whole.files[last].hunks[: len(file.hunks)]


def examples(rows: Rows, name: str) -> list[tuple[str, bytes]]:
    """Return files of a language, smaller ones, always the same."""
    files = {
        pair["path"]: text
        for pair in rows("file_pairs")
        if (language := detect(pair["path"]))
        and language.name == name
        and len(text := text_of(pair["new"])) < 20_000
    }
    return random.Random(4).sample(sorted(files.items()), min(len(files), 6 * EFFORT))


@pytest.mark.parametrize("name", sorted(LANGUAGES))
def test_damaged_files_have_a_context_and_take_edits(rows: Rows, name: str) -> None:
    language = LANGUAGES[name]
    chance = random.Random(5)
    for path, text in examples(rows, name):
        for _ in range(4):
            damaged = mutate(text, chance)
            lines = range(1, len(split_lines(damaged)) + 1)
            start = chance.randint(1, len(lines) + 1)
            with time_limit():
                try:
                    source = parse_source(damaged, language)
                except SourceTooLarge:
                    continue
                assert set(context(source, language, lines).chains) == set(lines)
                check(
                    path,
                    damaged,
                    start,
                    start + chance.randint(0, 5),
                    mutate(text[:200], chance).decode("latin-1"),
                )
