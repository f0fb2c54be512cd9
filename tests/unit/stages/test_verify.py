"""Admission: the quote decides where, the change decides whether, and nothing is said twice."""

from __future__ import annotations

from typing import Any

import pytest

from parsers.diff import FileStatus, Side
from reviewer.domain import Category, ChangeSet, Confidence, Draft, Finding, Severity, Source, Suggestion
from reviewer.stages.redact import redact
from reviewer.stages.verify import Admission, admit
from tests.fakes.changes import change_set, changed_file
from tests.fakes.findings import draft, finding

OLD = """\
class Order:
    def total(self):
        return self.price

    def close(self):
        log("closed")
        return None
"""
NEW = """\
class Order:
    def total(self, fee):
        value = self.price  +  fee
        if fee:
            value = value + fee
        return value

    def close(self):
        log("closed")
        return None
"""
CHANGE = change_set(changed_file("app.py", OLD, NEW))


def redacted(text: str) -> str:
    return redact(text).text


def heard(*drafts: Draft, change: ChangeSet = CHANGE, **options: Any) -> Admission:
    return admit(drafts, change, redact=redacted, **options)


def lines(admission: Admission) -> list[tuple[int | None, int | None]]:
    return [(one.start_line, one.end_line) for one in admission.findings]


def reasons(admission: Admission) -> list[str]:
    return [one.reason for one in admission.rejected]


# --- where ----------------------------------------------------------------------------------------


def test_a_draft_becomes_a_finding_with_the_code_as_evidence() -> None:
    quote = "        if fee:\n            value = value + fee"
    (one,) = heard(draft(quote, 4, severity=Severity.CRITICAL)).findings
    assert one == Finding(
        rule_id="model/correctness",
        source=Source.MODEL,
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        category=Category.CORRECTNESS,
        path="app.py",
        side=Side.NEW,
        start_line=4,
        end_line=5,
        title="The fee is added twice",
        message="A second call adds the fee again and the customer pays it twice.",
        model="coder",
        evidence=quote,
    )


@pytest.mark.parametrize("claimed", [5, 1, 9999, -3, None])
def test_the_only_match_wins_whatever_line_was_claimed(claimed: int | None) -> None:
    admission = heard(draft("value = value + fee", claimed))
    assert lines(admission) == [(5, 5)]
    assert admission.reanchored == (claimed not in (5, None))


@pytest.mark.parametrize(
    "quote",
    [
        "if fee:\nvalue = value + fee",
        "\n        if fee:\n\n            value = value + fee\n\n",
        "if fee:   \n\tvalue =  value   + fee",
        "   4 +         if fee:\n   5 +             value = value + fee",
        "4: if fee:\n5: value = value + fee",
        "4 | if fee:\n5 | value = value + fee",
        "+        if fee:\n+            value = value + fee",
        "     - return self.price\n   4 + if fee:\n   5 + value = value + fee",
        "-        return self.price\n+        if fee:\n+            value = value + fee",
    ],
)
def test_spacing_and_copied_marks_do_not_matter(quote: str) -> None:
    assert lines(heard(draft(quote))) == [(4, 5)]


def test_inner_spacing_is_evened_out() -> None:
    assert lines(heard(draft("value = self.price + fee"))) == [(3, 3)]


@pytest.mark.parametrize("quote", ["self.price  +  fee", "self.price + fee", "def total(self, f …[cut]"])
def test_a_piece_of_a_line_is_enough_if_it_is_long_enough(quote: str) -> None:
    assert len(lines(heard(draft(quote)))) == 1


@pytest.mark.parametrize(
    "quote", ["+  fee", "value = value - fee", "if fee:\nreturn value", "VALUE = VALUE + FEE"]
)
def test_code_that_is_not_there_is_no_finding(quote: str) -> None:
    assert reasons(heard(draft(quote, 5))) == ["quote-not-found"]


