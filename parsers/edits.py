"""Apply a replacement of whole lines and say whether the file still parses."""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from parsers import languages
from parsers.languages import Language
from parsers.placeholders import find_placeholder
from parsers.source import SourceTooLarge, decode, error_nodes, parse, split_lines


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


def apply(source: bytes, start_line: int, end_line: int, replacement: str) -> bytes:
    """Replace lines start..end (1-based, inclusive) keeping encoding, line ends and a missing last LF.

    An empty replacement deletes the lines. Raises ValueError for a range outside the file and for
    text that the file's encoding cannot hold.
    """
    lines = _split_with_ends(source)
    if not 1 <= start_line <= end_line <= len(lines):
        raise ValueError(f"lines {start_line}-{end_line} of a file with {len(lines)} lines")
    replaced = lines[start_line - 1 : end_line]
    new = _encode(replacement, source, _line_end(replaced) or _line_end(lines) or b"\n")
    if not replaced[-1].endswith(b"\n"):
        new = new.removesuffix(b"\n").removesuffix(b"\r")
    return b"".join((*lines[: start_line - 1], new, *lines[end_line:]))


def check(path: str, source: bytes, start_line: int, end_line: int, replacement: str) -> EditCheck:
    """Apply in memory, re-parse the whole file and compare the places of its syntax errors.

    Errors that the file had before are no reason to reject. Never raises: an edit that cannot be
    applied counts as one that breaks the file.
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
    language = languages.detect(path, source[:200])
    if language is None:
        return EditCheck(EditVerdict.UNCHECKED, "a language that we do not parse")
    return _check_syntax(language, source, edited, start_line, end_line)


def _check_syntax(
    language: Language, source: bytes, edited: bytes, start_line: int, end_line: int
) -> EditCheck:
    try:
        line = _find_new_error(language, source, edited, start_line, end_line)
    except SourceTooLarge as err:
        return EditCheck(EditVerdict.UNCHECKED, str(err))
    if line is None and language.name == "python":
        line = _find_python_error(source, edited)
    if line is not None:
        return EditCheck(EditVerdict.BREAKS_SYNTAX, f"no longer parses as {language.name}", line)
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


def _find_new_error(
    language: Language, source: bytes, edited: bytes, start_line: int, end_line: int
) -> int | None:
    """Return the line of the first syntax error that the edit made.

    Errors beside the edit count as old where they stood before, moved with their lines; within the
    edit as many are allowed as there were.
    """
    shift = len(split_lines(edited)) - len(split_lines(source))
    new = _error_places(language, edited)
    if not new:
        return None
    allowed = Counter(
        "inside" if start_line <= line <= end_line else (line + shift * (line > end_line), column)
        for line, column in _error_places(language, source)
    )
    for line, column in new:
        place = "inside" if start_line <= line <= end_line + shift else (line, column)
        if not allowed[place]:
            return line
        allowed[place] -= 1
    return None


def _error_places(language: Language, data: bytes) -> list[tuple[int, int]]:
    return [
        (node.start_point.row + 1, node.start_point.column)
        for node in error_nodes(parse(data, language).tree)
    ]


def _find_python_error(source: bytes, edited: bytes) -> int | None:
    """Return the line that Python itself refuses, unless it refused the file before."""
    if _refused_line(source) is not None:
        return None
    return _refused_line(edited)


def _refused_line(data: bytes) -> int | None:
    try:
        with warnings.catch_warnings():  # of the whole process: another thread may miss a warning meanwhile
            warnings.simplefilter("ignore")
            ast.parse(decode(data).text)
    except SyntaxError as err:
        return err.lineno or 1
    except (ValueError, RecursionError, MemoryError):
        return None
    return None
