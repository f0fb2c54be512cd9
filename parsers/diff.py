"""Read unified diffs: bytes in, files, hunks and lines out.

Nothing is dropped in silence: what cannot be read becomes a `DiffProblem`, and the other files are
still delivered. Texts keep the exact bytes of the file (CRLF, lone CR, form feed, GB18030, ...).
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace

from parsers import diff_header
from parsers.diff_header import Header
from parsers.diff_hunks import BrokenHunkError, find_end_of_binary_patch, read_hunks
from parsers.file_diff import FileDiff, FileStatus, Hunk, Line, LineKind, Side
from parsers.source import split_lines

__all__ = [
    "DiffProblem",
    "DiffSyntaxError",
    "FileDiff",
    "FileStatus",
    "Hunk",
    "Line",
    "LineKind",
    "ParsedDiff",
    "Side",
    "parse",
    "parse_fragment",
]


class DiffSyntaxError(ValueError):
    """Nothing of a diff could be read.

    `line` is the 1-based line of the diff text, if known, `problems` all that was found.
    """

    def __init__(self, message: str, line: int | None = None, problems: tuple[DiffProblem, ...] = ()) -> None:
        super().__init__(message)
        self.line = line
        self.problems = problems


@dataclass(frozen=True, slots=True)
class DiffProblem:
    """Something of a diff that could not be read.

    `code` is one of `combined`, `truncated`, `malformed`, `omitted` (a file is named, its content is not
    there), `ambiguous` (see `parsers.second_reading`); `line` the 1-based line of the diff text.
    """

    code: str
    message: str
    path: str | None
    line: int


@dataclass(frozen=True, slots=True)
class ParsedDiff:
    """All that could be read of a diff, and all that could not."""

    files: tuple[FileDiff, ...]
    problems: tuple[DiffProblem, ...]


def parse(data: bytes) -> ParsedDiff:
    """Read a unified diff of any number of files.

    Takes git's output in its usual forms, mails of `format-patch` and plain `diff -u`. Hunks without
    any header are a file with the path "": forges send them so, see `parse_fragment`. Empty input is
    an empty result. Raises DiffSyntaxError when there is text of which nothing could be read.
    """
    reader = _Reader(split_lines(data.removeprefix(codecs.BOM_UTF8)))
    reader.read()
    if reader.files or not data.strip():
        return ParsedDiff(tuple(reader.files), tuple(reader.problems))
    if not reader.problems:
        raise DiffSyntaxError("no unified diff in this text")
    first = reader.problems[0]
    raise DiffSyntaxError(first.message, first.line, tuple(reader.problems))


def parse_fragment(data: bytes, path: str, old_path: str | None = None) -> ParsedDiff:
    """Read the hunks of one file whose names the forge gives beside them.

    An empty fragment is a file without hunks (a pure rename, a change of mode). A file that starts
    or ends with no lines counts as added or deleted. Raises DiffSyntaxError as `parse` does.
    """
    old_path = old_path or path
    parsed = parse(data)
    if not parsed.files:
        status = FileStatus.MODIFIED if old_path == path else FileStatus.RENAMED
        return ParsedDiff((FileDiff(path, old_path, status, is_binary=False, hunks=()),), parsed.problems)
    if len(parsed.files) > 1:
        raise DiffSyntaxError(f"hunks of {len(parsed.files)} files instead of {path} alone")
    found = parsed.files[0]
    status = FileStatus.RENAMED if old_path != path else _status_of_hunks(found)
    problems = tuple(replace(problem, path=path) for problem in parsed.problems)
    return ParsedDiff((replace(found, path=path, old_path=old_path, status=status),), problems)


# --- reading --------------------------------------------------------------------------------------

_COMBINED = (b"diff --cc ", b"diff --combined ", b"@@@ ")
_SUBMODULE_LOG = re.compile(rb"Submodule .+ (?:[0-9a-f]{7,}\.{2,3}[0-9a-f]{7,}|contains )")
_UNMERGED = b"* Unmerged path "
_ON_ONE_SIDE = re.compile(rb"Only in (\S+): (\S+)$")  # of `diff -r`; prose seldom looks like that


class _Reader:
    """Walk over the lines of a diff, file by file, so that damage costs the file it lies in."""

    def __init__(self, lines: list[bytes]) -> None:
        self.lines = lines
        self.at = 0
        self.files: list[FileDiff] = []
        self.problems: list[DiffProblem] = []

    def read(self) -> None:
        """Read to the end, passing over what belongs to no file (the text of mails and commits)."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.startswith(diff_header.GIT_FILE):
                self._read_git_file()
            elif line.startswith(_COMBINED):
                self._pass_combined()
            elif line.startswith(b"--- ") and self._peek(1).startswith(b"+++ "):
                self.at += 2
                self._read_file(diff_header.read_plain_header(line, self.lines[self.at - 1]), self.at - 2)
            elif line.startswith(b"@@ -"):
                self._read_fragment()
            else:
                self._read_notice(line)
                self.at += 1
        shown = {file.path for file in self.files}
        self.problems = [one for one in self.problems if one.code != "omitted" or one.path not in shown]

    def _peek(self, ahead: int) -> bytes:
        return self.lines[self.at + ahead] if self.at + ahead < len(self.lines) else b""

    def _read_git_file(self) -> None:
        start = self.at
        header, self.at = diff_header.read_git_header(self.lines, start)
        if header is None:
            self._report("malformed", "the header names no file", None, start)
            self._skip_to_next_file()
        else:
            self._read_file(header, start)

    def _read_notice(self, line: bytes) -> None:
        """Read a line that stands for a file all by itself; other lines are prose."""
        if header := diff_header.read_binary_notice(line):
            self._add(header, ())
        elif _SUBMODULE_LOG.match(line):
            self._report("malformed", "the log of a submodule is no diff", None, self.at)
        elif line.startswith(_UNMERGED):
            path = diff_header.read_name(line.removeprefix(_UNMERGED))
            self._report("omitted", "the file has conflicts and is not shown", path, self.at)
        elif found := _ON_ONE_SIDE.match(line.removesuffix(b"\r")):
            path = diff_header.read_name(b"/".join(found.groups()))
            self._report("omitted", "the file is on one side only and is not shown", path, self.at)

    def _read_fragment(self) -> None:
        """Read hunks without a header, which only a diff of one file may begin with."""
        if self.files or self.problems:
            self._report("malformed", "a hunk without a header belongs to no file", None, self.at)
            self._skip_to_next_file(in_git=False)
        else:
            self._read_file(Header(), self.at)

    def _read_file(self, header: Header, start: int) -> None:
        try:
            if header.has_patch:
                self.at = find_end_of_binary_patch(self.lines, self.at)
            hunks, self.at = read_hunks(self.lines, self.at)
        except BrokenHunkError as broken:
            self._report(broken.code, str(broken), header.path, broken.at)
            self.at = broken.hunk
            self._skip_to_next_file(in_git=self.lines[start].startswith(diff_header.GIT_FILE))
            return
        if self._peek(0).startswith(b"@@@ "):
            self._pass_combined(header.path)
        elif header.promises_hunks and not hunks:
            self._report("truncated", "the header is followed by no hunk", header.path, start)
        else:
            self._add(header, hunks)

    def _pass_combined(self, path: str | None = None) -> None:
        """Report a merge's combined diff: its lines have no one old side to stand on."""
        start, line = self.at, self.lines[self.at]
        if line.startswith(b"diff --c"):
            path = diff_header.read_name(line.split(b" ", 2)[2])
        self._report("combined", "a combined diff (of a merge) cannot be reviewed", path, start)
        self._skip_to_next_file()

    def _skip_to_next_file(self, *, in_git: bool = True) -> None:
        """Go to the next header, in a git diff to git's own: a broken hunk may hold lines like the others."""
        self.at += 1
        while self.at < len(self.lines) and not self._peek(0).startswith(b"diff --"):
            plain = self._peek(0).startswith(b"--- ") and self._peek(1).startswith(b"+++ ")
            if not in_git and plain and self._peek(2).startswith(b"@@ -"):
                return
            self.at += 1

    def _report(self, code: str, message: str, path: str | None, at: int) -> None:
        self.problems.append(DiffProblem(code, message, path or None, min(at + 1, len(self.lines))))

    def _add(self, header: Header, hunks: tuple[Hunk, ...]) -> None:
        file = FileDiff(
            path=header.path,
            old_path=header.old_path,
            status=_status(header, hunks),
            is_binary=header.is_binary,
            hunks=hunks,
            old_mode=header.old_mode,
            new_mode=header.new_mode,
            old_blob=header.old_blob,
            new_blob=header.new_blob,
        )
        if self.files and _is_type_change(self.files[-1], file):
            file = _join_type_change(self.files.pop(), file)
        self.files.append(file)