@pytest.mark.parametrize("quote", ["return None", 'log("closed")', "class Order:"])
def test_code_that_was_not_changed_is_no_finding(quote: str) -> None:
    assert reasons(heard(draft(quote))) == ["outside-diff"]


def test_a_quote_that_begins_above_the_change_is_put_on_the_change() -> None:
    assert lines(heard(draft("class Order:\n    def total(self, fee):"))) == [(2, 2)]


def test_removed_lines_are_quoted_from_the_old_side() -> None:
    admission = heard(draft("return self.price", side=Side.OLD))
    assert lines(admission) == [(3, 3)]
    assert admission.findings[0].side is Side.OLD
    assert reasons(heard(draft("return self.price"))) == ["quote-not-found"]


REPEATED = change_set(changed_file("app.py", "a()\n" * 3, "a()\n" * 3 + "x = 1\n" + "b()\nb()\n" + "a()\n"))


@pytest.mark.parametrize(
    ("quote", "claimed", "line"),
    [
        ("a()", None, 7),  # three more stand outside the change
        ("a()", 6, 7),
        ("b()", 5, 5),
        ("b()", 6, 6),
        ("b()", 4, 5),
        ("b()", 7, 6),
    ],
)
def test_of_several_matches_the_nearest_changed_one_counts(
    quote: str, claimed: int | None, line: int
) -> None:
    assert lines(heard(draft(quote, claimed), change=REPEATED)) == [(line, line)]


def test_a_match_on_the_claimed_line_is_taken_at_its_word() -> None:
    assert reasons(heard(draft("a()", 2), change=REPEATED)) == ["outside-diff"]


@pytest.mark.parametrize("claimed", [None, 9999])
def test_several_matches_without_a_line_are_no_place(claimed: int | None) -> None:
    assert reasons(heard(draft("b()", claimed), change=REPEATED)) == ["quote-ambiguous"]


def test_two_matches_at_the_same_distance_are_no_place() -> None:
    change = change_set(changed_file("app.py", None, "b()\nx = 1\nb()\n"))
    assert reasons(heard(draft("b()", 2), change=change)) == ["quote-ambiguous"]


@pytest.mark.parametrize(
    "path", ["src/pay/app.py", "pay/app.py", "b/src/pay/app.py", "./src/pay/app.py", "src\\pay\\app.py"]
)
def test_a_path_may_be_a_little_off(path: str) -> None:
    change = change_set(changed_file("src/pay/app.py", OLD, NEW), changed_file("src/app.py", OLD, NEW))
    (one,) = heard(draft("value = value + fee", path=path), change=change).findings
    assert one.path == "src/pay/app.py"


@pytest.mark.parametrize("path", ["app.py", "other.py", "", "/", "pp.py", "../../etc/passwd"])
def test_a_path_that_names_no_file_or_two_is_unknown(path: str) -> None:
    change = change_set(changed_file("src/pay/app.py", OLD, NEW), changed_file("src/app.py", OLD, NEW))
    assert reasons(heard(draft("value = value + fee", path=path), change=change)) == ["unknown-path"]


def test_a_renamed_file_may_be_called_by_its_old_name() -> None:
    file = changed_file("new.py", OLD, NEW, old_path="old.py", status=FileStatus.RENAMED)
    (one,) = heard(draft("value = value + fee", path="old.py"), change=change_set(file)).findings
    assert one.path == "new.py"


@pytest.mark.parametrize("fields", [{"quote": " \n"}, {"quote": ""}, {"title": "", "message": " "}])
def test_a_draft_without_code_or_words_is_empty(fields: dict[str, str]) -> None:
    values: dict[str, Any] = {"quote": "if fee:"} | fields
    assert reasons(heard(draft(**values))) == ["empty"]


def test_what_a_model_is_not_sure_of_is_dropped_unless_asked_for() -> None:
    unsure = draft("value = value + fee", confidence=Confidence.LOW)
    assert reasons(heard(unsure)) == ["low-confidence"]
    assert lines(heard(unsure, least=Confidence.LOW)) == [(5, 5)]


