"""Apply a replacement of whole lines and say whether the file still parses."""

from __future__ import annotations

import ast
import codecs
import sys
import warnings
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from parsers import languages
from parsers.languages import Language
from parsers.placeholders import find_placeholder
from parsers.python_version import Version
from parsers.source import SourceTooLarge, decode, find_errors, parse, split_lines

_HEAD = 4_096  # bytes that tell a file's language
# Where a bracket that lost its partner is a word like any other: the pairs that never go alone there.
_WORDLIKE = {"bash": ("[]",), "dockerfile": ("[]", "{}"), "yaml": ("[]", "{}")}


class EditVerdict(StrEnum):
    """What an edit does to a file."""

    CLEAN = "clean"
    BREAKS_SYNTAX = "breaks-syntax"
    NO_OP = "no-op"
    PLACEHOLDER = "placeholder"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class EditCheck:
    """The verdict; `line` is where it breaks (1-based in the edited file), `detail` says why."""

    verdict: EditVerdict
    detail: str = ""
    line: int | None = None


class _Edit(NamedTuple):
    """A file before and after, and the lines that were replaced."""

    language: Language
    source: bytes
    edited: bytes
    start: int
    end: int


def apply(source: bytes, start_line: int, end_line: int, replacement: str) -> bytes:
    """Replace lines start..end (1-based, inclusive) keeping encoding, BOM, line ends, a missing last LF.

    An empty replacement deletes the lines. Raises ValueError for a range outside the file and for
    text that the file's encoding cannot hold.
    """
    bom = codecs.BOM_UTF8 if source.startswith(codecs.BOM_UTF8) else b""
    lines = _split_with_ends(source[len(bom) :])
    if not 1 <= start_line <= end_line <= len(lines):
        raise ValueError(f"lines {start_line}-{end_line} of a file with {len(lines)} lines")
    replaced = lines[start_line - 1 : end_line]
    new = _encode(
        replacement.removeprefix("\ufeff"), source, _line_end(replaced) or _line_end(lines) or b"\n"
    )
    if not replaced[-1].endswith(b"\n"):
        new = new.removesuffix(b"\n").removesuffix(b"\r")
    return b"".join((bom, *lines[: start_line - 1], new, *lines[end_line:]))


def check(
    path: str,
    source: bytes,
    start_line: int,
    end_line: int,
    replacement: str,
    *,
    python_version: Version | None = None,
) -> EditCheck:
    """Apply in memory, re-parse the whole file and compare the places of its syntax errors.

    Errors that the file had before are no reason to reject. `python_version` is the oldest Python that
    the project declares, None for that of this process. Never raises: an edit that cannot be applied
    counts as one that breaks the file.
    """
    try:
        edited = apply(source, start_line, end_line, replacement)
    except ValueError as err:
        return EditCheck(EditVerdict.BREAKS_SYNTAX, str(err))
    if edited == source:
        return EditCheck(EditVerdict.NO_OP, "the lines stay as they are")
    old_lines = {line.strip() for line in decode(source).text.split("\n")[start_line - 1 : end_line]}
    added = (line for line in replacement.split("\n") if line.strip() not in old_lines)
    if placeholder := find_placeholder(path, added):
        return EditCheck(EditVerdict.PLACEHOLDER, f"stands for code: {placeholder}")
    language = languages.detect(path, source[:_HEAD])
    if language is None:
        return EditCheck(EditVerdict.UNCHECKED, "a language that we do not parse")
    return _check_syntax(_Edit(language, source, edited, start_line, end_line), python_version)


def _check_syntax(edit: _Edit, python_version: Version | None) -> EditCheck:
    name = edit.language.name
    if edit.language.tolerant:
        return EditCheck(EditVerdict.UNCHECKED, f"{name} has more dialects than we can parse")
    try:
        line = _find_new_error(edit)
    except SourceTooLarge as err:
        return EditCheck(EditVerdict.UNCHECKED, str(err))
    if line is None and name == "python":
        line, name = _find_python_error(edit, python_version)
    if line is None and _loses_bracket(edit):
        return EditCheck(EditVerdict.BREAKS_SYNTAX, "the brackets no longer pair up", edit.start)
    if line is not None:
        return EditCheck(EditVerdict.BREAKS_SYNTAX, f"no longer parses as {name}", line)
    return EditCheck(EditVerdict.CLEAN)


