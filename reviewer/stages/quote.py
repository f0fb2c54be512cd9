"""Find the lines that a model quotes: the quote is believed, the line number hardly.

A quote is compared with whole lines, blank ones left out: first without the spacing at their ends,
then with inner spacing made equal, then as the model saw them, secrets redacted. A quote of one line
may also be a piece of it, of eight characters at least. If nothing fits, line numbers and marks that
were copied from the prompt (`  12 + code`, `     - code`) or from a diff (`+code`) are taken off.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from parsers.diff import Side

_SHORTEST_PIECE = 8
_PLACEHOLDER = re.compile(r"<redacted:[^<>]*>")
_CUT = re.compile(r"\s*…(?:\[cut\])?$")
_NUMBERED = re.compile(r"\s*(?:\d+ ?(?P<mark>[+|: -]?)|(?P<removed>-)) ?(?P<text>.*)")
_SIGNED = re.compile(r"(?P<mark>[+ -])(?P<removed>)(?P<text>.*)")

Redact = Callable[[str], str]


class QuoteNotFound(ValueError):
    """No line has the quoted text; `reason` is quote-not-found or quote-ambiguous."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Place:
    """The quoted lines (1-based, inclusive); `whole` is false where the quote is a piece of a line.

    `unmark` takes off a replacement what had to be taken off the quote.
    """

    start: int
    end: int
    whole: bool
    unmark: Callable[[list[str]], list[str] | None]


class QuotableText:
    """One side of a file, indexed for quotes; made once, asked often."""

    def __init__(self, lines: dict[int, str], changed: Sequence[int], side: Side, redact: Redact) -> None:
        self._lines = lines
        self._changed = sorted(changed)
        self._side = side
        self._redact = redact

    def find(self, quote: str, claimed: int | None) -> Place:
        """Return the place of a quote.

        The only match wins, whatever line was claimed. Of several, the one on the claimed line, else
        the nearest of those that the change touches; raise QuoteNotFound if there is none, or no nearest.
        """
        quoted = [line for line in quote.replace("\r\n", "\n").split("\n") if line.strip()]
        for unmark in (_as_is, self._unnumber, self._unsign):
            lines = unmark(quoted)
            if not lines:
                continue
            for matches, whole in self._matches(lines):
                if matches:
                    start, end = self._choose(matches, claimed)
                    return Place(start, end, whole, unmark)
        raise QuoteNotFound("quote-not-found")

    def _matches(self, quote: list[str]) -> Iterator[tuple[list[tuple[int, int]], bool]]:
        """Yield the matches of ever laxer ways to compare."""
        for view in (self._trimmed, self._spaced, self._redacted):
            yield view.find(quote), True
        if len(quote) == 1:
            yield self._spaced.find_piece(quote[0]), False
            yield self._redacted.find_piece(quote[0]), False

    def _choose(self, matches: list[tuple[int, int]], claimed: int | None) -> tuple[int, int]:
        if len(matches) == 1:
            return matches[0]
        exact = [match for match in matches if match[0] == claimed]
        if exact:
            return exact[0]
        touched = [match for match in matches if self._touches(match)]
        if len(touched) < 2:
            return (touched or matches)[0]
        if claimed is None or claimed not in self._lines:
            raise QuoteNotFound("quote-ambiguous")
        first, second, *_ = sorted(touched, key=lambda match: abs(match[0] - claimed))
        if abs(first[0] - claimed) == abs(second[0] - claimed):
            raise QuoteNotFound("quote-ambiguous")
        return first

    def _touches(self, match: tuple[int, int]) -> bool:
        index = bisect_left(self._changed, match[0])
        return index < len(self._changed) and self._changed[index] <= match[1]

    def _unnumber(self, lines: list[str]) -> list[str] | None:
        return _take_off(_NUMBERED, lines, self._side)

    def _unsign(self, lines: list[str]) -> list[str] | None:
        return _take_off(_SIGNED, lines, self._side)

    @cached_property
    def _trimmed(self) -> _View:
        return _View(self._lines, str.strip)

    @cached_property
    def _spaced(self) -> _View:
        return _View(self._lines, _space_evenly)

    @cached_property
    def _redacted(self) -> _View:
        # A side without lines is no text at all, not one empty line.
        texts = self._redact("\n".join(self._lines.values())).split("\n") if self._lines else []
        return _View(dict(zip(self._lines, texts, strict=True)), _unify_placeholders)


class _View:
    """The lines that are not blank, each in the form in which it is compared."""

    def __init__(self, lines: dict[int, str], form: Callable[[str], str]) -> None:
        self._form = form
        shown = [(number, form(line)) for number, line in lines.items() if line.strip()]
        self._numbers = [number for number, _ in shown]
        self._texts = [text for _, text in shown]
        self._where: defaultdict[str, list[int]] = defaultdict(list)
        for index, text in enumerate(self._texts):
            self._where[text].append(index)

    def find(self, quote: Sequence[str]) -> list[tuple[int, int]]:
        wanted = [self._form(line) for line in quote]
        count = len(wanted)
        return [
            (self._numbers[index], self._numbers[index + count - 1])
            for index in self._where.get(wanted[0], ())
            if self._texts[index : index + count] == wanted
        ]

    def find_piece(self, quote: str) -> list[tuple[int, int]]:
        wanted = self._form(_CUT.sub("", quote))
        if len(wanted) < _SHORTEST_PIECE:
            return []
        return [
            (number, number)
            for number, text in zip(self._numbers, self._texts, strict=True)
            if wanted in text
        ]


def _as_is(lines: list[str]) -> list[str] | None:
    return lines


def _take_off(pattern: re.Pattern[str], lines: list[str], side: Side) -> list[str] | None:
    """Take the marks off and drop the other side's lines; None unless every line has them."""
    other = "-" if side is Side.NEW else "+"
    texts, marks = [], set()
    for line in lines:
        match = pattern.fullmatch(line)
        if match is None and line.strip():
            return None
        mark = (match["mark"] or match["removed"] or "") if match else ""
        marks.add(mark)
        if mark != other:
            texts.append(match["text"] if match else "")
    return None if pattern is _SIGNED and not marks & {"+", "-"} else texts


def _space_evenly(line: str) -> str:
    return " ".join(line.split())


def _unify_placeholders(line: str) -> str:
    """Forget the numbers of placeholders: a prompt may have counted otherwise."""
    return _PLACEHOLDER.sub("<redacted>", _space_evenly(line))
