"""Plans made by hand: comments at lines of a change set, without the stages that usually make them."""

from __future__ import annotations

from collections.abc import Sequence

from parsers.diff import Side
from parsers.positions import pair_of, same_hunk
from reviewer.domain import ChangeSet, Comment, Plan, Resolution


def comment(
    change: ChangeSet,
    path: str,
    line: int | None,
    *,
    to: int | None = None,
    side: Side = Side.NEW,
    body: str = "",
) -> Comment:
    """Comment on a line, on the range up to `to`, or with None on the file."""
    file = change.file(path)
    assert file is not None, path
    name = f"{path}-{side}-{line}-{to}"
    start = end = None
    if line is not None:
        start = pair_of(file.diff, side, line)
        end = pair_of(file.diff, side, to or line)
    return Comment(
        fingerprint=name,
        body=f"{body or 'Look here.'}\n\n<!-- reviewer:v1:{name} -->",
        path=path,
        old_path=file.diff.old_path,
        side=side,
        start=start,
        end=end,
        in_one_hunk=line is not None and same_hunk(file.diff, side, line, to or line),
    )


def plan(*comments: Comment, resolve: Sequence[Resolution] = (), summary: str | None = None) -> Plan:
    """Plan to create comments and resolve threads."""
    return Plan(create=comments, keep=(), resolve=tuple(resolve), summary_note=summary)
