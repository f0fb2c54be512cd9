"""Per language: how many real files parse, how long their contexts take, how many labelled lines are right."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from parsers.context import context
from parsers.languages import LANGUAGES, detect
from parsers.source import SourceTooLarge, parse, split_lines
from tests.bench.figures import PROCESSOR, share, timed
from tests.unit.parsers.labelled import collect_sheets, describe
from tests.unit.parsers.truth import Rows, text_of


@dataclass(frozen=True, slots=True)
class LanguageRow:
    """One language; the times are processor milliseconds of the context alone, for the changed lines."""

    language: str
    files: int
    with_errors: int
    context_p50: float
    context_p95: float
    labelled: int
    right: int


@dataclass(slots=True)
class _Tally:
    with_errors: int = 0
    taken: list[float] = field(default_factory=list)


def measure_languages(rows: Rows) -> list[LanguageRow]:
    """Parse and describe every real file; languages without files show their labelled lines alone.

    `rows` reads a data set by its name. Files past the limits of `parse` are left out.
    """
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for row in rows("file_pairs"):
        _measure_file(row["path"], text_of(row["old"]), text_of(row["new"]), tallies)
    labels = _count_labels()
    return [
        LanguageRow(
            language=name,
            files=len(tally.taken),
            with_errors=tally.with_errors,
            context_p50=share(tally.taken or [0.0], 0.5),
            context_p95=share(tally.taken or [0.0], 0.95),
            labelled=len(labels[name]),
            right=sum(labels[name]),
        )
        for name in LANGUAGES
        if (tally := tallies[name]).taken or labels[name]
    ]


def _measure_file(path: str, old: bytes, new: bytes, tallies: dict[str, _Tally]) -> None:
    language = detect(path, new)
    if language is None or not new:
        return
    try:
        source = parse(new, language)
    except SourceTooLarge:
        return
    before = frozenset(split_lines(old))
    changed = [at for at, line in enumerate(split_lines(new), 1) if line not in before]
    tally = tallies[language.name]
    with timed(tally.taken, PROCESSOR):
        context(source, language, changed)
    tally.with_errors += bool(source.error_lines)


def _count_labels() -> dict[str, list[bool]]:
    """Say of each labelled line whether what we say of it is right."""
    right: dict[str, list[bool]] = defaultdict(list)
    for sheet in collect_sheets():
        right[sheet.language] += [
            describe(sheet.language, sheet.source, case.line) == case for case in sheet.cases
        ]
    return right
