"""Read source files: bytes to text and lines, and to a tree-sitter tree; never raise on broken code."""

from __future__ import annotations

import codecs
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

    from parsers.languages import Language

_CHUNK = 1_024  # bytes: the binding copies a whole chunk again for each `node.text`
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

    `error_lines` are the 1-based lines on which ERROR or MISSING nodes start.
    """

    tree: Tree
    utf8: bytes
    error_lines: tuple[int, ...]


class SourceTooLarge(ValueError):  # a size is not an error of the file
    """A file is larger than the limit, or took longer to parse than the limit; says which."""


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
    data: bytes, language: Language, *, max_bytes: int = 2_000_000, max_seconds: float = 2.0
) -> ParsedSource:
    """Parse a file; broken code yields ERROR nodes, never an exception.

    `max_seconds` is processor time. Raises SourceTooLarge past either limit.
    """
    if len(data) > max_bytes:
        raise SourceTooLarge(f"{len(data)} bytes, more than {max_bytes}")
    utf8 = decode(data).text.encode("utf-8")
    tree = _build_tree(utf8, language, max_seconds)
    rows = sorted({node.start_point.row + 1 for node in error_nodes(tree)})
    return ParsedSource(tree, utf8, tuple(rows))


def _build_tree(utf8: bytes, language: Language, max_seconds: float) -> Tree:
    from tree_sitter import Parser  # native code: loaded when first something is parsed

    deadline = time.thread_time() + max_seconds
    try:
        return Parser(language.grammar()).parse(
            lambda offset, _point: utf8[offset : offset + _CHUNK],
            progress_callback=lambda _offset, _has_error: time.thread_time() > deadline,
        )
    except ValueError as err:
        raise SourceTooLarge(f"not parsed within {max_seconds} s") from err


def error_nodes(tree: Tree) -> Iterator[Node]:
    """Yield the ERROR and MISSING nodes of a tree, outermost first."""
    pending = [tree.root_node]
    while pending:
        node = pending.pop()
        if node.is_error or node.is_missing:
            yield node
        if node.has_error:
            pending.extend(reversed(node.children))
