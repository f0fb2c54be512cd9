"""Review every case with one contender through the true pipeline, as many at once as its model takes."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from parsers import edits
from reviewer import pipeline
from reviewer.domain import ChangedFile, ChangeSet, Finding, Review
from reviewer.evaluation.dataset import Case
from reviewer.evaluation.places import new_side_span
from reviewer.evaluation.results import Outcome, Reported, Results
from reviewer.evaluation.workspace import open_case
from reviewer.pipeline import Engine
from reviewer.stages.anchor import anchor

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Contender:
    """Who reviews: a name, what it reviews with, its setup's digest, and how many cases run at once."""

    name: str
    engine: Engine
    setup: str
    parallel: int = 1
    clock: Callable[[], float] = time.monotonic


async def review_cases(
    cases: Sequence[Case], contender: Contender, results: Results, progress: Progress = pipeline.silent
) -> None:
    """Review the cases that have no outcome yet, keeping each outcome as soon as it is there.

    Raises UsageError for a case that cannot be opened. A model that fails is part of the outcome.
    """
    waiting = [case for case in cases if results.find(case, contender.name, contender.setup) is None]
    done = len(cases) - len(waiting)
    slots = asyncio.Semaphore(contender.parallel)

    async def one(case: Case) -> None:
        nonlocal done
        async with slots:
            results.add(await review_case(case, contender))
        done += 1
        progress(f"{contender.name}: reviewing", done, len(cases))

    tasks = [asyncio.create_task(one(case)) for case in waiting]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def review_case(case: Case, contender: Contender) -> Outcome:
    """Review one case in a repository of its own and write down what would be posted."""
    with tempfile.TemporaryDirectory(prefix="reviewer-eval-") as folder:
        change = await asyncio.to_thread(open_case, case, Path(folder))
        watch = _Watch(contender.clock)
        review = await pipeline.review(change, contender.engine, progress=watch)
        seconds = watch.elapsed()
    return Outcome(
        case=case.id,
        digest=case.digest,
        contender=contender.name,
        setup=contender.setup,
        findings=tuple(_report(finding, change) for finding in review.findings),
        rejected=dict(Counter(item.reason for item in review.rejected)),
        warnings=tuple(warning.code for warning in review.warnings),
        complete=_is_complete(review),
        usage=review.usage,
        seconds=seconds,
        first_answer_s=watch.first_answer_s,
        reanchored=review.reanchored,
        changed_lines=review.coverage.changed_lines,
    )


def _is_complete(review: Review) -> bool:
    return not any(warning.undecided for warning in review.warnings)


def _report(finding: Finding, change: ChangeSet) -> Reported:
    file = change.file(finding.path)
    return Reported(
        rule_id=finding.rule_id,
        source=finding.source,
        severity=finding.severity,
        confidence=finding.confidence,
        category=finding.category,
        path=finding.path,
        side=finding.side,
        start_line=finding.start_line,
        end_line=finding.end_line,
        title=finding.title,
        message=finding.message,
        span=new_side_span(change, finding.path, finding.side, finding.start_line, finding.end_line),
        in_diff=_lies_in_diff(finding, file),
        suggestion=_check_suggestion(finding, file, change),
    )


def _lies_in_diff(finding: Finding, file: ChangedFile | None) -> bool:
    if file is None or finding.start_line is None or finding.end_line is None:
        return file is not None
    own = (finding.start_line, finding.end_line)
    return anchor(file, finding.side, *own) == own


def _check_suggestion(finding: Finding, file: ChangedFile | None, change: ChangeSet) -> str:
    suggestion = finding.suggestion
    if suggestion is None or file is None or file.new is None:
        return ""
    checked = edits.check(
        file.path,
        file.new,
        suggestion.start_line,
        suggestion.end_line,
        suggestion.replacement,
        python_version=change.python_version,
    )
    return checked.verdict.value


class _Watch:
    """A stop-watch that notes, as the review's progress, when the first unit was through."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started = clock()
        self.first_answer_s: float | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        if done > 0 and self.first_answer_s is None:
            self.first_answer_s = self.elapsed()

    def elapsed(self) -> float:
        return self._clock() - self._started
