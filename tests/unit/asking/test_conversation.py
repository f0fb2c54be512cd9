from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from parsers.diff import Side
from reviewer.asking.conversation import (
    MESSAGE_TOKENS,
    SMALLEST_REPLY,
    UnitReply,
    review_unit,
    room,
    summarise,
    verify_finding,
)
from reviewer.config import ReviewSettings
from reviewer.domain import (
    Category,
    Completion,
    Confidence,
    Finding,
    Message,
    Overview,
    Profile,
    ReviewUnit,
    Severity,
    Source,
    Usage,
)
from reviewer.errors import ModelOverflow, ModelReplyInvalid, ModelUnavailable
from reviewer.ports import ModelRequest
from reviewer.stages.prompt import (
    REPLY_SCHEMA,
    SUMMARY_SCHEMA,
    VERIFY_SCHEMA,
    brief,
    review_prompt,
    verify_prompt,
)
from reviewer.stages.reply import Judgement, Opinion
from reviewer.stages.units import split
from tests.fakes.changes import change_set, changed_file
from tests.fakes.talk import Answer, ScriptedModel, profile

CHANGE = change_set(
    changed_file("a.txt", "one\n", "two\n"),
    changed_file("b.txt", None, "".join(f"line {n}\n" for n in range(140))),
    title="Change",
)
BRIEFING = brief(CHANGE, CHANGE.files, ReviewSettings(), key=b"key", redact=str)
SMALL, LARGE = (split([file], budget_tokens=9000, count=len, redact=str).units[0] for file in CHANGE.files)
ITEM = {
    "path": "a.txt",
    "quote": "two",
    "start_line": 1,
    "end_line": 1,
    "severity": "high",
    "category": "correctness",
    "title": "Two is not one",
    "message": "Whoever counts on one fails.",
    "confidence": "high",
    "replacement": None,
}
LISTED = json.dumps({"findings": [ITEM]})
FINDING = Finding(
    rule_id="model/correctness",
    source=Source.MODEL,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    category=Category.CORRECTNESS,
    path="a.txt",
    side=Side.NEW,
    start_line=1,
    end_line=1,
    title="Two is not one",
    message="Whoever counts on one fails.",
    evidence="two",
)


async def review(model: ScriptedModel, unit: ReviewUnit = SMALL) -> UnitReply:
    return await review_unit(model, review_prompt(BRIEFING, unit, model.profile))


def roles(request: ModelRequest) -> list[str]:
    return [message.role for message in request.messages]


# --- a review in two turns ------------------------------------------------------------------------


async def test_one_turn_where_there_is_nothing_to_report() -> None:
    model = ScriptedModel("All fine.\n\nNOTHING TO REPORT", profile=profile())
    reply = await review(model)
    assert reply == UnitReply((), (), Usage(1, 10, 0, 5))
    (request,) = model.requests
    assert request.schema is None
    assert request.max_tokens == 1000


async def test_two_turns_where_there_is_and_the_second_goes_on_from_the_first() -> None:
    model = ScriptedModel("<think>hm</think>\nTwo is not one.", LISTED, profile=profile())
    reply = await review(model)
    assert [draft.title for draft in reply.drafts] == ["Two is not one"]
    assert reply.drafts[0].model == "fake"
    assert reply.usage == Usage(2, 20, 0, 10)
    assert reply.warnings == ()
    told, listed = model.requests
    assert listed.schema == REPLY_SCHEMA
    assert listed.messages[:2] == told.messages
    assert listed.messages[2] == Message("assistant", "Two is not one.")
    assert listed.messages[3].content.startswith("Now list the problems")


async def test_malformed_items_are_counted() -> None:
    model = ScriptedModel("Bugs.", json.dumps({"findings": [ITEM, {}]}), profile=profile())
    reply = await review(model)
    assert (len(reply.drafts), len(reply.malformed)) == (1, 1)


async def test_an_unreadable_list_is_asked_for_once_more_with_the_error() -> None:
    model = ScriptedModel("Bugs.", "I cannot do that.", LISTED, profile=profile())
    reply = await review(model)
    assert len(reply.drafts) == 1
    assert reply.usage.model_calls == 3
    repair = model.requests[2]
    assert repair.schema == REPLY_SCHEMA
    assert repair.messages[-2] == Message("assistant", "I cannot do that.")
    assert 'no JSON object with a list "findings"' in repair.messages[-1].content


async def test_twice_unreadable_is_a_typed_failure_and_its_cost_is_told() -> None:
    model = ScriptedModel("Bugs.", "No.", "Never.", profile=profile())
    spent: list[Usage] = []
    with pytest.raises(ModelReplyInvalid) as caught:
        await review_unit(model, review_prompt(BRIEFING, SMALL, model.profile), on_usage=spent.append)
    assert caught.value.model == "fake"
    assert caught.value.reply == "Never."
    assert len(spent) == 3


