"""Choose, for a unit or a finding, the few lines of the repository that it cannot be judged without.

Callers of a signature that the change alters come first, then what the changed lines call and use, the
nearest first. Little and relevant: published measurements see models grow worse with whole files around a
change. What is on show anyway is not repeated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from parsers.context import CodeContext, context
from parsers.diff import Side
from parsers.languages import Language, detect
from parsers.outline import outline
from parsers.signatures import SignatureChange, changed_signatures
from parsers.source import ParsedSource, SourceTooLarge, parse
from reviewer.domain import ChangedFile, Finding, Related, Relation, ReviewUnit, UnitPart
from reviewer.ports import Codebase
from reviewer.stages.excerpt import Redact, printable
from reviewer.stages.unit_identity import shown_numbers
from reviewer.stages.untested import find_untested

SHARE = 0.25  # of the room that a unit has: the most that related code may take
MOST_TOKENS = 800  # and not more than this
BODY_LINES = 12  # of a definition in a review
PROVING_LINES = 40  # of a definition where a finding is to be proven
_LEAST_TOKENS = 200  # beside a unit of a line or two
_LINES_ASKED = 120
_LINE_CHARS = 200
_CUT = " …[cut]"


class RelatedCode:
    """Asks the codebase about one change; each file is parsed once. Raises what the codebase raises."""

    def __init__(
        self,
        codebase: Codebase,
        files: Iterable[ChangedFile],
        *,
        count: Callable[[str], int],
        redact: Redact,
    ) -> None:
        self._codebase = codebase
        self._files = {file.path: file for file in files}
        self._count = count
        self._redact = redact
        self._sources: dict[str, tuple[ParsedSource, Language] | None] = {}
        self._changes: dict[str, tuple[SignatureChange, ...]] = {}

    def beside(self, unit: ReviewUnit, room: int) -> ReviewUnit:
        """Return a unit of a `room` (tokens) with what bears on it, at most its share of the room."""
        most = min(int(room * SHARE), MOST_TOKENS, _LEAST_TOKENS + unit.tokens)
        found = [one for part in unit.parts for one in self._of_part(part)]
        related = self._write(_unshown(found, unit.parts), most)
        if not related:
            return unit
        digest = hashlib.sha256(f"{unit.id}\0{related}".encode("utf-8", "replace"))
        return replace(unit, id=digest.hexdigest()[:16], related=related)

    def behind(self, finding: Finding, unit: ReviewUnit, room: int) -> str:
        """Return what it takes to prove or refute a finding: callers, and bodies that its lines call."""
        if finding.start_line is None or finding.end_line is None or finding.side is Side.OLD:
            return ""
        lines = range(finding.start_line, finding.end_line + 1)
        altered = [
            change for part in unit.parts if part.path == finding.path for change in self._altered(part)
        ]
        found = self._ask(finding.path, lines, altered, PROVING_LINES)
        return self._write(_unshown(found, unit.parts), int(room * SHARE))

    def untested(self) -> tuple[str, ...]:
        """Name the public definitions of the change that no test mentions."""
        return find_untested(self._files.values(), self._source, self._codebase.files_mentioning)

    def _of_part(self, part: UnitPart) -> tuple[Related, ...]:
        return self._ask(part.path, part.new_lines, tuple(self._altered(part)), BODY_LINES)

    def _ask(
        self, path: str, lines: Sequence[int], changes: Sequence[SignatureChange], body_lines: int
    ) -> tuple[Related, ...]:
        source = self._source(path)
        around = context(*source, lines) if source and lines else CodeContext({}, (), (), (), ())
        if not (around.called or around.types or changes):
            return ()
        return self._codebase.related(path, around, changes, max_lines=_LINES_ASKED, body_lines=body_lines)

    def _altered(self, part: UnitPart) -> Iterator[SignatureChange]:
        """Yield the signatures that the lines of a part alter or take away."""
        new, old = set(part.new_lines), set(part.old_lines)
        for change in self._signatures(part.path):
            now, lines = (change.old, old) if change.new is None else (change.new, new)
            if not lines.isdisjoint(range(now.start_line, now.end_line + 1)):
                yield change

    def _signatures(self, path: str) -> tuple[SignatureChange, ...]:
        if path not in self._changes:
            file, now = self._files.get(path), self._source(path)
            was = None if file is None else _parsed(file.diff.old_path, file.old)
            self._changes[path] = changed_signatures(outline(*was), outline(*now)) if was and now else ()
        return self._changes[path]

    def _source(self, path: str) -> tuple[ParsedSource, Language] | None:
        if path not in self._sources:
            file = self._files.get(path)
            self._sources[path] = None if file is None else _parsed(path, file.new)
        return self._sources[path]

    def _write(self, found: Iterable[Related], most: int) -> str:
        """Write what fits, best first; a body that does not fit is shown by its first line."""
        written: list[str] = []
        for one in found:
            for candidate in (one, replace(one, lines=one.lines[:1], cut=len(one.lines) > 1 or one.cut)):
                text = self._redact(_excerpt(candidate))
                if self._count("\n\n".join([*written, text])) <= most:
                    written.append(text)
                    break
        return "\n\n".join(written)


def _parsed(path: str, content: bytes | None) -> tuple[ParsedSource, Language] | None:
    language = detect(path, content) if content else None
    if content is None or language is None:
        return None
    try:
        return parse(content, language), language
    except SourceTooLarge:
        return None


def _unshown(found: Iterable[Related], parts: Sequence[UnitPart]) -> Iterator[Related]:
    """Yield each once, callers first, and none that the parts show already."""
    shown = {(part.path, number) for part in parts for number in shown_numbers(part)}
    seen: set[tuple[str, int]] = set()
    for one in sorted(found, key=lambda one: one.relation is not Relation.CALL_SITE):
        place = (one.path, one.start_line)
        lines = {(one.path, one.start_line + at) for at in range(len(one.lines))}
        if place not in seen and not lines <= shown:
            seen.add(place)
            yield one


def _excerpt(one: Related) -> str:
    """Write an excerpt; no line number, which would be another with every line above."""
    what = "calls" if one.relation is Relation.CALL_SITE else "defines"
    code = "\n".join(map(_line, one.lines)).removeprefix("| \n").removesuffix("\n| ")
    lines = [f"### {printable(one.path)} ({what} {printable(one.name)})", code]
    return "\n".join([*lines, "..."] if one.cut else lines)


def _line(text: str) -> str:
    """Write a line behind a mark, so that none can pass for a heading."""
    return f"| {text}" if len(text) <= _LINE_CHARS else f"| {text[:_LINE_CHARS]}{_CUT}"
