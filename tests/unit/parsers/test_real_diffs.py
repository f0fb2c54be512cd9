"""Diffs and files of public repositories: git's own counts, and every byte of every line."""

from __future__ import annotations

from parsers.diff import FileStatus, parse
from tests.unit.parsers.truth import Rows, diff_of, tally_lines, tally_odd_diffs, tally_real_diffs


def test_every_real_diff_agrees_with_git(rows: Rows) -> None:
    tally = tally_real_diffs(rows)
    assert tally.wrong == tally.refused == []
    assert tally.right > 0


def test_modes_agree_with_git_wherever_a_diff_states_them(rows: Rows) -> None:
    wrong = []
    for row in rows("real_diffs"):
        modes = {file["path"]: (file["old_mode"], file["new_mode"]) for file in row["files"]}
        for file in parse(diff_of(row)).files:
            told = (file.old_mode or "000000", file.new_mode or "000000")
            pure_rename = file.status in (FileStatus.RENAMED, FileStatus.COPIED) and not file.new_blob
            if told != modes[file.path] and not pure_rename:
                wrong.append((row["id"], file.path, told))
    assert wrong == []


def test_every_odd_diff_is_right_or_refused(rows: Rows) -> None:
    tallies = tally_odd_diffs(rows)
    assert {name: tally.wrong for name, tally in tallies.items() if tally.wrong} == {}
    assert {name: set(tally.refused) for name, tally in tallies.items() if tally.refused} == {
        "combined_cc": {"combined: a combined diff (of a merge) cannot be reviewed"}
    }


def test_no_line_of_a_hunk_differs_from_the_file_it_stands_in(rows: Rows) -> None:
    tally = tally_lines(rows)
    assert tally.wrong == []
    assert tally.right > 0
