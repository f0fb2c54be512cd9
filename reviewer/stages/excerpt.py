"""Show changed lines of one file with the code around them, in the notation of the prompts.

    ### app/order.py (python)
    imports: from decimal import Decimal
    fields: prices: list[Decimal]
    @@ class Order: / def total(self, fee):
      11       subtotal = sum(self.prices)
         -     return subtotal
      12 +     return subtotal + fee
    ...

The new side is numbered, the old side is not; `@@` names the definitions around the lines that
follow, `...` stands for lines left out. A line of the file always has its number and mark before it,
so that nothing in it can pass for one of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import islice

from parsers.context import CodeContext, Scope
from parsers.context import context as read_context
from parsers.diff import FileDiff, FileStatus, Hunk, LineKind, Side
from parsers.languages import detect
from parsers.source import SourceTooLarge, decode, parse
from reviewer.domain import ChangedFile, UnitPart
from reviewer.stages.sides import numbered_lines

NEAR_LINES = 3  # around a changed line, as git shows them
WHOLE_DEFINITION_LINES = 40  # a definition up to this length is shown whole
_CONTEXT_CHARS = 300  # of a line that did not change
_HEADING_CHARS = 200
_USED_CHARS = 600  # of imports, and of fields
_WORD = re.compile(r"\w+")
_NO_NAMES = frozenset(
    {
        "as",
        "const",
        "crate",
        "final",
        "from",
        "func",
        "import",
        "include",
        "let",
        "private",
        "protected",
        "public",
    }
    | {"readonly", "require", "static", "type", "use", "using", "val", "var"}
)
_CUT = " …[cut]"

Contexts = Callable[[ChangedFile, Collection[int]], CodeContext | None]
Redact = Callable[[str], str]


class Detail(IntEnum):
    """How much is shown around the changed lines."""

    BARE = 0
    NEAR = 1
    FULL = 2


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a file as the change has it; `hunk` is None outside the hunks, numbers are 1-based."""

    kind: LineKind
    old: int | None
    new: int | None
    text: str
    hunk: int | None


def surroundings(file: ChangedFile, lines: Collection[int]) -> CodeContext | None:
    """Parse the new side and describe its lines; None where we cannot, or not in time."""
    if file.new is None or not lines:
        return None
    language = detect(file.path, file.new)
    if language is None:
        return None
    try:
        source = parse(file.new, language)
    except SourceTooLarge:
        return None
    return read_context(source, language, lines)


