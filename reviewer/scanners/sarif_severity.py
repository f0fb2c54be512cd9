"""Weigh other tools' results: the operator's table first, then the tool's own score, then what we know of it.

Defaults, the first that fits decides:

1. `security-severity`, a CVSS score, with the bounds of GitHub's code scanning documentation: from 9.0
   critical, from 7.0 high, from 4.0 medium, below low.
2. `DEFAULTS`: linters that call every result an error. Of theirs, only what cannot run is high.
3. SARIF's level: error high, warning medium, note and none low.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reviewer.config import Weight
from reviewer.domain import Severity

_SCORES = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM))
_LEVELS = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "note": Severity.LOW, "none": Severity.LOW}

DEFAULTS = (
    Weight(tool="ruff", rules=("E9*", "F63*", "F7*", "F82*", "invalid-syntax"), severity=Severity.HIGH),
    Weight(tool="ruff", rules=("S*", "B*", "ASYNC*"), severity=Severity.MEDIUM),
    Weight(tool="ruff", severity=Severity.LOW),
    Weight(tool="eslint", level="error", severity=Severity.MEDIUM),
    Weight(tool="eslint", severity=Severity.LOW),
    Weight(tool="golangci-lint", rules=("typecheck",), severity=Severity.HIGH),
    Weight(tool="golangci-lint", rules=("gosec", "govet", "staticcheck", "errcheck", "bodyclose", "sqlclosecheck"),
           severity=Severity.MEDIUM),
    Weight(tool="golangci-lint", severity=Severity.LOW),
    Weight(tool="checkov", level="error", severity=Severity.MEDIUM),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claim:
    """What a tool says of how much its result matters; `score` is None where it gives none.

    `tool` is its name in our rule ids, `driver` its own where the operator calls it otherwise.
    """

    tool: str
    rule: str
    level: str
    score: float | None = None
    driver: str = ""


def weigh(claim: Claim, weights: Iterable[Weight] = ()) -> Severity:
    """Return the severity of a result, after the operator's `[[sarif.severity]]`."""
    if asked := _first(weights, claim):
        return asked.severity
    if claim.score is not None:
        return next((severity for bound, severity in _SCORES if claim.score >= bound), Severity.LOW)
    known = _first(DEFAULTS, claim)
    return known.severity if known else _LEVELS.get(claim.level, Severity.MEDIUM)


def _first(weights: Iterable[Weight], claim: Claim) -> Weight | None:
    return next((weight for weight in weights if _fits(weight, claim)), None)


def _fits(weight: Weight, claim: Claim) -> bool:
    return (
        any(fnmatchcase(name, weight.tool) for name in (claim.tool, claim.driver) if name)
        and (not weight.rules or any(fnmatchcase(claim.rule, rule) for rule in weight.rules))
        and (weight.level is None or weight.level == claim.level)
        and (weight.score is None or (claim.score is not None and claim.score >= weight.score))
    )