def test_a_bare_diff_serves_too() -> None:
    change = change_set(changed_file("app.py", OLD, NEW, bare=True))
    assert lines(heard(draft("value = value + fee"), change=change)) == [(5, 5)]


def test_windows_line_ends_and_chinese_text_are_no_obstacle() -> None:
    file = changed_file("app.py", None, '# 手续费\r\nvalue = "元"\r\n')
    assert lines(heard(draft('# 手续费\nvalue = "元"'), change=change_set(file))) == [(1, 2)]


def test_lines_end_where_git_ends_them() -> None:
    file = changed_file("app.py", None, 'a = "\x0c\u2028"\nb = 2\n')
    assert lines(heard(draft('a = "\x0c\u2028"\r\nb = 2'), change=change_set(file))) == [(1, 2)]


# --- secrets --------------------------------------------------------------------------------------

LEAK = 'user = "bob"\npassword = "hunter2-hunter2"\nconnect(user, password)\n'


def test_a_side_without_any_line_holds_no_quote() -> None:
    gone = change_set(changed_file("app.py", "a = 1\n", None))
    emptied = change_set(changed_file("app.py", "a = 1\n", ""))

    assert reasons(heard(draft("a = 1", 1), change=gone)) == ["quote-not-found"]
    assert reasons(heard(draft("a = 1", 1), change=emptied)) == ["quote-not-found"]


def test_a_quote_of_the_redacted_text_is_found_and_nothing_leaks() -> None:
    file = changed_file("app.py", None, LEAK)
    quote = 'password = "<redacted:password:7>"\nconnect(user, password)'
    claim = draft(quote, message='the password is password = "hunter2-hunter2"', replacement=quote)
    admission = heard(claim, change=change_set(file))
    assert lines(admission) == [(2, 3)]
    assert "hunter2" not in str(admission)
    assert "<redacted:password:1>" in admission.findings[0].evidence
    assert reasons(admission) == ["suggestion-invalid"]


def test_where_prompts_may_hold_secrets_findings_still_do_not() -> None:
    file = changed_file("app.py", None, LEAK)
    quote = 'password = "hunter2-hunter2"'
    admission = admit([draft(quote, message=quote)], change_set(file), redact=str)
    assert lines(admission) == [(2, 2)]
    assert "hunter2" not in str(admission)


def test_a_suggestion_may_take_a_secret_away() -> None:
    file = changed_file("app.py", None, LEAK)
    fix = 'password = os.environ["DB_PASSWORD"]'
    claim = draft('password = "<redacted:password:1>"', replacement=fix)
    assert heard(claim, change=change_set(file)).findings[0].suggestion == Suggestion(2, 2, fix)


# --- repeats --------------------------------------------------------------------------------------


def test_the_same_lines_and_category_are_said_once() -> None:
    first = draft("value = value + fee")
    second = draft("value = value + fee", title="Other words", message="entirely different, in fact")
    admission = heard(first, second)
    assert lines(admission) == [(5, 5)]
    assert reasons(admission) == ["duplicate"]


def test_the_more_severe_of_two_stays() -> None:
    mild = draft("value = value + fee", severity=Severity.LOW, title="mild")
    admission = heard(mild, draft("value = value + fee", severity=Severity.CRITICAL, title="grave"))
    assert [one.title for one in admission.findings] == ["grave"]


def test_the_same_words_on_overlapping_lines_are_said_once() -> None:
    longer = draft("if fee:\nvalue = value + fee", category=Category.FINANCE, title="The fee is added twice!")
    assert reasons(heard(draft("value = value + fee"), longer)) == ["duplicate"]


@pytest.mark.parametrize(
    "fields",
    [
        {
            "category": Category.FINANCE,
            "title": "Rounding",
            "message": "Cents get lost because floats round.",
        },
        {"quote": "if fee:", "title": "Negative fees", "message": "A fee below zero passes this test."},
    ],
)
def test_different_things_are_both_said(fields: dict[str, Any]) -> None:
    other = draft(**({"quote": "value = value + fee"} | fields))
    assert len(heard(draft("value = value + fee"), other).findings) == 2


