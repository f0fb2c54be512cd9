"""Which findings fail the gate: a severity, a confidence, and what the operator says of paths and rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import starmap

from reviewer.config import FailOn, GateSettings, Threshold
from reviewer.domain import Confidence, Finding, Severity
from reviewer.errors import ConfigError
from reviewer.stages.globs import Globs


@dataclass(frozen=True, slots=True)
class Bar:
    """What a finding must reach to fail the gate.

    The first of `thresholds` that fits a finding's path and rule decides, else `fail_on` and
    `confidence`. A `fail_on` of never lets everything pass.
    """

    fail_on: FailOn = "high"
    confidence: Confidence = Confidence.MEDIUM
    thresholds: tuple[_Threshold, ...] = ()

    def blocks(self, finding: Finding) -> bool:
        """Say whether a finding fails the gate."""
        if self.fail_on == "never":
            return False
        special = next((one for one in self.thresholds if one.fits(finding)), None)
        if special is None:
            return _reaches(finding, self.fail_on, self.confidence)
        return _reaches(finding, special.fail_on or self.fail_on, special.confidence or self.confidence)

    def blocking(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """Return the findings that fail the gate, whoever made them, in their order."""
        return tuple(filter(self.blocks, findings))


def raise_bar(gate: GateSettings, fail_on: FailOn) -> Bar:
    """Make the bar of the operator's `[gate]` and the severity that holds for this change.

    Raises ConfigError for a path glob that is none.
    """
    return Bar(fail_on, gate.confidence, tuple(starmap(_read, enumerate(gate.thresholds, start=1))))


@dataclass(frozen=True, slots=True)
class _Threshold:
    fail_on: FailOn | None
    confidence: Confidence | None
    rules: tuple[str, ...]
    paths: Globs | None

    def fits(self, finding: Finding) -> bool:
        if self.rules and not _names(self.rules, finding.rule_id):
            return False
        return self.paths is None or self.paths.match(finding.path)


def _read(number: int, written: Threshold) -> _Threshold:
    try:
        paths = Globs(written.paths) if written.paths else None
    except ValueError as err:
        key = f"gate.thresholds[{number}].paths"
        raise ConfigError(f"{key}: {err}", key=key) from err
    return _Threshold(written.fail_on, written.confidence, written.rules, paths)


def _names(rules: Sequence[str], rule_id: str) -> bool:
    return any(fnmatchcase(rule_id, rule) for rule in rules)


def _reaches(finding: Finding, fail_on: FailOn, confidence: Confidence) -> bool:
    if fail_on == "never":
        return False
    return finding.severity.rank >= Severity(fail_on).rank and finding.confidence.rank >= confidence.rank
