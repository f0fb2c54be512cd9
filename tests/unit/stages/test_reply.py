from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.diff import Side
from reviewer.domain import Category, Confidence, Draft, Overview, Severity
from reviewer.stages.reply import (
    MAX_DRAFTS,
    Judgement,
    Opinion,
    Reply,
    ReplyUnreadable,
    read_judgement,
    read_reply,
    read_summary,
    says_nothing,
)

ITEM: dict[str, Any] = {
    "path": "app/x.py",
    "quote": "eval(text)",
    "start_line": 3,
    "end_line": 4,
    "severity": "high",
    "category": "security",
    "title": "Runs text from a user",
    "message": "Any user can run code.",
    "confidence": "medium",
    "replacement": None,
}
DRAFT = Draft(
    path="app/x.py",
    quote="eval(text)",
    side=Side.NEW,
    start_line=3,
    end_line=4,
    severity=Severity.HIGH,
    category=Category.SECURITY,
    confidence=Confidence.MEDIUM,
    title="Runs text from a user",
    message="Any user can run code.",
    replacement=None,
    model="coder",
)


def reply_with(*items: object) -> str:
    return json.dumps({"findings": items})


def read_one(**changes: object) -> Draft:
    reply = read_reply(reply_with(ITEM | changes), "coder")
    assert reply.malformed == ()
    (draft,) = reply.drafts
    return draft


# --- finding the JSON -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrapping",
    [
        "{}",
        "```json\n{}\n```",
        "```\n{}\n```",
        "Here is what I found in `x = {{1: [2]}}` and [1]:\n\n{}\n\nThat is all.",
        "<think>\nMaybe {{'findings': 1}}, or not.\n</think>\n{}",
        "The template opened the block.</think>{}",
    ],
)
def test_an_object_is_found_wherever_it_stands(wrapping: str) -> None:
    text = wrapping.replace("{}", reply_with(ITEM)).replace("{{", "{").replace("}}", "}")
    assert read_reply(text, "coder") == Reply((DRAFT,))


@pytest.mark.parametrize("text", [json.dumps([ITEM]), "Findings:\n" + json.dumps([ITEM])])
def test_a_bare_list_is_taken_too(text: str) -> None:
    assert read_reply(text, "coder") == Reply((DRAFT,))


@pytest.mark.parametrize("text", ['{"findings": []}', "[]", "```json\n[]\n```", " [ ] "])
def test_nothing_is_an_answer(text: str) -> None:
    assert read_reply(text, "coder") == Reply(())


def test_an_object_quoted_out_of_the_code_does_not_hide_the_real_one() -> None:
    text = f'The test expects {{"findings": []}} here.\n{reply_with(ITEM)}\nAgain: {reply_with(ITEM)}'
    assert read_reply(text, "coder") == Reply((DRAFT,))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", 'no JSON object with a list "findings"'),
        ("I found nothing in `items = []`.", "no JSON object"),
        ('{"findings": "none"}', "no JSON object"),
        (reply_with(ITEM)[:-20], "line 1 column"),
        ("[" * 100_000, "no JSON object"),
        ('{"a":' * 50_000, "nested too deeply"),
        ('{"findings": ' + "1" * 5000 + "}", "no JSON object"),
        ("<think>\n" + reply_with(ITEM), "no JSON object"),
    ],
)
def test_what_cannot_be_read_says_why(text: str, told: str) -> None:
    with pytest.raises(ReplyUnreadable, match=told):
        read_reply(text, "coder")


# --- reading an item ------------------------------------------------------------------------------


def test_a_bad_item_costs_itself_only() -> None:
    bad = [3, {}, ITEM | {"path": None}, ITEM | {"severity": "urgent"}, ITEM | {"start_line": True}]
    reply = read_reply(reply_with(*bad, ITEM), "coder")
    assert reply.drafts == (DRAFT,)
    assert [(item.reason, item.path, item.message) for item in reply.malformed] == [
        ("malformed", "", "not an object"),
        ("malformed", "", "path is no text"),
        ("malformed", "", "path is no text"),
        ("malformed", "app/x.py", "severity is not one of critical, high, medium, low"),
        ("malformed", "app/x.py", "start_line is no line number"),
    ]


def test_small_slips_are_forgiven() -> None:
    assert (
        read_reply(reply_with(ITEM | {"quote": "a\nb"}).replace("\\n", "\n"), "m").drafts[0].quote == "a\nb"
    )
    assert read_one(severity="HIGH", category="Security ", confidence="Medium", extra=[1]) == DRAFT
    assert read_one(category="error_handling").category is Category.ERROR_HANDLING
    assert read_one(side="OLD").side is Side.OLD
    assert read_one(side=None).side is Side.NEW
    assert read_one(title="Runs\n text  from a user") == DRAFT
    assert read_one(start_line="3", end_line=4.0) == DRAFT
    assert read_one(start_line=4, end_line=3) == DRAFT