def test_similar_words_in_chinese_are_recognised() -> None:
    one = draft(
        "value = value + fee", title="手续费被重复累加", message="再次调用时手续费会被重复累加到总价中"
    )
    two = draft(
        "value = value + fee",
        title="手续费会被重复累加",
        message="再次调用时，手续费会被重复累加到总价",
        category=Category.FINANCE,
    )
    assert reasons(heard(one, two)) == ["duplicate"]


def test_a_model_does_not_repeat_a_rule() -> None:
    rule = finding(5, category=Category.CORRECTNESS)
    assert reasons(heard(draft("if fee:\nvalue = value + fee"), known=[rule])) == ["duplicate"]
    elsewhere = finding(3, category=Category.CORRECTNESS)
    assert len(heard(draft("value = value + fee"), known=[elsewhere]).findings) == 1
    other = finding(5, category=Category.SECURITY)
    assert len(heard(draft("value = value + fee"), known=[other]).findings) == 1


def test_a_model_does_not_repeat_that_there_is_a_secret() -> None:
    secret = finding(5, category=Category.SECRET, source=Source.SECRET)
    assert reasons(heard(draft("value = value + fee", category=Category.SECURITY), known=[secret])) == [
        "duplicate"
    ]


# --- suggestions ----------------------------------------------------------------------------------


def suggested(quote: str, replacement: str, change: ChangeSet = CHANGE) -> Suggestion | None:
    admission = heard(draft(quote, replacement=replacement), change=change)
    (one,) = admission.findings
    assert reasons(admission) == ([] if one.suggestion else ["suggestion-invalid"])
    return one.suggestion


@pytest.mark.parametrize(
    "replacement",
    [
        "            value += 2 * fee",
        "value += 2 * fee",
        "            value += 2 * fee\n",
        "            value += 2 * fee\r\n",
        "   5 +             value += 2 * fee",
    ],
)
def test_a_suggestion_replaces_the_quoted_lines(replacement: str) -> None:
    quote = "   5 +             value = value + fee" if "5 +" in replacement else "value = value + fee"
    assert suggested(quote, replacement) == Suggestion(5, 5, "            value += 2 * fee")


@pytest.mark.parametrize(
    "replacement",
    [
        "        if fee > 0:\n            value += fee",
        "if fee > 0:\n            value += fee",  # the first line lost its indentation
        "if fee > 0:\n    value += fee",  # all lines lost as much
    ],
)
def test_lost_indentation_is_given_back(replacement: str) -> None:
    expected = Suggestion(4, 5, "        if fee > 0:\n            value += fee")
    assert suggested("if fee:\nvalue = value + fee", replacement) == expected


def test_lost_indentation_is_given_back_to_blocks_in_braces() -> None:
    body = "        if (a > 0) {\n            return 1;\n        }\n        return 0;\n"
    code = f"class A {{\n    int f(int a) {{\n{body}    }}\n}}\n"
    quote = "if (a > 0) {\nreturn 1;\n}"
    change = change_set(changed_file("A.java", None, code))
    admission = heard(
        draft(quote, path="A.java", replacement="if (a > 1) {\n    return 2;\n}"), change=change
    )
    assert admission.findings[0].suggestion == Suggestion(
        3, 5, "        if (a > 1) {\n            return 2;\n        }"
    )


@pytest.mark.parametrize(
    "replacement",
    [
        "            value = (value + fee",  # does not parse
        "            value = value + fee",  # changes nothing
        "            # ... existing code ...\n            value = 1",
        "```python\n            value = 1\n```",
        "            value = 1\u202e",
        '            password = "hunter2-hunter2"',
        "            x = 1  # <!-- reviewer:v1:a:b:c -->",
    ],
)
def test_a_suggestion_that_does_not_hold_is_dropped_and_the_finding_stays(replacement: str) -> None:
    assert suggested("value = value + fee", replacement) is None


