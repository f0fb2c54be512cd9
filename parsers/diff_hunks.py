"""Read the hunks of a file, by the counts in their headers, and say where they are broken.

Lines are the diff's bytes without their LF. Only counting tells the lines of a hunk from headers:
a removed comment of SQL (`-- x`) reads `--- x`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from parsers.file_diff import Hunk, Line, LineKind

_HUNK = re.compile(rb"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@(.*)", re.DOTALL)
_BINARY_BLOCK = re.compile(rb"(?:literal|delta) \d+\r?$")
_BASE85 = re.compile(rb"[A-Za-z]\S+\r?$")
_SIGNATURES = (b"-- ", b"--", b"-- \r")  # end a mail of `git format-patch`


class BrokenHunkError(ValueError):
    """A hunk does not hold the lines its header promises.

    `hunk` is the index of its header, `at` of the first wrong line.
    """

    def __init__(self, code: str, message: str, hunk: int, at: int) -> None:
        super().__init__(message)
        self.code = code
        self.hunk = hunk
        self.at = at


def read_hunks(lines: Sequence[bytes], start: int) -> tuple[tuple[Hunk, ...], int]:
    """Read all hunks that follow each other from `start` on; return them and the index after them.

    Raises BrokenHunkError.
    """
    hunks: list[Hunk] = []
    begin = at = start
    while at < len(lines) and lines[at].startswith(b"@@ -"):
        begin = at
        hunk, at = _read_hunk(lines, begin)
        hunks.append(hunk)
    if hunks and _goes_on(lines, at):
        raise BrokenHunkError("malformed", "a hunk is longer than its header says", begin, at)
    return tuple(hunks), at


def find_end_of_binary_patch(lines: Sequence[bytes], start: int) -> int:
    """Return the index after the blocks of a `GIT binary patch`; an empty line ends each of them.

    Raises BrokenHunkError. Source: git's documentation, `--binary`, and what it writes.
    """
    at = start
    while at < len(lines) and _BINARY_BLOCK.match(lines[at]):
        at += 1
        while at < len(lines) and _BASE85.match(lines[at]):
            at += 1
        if at == len(lines) or lines[at].strip():
            raise _cut(start, at)
        at += 1
    if at == start:
        raise _cut(start, at)
    return at


def _cut(start: int, at: int) -> BrokenHunkError:
    return BrokenHunkError("truncated", "a binary patch is cut", start - 1, at)


def _goes_on(lines: Sequence[bytes], at: int) -> bool:
    """Say whether a line reads like one of a hunk although the hunk is complete."""
    if at == len(lines) or not lines[at].startswith((b"+", b"-", b" ", b"\\")) or lines[at] in _SIGNATURES:
        return False
    plain_file = lines[at].startswith(b"--- ") and at + 1 < len(lines) and lines[at + 1].startswith(b"+++ ")
    return not plain_file


def _read_hunk(lines: Sequence[bytes], start: int) -> tuple[Hunk, int]:
    """Read the hunk whose header is at `start`; return it and the index after it."""
    hunk = _read_header(lines[start], start)
    found: list[Line] = []
    old, new = hunk.old_start, hunk.new_start
    old_end, new_end = old + hunk.old_count, new + hunk.new_count
    at = start
    while old < old_end or new < new_end:
        at += 1
        line = lines[at] if at < len(lines) else b"end"
        sign = line[:1]
        if sign == b"+":
            found.append(Line(LineKind.ADDED, None, new, line[1:]))
            new += 1
        elif sign == b"-":
            found.append(Line(LineKind.REMOVED, old, None, line[1:]))
            old += 1
        elif sign == b" " or line in (b"", b"\r"):  # an empty line may have lost its blank on the way
            found.append(Line(LineKind.CONTEXT, old, new, line[1:] if sign == b" " else line))
            old += 1
            new += 1
        elif sign == b"\\" and found:
            found[-1] = replace(found[-1], has_newline=False)
        else:
            raise BrokenHunkError("truncated", "a hunk is shorter than its header says", start, at)
    if old > old_end or new > new_end:
        raise BrokenHunkError("malformed", "a hunk is longer than its header says", start, at)
    at += 1
    if at < len(lines) and lines[at].startswith(b"\\ "):  # in the words of any language
        found[-1] = replace(found[-1], has_newline=False)
        at += 1
    return replace(hunk, lines=tuple(found)), at


def _read_header(line: bytes, at: int) -> Hunk:
    header = _HUNK.match(line)
    if header is None:
        raise BrokenHunkError("malformed", "this is no hunk header", at, at)
    old_start, old_count, new_start, new_count = (int(number or 1) for number in header.groups()[:4])
    from_zero = (old_count and not old_start) or (new_count and not new_start)  # lines are counted from 1
    if from_zero or not (old_count or new_count):
        raise BrokenHunkError("malformed", "this is no hunk header", at, at)
    section = header[5].strip().decode("utf-8", "replace")
    return Hunk(old_start, old_count, new_start, new_count, section, lines=())
