"""Say to GitLab where a comment stands, exactly first, then less and less so.

GitLab takes a text position only if the pair (old_line, new_line) is the diff line's own and the
three SHAs are those of a version of the merge request; else it answers 400 `line_code can't be
blank`. Within `line_range` it takes `line_code` and `type` alone. A line's code is the SHA-1 of the
path, then both line counters, the other side's included. `position_type: file` needs GitLab 16.4.
Sources: GitLab's discussions API and `lib/gitlab/diff/{position,line,line_code}.rb`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from parsers.diff import FileDiff, Hunk, LineKind, Side
from parsers.positions import LinePair
from reviewer.domain import ChangeRef, Comment

Position = dict[str, Any]
FindDiff = Callable[[str], FileDiff | None]


def positions(
    ref: ChangeRef, comment: Comment, find_diff: Callable[[str], FileDiff | None]
) -> Iterator[Position]:
    """Yield a comment's positions: its range, its last line, its file.

    `find_diff` returns the diff of a path; it is called for ranges only.
    """
    whole: Position = {
        "base_sha": ref.base,
        "start_sha": ref.start,
        "head_sha": ref.head,
        "old_path": comment.old_path,
        "new_path": comment.path,
    }
    if comment.end is not None:
        line = whole | {"position_type": "text"} | _numbers(comment.end)
        if comment.start is not None and comment.start != comment.end:
            diff = find_diff(comment.path)
            if diff is not None:
                yield line | {"line_range": _line_range(diff, comment.start, comment.end)}
        yield line
    yield whole | {"position_type": "file"}


def line_code(diff: FileDiff, pair: LinePair) -> str:
    """Name a line of a diff the way GitLab does."""
    old, new = pair
    if old is None and new is not None:
        old = _counter(diff, Side.NEW, new)
    elif new is None and old is not None:
        new = _counter(diff, Side.OLD, old)
    return f"{hashlib.sha1(diff.path.encode('utf-8', 'surrogateescape')).hexdigest()}_{old}_{new}"  # noqa: S324


def _numbers(pair: LinePair) -> dict[str, int]:
    return {key: line for key, line in (("old_line", pair.old), ("new_line", pair.new)) if line is not None}


def _line_range(diff: FileDiff, start: LinePair, end: LinePair) -> dict[str, dict[str, str]]:
    return {
        name: {"line_code": line_code(diff, pair), "type": "new" if pair.old is None else "old"}
        for name, pair in (("start", start), ("end", end))
    }


def _counter(diff: FileDiff, side: Side, line: int) -> int:
    """Return where the other side's counter stands at an added (`side` new) or a removed line."""
    kind = LineKind.ADDED if side is Side.NEW else LineKind.REMOVED
    for hunk in diff.hunks:
        counter = _first_line(hunk, Side.OLD if side is Side.NEW else Side.NEW)
        for row in hunk.lines:
            here, there = (row.new_line, row.old_line) if side is Side.NEW else (row.old_line, row.new_line)
            if row.kind is kind and here == line:
                return counter
            if there is not None:
                counter = there + 1
    raise ValueError(f"line {line} of {diff.path} is not {kind}")


def _first_line(hunk: Hunk, side: Side) -> int:
    start, count = (hunk.old_start, hunk.old_count) if side is Side.OLD else (hunk.new_start, hunk.new_count)
    # Without lines on this side, git names the line before the hunk.
    return start if count else start + 1
