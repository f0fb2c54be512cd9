"""Say once what several tools say: findings of other tools that repeat one of ours, or of each other.

Two rules of ours say the same where they match the same lines for the same weakness: the graver stands.

Two findings are the same if they share a line and a weakness (by kinds of CWE), or the name of their rule,
or their words. Ours stays, with the greater severity and confidence of the two: what another tool adds may
make the gate stricter, never looser.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reviewer.domain import Category, Finding, Rejected, ReviewWarning, Source
from reviewer.stages.likeness import SAME_WORDS, likeness, overlap

# Numbers of the CWE list that tools give to one and the same defect.
_KINDS = (
    {22, 23, 35, 36, 73},
    {74, 77, 78, 88, 94, 95, 96, 917, 1336},
    {79, 80, 83, 87},
    {89, 564, 943},
    {119, 120, 121, 122, 125, 131, 193, 787, 805},
    {190, 191, 680, 681},
    {200, 209, 359, 532},
    {259, 321, 522, 798},
    {276, 377, 378, 379, 732},
    {295, 297, 299, 599},
    {326, 327, 328, 780, 916},
    {330, 331, 335, 336, 338},
    {362, 366, 367, 667},
    {390, 391, 396, 703, 754, 755},
    {400, 770, 1333},
    {401, 404, 459, 772, 775},
    {415, 416, 825},
    {476, 690},
    {502, 915},
    {611, 776, 827},
    {614, 1004, 1275},
)
_KIND_OF = {f"CWE-{number}": kind for kind, numbers in enumerate(_KINDS) for number in numbers}
_OF_SECRETS = frozenset({f"CWE-{number}" for number in (259, 321, 522, 798)})
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Merged:
    """Findings that each say something of their own, and what was taken together."""

    findings: tuple[Finding, ...]
    warnings: tuple[ReviewWarning, ...] = ()
    rejected: tuple[Rejected, ...] = ()


def merge(findings: Iterable[Finding]) -> Merged:
    """Take findings out that repeat another; of other tools' their severity and confidence count."""
    everything, rejected = _keep_gravest(findings)
    kept: list[Finding] = []
    by_path: defaultdict[str, list[int]] = defaultdict(list)
    repeats: list[tuple[Finding, Finding]] = []
    for finding in sorted(everything, key=lambda one: one.source is Source.SARIF):
        same = _find(finding, kept, by_path[finding.path])
        if same is None:
            by_path[finding.path].append(len(kept))
            kept.append(finding)
        else:
            repeats.append((finding, kept[same]))
            kept[same] = _strengthen(kept[same], finding)
    return Merged(tuple(kept), _tell(repeats), rejected)


def _keep_gravest(findings: Iterable[Finding]) -> tuple[list[Finding], tuple[Rejected, ...]]:
    """Of the rules that match the same lines for the same weakness, let the gravest stand."""
    everything = list(findings)
    gravest: dict[tuple[object, ...], Finding] = {}
    for finding in everything:
        if finding.source is Source.RULE and finding.cwe:
            place = _place(finding)
            other = gravest.get(place)
            if other is None or _weight(finding) > _weight(other):
                gravest[place] = finding
    kept, rejected = [], []
    for finding in everything:
        stands = gravest.get(_place(finding), finding) if finding.source is Source.RULE else finding
        if stands.rule_id == finding.rule_id:
            kept.append(finding)
        else:
            message = f"{finding.rule_id}, line {finding.start_line}: said by {stands.rule_id}"
            rejected.append(Rejected("duplicate", finding.path, message))
    return kept, tuple(rejected)


def _place(finding: Finding) -> tuple[object, ...]:
    return (finding.path, finding.side, finding.start_line, finding.end_line, finding.cwe)


def _weight(finding: Finding) -> tuple[int, int]:
    return finding.severity.rank, finding.confidence.rank


def _find(finding: Finding, kept: Sequence[Finding], places: Sequence[int]) -> int | None:
    if finding.source is not Source.SARIF:
        return None
    return next((index for index in places if _repeats(finding, kept[index])), None)


def _repeats(finding: Finding, other: Finding) -> bool:
    if not overlap(finding, other):
        return False
    if other.source is Source.SECRET and (
        finding.category is Category.SECRET or _OF_SECRETS & set(finding.cwe)
    ):
        return True
    if _kinds(finding) & _kinds(other) or _name(finding) == _name(other):
        return True
    return likeness(finding, other) >= SAME_WORDS


def _kinds(finding: Finding) -> set[str]:
    return {str(_KIND_OF.get(cwe, cwe)) for cwe in finding.cwe}


def _name(finding: Finding) -> str:
    return finding.rule_id.rpartition("/")[2].casefold()


def _strengthen(finding: Finding, other: Finding) -> Finding:
    return replace(
        finding,
        severity=max(finding.severity, other.severity, key=lambda level: level.rank),
        confidence=max(finding.confidence, other.confidence, key=lambda level: level.rank),
    )


def _tell(repeats: Sequence[tuple[Finding, Finding]]) -> tuple[ReviewWarning, ...]:
    """Name what was taken together, one line for each tool."""
    by_tool: defaultdict[str, list[str]] = defaultdict(list)
    for repeat, other in repeats:
        tool, _, name = repeat.rule_id.partition("/")
        by_tool[tool].append(f"{repeat.path}:{repeat.start_line} {name} ({other.rule_id})")
    warnings = []
    for tool, told in by_tool.items():
        more = f" and {len(told) - _MOST_NAMED} more" if len(told) > _MOST_NAMED else ""
        message = f"{tool} says what is reported already: {', '.join(told[:_MOST_NAMED])}{more}"
        warnings.append(ReviewWarning("sarif-repeats", message))
    return tuple(warnings)
