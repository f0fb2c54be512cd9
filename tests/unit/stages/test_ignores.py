"""Comments that silence a rule without saying why are findings of their own."""

from __future__ import annotations

from reviewer.config import RulesSettings
from reviewer.domain import Severity
from reviewer.stages.ignores import WITHOUT_REASON, without_reason
from tests.fakes.changes import change_set, changed_file

SILENT = "x = eval(y)  # reviewer: ignore[python/no-eval]\n"


def test_a_comment_without_a_reason_is_a_low_finding_on_its_line() -> None:
    change = change_set(changed_file("app.py", "a = 1\n", f"a = 1\n{SILENT}"))
    [found] = without_reason(change, RulesSettings(), "en")
    assert (found.rule_id, found.severity) == (WITHOUT_REASON, Severity.LOW)
    assert (found.path, found.start_line, found.end_line) == ("app.py", 2, 2)
    assert "python/no-eval" in found.evidence


def test_a_date_is_no_reason() -> None:
    text = SILENT.replace("]", "] until=2027-01-01")
    assert len(without_reason(change_set(changed_file("app.py", None, text)), RulesSettings(), "zh-CN")) == 1


def test_a_reason_will_do_and_old_comments_are_left_alone() -> None:
    explained = SILENT.replace("]", "] input is ours")
    old = changed_file("old.py", SILENT, f"{SILENT}b = 1\n")
    assert (
        without_reason(change_set(changed_file("app.py", None, explained), old), RulesSettings(), "en") == ()
    )


def test_the_operator_may_weigh_it_otherwise_or_switch_it_off() -> None:
    change = change_set(changed_file("app.py", None, SILENT))
    [found] = without_reason(change, RulesSettings(severity={WITHOUT_REASON: Severity.HIGH}), "en")
    assert found.severity is Severity.HIGH
    assert without_reason(change, RulesSettings(disable=("reviewer/*",)), "en") == ()