async def test_an_empty_first_answer_is_no_silence() -> None:
    model = ScriptedModel("", "NOTHING TO REPORT", profile=profile())
    assert (await review(model)).usage.model_calls == 2
    with pytest.raises(ModelReplyInvalid):
        await review(ScriptedModel("", "", profile=profile()))


# --- answers that were cut off --------------------------------------------------------------------


async def test_a_cut_answer_is_asked_for_shorter() -> None:
    model = ScriptedModel(Answer("First of all", "length"), "NOTHING TO REPORT", profile=profile())
    reply = await review(model)
    assert reply.warnings == ()
    first, second = model.requests
    assert second.messages[0] == first.messages[0]
    assert second.messages[-1].content.startswith(first.messages[-1].content)
    assert "cut off" in second.messages[-1].content


async def test_what_was_written_before_the_second_cut_counts_and_is_shown() -> None:
    model = ScriptedModel(
        Answer("Bug.", "length"), Answer("Bug one. Bug", "length"), LISTED, profile=profile()
    )
    reply = await review(model)
    assert len(reply.drafts) == 1
    assert [warning.code for warning in reply.warnings] == ["reply-cut"]
    assert model.requests[2].messages[2].content == "Bug one. Bug"


async def test_a_cut_list_is_asked_for_shorter_then_given_up() -> None:
    cut = Answer(LISTED[:40], "length")
    model = ScriptedModel("Bugs.", cut, LISTED, profile=profile())
    assert len((await review(model)).drafts) == 1
    assert roles(model.requests[2]) == ["system", "user", "assistant", "user"]
    with pytest.raises(ModelReplyInvalid):
        await review(ScriptedModel("Bugs.", cut, cut, profile=profile()))


THINKER = profile(thinking="always", system_prompt=False, reasoning_tokens=500)
ENDLESS = Answer("<think>\nwait, wait, wait", "length")


async def test_reasoning_without_an_end_gets_more_room_once() -> None:
    model = ScriptedModel(ENDLESS, "NOTHING TO REPORT", profile=THINKER)
    await review(model)
    first, second = model.requests
    assert first.max_tokens == 1500
    assert second.max_tokens > 10_000
    assert second.messages == first.messages
    with pytest.raises(ModelReplyInvalid):
        await review(ScriptedModel(ENDLESS, ENDLESS, profile=THINKER))


async def test_reasoning_without_an_end_fails_at_once_where_there_is_no_room() -> None:
    thinker = profile(thinking="always", reply_tokens=9000, reasoning_tokens=9000)
    model = ScriptedModel(ENDLESS, profile=thinker, context=1500)
    with pytest.raises(ModelReplyInvalid, match="used up all the room"):
        await review(model)


# --- the other strategies -------------------------------------------------------------------------


async def test_constrained_is_one_turn_under_the_schema() -> None:
    model = ScriptedModel(LISTED, profile=profile(strategy="constrained"))
    assert len((await review(model)).drafts) == 1
    assert [request.schema for request in model.requests] == [REPLY_SCHEMA]


async def test_free_never_sends_a_schema() -> None:
    model = ScriptedModel("Hm.", f"Here:\n{LISTED}", profile=profile(strategy="free"))
    assert len((await review(model)).drafts) == 1
    assert [request.schema for request in model.requests] == [None, None]


@pytest.mark.parametrize(
    ("thinking", "strategy", "asked"),
    [
        ("never", "two-turn", [None, None]),
        ("always", "two-turn", [True, True]),
        ("optional", "two-turn", [True, False]),
        ("optional", "free", [True]),
        ("optional", "constrained", [False]),
    ],
)
async def test_thinking_is_asked_for_where_it_can_be_and_not_under_a_schema(
    thinking: str, strategy: str, asked: list[bool | None]
) -> None:
    family = profile(thinking=thinking, strategy=strategy, reasoning_tokens=500)
    answers = ["Bugs.", LISTED][-len(asked) :]
    model = ScriptedModel(*answers, profile=family)
    await review(model)
    assert [request.think for request in model.requests] == asked


async def test_text_is_streamed_and_the_seed_passed_on() -> None:
    model = ScriptedModel("NOTHING TO REPORT", profile=profile())
    heard: list[str] = []
    await review_unit(model, review_prompt(BRIEFING, SMALL, model.profile), seed=7, on_text=heard.append)
    assert heard == ["NOTHING TO REPORT"]
    assert model.requests[0].seed == 7


# --- the window -----------------------------------------------------------------------------------


def used(model: ScriptedModel, request: ModelRequest) -> int:
    return sum(model.count(message.content) for message in request.messages)


class Talkative(ScriptedModel):
    """Says in its first turn as much as it may."""

    async def complete(
        self, request: ModelRequest, on_text: Callable[[str], None] | None = None
    ) -> Completion:
        completion = await super().complete(request, on_text)
        if len(self.requests) == 1 and self.profile.strategy == "two-turn":
            return replace(completion, text="x" * 4 * (request.max_tokens - 1))
        return completion