@dataclass(frozen=True, slots=True)
class FileView:
    """One file's rows, with the definitions around its changed rows (by index into `rows`)."""

    diff: FileDiff
    language: str | None
    rows: tuple[Row, ...]
    chains: dict[int, tuple[Scope, ...]]
    imports: tuple[str, ...]
    fields: tuple[str, ...]
    row_of_line: dict[int, int]

    @property
    def changed(self) -> tuple[int, ...]:
        """Return the indexes of the added and removed rows."""
        return tuple(i for i, row in enumerate(self.rows) if row.kind is not LineKind.CONTEXT)

    def scope(self, index: int) -> Scope | int | None:
        """Return the innermost definition around a changed row, else the number of its hunk."""
        chain = self.chains.get(index, ())
        return chain[-1] if chain else self.rows[index].hunk

    def follows(self, before: int, index: int) -> bool:
        """Say whether nothing of the new side lies between two rows."""
        between = (self.rows[i].kind for i in range(before + 1, index))
        if any(kind is not LineKind.REMOVED for kind in between):
            return False
        hunks = self.rows[before].hunk, self.rows[index].hunk
        return hunks[0] == hunks[1] or None in hunks

    def part(self, changed: Sequence[int], detail: Detail, width: int | None = None) -> UnitPart:
        """Render changed rows (ascending indexes) with what `detail` adds around them.

        Changed lines longer than `width` characters are cut and not counted as shown.
        """
        chosen = frozenset(changed)
        shown = sorted(chosen | self._around(changed, detail))
        lines = [
            self._title(),
            *self._used(shown, changed, detail),
            *self._body(shown, chosen, detail, width),
        ]
        seen = [row for row in map(self.rows.__getitem__, changed) if width is None or len(row.text) <= width]
        return UnitPart(
            path=self.diff.path,
            language=self.language,
            text="\n".join(lines),
            new_lines=tuple(row.new for row in seen if row.new is not None),
            old_lines=tuple(row.old for row in seen if row.new is None and row.old is not None),
        )

    def _around(self, changed: Sequence[int], detail: Detail) -> frozenset[int]:
        if detail is Detail.BARE:
            return frozenset()
        near = {
            i
            for index in changed
            for i in range(max(0, index - NEAR_LINES), min(len(self.rows), index + NEAR_LINES + 1))
            # What changed in another definition is shown with that one, and says nothing of this.
            if self.rows[i].kind is LineKind.CONTEXT or self.scope(i) == self.scope(index)
        }
        if detail is Detail.FULL:
            scopes = {chain[-1] for index in changed if (chain := self.chains.get(index))}
            for scope in scopes:
                if scope.end_line - scope.start_line < WHOLE_DEFINITION_LINES:
                    lines = range(scope.start_line, scope.end_line + 1)
                    near |= {self.row_of_line[line] for line in lines if line in self.row_of_line}
        return frozenset(i for i in near if self.rows[i].kind is not LineKind.REMOVED)

    def _title(self) -> str:
        notes = [self.language] if self.language else []
        if self.diff.status is FileStatus.ADDED:
            notes.append("new file")
        elif self.diff.old_path != self.diff.path:
            notes.append(f"was {printable(self.diff.old_path)}")
        return f"### {printable(self.diff.path)}" + (f" ({', '.join(notes)})" if notes else "")

    def _used(self, shown: Sequence[int], changed: Sequence[int], detail: Detail) -> Iterator[str]:
        """Yield the imports and fields that the changed rows name, as far as they are not on show."""
        if detail is not Detail.FULL:
            return
        visible = {_one_line(self.rows[i].text) for i in shown}
        words = {word for i in changed for word in _WORD.findall(self.rows[i].text)}
        for kind, texts in (("imports", self.imports), ("fields", self.fields)):
            used = [
                text
                for text in map(_one_line, texts)
                if text not in visible and ("*" in text or not words.isdisjoint(_names(text)))
            ]
            if used:
                yield f"{kind}: " + _clip("; ".join(text.rstrip(";") for text in used), _USED_CHARS)

    def _body(
        self, shown: Sequence[int], chosen: frozenset[int], detail: Detail, width: int | None
    ) -> Iterator[str]:
        before: int | None = None
        heading = ""
        for index in shown:
            if before is None or not self.follows(before, index):
                if before is not None:
                    yield "..."
                last, heading = heading, self._heading(index, shown, chosen)
                if heading not in {"", last} and detail is not Detail.BARE:
                    yield f"@@ {heading}"
            yield _line(self.rows[index], index in chosen, width)
            before = index

    def _heading(self, start: int, shown: Sequence[int], chosen: frozenset[int]) -> str:
        """Name the definitions that hold the next changed row and begin above the row at `start`."""
        target = next((i for i in shown if i >= start and i in chosen), None)
        if target is None:
            return ""
        if chain := self.chains.get(target):
            hidden = [s for s in chain if self.row_of_line.get(s.start_line, 0) < start]
            return _clip(" / ".join(_one_line(scope.signature) for scope in hidden), _HEADING_CHARS)
        hunk = self.rows[target].hunk
        return (
            "" if hunk is None else _clip(printable(_one_line(self.diff.hunks[hunk].section)), _HEADING_CHARS)
        )


def view(file: ChangedFile, contexts: Contexts, redact: Redact) -> FileView:
    """Lay a file out in rows: the whole new side where it is known, else the hunks alone.

    `redact` sees each side as one text, before anything is cut: a secret of several lines is known
    as one, and none is left in halves.
    """
    rows = tuple(_rows(file, redact))
    anchors = _anchors(rows)
    found = contexts(file, frozenset(anchors.values())) or CodeContext({}, (), (), (), ())
    scopes = {
        scope: replace(scope, signature=redact(scope.signature))
        for scope in set().union(*found.chains.values())
    }
    language = detect(file.path, file.new or b"")
    return FileView(
        diff=replace(file.diff, hunks=tuple(_with_redacted_sections(file, redact))),
        language=language.name if language else None,
        rows=rows,
        chains={i: tuple(scopes[s] for s in found.chains.get(line, ())) for i, line in anchors.items()},
        imports=tuple(map(redact, found.imports)),
        fields=tuple(map(redact, found.fields)),
        row_of_line={row.new: i for i, row in enumerate(rows) if row.new is not None},
    )


