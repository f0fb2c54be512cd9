"""Diffs and files of public repositories: git's own counts, and every byte of every line."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

from parsers.diff import DiffSyntaxError, FileDiff, FileStatus, parse
from parsers.source import split_lines

Rows = Callable[[str], Iterator[dict[str, Any]]]

LETTERS = {
    "A": {FileStatus.ADDED},
    "D": {FileStatus.DELETED},
    "M": {FileStatus.MODIFIED, FileStatus.MODE_ONLY},
    "R": {FileStatus.RENAMED},
    "C": {FileStatus.COPIED},
    "T": {FileStatus.TYPE_CHANGED},
}


def diff_of(row: dict[str, Any]) -> bytes:
    if "diff" in row:
        return str(row["diff"]).encode()
    return base64.b64decode(row["diff_base64"])


def numstat(row: dict[str, Any]) -> list[tuple[str, str, int, int]]:
    """Return git's counts; it has none for binary files."""
    return sorted(
        (file["path"], file["old_path"] or file["path"], file["added"] or 0, file["deleted"] or 0)
        for file in row["files"]
    )


def counts(files: tuple[FileDiff, ...]) -> list[tuple[str, str, int, int]]:
    return sorted((f.path, f.old_path, len(f.added_lines), len(f.removed_lines)) for f in files)


def test_every_real_diff_agrees_with_git(rows: Rows) -> None:
    wrong = []
    for row in rows("real_diffs"):
        parsed = parse(diff_of(row))
        letters = {file["path"]: file["status"][0] for file in row["files"]}
        agreed = counts(parsed.files) == numstat(row) and not parsed.problems
        if not agreed or any(file.status not in LETTERS[letters[file.path]] for file in parsed.files):
            wrong.append(row["id"])
    assert wrong == []


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
    wrong = []
    refused: set[tuple[str, str]] = set()
    for row in rows("odd_diffs"):
        try:
            parsed = parse(diff_of(row))
        except DiffSyntaxError as err:
            refused.update((row["cat"], problem.code) for problem in err.problems)
            continue
        if parsed.problems or counts(parsed.files) != numstat(row):
            wrong.append((row["cat"], row["id"]))
    assert wrong == []
    assert refused == {("combined_cc", "combined")}


def test_no_line_of_a_hunk_differs_from_the_file_it_stands_in(rows: Rows) -> None:
    diffs = {row["id"]: row for row in rows("real_diffs")}
    parsed: dict[str, dict[str, FileDiff]] = {}
    wrong, seen = [], 0
    for pair in rows("file_pairs"):
        if pair["diff"] not in parsed:
            parsed[pair["diff"]] = {file.path: file for file in parse(diff_of(diffs[pair["diff"]])).files}
        file = parsed[pair["diff"]][pair["path"]]
        old, new = split_lines(text_of(pair["old"])), split_lines(text_of(pair["new"]))
        for line in (line for hunk in file.hunks for line in hunk.lines):
            seen += 1
            if line.old_line and old[line.old_line - 1] != line.text:
                wrong.append((pair["path"], line))
            if line.new_line and new[line.new_line - 1] != line.text:
                wrong.append((pair["path"], line))
    assert wrong == []
    assert seen > 0


def text_of(stored: str | dict[str, str] | None) -> bytes:
    if isinstance(stored, dict):
        return base64.b64decode(stored["b64"])
    return (stored or "").encode()
