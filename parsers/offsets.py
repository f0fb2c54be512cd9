"""Hand a file to whoever reads nothing but UTF-8, and find the way back to its own bytes."""

from __future__ import annotations

import codecs
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from parsers.source import decode

_BOMS = {
    "utf-8-sig": ((codecs.BOM_UTF8, "utf-8"),),
    "utf-16": ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")),
    "utf-32": ((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be")),
}

_DAMAGED = "\N{REPLACEMENT CHARACTER}"


class _Piece(NamedTuple):
    """A line, or the part of one that a damaged character leaves: where it begins in both texts.

    A `damaged` one is a few bytes that no character stands for, and U+FFFD in UTF-8.
    """

    utf8: int
    original: int
    damaged: bool


@dataclass(frozen=True, slots=True)
class Utf8View:
    """A file as UTF-8 without a BOM; lines, and columns in characters, are those of the file.

    `encoding` and `lossless` are those of `parsers.source.Decoded`. All offsets are 0-based bytes; one
    inside of a character stands for the character's first byte.
    """

    utf8: bytes
    encoding: str
    lossless: bool
    _original: bytes
    _codec: str
    _pieces: tuple[_Piece, ...]

    def to_original(self, offset: int) -> int:
        """Return the offset in the file of an offset in `utf8`; one past its end is the file's end."""
        if not self._pieces:
            return offset
        if offset >= len(self.utf8):
            return len(self._original)
        piece = self._pieces[bisect_right(self._pieces, offset, key=lambda piece: piece.utf8) - 1]
        if piece.damaged:
            return piece.original
        before = self.utf8[piece.utf8 : offset].decode("utf-8", "ignore")
        return piece.original + len(before.encode(self._codec))

    def from_original(self, offset: int) -> int:
        """Return the offset in `utf8` of an offset in the file; its BOM is the place before the text."""
        if not self._pieces:
            return offset
        if offset >= len(self._original):
            return len(self.utf8)
        at = bisect_right(self._pieces, offset, key=lambda piece: piece.original) - 1
        if at < 0 or self._pieces[at].damaged:
            return self._pieces[max(at, 0)].utf8
        piece = self._pieces[at]
        reader = codecs.getincrementaldecoder(self._codec)()  # keeps half a character back
        return piece.utf8 + len(reader.decode(self._original[piece.original : offset]).encode())

    def position(self, offset: int) -> tuple[int, int]:
        """Return the line (1-based) and the column (0-based, in characters) of an offset in `utf8`."""
        start = self.utf8.rfind(b"\n", 0, offset) + 1
        column = len(self.utf8[start:offset].decode("utf-8", "ignore"))
        return self.utf8.count(b"\n", 0, start) + 1, column

    def offset(self, line: int, column: int) -> int:
        """Return the offset in `utf8` of a position; ValueError if there is none such."""
        lines = self.utf8.split(b"\n")
        if not 1 <= line <= len(lines) or not 0 <= column <= len(text := lines[line - 1].decode()):
            raise ValueError(f"no line {line} with a column {column}")
        return sum(map(len, lines[: line - 1])) + line - 1 + len(text[:column].encode())


def as_utf8(data: bytes) -> Utf8View:
    """Decode a file as `parsers.source.decode` does; costs next to nothing where it is UTF-8 already."""
    decoded = decode(data)
    if decoded.encoding == "utf-8" and decoded.lossless:
        return Utf8View(data, "utf-8", True, data, "utf-8", ())
    pairs = (pair for pair in _BOMS.get(decoded.encoding, ()) if data.startswith(pair[0]))
    bom, codec = next(pairs, (b"", decoded.encoding))
    pieces = tuple(_cut(decoded.text, data, len(bom), codec))
    return Utf8View(decoded.text.encode(), decoded.encoding, decoded.lossless, data, codec, pieces)


def _cut(text: str, data: bytes, start: int, codec: str) -> Iterator[_Piece]:
    """Cut a file after its BOM into lines and damaged characters; `text` is what it decodes to."""
    genuine = _DAMAGED.encode(codec, "ignore")  # Latin-1 has none, and is never damaged
    utf8, original = 0, start
    for number, sound in enumerate(text.split(_DAMAGED)):
        if number:
            whole = data.startswith(genuine, original)
            yield _Piece(utf8, original, damaged=not whole)
            utf8 += len(_DAMAGED.encode())
            original += len(genuine) if whole else _damage(data[original : original + 4], codec)
        for line in sound.split("\n"):
            yield _Piece(utf8, original, damaged=False)
            utf8 += len(line.encode()) + 1
            original += len(line.encode(codec)) + len("\n".encode(codec))
        utf8, original = utf8 - 1, original - len("\n".encode(codec))  # the last one has no end


def _damage(data: bytes, codec: str) -> int:
    """Return how many bytes the damaged character at the start of the data takes."""
    try:
        data.decode(codec)
    except UnicodeDecodeError as err:
        return err.end
    return len(data)