@pytest.mark.parametrize(
    ("start", "end", "lines"),
    [(3, None, (3, 3)), (None, None, (None, None)), (0, -1, (None, None)), ("", 4, (None, 4))],
)
def test_an_unknown_line_is_left_to_the_quote(
    start: object, end: object, lines: tuple[int | None, ...]
) -> None:
    draft = read_one(start_line=start, end_line=end)
    assert (draft.start_line, draft.end_line) == lines


@pytest.mark.parametrize("line", [True, "3-4", 1.5, [3], 10**30, float("nan")])
def test_what_is_no_line_number_is_malformed(line: object) -> None:
    reply = read_reply(reply_with(ITEM | {"end_line": line}), "coder")
    assert (len(reply.drafts), len(reply.malformed)) == (0, 1)


def test_lengths_are_capped() -> None:
    draft = read_one(title="t" * 999, message="m" * 9_999, quote="line\n" * 9999, replacement="r" * 9_999)
    assert len(draft.title) == 160
    assert len(draft.message) == 3600
    assert set(draft.quote.split("\n")) == {"line"}
    assert len(draft.quote) <= 2400
    assert draft.replacement is None
    assert len(read_one(quote="q" * 9999).quote) == 2400


def test_too_many_items_are_counted_not_kept() -> None:
    items = [ITEM | {"quote": str(number)} for number in range(MAX_DRAFTS + 2)]
    reply = read_reply(reply_with(*items), "coder")
    assert (len(reply.drafts), len(reply.malformed)) == (MAX_DRAFTS, 2)


def test_no_lone_surrogate_gets_in() -> None:
    draft = read_one(message="\ud83d", quote="\ud83d\ude00", replacement="\udcff")
    assert (draft.message, draft.quote, draft.replacement) == ("?", "😀", "?")


# --- the other replies ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "nothing"),
    [
        ("NOTHING TO REPORT", True),
        ("I looked at it twice.\n\n**Nothing to report.**\n", True),
        ("<think>\nA bug?\n</think>\n\nNOTHING TO REPORT", True),
        ("", False),
        ("There is NOTHING TO REPORT in a.py, but b.py fails.", False),
        ("NOTHING TO REPORT\n\nNo, wait: line 3 divides by zero.", False),
        ("<think>\nNOTHING TO REPORT", False),
    ],
)
def test_only_the_last_line_says_that_there_is_nothing(text: str, nothing: bool) -> None:
    assert says_nothing(text) is nothing


def test_a_judgement_is_read_from_the_last_object() -> None:
    text = 'At first {"verdict": "refuted"}. Then:\n{"quote": "a", "reason": " b ", "verdict": "Confirmed"}'
    assert read_judgement(text) == Judgement(Opinion.CONFIRMED, "a", "b")
    assert read_judgement('{"verdict": "unsure", "quote": null}') == Judgement(Opinion.UNSURE, "", "")
    for bad in ("confirmed", '{"verdict": "yes"}', '{"verdict": null}', "[]"):
        with pytest.raises(ReplyUnreadable):
            read_judgement(bad)


def test_a_summary_is_read() -> None:
    text = (
        '{"overview": " Adds fees. ", "risk": "HIGH", "files_first": ["a", 1, ""], "missing_tests": "none"}'
    )
    assert read_summary(text) == Overview("Adds fees.", "high", ("a",), ())
    assert read_summary('{"overview": "x", "risk": "severe"}') == Overview("x", "")
    for bad in ("Adds fees.", '{"overview": ""}', '{"overview": 3}'):
        with pytest.raises(ReplyUnreadable):
            read_summary(bad)


# --- for any text ---------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(list(ITEM)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*ITEM, "findings", "verdict", "overview", "side"]), inner, max_size=8
        )
    ),
    max_leaves=20,
)
FRAGMENTS = st.sampled_from(
    ["{", "}", "[", "]", '"', '{"findings": [', ITEM["quote"], "```json\n", "</think>"]
)
TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(FRAGMENTS | st.text(max_size=5), max_size=40).map("".join),
    VALUES.map(json.dumps),
    st.lists(VALUES, max_size=5).map(lambda items: reply_with(*items)),
    st.dictionaries(st.sampled_from(list(ITEM)), VALUES).map(lambda item: reply_with(ITEM | item)),
)


@given(TEXTS)
def test_no_text_raises_anything_else(text: str) -> None:
    for read in (lambda raw: read_reply(raw, "coder"), read_judgement, read_summary, says_nothing):
        try:
            result = read(text)
        except ReplyUnreadable:
            continue
        assert result is not None
        repr(result).encode()


@given(st.lists(st.sampled_from([ITEM, {"path": 1}, None]), max_size=60))
def test_every_item_is_a_draft_or_counted(items: list[object]) -> None:
    reply = read_reply(reply_with(*items), "coder")
    bad = sum(item is not ITEM for item in items[:MAX_DRAFTS])
    assert len(reply.malformed) == bad + max(0, len(items) - MAX_DRAFTS)
    assert set(reply.drafts) <= {DRAFT}
