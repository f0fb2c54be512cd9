"""Score what all contenders said to the same cases, with a judge where there is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reviewer.evaluation.dataset import Case
from reviewer.evaluation.judge import Judge
from reviewer.evaluation.results import Outcome
from reviewer.evaluation.runner import Progress
from reviewer.evaluation.scoring import CaseScore, neighbours, score_case
from reviewer.evaluation.workspace import locate


async def score_all(
    cases: Sequence[Case],
    outcomes: Mapping[str, Sequence[Outcome]],
    *,
    tolerance: int,
    judge: Judge | None,
    progress: Progress,
) -> dict[str, list[CaseScore]]:
    """Score the outcomes of every contender, in the order of the cases. Raises ModelError of the judge."""
    spans = [locate(case) for case in cases]
    placed = {name: list(zip(cases, spans, found, strict=True)) for name, found in outcomes.items()}
    if judge is not None:
        pairs = (
            (case.findings[row], outcome.findings[column])
            for found in placed.values()
            for case, places, outcome in found
            for row, column in neighbours(case, places, outcome, tolerance=tolerance, judged=True)
        )
        await judge.ask(pairs, progress)
    same = judge.same if judge else None
    return {
        name: [score_case(*each, tolerance=tolerance, same=same) for each in found]
        for name, found in placed.items()
    }


def remark(
    cases: Sequence[Case], scores: Mapping[str, Sequence[CaseScore]], judge: Judge | None
) -> Iterator[str]:
    """Say what a reader has to know to understand the figures."""
    placeless = sum(golden.path is None for case in cases for golden in case.findings)
    if placeless and judge is None:
        yield f"{placeless} goldens name no place: without a judge nothing matches them, and recall is too low"
    if judge is not None and judge.unreadable:
        yield f"the judge gave no readable answer {judge.unreadable} times, which counts as no"
    for name, scored in scores.items():
        if incomplete := sum(not score.outcome.complete for score in scored):
            yield (
                f"{name}: a model failed in {incomplete} reviews; what they did not find counts as missed, "
                "and the next run asks again"
            )
