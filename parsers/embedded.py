"""Text of one language inside a file of another: scripts in pages, SQL in mappers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parsers.languages import Language
    from parsers.source import ParsedSource

_ENTITIES = {
    **{b"&lt;&gt;": b"<>", b"&amp;&amp;": b"&&", b"&lt;": b"<", b"&gt;": b">", b"&amp;": b"&"},
    **{b"&quot;": b'"', b"&apos;": b"'", b"&#39;": b"'"},
}
_ENTITY = re.compile(b"|".join(_ENTITIES))
_BLANKS = bytes(byte if byte == 0x0A else 0x20 for byte in range(256))


@dataclass(frozen=True, slots=True)
class Embedded:
    """A stretch of a file (byte offsets into its UTF-8) that is written in another language.

    `text` is what is parsed there: the whole file, as long as it was, with all that is not of that
    language blanked or replaced, so that offsets, lines and columns are those of the file.
    """

    language: Language
    start: int
    end: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """A source with its language: a whole file, or what it holds of another language."""

    language: Language
    source: ParsedSource


def parts(source: ParsedSource, language: Language) -> tuple[Part, ...]:
    """Return the file itself and, after it, what it holds in other languages."""
    return (Part(language, source), *source.embedded)


def embed(language: Language, text: bytes, pieces: Iterable[tuple[int, bytes]]) -> Iterator[Embedded]:
    """Yield what the pieces make up, laid at their offsets over the blanked text; nothing without pieces."""
    laid = bytearray(blank(text))
    start, end = len(laid), 0
    for offset, piece in pieces:
        laid[offset : offset + len(piece)] = piece
        start, end = min(start, offset), max(end, offset + len(piece))
    if start < end:
        yield Embedded(language, start, min(end, len(text)), bytes(laid[: len(text)]))


def blank(text: bytes) -> bytes:
    """Write a space for every byte save line ends."""
    return text.translate(_BLANKS)


def unescape(text: bytes) -> bytes:
    """Write the plain characters for the entities of XML and HTML, padded so that nothing moves."""
    return _ENTITY.sub(lambda entity: _ENTITIES[entity[0]].rjust(len(entity[0])), text)
