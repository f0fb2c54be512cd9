"""Write outlines down in few bytes, and read of them what a question needs.

A line of JSON for the package and the imports, one for the definitions, then a line for each name
that is mentioned. Deflated with a dictionary out of the same repository, because its files repeat
each other's names.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from parsers.outline import DefinitionRow, ImportRow, Outline, ReferenceKind

FORMAT = 1  # to be raised whenever outlines say something else, or say it differently
_KINDS: tuple[ReferenceKind, ...] = ("call", "type", "import")
_MAX_NAME = 200  # characters; nobody asks for longer names
_SAMPLE = 1_500  # bytes of one outline that go into a dictionary: its imports and first definitions
_WINDOW = 32_768  # bytes of a dictionary that deflate can look back to


@dataclass(frozen=True, slots=True)
class PackedOutline:
    """An outline as it was written: its definitions and mentions are read when they are asked for."""

    package: str
    imports: tuple[ImportRow, ...]
    _definitions: bytes
    _mentions: bytes

    def definitions_of(self, name: str) -> list[DefinitionRow]:
        """Return the definitions of a name."""
        return [DefinitionRow(*row) for row in json.loads(self._definitions) if row[1] == name]

    def around(self, lines: Iterable[int]) -> dict[int, str]:
        """Return for each line the qualified name of the innermost definition it lies in, else nothing."""
        rows = json.loads(self._definitions)
        rows.reverse()
        return {line: next((row[2] for row in rows if row[4] <= line <= row[5]), "") for line in lines}

    def mentions_of(self, name: str) -> Iterator[tuple[int, ReferenceKind]]:
        """Yield the lines that mention a name, and how; a line once for each kind."""
        mark = b"\n%s\t" % _encode(name)
        start = self._mentions.find(mark) + len(mark)
        if start >= len(mark):
            end = self._mentions.index(b"\n", start)
            for packed in accumulate(map(int, self._mentions[start:end].split(b","))):
                line, kind = divmod(packed, len(_KINDS))
                yield line, _KINDS[kind]

    def names(self) -> set[str]:
        """Return all names that are defined or mentioned."""
        mentioned = (
            line.partition("\t")[0] for line in self._mentions.decode("utf-8", "replace").split("\n")
        )
        return {row[1] for row in json.loads(self._definitions)}.union(mentioned)


def names_of(outline: Outline) -> tuple[set[str], set[str]]:
    """Return the names that an outline defines and those that it mentions, as far as one asks for them."""
    return (
        {row.name for row in outline.definitions if _is_askable(row.name)},
        {row.name for row in outline.references if _is_askable(row.name)},
    )


def write(outline: Outline) -> bytes:
    """Write an outline, not yet packed."""
    lines: dict[str, set[int]] = {}
    for name, kind, line, _ in outline.references:
        if _is_askable(name):
            lines.setdefault(name, set()).add(line * len(_KINDS) + _KINDS.index(kind))
    mentions = "".join(f"{name}\t{_differences(sorted(lines[name]))}\n" for name in sorted(lines))
    head = _to_json((outline.package, outline.imports))
    return _encode(f"{head}\n{_to_json(outline.definitions)}\n{mentions}")


def pack(written: bytes, dictionary: bytes) -> bytes:
    """Deflate a written outline; `dictionary` may be empty."""
    deflate = zlib.compressobj(9, zdict=dictionary) if dictionary else zlib.compressobj(9)
    return deflate.compress(written) + deflate.flush()


def unpack(packed: bytes, dictionary: bytes) -> PackedOutline:
    """Read a packed outline; zlib.error if it is damaged, or was packed with another dictionary."""
    inflate = zlib.decompressobj(zdict=dictionary)
    written = inflate.decompress(packed)
    if not inflate.eof:
        raise zlib.error("cut short")
    head, definitions, mentions = written.split(b"\n", 2)
    package, imports = json.loads(head)
    rows = tuple(ImportRow(tuple(modules), tuple(names), line) for modules, names, line in imports)
    return PackedOutline(package, rows, definitions, b"\n" + mentions)


def make_dictionary(written: Sequence[bytes]) -> bytes:
    """Make a dictionary out of outlines taken evenly from many."""
    step = max(1, len(written) * _SAMPLE // _WINDOW)
    return b"".join(one[:_SAMPLE] for one in written[::step])[-_WINDOW:]


def _is_askable(name: str) -> bool:
    return 0 < len(name) <= _MAX_NAME and "\n" not in name and "\t" not in name


def _differences(numbers: list[int]) -> str:
    return ",".join(str(number - before) for before, number in zip((0, *numbers), numbers, strict=False))


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
