"""Read source files: bytes to text and lines, and to tree-sitter trees; never raise on broken code."""

from __future__ import annotations

import codecs
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parsers.embedded import Embedded, Part, parts
from parsers.trial import Trial

if TYPE_CHECKING:
    from tree_sitter import Node, Range, Tree

    from parsers.languages import Language

MAX_BYTES = 2_000_000
MAX_SECONDS = 2.0  # of processor time
_HARMLESS = 512  # bytes: the worst files of this size that we know take 10 MB and 40 ms
_TRIAL = Trial()  # of the whole process: it is a process of its own, begun when it is first needed
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark its own begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Characters of GB18030, the common ones of GB2312 apart: both of their bytes lie above 0xA0.
_GB_COMMON = rb"([\xa1-\xa9\xb0-\xf7][\xa1-\xfe])"
_GB_RARE = rb"([\x81-\xfe](?:[\x40-\x7e\x80-\xfe]|[\x30-\x39][\x81-\xfe][\x30-\x39]))"
_GB_CHARACTER = re.compile(_GB_COMMON + rb"|" + _GB_RARE)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text; `lossless` is false where some bytes had to be replaced."""

    text: str
    encoding: str
    lossless: bool


@dataclass(frozen=True, slots=True)
class ParsedSource:
    """A tree over `utf8` (the source re-encoded); lines are those of the original bytes.

    `embedded` are the parts in other languages, each with a tree of its own in the same lines and
    columns. `error_lines` are the 1-based lines on which ERROR or MISSING nodes start, in those parts
    too where syntax errors prove something.
    """

    tree: Tree
    utf8: bytes
    error_lines: tuple[int, ...]
    embedded: tuple[Part, ...] = ()


class SourceTooLarge(ValueError):  # a size is not an error of the file
    """A file is larger than the limit, or took longer to parse than the limit; says which."""


class SourceTooCostly(SourceTooLarge):
    """A file cost a child process more time or memory to parse than it may; this process did not try."""


def decode(data: bytes) -> Decoded:
    """Decode by BOM, else UTF-8, else GB18030 if that is plausible, else Latin-1.

    The BOM is no part of the text. Text that is UTF-8 but for a few bytes stays UTF-8, not lossless.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _decode_as(data, encoding)
    decoded = _decode_as(data, "utf-8")
    if decoded.lossless or _is_mostly_utf8(decoded.text):
        return decoded
    if _is_plausible_gb18030(data):
        return _decode_as(data, "gb18030")
    return _decode_as(data, "latin-1")


def _decode_as(data: bytes, encoding: str) -> Decoded:
    try:
        return Decoded(data.decode(encoding), encoding, lossless=True)
    except UnicodeDecodeError:
        return Decoded(data.decode(encoding, "replace"), encoding, lossless=False)


def _is_mostly_utf8(text: str) -> bool:
    """Tell UTF-8 with a damaged character from text of another encoding."""
    broken = text.count("\ufffd")
    return sum(character > "\x7f" for character in text) - broken > 4 * broken


def _is_plausible_gb18030(data: bytes) -> bool:
    """Say whether the bytes decode, and mostly to common characters: Latin-1 text decodes to rare ones."""
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    found = _GB_CHARACTER.findall(data)
    return 2 * sum(bool(common) for common, _ in found) > len(found)


def split_lines(data: bytes) -> list[bytes]:
    """Split at LF alone, as git does, dropping the LF; a final LF opens no further line."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def parse(
    data: bytes, language: Language, *, max_bytes: int = MAX_BYTES, max_seconds: float = MAX_SECONDS
) -> ParsedSource:
    """Parse a file; broken code yields ERROR nodes, never an exception.

    `max_seconds` is processor time. Raises SourceTooLarge past a limit, SourceTooCostly where a child
    process that parses it first runs out of time or memory (see `parsers.trial`).
    """
    if len(data) > max_bytes:
        raise SourceTooLarge(f"{len(data)} bytes, more than {max_bytes}")
    utf8 = decode(data).text.encode("utf-8")
    deadline = time.thread_time() + max_seconds
    tree = build_tree(utf8, language, deadline)
    found = language.embed(tree.root_node, utf8) if language.embed else ()
    embedded = tuple(_parse_embedded(each, deadline) for each in found)
    lines = {line for part in embedded if not part.language.tolerant for line in part.source.error_lines}
    return ParsedSource(tree, utf8, tuple(sorted(lines | _error_lines(tree))), embedded)


def _parse_embedded(embedded: Embedded, deadline: float) -> Part:
    from tree_sitter import Range

    text, start, end = embedded.text, embedded.start, embedded.end
    within = Range(_point(text, start), _point(text, end), start, end)
    tree = build_tree(text, embedded.language, deadline, within)
    return Part(embedded.language, ParsedSource(tree, text, tuple(sorted(_error_lines(tree)))))


def _point(text: bytes, offset: int) -> tuple[int, int]:
    return text.count(b"\n", 0, offset), offset - text.rfind(b"\n", 0, offset) - 1


def build_tree(text: bytes, language: Language, deadline: float, within: Range | None = None) -> Tree:
    """Parse all or a stretch of a text until this thread's processor time is past `deadline` (s).

    Raises as `parse` does. Bytes, never a callback: the binding keeps for ever what a callback gives it
    (py-tree-sitter 0.26.1).
    """
    from tree_sitter import Parser  # native code: loaded when first something is parsed

    text = language.prepare(text) if language.prepare else text
    tried = text if within is None else text[within.start_byte : within.end_byte]
    _try(tried, language, deadline - time.thread_time())
    return Parser(language.grammar(), included_ranges=[within] if within else None).parse(text)


def check_cost(
    utf8: bytes, language: Language, *, max_bytes: int = MAX_BYTES, max_seconds: float = MAX_SECONDS
) -> None:
    """Raise SourceTooLarge, or SourceTooCostly, where `parse` would, but for what the text embeds."""
    if len(utf8) > max_bytes:
        raise SourceTooLarge(f"{len(utf8)} bytes, more than {max_bytes}")
    _try(language.prepare(utf8) if language.prepare else utf8, language, max_seconds)


def _try(text: bytes, language: Language, seconds: float) -> None:
    if seconds <= 0:
        raise SourceTooLarge("not parsed within the time limit")
    if len(text) > _HARMLESS and (reason := _TRIAL.refuse(language.name, text, seconds=seconds)):
        raise SourceTooCostly(reason)


def find_errors(source: ParsedSource, language: Language) -> Iterator[Node]:
    """Yield the ERROR and MISSING nodes of a file and of its parts, where they prove something."""
    for part in parts(source, language):
        if not part.language.tolerant:
            yield from error_nodes(part.source.tree)


def _error_lines(tree: Tree) -> set[int]:
    return {node.start_point.row + 1 for node in error_nodes(tree)}


def error_nodes(tree: Tree) -> Iterator[Node]:
    """Yield the ERROR and MISSING nodes of a tree, outermost first."""
    pending = [tree.root_node]
    while pending:
        node = pending.pop()
        if node.is_error or node.is_missing:
            yield node
        if node.has_error:
            pending.extend(reversed(node.children))
