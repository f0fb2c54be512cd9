"""What fails the gate: by severity and confidence, and otherwise for some paths and rules."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from reviewer.config import GateSettings, Threshold
from reviewer.domain import Confidence, Severity
from reviewer.errors import ConfigError
from reviewer.stages.threshold import raise_bar
from tests.fakes.findings import finding

UNSURE = replace(finding(1), confidence=Confidence.LOW)
TRADE = replace(finding(1), path="src/trade/order.py", severity=Severity.MEDIUM, confidence=Confidence.HIGH)


def test_what_reaches_the_severity_fails_unless_it_is_unsure() -> None:
    bar = raise_bar(GateSettings(), "high")
    assert bar.blocks(finding(1))
    assert not bar.blocks(UNSURE)
    assert not bar.blocks(TRADE)
    assert raise_bar(GateSettings(confidence=Confidence.LOW), "high").blocks(UNSURE)


def test_a_path_may_be_held_to_more() -> None:
    bar = raise_bar(GateSettings(thresholds=(Threshold(paths=("src/trade/**",), fail_on="medium"),)), "high")
    assert bar.blocks(TRADE)
    assert not bar.blocks(replace(TRADE, path="src/web/order.py"))


def test_a_rule_may_be_held_to_less_or_to_a_higher_confidence() -> None:
    gate = GateSettings(
        thresholds=(
            Threshold(rules=("python/no-*",), fail_on="never"),
            Threshold(rules=("java/*",), confidence=Confidence.HIGH),
        )
    )
    bar = raise_bar(gate, "high")
    assert not bar.blocks(finding(1))
    java = replace(finding(1), rule_id="java/sql-concatenation", confidence=Confidence.MEDIUM)
    assert not bar.blocks(java)
    assert bar.blocks(replace(java, confidence=Confidence.HIGH))


def test_the_first_threshold_that_fits_decides() -> None:
    both = (Threshold(paths=("*.py",), fail_on="never"), Threshold(rules=("python/*",), fail_on="low"))
    assert not raise_bar(GateSettings(thresholds=both), "high").blocks(finding(1))
    assert raise_bar(GateSettings(thresholds=both[::-1]), "high").blocks(finding(1))


def test_never_means_never() -> None:
    gate = GateSettings(thresholds=(Threshold(paths=("**",), fail_on="low"),))
    assert raise_bar(gate, "never").blocking([finding(1), TRADE]) == ()


@pytest.mark.parametrize(
    "written", [{"fail_on": "low"}, {"paths": ["a"]}, {"rules": ["x"], "fail_on": "loud"}]
)
def test_a_threshold_that_says_nothing_is_refused(written: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Threshold.model_validate(written)


def test_a_glob_that_is_none_is_named() -> None:
    gate = GateSettings(
        thresholds=(Threshold(paths=("a/!b/[",), fail_on="low"), Threshold(paths=("!",), fail_on="low"))
    )
    with pytest.raises(ConfigError, match="Invalid") as caught:
        raise_bar(gate, "high")
    assert caught.value.key == "gate.thresholds[2].paths"
