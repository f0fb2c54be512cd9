"""Read a diff a second time, with unidiff, and say where the two readings differ.

A diff that git made on the spot needs no second opinion. One that a person or another tool hands over does:
where two readers see different lines in it, neither may be believed in silence.
"""

from __future__ import annotations

from collections import Counter

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from parsers.diff import DiffProblem, ParsedDiff

_Lines = Counter[tuple[str, bytes]]


def disagreements(data: bytes, parsed: ParsedDiff) -> tuple[DiffProblem, ...]:
    """Return a problem if unidiff reads other added or removed lines out of the same bytes.

    No answer where unidiff cannot read the diff at all, or where we have reported problems ourselves.
    """
    if parsed.problems:
        return ()
    try:
        second = _read(data)
    except UnidiffParseError:
        return ()
    first = _changed(parsed)
    if first == second:
        return ()
    count = sum(((first - second) + (second - first)).values())
    message = f"two readers see different changes in it ({count} lines apart): is it cut or edited by hand?"
    return (DiffProblem("ambiguous", message, None, 1),)


def _read(data: bytes) -> _Lines:
    # Latin-1 keeps every byte; only LF ends a line, as git has it.
    lines = [f"{line}\n" for line in data.decode("latin-1").split("\n")]
    return Counter(
        (line.line_type, line.value.removesuffix("\n").encode("latin-1"))
        for file in PatchSet(lines)
        for hunk in file
        for line in hunk
        if line.is_added or line.is_removed
    )


def _changed(parsed: ParsedDiff) -> _Lines:
    sign = {"added": "+", "removed": "-"}
    return Counter(
        (sign[line.kind.value], line.text)
        for file in parsed.files
        for hunk in file.hunks
        for line in hunk.lines
        if line.kind.value in sign
    )