def _split_with_ends(data: bytes) -> list[bytes]:
    lines = [line + b"\n" for line in split_lines(data)]
    if lines and not data.endswith(b"\n"):
        lines[-1] = lines[-1][:-1]
    return lines


def _line_end(lines: list[bytes]) -> bytes | None:
    """Return the line end that most of the lines have, None if none has any."""
    ended = [line for line in lines if line.endswith(b"\n")]
    if not ended:
        return None
    with_cr = sum(line.endswith(b"\r\n") for line in ended)
    return b"\r\n" if 2 * with_cr > len(ended) else b"\n"


def _encode(replacement: str, source: bytes, line_end: bytes) -> bytes:
    if not replacement:
        return b""
    encoding = decode(source).encoding.removesuffix("-sig")
    if encoding in ("utf-16", "utf-32"):
        raise ValueError(f"lines of {encoding} text cannot be replaced")
    text = replacement.replace("\r\n", "\n").removesuffix("\n") + "\n"
    return text.encode(encoding).replace(b"\n", line_end)


def _find_new_error(edit: _Edit) -> int | None:
    """Return the line of the first syntax error that the edit made.

    Errors beside the edit count as old where they stood before, moved with their lines; within the
    edit as many are allowed as there were.
    """
    new = _error_places(edit.language, edit.edited)
    if not new:
        return None
    shift = len(split_lines(edit.edited)) - len(split_lines(edit.source))
    allowed = Counter(
        "inside" if edit.start <= line <= edit.end else (line + shift * (line > edit.end), column)
        for line, column in _error_places(edit.language, edit.source)
    )
    for line, column in new:
        place = "inside" if edit.start <= line <= edit.end + shift else (line, column)
        if not allowed[place]:
            return line
        allowed[place] -= 1
    return None


def _error_places(language: Language, data: bytes) -> list[tuple[int, int]]:
    return [
        (node.start_point.row + 1, node.start_point.column)
        for node in find_errors(parse(data, language), language)
    ]


def _loses_bracket(edit: _Edit) -> bool:
    """Say whether brackets went in pairs before and no longer do, where the grammar does not mind."""
    return any(
        _surplus(edit.source, pair) == 0 != _surplus(edit.edited, pair)
        for pair in _WORDLIKE.get(edit.language.name, ())
    )


def _surplus(data: bytes, pair: str) -> int:
    """Count the opening brackets less the closing ones, save those behind a backslash."""
    text = decode(data).text
    opening, closing = ((text.count(bracket) - text.count(f"\\{bracket}")) for bracket in pair)
    return opening - closing


def _find_python_error(edit: _Edit, declared: Version | None) -> tuple[int | None, str]:
    """Return the line that Python itself refuses, unless it refused the file before, and which Python.

    What only a newer Python takes, or Python 2, is not for ours to judge.
    """
    ours = sys.version_info[:2]
    version = declared or ours
    line = _refused_line(edit.edited, version) if (3, 0) <= version <= ours else None
    if line is not None and _refused_line(edit.source, version) is not None:
        line = None
    return line, f"python {version[0]}.{version[1]}"


def _refused_line(data: bytes, version: Version) -> int | None:
    """Return the line that Python refuses in the grammar of a version, as far as it still knows that."""
    try:
        with warnings.catch_warnings():  # of the whole process: another thread may miss a warning meanwhile
            warnings.simplefilter("ignore")
            ast.parse(decode(data).text, feature_version=version)
    except SyntaxError as err:
        return err.lineno or 1
    except (ValueError, RecursionError, MemoryError):
        return None
    return None
