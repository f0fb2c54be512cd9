"""How far we agree with git over public diffs and files: measured here, asserted in tests, printed by `make bench`."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from parsers.diff import DiffSyntaxError, FileDiff, FileStatus, parse
from parsers.source import split_lines

Row = dict[str, Any]
Rows = Callable[[str], Iterator[Row]]
Counts = list[tuple[str, str, int, int]]

_LETTERS = {
    "A": {FileStatus.ADDED},
    "D": {FileStatus.DELETED},
    "M": {FileStatus.MODIFIED, FileStatus.MODE_ONLY},
    "R": {FileStatus.RENAMED},
    "C": {FileStatus.COPIED},
    "T": {FileStatus.TYPE_CHANGED},
}


@dataclass
class Tally:
    """What was right, what was refused (and in which words), and the names of what was wrong."""

    right: int = 0
    refused: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def seen(self) -> int:
        """Count all of it."""
        return self.right + len(self.refused) + len(self.wrong)


def diff_of(row: Row) -> bytes:
    """Return a row's diff as git wrote it."""
    if "diff" in row:
        return str(row["diff"]).encode()
    return base64.b64decode(row["diff_base64"])


def text_of(stored: str | dict[str, str] | None) -> bytes:
    """Return one side of a file as git stores it; of a side that does not exist nothing."""
    if isinstance(stored, dict):
        return base64.b64decode(stored["b64"])
    return (stored or "").encode()


def tally_real_diffs(rows: Rows) -> Tally:
    """Compare files, counts of lines and statuses with git's numstat."""
    tally = Tally()
    for row in rows("real_diffs"):
        parsed = parse(diff_of(row))
        letters = {file["path"]: file["status"][0] for file in row["files"]}
        right = not parsed.problems and _counts(parsed.files) == _numstat(row)
        if right and all(file.status in _LETTERS[letters[file.path]] for file in parsed.files):
            tally.right += 1
        else:
            tally.wrong.append(row["id"])
    return tally


def tally_odd_diffs(rows: Rows) -> dict[str, Tally]:
    """Compare by category: each diff is right, or refused with a clear error, or wrong."""
    tallies: dict[str, Tally] = {}
    for row in rows("odd_diffs"):
        tally = tallies.setdefault(row["cat"], Tally())
        try:
            parsed = parse(diff_of(row))
        except DiffSyntaxError as err:
            tally.refused.append(f"{err.problems[0].code}: {err}")
            continue
        if not parsed.problems and _counts(parsed.files) == _numstat(row):
            tally.right += 1
        else:
            tally.wrong.append(row["id"])
    return dict(sorted(tallies.items()))


def tally_lines(rows: Rows) -> Tally:
    """Compare every line of every hunk with the line of that number in the files, byte for byte."""
    diffs = {row["id"]: row for row in rows("real_diffs")}
    parsed: dict[str, dict[str, FileDiff]] = {}
    tally = Tally()
    for pair in rows("file_pairs"):
        if pair["diff"] not in parsed:
            parsed[pair["diff"]] = {file.path: file for file in parse(diff_of(diffs[pair["diff"]])).files}
        file = parsed[pair["diff"]][pair["path"]]
        old, new = split_lines(text_of(pair["old"])), split_lines(text_of(pair["new"]))
        for line in (line for hunk in file.hunks for line in hunk.lines):
            on_old = line.old_line is None or old[line.old_line - 1] == line.text
            on_new = line.new_line is None or new[line.new_line - 1] == line.text
            if on_old and on_new:
                tally.right += 1
            else:
                tally.wrong.append(f"{pair['path']}: {line}")
    return tally


def _numstat(row: Row) -> Counts:
    """Return git's counts; it has none for binary files."""
    return sorted(
        (file["path"], file["old_path"] or file["path"], file["added"] or 0, file["deleted"] or 0)
        for file in row["files"]
    )


def _counts(files: tuple[FileDiff, ...]) -> Counts:
    return sorted((f.path, f.old_path, len(f.added_lines), len(f.removed_lines)) for f in files)
