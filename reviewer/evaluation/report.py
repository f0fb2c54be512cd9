"""Everything an evaluation has to say, as one value: the JSON document, and what table and page show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from pydantic import TypeAdapter

from reviewer.domain import Source, Usage
from reviewer.evaluation.dataset import Golden
from reviewer.evaluation.measures import (
    SEED,
    Counts,
    Difference,
    Estimate,
    compare,
    count,
    estimate,
    quantile,
    sum_up,
)
from reviewer.evaluation.results import Outcome, Reported
from reviewer.evaluation.scoring import CaseScore

VERSION = 1
_KEPT = "suggestion-invalid"  # the finding stands without its suggestion


@dataclass(frozen=True, slots=True)
class Slice:
    """Counts of one language, category, severity or source, and what follows from them."""

    hits: int
    false: int
    missed: int
    clean: int
    silent: int
    precision: float | None
    recall: float | None
    silence: float | None


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds over all cases that have them."""

    median: float | None
    p90: float | None
    total: float


@dataclass(frozen=True, slots=True)
class Standing:
    """How one contender did.

    `drafts` are what models proposed, `admitted` those that would be posted; `rejected` says what became
    of the others. `findings` are all that would be posted, those of the rules included;
    `anchoring_errors` are findings beside the diff. `suggestions` counts those that would be posted, by
    what the parser says of the file with them applied. A review posts all its comments at its end, so
    `first_comment_s` is the whole review's time where it has a finding.
    """

    name: str
    setup: str
    cases: int
    incomplete: int
    findings: int
    hits: int
    repeats: int
    wrong: int
    missed: int
    precision: Estimate
    recall: Estimate
    f1: Estimate
    silence: Estimate
    drafts: int
    admitted: int
    rejected: Mapping[str, int]
    reanchored: int
    anchoring_errors: int
    suggestions: Mapping[str, int]
    usage: Usage
    seconds: Spread
    first_answer_s: Spread
    first_comment_s: Spread
    by_language: Mapping[str, Slice]
    by_category: Mapping[str, Slice]
    by_severity: Mapping[str, Slice]
    by_source: Mapping[str, Slice]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What one contender said to one case; goldens and findings by number."""

    contender: str
    complete: bool
    found: tuple[int, ...]
    missed: tuple[int, ...]
    right: tuple[Reported, ...]
    wrong: tuple[Reported, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case, what it expects, and what every contender made of it."""

    id: str
    language: str
    title: str
    goldens: tuple[Golden, ...]
    results: tuple[CaseResult, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The whole evaluation; `judge` is empty where categories decided. `notes` are said beside it."""

    version: int
    datasets: tuple[str, ...]
    cases: int
    clean: int
    goldens: int
    tolerance: int
    judge: str
    notes: tuple[str, ...]
    contenders: tuple[Standing, ...]
    differences: tuple[Difference, ...]
    rows: tuple[CaseRow, ...]


_REPORT = TypeAdapter(Report)


def build(
    scores: Mapping[str, Sequence[CaseScore]],
    *,
    datasets: Iterable[str],
    tolerance: int,
    judge: str = "",
    notes: Iterable[str] = (),
    seed: int = SEED,
) -> Report:
    """Sum up the scores of every contender, all on the same cases in the same order."""
    cases = [score.case for score in next(iter(scores.values()))]
    counts = {name: [count(score) for score in scored] for name, scored in scores.items()}
    return Report(
        version=VERSION,
        datasets=tuple(datasets),
        cases=len(cases),
        clean=sum(case.clean for case in cases),
        goldens=sum(len(case.findings) for case in cases),
        tolerance=tolerance,
        judge=judge,
        notes=tuple(notes),
        contenders=tuple(_stand(name, scored, seed) for name, scored in scores.items()),
        differences=tuple(compare(one, other, seed=seed) for one, other in combinations(counts.items(), 2)),
        rows=tuple(_row(scored) for scored in zip(*scores.values(), strict=True)),
    )


def dump(report: Report) -> str:
    """Write the report as JSON, version 1; keys may be added, none changes."""
    return _REPORT.dump_json(report, indent=2).decode() + "\n"


def _stand(name: str, scores: Sequence[CaseScore], seed: int) -> Standing:
    counts = [count(score) for score in scores]
    outcomes = [score.outcome for score in scores]
    rejected = sum((Counter(outcome.rejected) for outcome in outcomes), Counter[str]())
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    suggestions = Counter(finding.suggestion for finding in findings if finding.suggestion)
    admitted = sum(finding.source is Source.MODEL for finding in findings)
    drafts = admitted + sum(number for reason, number in rejected.items() if reason != _KEPT)
    total = sum_up(counts)
    return Standing(
        name=name,
        setup=outcomes[0].setup,
        cases=len(scores),
        incomplete=sum(not outcome.complete for outcome in outcomes),
        findings=len(findings),
        hits=total.hits,
        repeats=sum(len(score.repeats) for score in scores),
        wrong=sum(len(score.wrong) for score in scores),
        missed=total.missed,
        precision=estimate(counts, lambda one: one.precision, seed=seed),
        recall=estimate(counts, lambda one: one.recall, seed=seed),
        f1=estimate(counts, lambda one: one.f1, seed=seed),
        silence=estimate(counts, lambda one: one.silence, seed=seed),
        drafts=drafts,
        admitted=admitted,
        rejected=dict(rejected.most_common()),
        reanchored=sum(outcome.reanchored for outcome in outcomes),
        anchoring_errors=sum(not finding.in_diff for finding in findings),
        suggestions=dict(suggestions.most_common()),
        usage=sum((outcome.usage for outcome in outcomes), Usage()),
        seconds=_spread([outcome.seconds for outcome in outcomes]),
        first_answer_s=_spread([one.first_answer_s for one in outcomes if one.first_answer_s is not None]),
        first_comment_s=_spread([outcome.seconds for outcome in outcomes if outcome.findings]),
        by_language=_by_language(scores),
        by_category=_by(scores, lambda golden: golden.category, lambda finding: finding.category),
        by_severity=_by(scores, lambda golden: golden.severity, lambda finding: finding.severity),
        by_source=_by_source(scores),
    )


def _spread(seconds: Sequence[float]) -> Spread:
    return Spread(quantile(seconds, 0.5), quantile(seconds, 0.9), sum(seconds))


def _slice(counts: Counts) -> Slice:
    return Slice(
        counts.hits,
        counts.false,
        counts.missed,
        counts.clean,
        counts.silent,
        counts.precision,
        counts.recall,
        counts.silence,
    )


def _slices(counted: Iterable[tuple[str, Counts]]) -> dict[str, Slice]:
    groups: dict[str, list[Counts]] = {}
    for key, counts in counted:
        groups.setdefault(key, []).append(counts)
    return {key: _slice(sum_up(groups[key])) for key in sorted(groups)}


def _by_language(scores: Iterable[CaseScore]) -> dict[str, Slice]:
    return _slices((score.case.language, count(score)) for score in scores)


def _by(
    scores: Iterable[CaseScore],
    of_golden: Callable[[Golden], str | None],
    of_finding: Callable[[Reported], str],
) -> dict[str, Slice]:
    """Count goldens under their own label, and what was wrongly reported under the finding's."""
    counted: list[tuple[str, Counts]] = []
    for score in scores:
        goldens, findings = score.case.findings, score.outcome.findings
        counted += ((of_golden(goldens[row]) or "unlabelled", Counts(hits=1)) for row, _ in score.hits)
        counted += ((of_golden(goldens[row]) or "unlabelled", Counts(missed=1)) for row in score.missed)
        counted += (
            (of_finding(findings[column]), Counts(false=1)) for column in (*score.repeats, *score.wrong)
        )
    return _slices(counted)


def _by_source(scores: Iterable[CaseScore]) -> dict[str, Slice]:
    counted: list[tuple[str, Counts]] = []
    for score in scores:
        findings = score.outcome.findings
        counted += ((findings[column].source, Counts(hits=1)) for _, column in score.hits)
        counted += ((findings[column].source, Counts(false=1)) for column in (*score.repeats, *score.wrong))
    return _slices(counted)


def _row(scores: Sequence[CaseScore]) -> CaseRow:
    case = scores[0].case
    return CaseRow(
        case.id, case.language, case.title, case.findings, tuple(_result(score) for score in scores)
    )


def _result(score: CaseScore) -> CaseResult:
    outcome: Outcome = score.outcome
    return CaseResult(
        contender=outcome.contender,
        complete=outcome.complete,
        found=tuple(row for row, _ in score.hits),
        missed=score.missed,
        right=tuple(outcome.findings[column] for _, column in score.hits),
        wrong=tuple(outcome.findings[column] for column in sorted((*score.repeats, *score.wrong))),
        seconds=outcome.seconds,
    )
