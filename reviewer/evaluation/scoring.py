"""Match what was reported with what was to be found, one to one and by place first.

Two lie together where the path is the same and the lines, put on the new side, are at most `tolerance`
apart; where one of them names no lines, the file is enough. Of those that lie together a judge says
whether they mean the same defect; without a judge the categories have to be akin. Among all pairs that
qualify the best assignment is taken: as many as possible, and of these the nearest and most alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from reviewer.domain import Category
from reviewer.evaluation.assignment import assign
from reviewer.evaluation.dataset import Case, Golden
from reviewer.evaluation.places import Span, distance
from reviewer.evaluation.results import Outcome, Reported

TOLERANCE = 3  # lines

# Categories that two readers may well give the same defect; some stand in several families.
FAMILIES = (
    {Category.CORRECTNESS, Category.FINANCE, Category.ERROR_HANDLING, Category.CONCURRENCY},
    {Category.SECURITY, Category.PRIVACY, Category.SECRET},
    {Category.PERFORMANCE, Category.RESOURCE, Category.CONCURRENCY},
    {Category.RESOURCE, Category.ERROR_HANDLING},
    {Category.MAINTAINABILITY, Category.TESTING},
)
_PAIR = 1000.0  # what any pair is worth; nearness and likeness, at most 2, only break ties

Pair = tuple[int, int]
Spans = Sequence[Span | None]
Same = Callable[[Golden, Reported], bool]


@dataclass(frozen=True, slots=True)
class CaseScore:
    """What became of one case: numbers of goldens and of findings, each in one place only.

    `hits` pairs goldens with findings. `repeats` are further findings that would have matched a golden
    which has its finding already; `wrong` match nothing. Both count against precision.
    """

    case: Case
    outcome: Outcome
    hits: tuple[Pair, ...]
    repeats: tuple[int, ...]
    wrong: tuple[int, ...]
    missed: tuple[int, ...]

    @property
    def silent(self) -> bool:
        """Say whether a clean case was left in peace by a review that came to its end."""
        return self.case.clean and self.outcome.complete and not self.outcome.findings


def neighbours(case: Case, spans: Spans, outcome: Outcome, *, tolerance: int, judged: bool) -> Iterator[Pair]:
    """Yield every golden and finding that lie together; with a judge, goldens without a path with all."""
    for row, golden in enumerate(case.findings):
        for column, finding in enumerate(outcome.findings):
            if golden.path is None:
                if judged:
                    yield row, column
            elif golden.path == finding.path and _gap(spans[row], finding.span) <= tolerance:
                yield row, column


def score_case(
    case: Case, spans: Spans, outcome: Outcome, *, tolerance: int = TOLERANCE, same: Same | None = None
) -> CaseScore:
    """Score an outcome; `spans` are the goldens' places, `same` is the judge's word on a pair."""
    qualified = {
        (row, column): _PAIR + _likeness(case.findings[row], spans[row], outcome.findings[column])
        for row, column in neighbours(case, spans, outcome, tolerance=tolerance, judged=same is not None)
        if (same or _is_akin)(case.findings[row], outcome.findings[column])
    }
    rows, columns = range(len(case.findings)), range(len(outcome.findings))
    hits = assign([[qualified.get((row, column), 0.0) for column in columns] for row in rows])
    used = {column for _, column in hits}
    repeats = {column for _, column in qualified} - used
    return CaseScore(
        case=case,
        outcome=outcome,
        hits=tuple(hits),
        repeats=tuple(sorted(repeats)),
        wrong=tuple(column for column in columns if column not in used | repeats),
        missed=tuple(row for row in rows if row not in {row for row, _ in hits}),
    )


def _is_akin(golden: Golden, finding: Reported) -> bool:
    return golden.category is None or _kinship(golden.category, finding.category) > 0


def _kinship(one: Category, other: Category) -> float:
    if one is other:
        return 1.0
    return 0.5 if any(one in family and other in family for family in FAMILIES) else 0.0


def _likeness(golden: Golden, span: Span | None, finding: Reported) -> float:
    kinship = _kinship(golden.category, finding.category) if golden.category else 0.5
    return kinship + 1 / (1 + _gap(span, finding.span))


def _gap(one: Span | None, other: Span | None) -> int:
    return 0 if one is None or other is None else distance(one, other)