@pytest.mark.parametrize("replacement", ["", " \n", None])
def test_a_blank_replacement_is_none(replacement: str | None) -> None:
    admission = heard(draft("value = value + fee", replacement=replacement))
    assert (admission.findings[0].suggestion, admission.rejected) == (None, ())


def test_a_piece_of_a_line_cannot_be_replaced() -> None:
    assert suggested("self.price + fee", "self.price - fee") is None


def test_nobody_is_asked_to_take_the_change_back() -> None:
    change = change_set(changed_file("app.py", "a = 1\nrate = 0.1\nb = 2\n", "a = 1\nrate = 0.2\nb = 2\n"))
    assert suggested("rate = 0.2", "rate = 0.1", change) is None
    assert suggested("a = 1\nrate = 0.2", "a = 1\nrate = 0.1", change) is None
    assert suggested("rate = 0.2", "rate = Decimal('0.2')", change)
    above = change_set(changed_file("app.py", "rate = 0.1\nb = 2\nc = 3\n", "b = 2\nc = 4\n"))
    assert suggested("c = 4", "rate = 0.1", above)


def test_suggestions_stay_within_one_hunk_and_within_what_gitlab_replaces() -> None:
    body = "".join(f"x{n} = {n}\n" for n in range(200))
    quote = "".join(f"x{n} = {n}\n" for n in range(102))
    fewer = "".join(f"x{n} = {n}\n" for n in range(101))
    change = change_set(changed_file("app.py", None, body))
    assert suggested(quote, "y = 1", change) is None
    assert suggested(fewer, "y = 1", change) == Suggestion(1, 101, "y = 1")
    far = change_set(changed_file("app.py", body, body.replace("x5 = 5", "x5 = 6")))
    assert suggested("x5 = 6\nx6 = 6\nx7 = 7\nx8 = 8\nx9 = 9", "y = 1", far) is None


def test_a_suggestion_needs_the_file_to_be_proven() -> None:
    assert (
        suggested("value = value + fee", "value = 1", change_set(changed_file("app.py", OLD, NEW, bare=True)))
        is None
    )


def test_removed_lines_cannot_be_replaced() -> None:
    admission = heard(draft("return self.price", side=Side.OLD, replacement="return 1"))
    assert admission.findings[0].suggestion is None
    assert reasons(admission) == ["suggestion-invalid"]


def test_a_language_that_we_do_not_parse_gets_suggestions_unproven() -> None:
    change = change_set(changed_file("notes.txt", None, "one\ntwo\n"))
    admission = heard(draft("one\ntwo", path="notes.txt", replacement="three"), change=change)
    assert admission.findings[0].suggestion == Suggestion(1, 2, "three")


# --- much of it -----------------------------------------------------------------------------------


def test_a_long_file_is_read_once() -> None:
    text = "".join(f"value_{n} = compute({n % 50})\n}}\n" for n in range(10_000))
    calls: list[int] = []

    def count(text: str) -> str:
        calls.append(len(text))
        return text

    change = change_set(changed_file("long.txt", None, text))
    quotes = [f"value_{n} = compute({n % 50})" for n in range(0, 5_000, 100)]
    drafts = [draft(quote, path="long.txt") for quote in quotes]
    drafts += [draft(f"}}\nvalue_{n} = nothing()", path="long.txt") for n in range(50)]
    admission = admit(drafts, change, redact=count)
    assert [one.evidence for one in admission.findings] == quotes
    assert len(admission.rejected) == 50
    assert sum(size > 10_000 for size in calls) == 1


def test_the_order_of_equal_drafts_is_kept() -> None:
    drafts = [draft(line, title=line) for line in ("if fee:", "def total(self, fee):", "return value")]
    assert [one.title for one in heard(*drafts).findings] == [one.title for one in drafts]
