"""Find where the hunks of a file end, by the counts in their headers, and say where they are broken.

Lines are Latin-1 views of the diff's bytes, each with its LF. Only counting tells the lines of a hunk
from headers: a removed comment of SQL (`-- x`) reads `--- x`.
"""

from __future__ import annotations

import re

_HUNK = re.compile(r"@@ -\d{1,9}(?:,(\d{1,9}))? \+\d{1,9}(?:,(\d{1,9}))? @@")
_NO_NEWLINE = "\\ No newline at end of file\n"
_SIGNATURES = ("-- \n", "--\n", "-- \r\n")  # end a mail of `git format-patch`


class BrokenHunkError(ValueError):
    """A hunk does not hold the lines its header promises.

    `hunk` is the index of its header, `at` of the first wrong line.
    """

    def __init__(self, code: str, message: str, hunk: int, at: int) -> None:
        super().__init__(message)
        self.code = code
        self.hunk = hunk
        self.at = at


def find_end_of_hunks(lines: list[str], start: int) -> int:
    """Return the index after all hunks that follow each other from `start` on, `start` if none does.

    Rewrites a translated mark of a missing newline to git's words. Raises BrokenHunkError.
    """
    hunk = at = start
    while at < len(lines) and lines[at].startswith("@@ -"):
        hunk, at = at, _find_hunk_end(lines, at)
    if at > start and _goes_on(lines, at):
        raise BrokenHunkError("malformed", "a hunk is longer than its header says", hunk, at)
    return at


def _goes_on(lines: list[str], at: int) -> bool:
    """Say whether a line reads like one of a hunk although the hunk is complete."""
    if at == len(lines) or not lines[at].startswith(("+", "-", " ", "\\")) or lines[at] in _SIGNATURES:
        return False
    plain_file = lines[at].startswith("--- ") and lines[at + 1 : at + 2] and lines[at + 1].startswith("+++ ")
    return not plain_file


def _find_hunk_end(lines: list[str], start: int) -> int:
    header = _HUNK.match(lines[start])
    old, new = (int(count or 1) for count in header.groups()) if header else (0, 0)
    if old + new == 0:
        raise BrokenHunkError("malformed", "this is no hunk header", start, start)
    at = start
    while old > 0 or new > 0:
        at += 1
        first = lines[at][0] if at < len(lines) else "end"
        if first == " " or (first in "\r\n" and lines[at] in ("\n", "\r\n")):
            old -= 1
            new -= 1
        elif first == "+":
            new -= 1
        elif first == "-":
            old -= 1
        elif first != "\\" or at == start + 1:
            raise BrokenHunkError("truncated", "a hunk is shorter than its header says", start, at)
    if old or new:
        raise BrokenHunkError("malformed", "a hunk is longer than its header says", start, at)
    at += 1
    if at < len(lines) and lines[at].startswith("\\ "):
        lines[at] = _NO_NEWLINE  # GNU diff translates it, unidiff knows the English words
        at += 1
    return at
