"""What one file of a diff is, as values: its names, its status, its hunks and their lines."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Which version of a file a line number counts in."""

    NEW = "new"
    OLD = "old"


class FileStatus(StrEnum):
    """What happened to a file."""

    ADDED = "added"
    DELETED = "deleted"
    MODIFIED = "modified"
    RENAMED = "renamed"
    COPIED = "copied"
    TYPE_CHANGED = "type-changed"
    MODE_ONLY = "mode-only"


class LineKind(StrEnum):
    """What a hunk says of a line."""

    ADDED = "added"
    REMOVED = "removed"
    CONTEXT = "context"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a hunk.

    `text` is the file's bytes without the final LF (a CR before it stays). An added line has no
    `old_line`, a removed line no `new_line`. `has_newline` is false on a last line without LF.
    """

    kind: LineKind
    old_line: int | None
    new_line: int | None
    text: bytes
    has_newline: bool = True


@dataclass(frozen=True, slots=True)
class Hunk:
    """A run of lines; starts and counts as in the `@@` header, `section` what follows it."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    section: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One file of a diff.

    `path` is the new name (the old one of a deleted file), with `/`, never quoted, undecodable bytes
    as surrogate escapes. `old_path` differs from it only for renames and copies.
    """

    path: str
    old_path: str
    status: FileStatus
    is_binary: bool
    hunks: tuple[Hunk, ...]
    old_mode: str | None = None
    new_mode: str | None = None
    old_blob: str | None = None
    new_blob: str | None = None

    @property
    def added_lines(self) -> tuple[int, ...]:
        """Number the added lines on the new side, ascending."""
        return tuple(
            line.new_line
            for hunk in self.hunks
            for line in hunk.lines
            if line.kind is LineKind.ADDED and line.new_line is not None
        )

    @property
    def removed_lines(self) -> tuple[int, ...]:
        """Number the removed lines on the old side, ascending."""
        return tuple(
            line.old_line
            for hunk in self.hunks
            for line in hunk.lines
            if line.kind is LineKind.REMOVED and line.old_line is not None
        )
