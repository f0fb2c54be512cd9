"""Suppressions: in the code by rule id, in a baseline by fingerprint, and in no other way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

import pytest

from reviewer.domain import Finding, Suppressed
from reviewer.errors import ConfigError
from reviewer.stages.fingerprint import identify
from reviewer.stages.suppress import Baseline, Silenced, apply_suppressions, read_baseline, write_baseline
from tests.fakes.changes import change_set, changed_file
from tests.fakes.findings import finding

TODAY = date(2026, 11, 22)


def suppressed(text: str, flaw: Finding, path: str = "app.py") -> tuple[Suppressed, ...]:
    change = change_set(changed_file(path, None, text))
    kept, silenced, _ = apply_suppressions([flaw], change, today=TODAY)
    assert len(kept) + len(silenced) == 1
    return silenced


@pytest.mark.parametrize(
    "text",
    [
        "x = eval(y)  # reviewer: ignore[python/no-eval] legacy\n",
        "x = eval(y)  # reviewer:ignore[ python/no-eval ] - legacy\n",
        "x = eval(y)  # reviewer: ignore[python/other, python/no-eval] legacy\n",
        "x = eval(y)  # reviewer: ignore[python/*]: legacy\n",
        "x = eval(y)  # noqa: S307  # reviewer: ignore[python/no-eval] legacy\n",
    ],
)
def test_a_comment_on_the_line_silences_the_rules_it_names(text: str) -> None:
    (one,) = suppressed(text, finding(1))
    assert (one.reason, one.note) == ("inline", "legacy")


@pytest.mark.parametrize(
    "text",
    [
        "x = eval(y)  # reviewer: ignore[python/other]\n",
        "x = eval(y)  # reviewer: ignore[python]\n",
        "x = eval(y)  # reviewer: ignore[*]\n",
        "x = eval(y)  # reviewer: ignore[*/no-eval]\n",
        "x = eval(y)  # reviewer: ignore[]\n",
        "x = eval(y)  # reviewer: ignore\n",
        "x = eval(y)  # ignore[python/no-eval]\n",
        "x = eval(y)  # ast-grep-ignore\n",
        "x = eval('reviewer: ignore[python/no-eval]')\n",
        "x = eval(y)  // reviewer: ignore[python/no-eval]\n",
    ],
)
def test_nothing_else_silences(text: str) -> None:
    assert suppressed(text, finding(1)) == ()


def test_a_comment_alone_on_the_line_above_silences() -> None:
    text = "# reviewer: ignore[python/no-eval] legacy\nx = eval(y)\n"
    assert suppressed(text, finding(2))[0].note == "legacy"


def test_a_comment_behind_code_speaks_of_its_own_line_only() -> None:
    text = "a = 1  # reviewer: ignore[python/no-eval]\nx = eval(y)\n"
    assert suppressed(text, finding(2)) == ()


def test_two_lines_above_is_too_far() -> None:
    text = "# reviewer: ignore[python/no-eval]\n\nx = eval(y)\n"
    assert suppressed(text, finding(3)) == ()


def test_any_line_of_a_longer_finding_may_carry_the_comment() -> None:
    text = "x = eval(\n    y\n)  # reviewer: ignore[python/no-eval]\n"
    assert suppressed(text, finding(1, end_line=3))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("A.java", "run(y); // reviewer: ignore[python/no-eval] why"),
        ("A.java", "/* reviewer: ignore[python/no-eval] why */ run(y);"),
        ("query.sql", "delete from t -- reviewer: ignore[python/no-eval] why"),
        ("page.html", "<p onclick=x> <!-- reviewer: ignore[python/no-eval] why -->"),
        ("Makefile", "run: # reviewer: ignore[python/no-eval] why"),
    ],
)
def test_comments_are_those_of_the_language(path: str, line: str) -> None:
    assert suppressed(line + "\n", finding(1, path=path), path)[0].note == "why"


def test_a_finding_about_the_whole_file_is_not_silenced_by_a_line() -> None:
    assert suppressed("# reviewer: ignore[python/no-eval]\n", finding(None)) == ()


def test_a_baseline_accepts_what_was_there_and_nothing_new() -> None:
    text = "x = eval(y)\nz = eval(y) + 1\n"
    change = change_set(changed_file("app.py", None, text))
    old, new = identify([finding(1), finding(2)], change)
    baseline = read_baseline(write_baseline([old, old]).encode(), "baseline.json")
    kept, silenced, _ = apply_suppressions([old, new], change, baseline, today=TODAY)
    assert kept == (new,)
    assert silenced == (Suppressed(old, "baseline"),)


def test_a_baseline_file_is_stable_and_readable() -> None:
    one, two = (
        finding(1, fingerprint="b" * 32, path="b.py"),
        finding(1, fingerprint="a" * 32, path="a\udcff.py"),
    )
    assert write_baseline([one, two]) == write_baseline([two, one])
    document = json.loads(write_baseline([one, two]))
    assert document["version"] == 1
    assert [row["path"] for row in document["findings"]] == ["a\udcff.py", "b.py"]
    assert read_baseline(write_baseline([]).encode(), "baseline.json") == Baseline()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"version": 2, "findings": []}',
        b'{"version": 1, "findings": [1]}',
        b"\xff",
        b"[" * 9999,
    ],
)
def test_anything_else_is_refused_with_the_files_name(content: bytes) -> None:
    with pytest.raises(ConfigError, match=r"baseline\.json") as caught:
        read_baseline(content, "baseline.json")
    assert caught.value.source == "baseline.json"


def silence(text: str, *flaws: Finding, today: date = TODAY, path: str = "app.py") -> Silenced:
    return apply_suppressions(flaws, change_set(changed_file(path, None, text)), today=today)


def test_a_date_is_the_last_day_on_which_a_comment_holds() -> None:
    text = "x = eval(y)  # reviewer: ignore[python/no-eval] until=2026-11-22 the old importer goes then\n"
    [item] = silence(text, finding(1)).suppressed
    assert item.note == "the old importer goes then (until 2026-11-22)"
    kept, suppressed, [warning] = silence(text, finding(1), today=date(2026, 11, 23))
    assert (len(kept), suppressed) == (1, ())
    assert (warning.code, warning.path) == ("suppression-over", "app.py")
    assert "line 1" in warning.message
    assert "2026-11-22" in warning.message


@pytest.mark.parametrize("written", ["until=31.12.2026", "until=soon", "until=", "until=2026-02-30"])
def test_a_date_that_is_none_silences_nothing_and_says_so(written: str) -> None:
    kept, suppressed, [warning] = silence(
        f"x = eval(y)  # reviewer: ignore[python/no-eval] {written} why\n", finding(1)
    )
    assert (len(kept), suppressed) == (1, ())
    assert "is no date" in warning.message


def test_a_comment_added_for_nothing_is_told() -> None:
    _, _, [warning] = silence("x = 1  # reviewer: ignore[python/no-eval] legacy\n")
    assert warning.code == "suppression-unused"
    assert "python/no-eval" in warning.message
    assert not warning.undecided
    assert (
        silence("x = 1  # reviewer: ignore[model/correctness] legacy\n").warnings == ()
    )  # nobody may have asked
    assert silence("x = eval(y)  # reviewer: ignore[python/no-eval] legacy\n", finding(1)).warnings == ()


def test_an_old_comment_is_nobodys_news() -> None:
    old = "x = 1  # reviewer: ignore[python/no-eval] legacy\n"
    change = change_set(changed_file("app.py", old, old + "y = 2\n"))
    assert apply_suppressions((), change, today=TODAY).warnings == ()


KNOWN = ("python/no-eval", "python/naive-datetime", "secret/*", "model/*", "semgrep/*")


def odd(rules: str, *, known: Sequence[str] = KNOWN) -> list[tuple[str, str]]:
    """Say what is odd about a comment that the change adds above a line without findings."""
    change = change_set(changed_file("app.py", None, f"# reviewer: ignore[{rules}] why\nx = 1\n"))
    warnings = apply_suppressions([], change, today=TODAY, known=known).warnings
    return [(one.code, one.message) for one in warnings]


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ("python/no-evil", "there is no rule python/no-evil here; did you mean python/no-eval?"),
        ("pyhton/no-eval", "there is no rule pyhton/no-eval here; did you mean python/no-eval?"),
        ("cobol/*", "there is no rule cobol/* here"),
        ("no-eval", "there is no rule no-eval here"),
        ("python/no-eval, ruff/S307", "there is no rule ruff/S307 here"),
    ],
)
def test_a_comment_about_a_rule_that_does_not_exist_is_named(rules: str, named: str) -> None:
    [(code, message)] = odd(rules)
    assert code == "suppression-unknown"
    assert message.startswith(f"line 1: {named}")


@pytest.mark.parametrize("rules", ["secret/aws-key", "model/finance", "guidelines/fen"])
def test_what_was_perhaps_not_asked_is_not_called_unused(rules: str) -> None:
    assert odd(rules, known=(*KNOWN, "guidelines/fen")) == []


@pytest.mark.parametrize(
    "rules", ["python/no-eval", "python/*", "semgrep/any.rule", "python/no-eval,semgrep/x"]
)
def test_a_known_rule_without_a_finding_is_unused_and_no_more(rules: str) -> None:
    assert [code for code, _ in odd(rules)] == ["suppression-unused"]


def test_where_nobody_knows_the_rules_none_is_called_unknown() -> None:
    assert [code for code, _ in odd("cobol/x", known=())] == ["suppression-unused"]


def test_rules_of_scoped_packages_can_be_silenced() -> None:
    flaw = finding(1, rule_id="eslint/@team/no-eval")
    [one] = suppressed("x = eval(y)  # reviewer: ignore[eslint/@team/no-eval] a fixed table\n", flaw)
    assert one.note == "a fixed table"


def test_a_comment_whose_time_is_over_says_nothing_where_a_baseline_accepts() -> None:
    text = "x = eval(y)  # reviewer: ignore[python/no-eval] until=2020-01-31 legacy\n"
    change = change_set(changed_file("app.py", None, text))
    [flaw] = identify([finding(1)], change)
    accepted = Baseline(frozenset({flaw.fingerprint}))

    assert [one.code for one in apply_suppressions([flaw], change, today=TODAY).warnings] == [
        "suppression-over"
    ]
    assert apply_suppressions([flaw], change, accepted, today=TODAY).warnings == ()