@pytest.mark.parametrize("context", [2500, 4096, 16_384])
@pytest.mark.parametrize(
    "family", [profile(), profile(strategy="free"), THINKER], ids=["two", "free", "thinker"]
)
async def test_no_call_leaves_the_window_when_units_have_the_room_they_are_given(
    context: int, family: Profile
) -> None:
    answers = (LISTED, LISTED) if family.strategy == "two-turn" else (LISTED,)
    probe = ScriptedModel(profile=family, context=context)
    budget = room(probe, BRIEFING)
    assert 0 < budget < context
    units = split(CHANGE.files, budget_tokens=budget, count=probe.count, redact=str).units
    for unit in units:
        model = Talkative(*answers, profile=family, context=context)
        await review(model, unit)
        for request in model.requests:
            assert used(model, request) + request.max_tokens <= context
            assert request.max_tokens >= min(1000, context // 6)


async def test_an_answer_gets_what_is_left_of_the_window() -> None:
    probe = ScriptedModel("NOTHING TO REPORT", profile=profile())
    await review(probe)
    prompt = used(probe, probe.requests[0]) + MESSAGE_TOKENS * 2
    tight = ScriptedModel("NOTHING TO REPORT", profile=profile(), context=prompt + SMALLEST_REPLY)
    await review(tight)
    assert tight.requests[0].max_tokens == SMALLEST_REPLY
    with pytest.raises(ModelOverflow):
        await review(ScriptedModel(profile=profile(), context=prompt + SMALLEST_REPLY - 1))


async def test_a_unit_too_large_is_for_the_caller_to_split() -> None:
    model = ScriptedModel(profile=profile(), context=1100)
    with pytest.raises(ModelOverflow) as caught:
        await review(model, LARGE)
    assert caught.value.context == 1100
    assert caught.value.prompt_tokens > 1100 - SMALLEST_REPLY
    assert model.requests == []
    assert room(model, BRIEFING) < SMALL.tokens


# --- verification and summary ---------------------------------------------------------------------

JUDGED = '{"quote": "two", "reason": "It says so.", "verdict": "refuted"}'


async def test_a_finding_is_judged_in_one_free_turn() -> None:
    model = ScriptedModel("<think>hm</think>" + JUDGED, profile=THINKER)
    reply = await verify_finding(model, verify_prompt(BRIEFING, SMALL, FINDING, model.profile))
    assert reply.judgement == Judgement(Opinion.REFUTED, "two", "It says so.")
    assert reply.usage.model_calls == 1
    assert [request.schema for request in model.requests] == [None]


async def test_a_verifier_that_cannot_be_read_is_unsure() -> None:
    model = ScriptedModel("Yes.", "Yes!", profile=profile())
    reply = await verify_finding(model, verify_prompt(BRIEFING, SMALL, FINDING, model.profile))
    assert reply.judgement.opinion is Opinion.UNSURE
    assert [warning.code for warning in reply.warnings] == ["reply-invalid"]
    assert reply.usage.model_calls == 2
    assert [request.schema for request in model.requests] == [None, VERIFY_SCHEMA]


async def test_an_unreachable_verifier_is_not_hidden() -> None:
    class Gone(ScriptedModel):
        async def complete(self, *_: object) -> Completion:
            raise ModelUnavailable("nobody there", model=self.name)

    model = Gone(profile=profile())
    with pytest.raises(ModelUnavailable):
        await verify_finding(model, verify_prompt(BRIEFING, SMALL, FINDING, model.profile))


async def test_a_summary_takes_one_call_and_shows_what_has_room() -> None:
    told = '{"overview": "Changes one line.", "risk": "low", "files_first": ["a.txt"], "missing_tests": []}'
    model = ScriptedModel(told, profile=profile())
    reply = await summarise(model, BRIEFING, [SMALL, LARGE], [FINDING])
    assert reply.overview == Overview("Changes one line.", "low", ("a.txt",), ())
    assert reply.usage.model_calls == 1
    text = model.requests[0].messages[-1].content
    assert "### b.txt" in text
    assert "Two is not one" in text
    tight = ScriptedModel(told, profile=profile(), context=1700)
    await summarise(tight, BRIEFING, [SMALL, LARGE], [])
    text = tight.requests[0].messages[-1].content
    assert "### a.txt" in text
    assert "### b.txt" not in text


async def test_a_summary_that_cannot_be_read_is_left_out_and_said_so() -> None:
    model = ScriptedModel("It is nice.", "Really.", profile=profile())
    reply = await summarise(model, BRIEFING, [SMALL], [])
    assert reply.overview is None
    assert [warning.code for warning in reply.warnings] == ["reply-invalid"]
    assert model.requests[1].schema == SUMMARY_SCHEMA
