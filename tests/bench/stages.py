"""What each stage of a review gains and loses, told by an oracle: `python -m tests.bench.stages`.

The oracle knows the starter set's goldens; its recall and its mistakes are stated, so that precision
after each stage is a number that was measured. It says nothing about any real model.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reviewer import pipeline, wiring
from reviewer.config import ModelSettings, ReviewSettings, RoleSettings, Settings
from reviewer.domain import Finding, Review, Source
from reviewer.evaluation.dataset import Case, load
from reviewer.evaluation.workspace import open_case
from reviewer.pipeline import Engine
from tests.fakes.models import CODER, ScriptedModels
from tests.fakes.models.oracle import Oracle, Quality, Said, tag_of

HALF_WRONG = Quality(
    recall=0.7,
    wrong=0.5,
    misplaced=0.3,
    faults={"broken-json": 0.1, "endless-reasoning": 0.1, "refusal": 0.1},
    refutes=0.8,
)
# Which rejections belong to which stage, in the order of the flow.
STAGES: tuple[tuple[str, frozenset[str]], ...] = (
    ("readable", frozenset({"malformed"})),
    ("quoted from the file", frozenset({"quote-not-found", "quote-ambiguous", "unknown-path", "empty"})),
    ("on changed lines", frozenset({"outside-diff"})),
    ("said once, with confidence", frozenset({"duplicate", "low-confidence"})),
    ("verified", frozenset({"refuted"})),
)


@dataclass(frozen=True, slots=True)
class StageRow:
    """What is left after a stage; shares in percent, recall of all goldens and of what the oracle found."""

    stage: str
    drafts: int
    right: int
    precision: float
    recall: float
    kept: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The table, and what must be zero.

    `lost` names the goldens that were found and not posted, `posted` counts what was posted by kind.
    """

    rows: Sequence[StageRow]
    wrong_lines: int
    repeats: int
    lost: Sequence[tuple[str, str]]
    reasons: Counter[str]
    posted: Counter[str]


def copies(cases: Sequence[Case], times: int) -> list[Case]:
    """Repeat the cases under other names: an oracle draws anew for each."""
    return [
        case.model_copy(update={"id": f"{case.id}-{number}", "title": f"{case.title} ({number})"})
        for number in range(times)
        for case in cases
    ]


def measure(
    cases: Sequence[Case], quality: Quality, *, seed: int = 1, passes: int = 1, verify: bool = True
) -> Measured:
    """Review the cases with an oracle behind a real HTTP server, and follow every draft."""
    oracle = Oracle(cases, quality, seed=seed)
    with ScriptedModels() as server:
        oracle.play(server.script)
        model = ModelSettings(backend="ollama", url=server.url, model=CODER.name, context=16_384, parallel=4)
        settings = Settings(
            models={"oracle": model},
            roles=RoleSettings(review=("oracle",), verify=("oracle",) if verify else ()),
            review=ReviewSettings(passes=passes),
        )
        reviews = asyncio.run(_review_all(cases, settings))
    return _follow(cases, oracle, reviews)


async def _review_all(cases: Sequence[Case], settings: Settings) -> list[Review]:
    gateway = await wiring.open_gateway(settings)
    engine = Engine(settings, b"k" * 32, gateway, lambda _review, _rules: ())
    try:
        return [await _review(case, engine) for case in cases]
    finally:
        await engine.aclose()


async def _review(case: Case, engine: Engine) -> Review:
    with tempfile.TemporaryDirectory() as folder:
        return await pipeline.review(open_case(case, Path(folder)), engine)


def _follow(cases: Sequence[Case], oracle: Oracle, reviews: Sequence[Review]) -> Measured:
    said = oracle.said
    posted = [finding for review in reviews for finding in review.findings if finding.source is Source.MODEL]
    rejected = [item for review in reviews for item in review.rejected if item.reason != "suggestion-invalid"]
    goldens = sum(len(case.findings) for case in cases)
    found = len(_found(said.values()))
    left = set(said)
    rows = [_row("written", left, said, goldens, found)]
    for stage, reasons in STAGES:
        if stage == "readable":
            left -= {tag for tag, one in said.items() if one.kind == "malformed"}
        left -= {tag_of(item.message) for item in rejected if item.reason in reasons}
        rows.append(_row(stage, left, said, goldens, found))
    tags = Counter(tag_of(finding.title) for finding in posted)
    return Measured(
        rows=[*rows, _row("posted", set(tags), said, goldens, found)],
        wrong_lines=sum(not _lies_right(finding, said[tag_of(finding.title)]) for finding in posted),
        repeats=len(posted) - len(tags) + sum(said[tag].kind == "repeat" for tag in tags),
        lost=sorted(_found(said.values()) - _found(said[tag] for tag in tags)),
        reasons=Counter(item.reason for item in rejected),
        posted=Counter(said[tag].kind for tag in tags),
    )


def _found(said: Iterable[Said]) -> set[tuple[str, str]]:
    """Name each golden that a right draft is about once, however often it was said."""
    return {(one.case, str(one.item["quote"])) for one in said if one.right}


def _row(stage: str, left: set[str], said: dict[str, Said], goldens: int, found: int) -> StageRow:
    right = len(_found(said[tag] for tag in left))
    return StageRow(
        stage,
        len(left),
        right,
        100 * right / max(len(left), 1),
        100 * right / goldens,
        100 * right / max(found, 1),
    )


def _lies_right(finding: Finding, said: Said) -> bool:
    """Say whether a finding lies within the lines that its draft quoted."""
    if said.golden is None:
        return str(said.item["quote"]).strip() in finding.evidence
    start, end = said.golden.start_line or 0, said.golden.end_line or 0
    return start <= (finding.start_line or 0) <= (finding.end_line or 0) <= end


def main() -> None:
    """Print the tables."""
    cases = copies(load(["starter"]), 3)
    for title, quality, passes in (
        ("an oracle of 70 % recall, half of its drafts wrong", HALF_WRONG, 1),
        ("an oracle of 40 % recall, no wrong drafts, one pass", Quality(recall=0.4), 1),
        ("the same, three passes", Quality(recall=0.4), 3),
    ):
        measured = measure(cases, quality, passes=passes)
        sys.stdout.write(f"\n{title}\n")
        sys.stdout.write(
            f"  {'after':<28}{'drafts':>8}{'right':>8}{'precision':>11}{'recall':>9}{'kept':>9}\n"
        )
        for row in measured.rows:
            shares = f"{row.precision:>9.1f} %{row.recall:>7.1f} %{row.kept:>7.1f} %"
            sys.stdout.write(f"  {row.stage:<28}{row.drafts:>8}{row.right:>8}{shares}\n")
        sys.stdout.write(f"  wrong lines posted {measured.wrong_lines}, repeats posted {measured.repeats}; ")
        sys.stdout.write(
            f"rejected: {', '.join(f'{r} {n}' for r, n in measured.reasons.most_common()) or '-'}\n"
        )


if __name__ == "__main__":
    main()
