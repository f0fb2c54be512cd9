"""Changes made from two texts, without git: what the stages take."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from parsers.diff import FileDiff, FileStatus, Hunk, Line, LineKind
from reviewer.domain import ChangedFile, ChangeRef, ChangeSet

REF = ChangeRef("gitlab-main", "group/app", 7, "1" * 40, "1" * 40, "2" * 40)


def changed_file(
    path: str,
    old: str | None,
    new: str | None,
    *,
    bare: bool = False,
    old_path: str | None = None,
    status: FileStatus | None = None,
    is_binary: bool = False,
    new_mode: str | None = "100644",
) -> ChangedFile:
    """Compare two texts; None where a side does not exist, `bare` where only the hunks are known."""
    diff = FileDiff(
        path=path,
        old_path=old_path or path,
        status=status or _status(old, new),
        is_binary=is_binary,
        hunks=() if is_binary else tuple(_hunks(_lines(old), _lines(new))),
        old_mode=None if old is None else "100644",
        new_mode=None if new is None else new_mode,
    )
    old_bytes, new_bytes = (None if text is None or bare else text.encode() for text in (old, new))
    return ChangedFile(diff, old_bytes, new_bytes)


def change_set(*files: ChangedFile, title: str = "", description: str = "") -> ChangeSet:
    """Put files into a change."""
    return ChangeSet(REF, title, description, files)


def _status(old: str | None, new: str | None) -> FileStatus:
    if old is None:
        return FileStatus.ADDED
    return FileStatus.DELETED if new is None else FileStatus.MODIFIED


def _lines(text: str | None) -> list[bytes]:
    return (text or "").removesuffix("\n").encode().split(b"\n") if text else []


def _hunks(old: list[bytes], new: list[bytes]) -> Iterator[Hunk]:
    for group in SequenceMatcher(a=old, b=new, autojunk=False).get_grouped_opcodes(3):
        old_start, old_end, new_start, new_end = group[0][1], group[-1][2], group[0][3], group[-1][4]
        lines: list[Line] = []
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                pairs = zip(range(i1, i2), range(j1, j2), strict=True)
                lines += [Line(LineKind.CONTEXT, i + 1, j + 1, new[j]) for i, j in pairs]
                continue
            lines += [Line(LineKind.REMOVED, i + 1, None, old[i]) for i in range(i1, i2)]
            lines += [Line(LineKind.ADDED, None, j + 1, new[j]) for j in range(j1, j2)]
        old_count, new_count = old_end - old_start, new_end - new_start
        yield Hunk(
            old_start + bool(old_count),
            old_count,
            new_start + bool(new_count),
            new_count,
            "",
            tuple(lines),
        )