def _status(header: Header, hunks: tuple[Hunk, ...]) -> FileStatus:
    if header.is_added:
        return FileStatus.ADDED
    if header.is_deleted:
        return FileStatus.DELETED
    if header.path != header.old_path:
        return FileStatus.COPIED if header.is_copied else FileStatus.RENAMED
    if not hunks and not header.is_binary and header.old_mode != header.new_mode:
        return FileStatus.MODE_ONLY
    return FileStatus.MODIFIED


def _status_of_hunks(file: FileDiff) -> FileStatus:
    """Tell added and deleted files from changed ones where no header says so."""
    if file.status is FileStatus.MODIFIED and len(file.hunks) == 1:
        hunk = file.hunks[0]
        if hunk.old_start == hunk.old_count == 0:
            return FileStatus.ADDED
        if hunk.new_start == hunk.new_count == 0:
            return FileStatus.DELETED
    return file.status


def _is_type_change(old: FileDiff, new: FileDiff) -> bool:
    """Say whether git split one file into a deletion and an addition because its type changed."""
    removed_and_added = (old.status, new.status) == (FileStatus.DELETED, FileStatus.ADDED)
    if not removed_and_added or old.path != new.path:
        return False
    return (old.old_mode or "")[:2] != (new.new_mode or "")[:2]


def _join_type_change(old: FileDiff, new: FileDiff) -> FileDiff:
    return replace(
        new,
        status=FileStatus.TYPE_CHANGED,
        is_binary=old.is_binary or new.is_binary,
        hunks=old.hunks + new.hunks,
        old_mode=old.old_mode,
        old_blob=old.old_blob,
    )