def _with_redacted_sections(file: ChangedFile, redact: Redact) -> Iterator[Hunk]:
    """Take secrets out of the lines that git repeats beside hunks: one may be the middle of a private key.

    Such a line is known by the whole side that it stands in; git cuts it off at 80 bytes.
    """
    if not any(hunk.section for hunk in file.diff.hunks):
        yield from file.diff.hunks
        return
    raw = numbered_lines(file, Side.OLD) or numbered_lines(file, Side.NEW)
    shown = redact("\n".join(raw.values())).split("\n") if raw else []
    taken_out = [(line, own) for line, own in zip(raw.values(), shown, strict=True) if line != own]
    for hunk in file.diff.hunks:
        section = hunk.section.rstrip()
        own = next((own for line, own in taken_out if line.startswith(section)), redact(section))
        yield replace(hunk, section=own if section else "")


def printable(path: str) -> str:
    """Return a path on one line that UTF-8 can hold."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in path)


def _rows(file: ChangedFile, redact: Redact) -> Iterator[Row]:
    old, new = _texts(file, Side.OLD, redact), _texts(file, Side.NEW, redact)
    end_of_file = 0 if file.new is None else max(new, default=0)
    line = 1

    def between(end: int) -> Iterator[Row]:
        numbers = range(line, min(end, end_of_file + 1))  # a hunk may claim to lie beyond the file
        return (Row(LineKind.CONTEXT, None, n, new[n], None) for n in numbers)

    for number, hunk in enumerate(file.diff.hunks):
        # A hunk without new lines names the line before it.
        yield from between(hunk.new_start if hunk.new_count else hunk.new_start + 1)
        for entry in hunk.lines:
            if entry.new_line is not None:
                line = entry.new_line + 1
                text = new.get(entry.new_line)
            else:
                text = old.get(entry.old_line or 0)
            if text is None:  # the file is not the one that this diff is about
                text = redact(decode(entry.text).text)
            yield Row(entry.kind, entry.old_line, entry.new_line, text, number)
    yield from between(end_of_file + 1)


def _texts(file: ChangedFile, side: Side, redact: Redact) -> dict[int, str]:
    lines = numbered_lines(file, side)
    if not lines:
        return {}
    return dict(zip(lines, redact("\n".join(lines.values())).split("\n"), strict=True))


def _anchors(rows: Sequence[Row]) -> dict[int, int]:
    """Give each changed row a line of the new side: its own, or for a removed one its replacement's.

    Where nothing replaces it, the line above counts, else the line below.
    """
    anchors: dict[int, int] = {}
    above: int | None = None
    waiting: list[int] = []
    for i, row in enumerate(rows):
        if row.new is None:
            waiting.append(i)
            continue
        if row.kind is LineKind.ADDED:
            anchors[i] = row.new
        place = row.new if row.kind is LineKind.ADDED or above is None else above
        anchors.update(dict.fromkeys(waiting, place))
        waiting, above = [], row.new
    if above is not None:
        anchors.update(dict.fromkeys(waiting, above))
    return anchors


def _line(row: Row, changed: bool, width: int | None) -> str:
    limit = width if changed else min(_CONTEXT_CHARS, width or _CONTEXT_CHARS)
    text = row.text if limit is None else _clip(row.text, limit)
    if row.new is None:
        return f"     - {text}"
    return f"{row.new:>4} {'+' if changed and row.kind is LineKind.ADDED else ' '} {text}"


def _names(text: str) -> set[str]:
    """Return the words of a declaration that may be what it declares."""
    return set(_WORD.findall(text)) - _NO_NAMES


def _one_line(text: str) -> str:
    return " ".join(islice(text.split(), 100))


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit] + _CUT
