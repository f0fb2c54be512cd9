"""What happens to a call on its way through the gateway: kept replies, budget, record, half-open circuits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from reviewer.config import ModelSettings, RoleSettings, Settings
from reviewer.domain import (
    ChangeRef,
    Check,
    Completion,
    Errand,
    Message,
    ModelCall,
    Priority,
    Profile,
    Receipt,
    Role,
    Usage,
)
from reviewer.errors import (
    ModelBudget,
    ModelError,
    ModelOverflow,
    ModelReplyInvalid,
    ModelTimeout,
    ModelUnavailable,
    StoreError,
)
from reviewer.models.checks import Windows
from reviewer.models.circuit import FAILURES, SKIPPED_S, CircuitState
from reviewer.models.gateway import ModelGateway, assemble
from reviewer.models.guarded import Surroundings
from reviewer.models.profiles import find
from reviewer.models.slots import LocalSlots
from reviewer.ports import Model, ModelRequest

ASK = ModelRequest(messages=(Message("user", "Review this."),), max_tokens=500, purpose="unit 1")
SCHEMA = {"type": "object", "properties": {"findings": {"type": "array"}}, "required": ["findings"]}
ERRAND = Errand(job="job 7", actor="mei", priority=Priority.REVIEW)


class Scripted:
    """A model that gives its answers (or errors) one after the other, the last one for ever."""

    def __init__(self, *answers: str | Completion | ModelError, name: str = "coder") -> None:
        self.name = name
        self.profile: Profile = find("generic")
        self.context = 16_384
        self.digest = "sha256:1"
        self.asked: list[ModelRequest] = []
        self.going = asyncio.Event()
        self.going.set()
        self._answers = answers

    async def reach(self) -> None:
        """It is there."""

    async def complete(
        self, request: ModelRequest, on_text: Callable[[str], None] | None = None
    ) -> Completion:
        self.asked.append(request)
        await self.going.wait()
        answer = self._answers[min(len(self.asked), len(self._answers)) - 1]
        if isinstance(answer, ModelError):
            raise answer
        return answer if isinstance(answer, Completion) else said(answer)

    async def windows(self) -> Windows:
        return Windows(self.context)

    def count(self, text: str) -> int:
        return len(text)

    def estimate(self, text: str) -> int:
        return len(text)

    async def check(self) -> Sequence[Check]:
        return ()

    async def aclose(self) -> None:
        """Nothing to close."""


def said(text: str, finish: str = "stop", tokens: int = 10) -> Completion:
    return Completion(text, "", finish, Usage(1, 100, 40, tokens, 1.5), "coder", 0.5)


class Shelf:
    """Kept replies, in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Completion] = {}

    def get(self, key: str) -> Completion | None:
        return self.kept.get(key)

    def put(self, key: str, completion: Completion) -> None:
        self.kept[key] = completion


class Book:
    """A ledger that remembers, or refuses."""

    def __init__(self) -> None:
        self.calls: list[ModelCall] = []
        self.full = False

    def called(self, call: ModelCall, redactions: int = 0) -> None:
        if self.full:
            raise StoreError("the ledger is full")
        self.calls.append(call)

    def posted(self, errand: Errand, receipt: Receipt) -> None:
        raise NotImplementedError

    @property
    def outcomes(self) -> list[str]:
        return [call.outcome for call in self.calls]


class Bench:
    """A gateway over one scripted model, with everything around it at hand."""

    def __init__(self, model: Scripted, **keys: Any) -> None:
        self.model = model
        self.shelf = Shelf()
        self.book = Book()
        self.now = 1000.0
        self.settings = Settings(
            models={"coder": ModelSettings(backend="ollama", model="deepseek-coder-v2:16b", **keys)},
            roles=RoleSettings(review=("coder",)),
        )
        around = Surroundings(LocalSlots(), self.book, self.shelf, wall=lambda: 1.7e9, clock=lambda: self.now)
        self.gateway: ModelGateway = assemble(self.settings, {"coder": model}, around)

    def on(self, errand: Errand = ERRAND) -> Model:
        """Return the model as one errand sees it."""
        return self.gateway.on_behalf_of(errand).configured(Role.REVIEW)[0]


# --- kept replies ---------------------------------------------------------------------------------


async def test_the_same_question_of_another_errand_costs_nothing() -> None:
    bench = Bench(Scripted("All is well."))
    first = await bench.on().complete(ASK)
    heard: list[str] = []
    second = await bench.on().complete(replace(ASK, purpose="unit 9", max_tokens=400), heard.append)
    assert (first.text, second.text, "".join(heard)) == ("All is well.", "All is well.", "All is well.")
    assert second.usage == Usage()
    assert len(bench.model.asked) == 1
    assert bench.book.outcomes == ["ok", "cached"]
    assert bench.book.calls[1].usage == Usage()
    assert bench.book.calls[1].reply == "All is well."


async def test_an_errand_that_wants_it_anew_asks_again_and_its_reply_is_kept() -> None:
    bench = Bench(Scripted("All is well.", "On second thoughts."))
    await bench.on().complete(ASK)
    anew = await bench.on(Errand(fresh=True)).complete(ASK)
    assert (anew.text, len(bench.model.asked)) == ("On second thoughts.", 2)
    assert (await bench.on().complete(ASK)).text == "On second thoughts."
    assert len(bench.model.asked) == 2


@pytest.mark.parametrize(
    "other",
    [
        replace(ASK, messages=(Message("system", "Review this."),)),
        replace(ASK, schema=SCHEMA),
        replace(ASK, think=True),
        replace(ASK, seed=2),
    ],
)
async def test_another_question_is_asked(other: ModelRequest) -> None:
    bench = Bench(Scripted('{"findings": []}'))
    await bench.on().complete(ASK)
    await bench.on().complete(other)
    assert len(bench.model.asked) == 2


async def test_other_weights_or_another_window_answer_anew() -> None:
    bench = Bench(Scripted("All is well."))
    await bench.on().complete(ASK)
    bench.model.digest = "sha256:2"
    await bench.on().complete(ASK)
    bench.model.context = 8192
    await bench.on().complete(ASK)
    assert len(bench.model.asked) == 3


async def test_without_a_digest_the_endpoint_tells_models_apart() -> None:
    bench, elsewhere = Bench(Scripted("a")), Bench(Scripted("b"), url="http://127.0.0.1:9")
    bench.model.digest = elsewhere.model.digest = ""
    await bench.on().complete(ASK)
    await elsewhere.on().complete(ASK)
    assert bench.shelf.kept.keys().isdisjoint(elsewhere.shelf.kept)
    assert (await bench.on().complete(ASK)).usage.model_calls == 0


async def test_a_reply_longer_than_what_may_be_written_now_is_not_used() -> None:
    bench = Bench(Scripted(said("All is well.", tokens=300)))
    await bench.on().complete(ASK)
    await bench.on().complete(replace(ASK, max_tokens=299))
    assert len(bench.model.asked) == 2


@pytest.mark.parametrize(
    ("answer", "request_"),
    [
        (said("All is w", "length"), ASK),
        (said("  "), ASK),
        (said("<think>and so on"), ASK),
        (said("no JSON"), replace(ASK, schema=SCHEMA)),
        (said('{"other": []}'), replace(ASK, schema=SCHEMA)),
        (said("unreadable"), replace(ASK, readable=lambda text: text != "unreadable")),
    ],
)
async def test_a_broken_reply_is_never_kept(answer: Completion, request_: ModelRequest) -> None:
    bench = Bench(Scripted(answer))
    await bench.on().complete(request_)
    await bench.on().complete(request_)
    assert len(bench.model.asked) == 2
    assert bench.shelf.kept == {}


async def test_who_asks_again_within_an_errand_gets_a_new_answer_and_that_one_is_kept() -> None:
    bench = Bench(Scripted("first", "second"))
    model = bench.on()
    assert [(await model.complete(ASK)).text for _ in range(2)] == ["first", "second"]
    assert (await bench.on().complete(ASK)).text == "second"


async def test_asking_again_goes_past_a_reply_of_the_run_before() -> None:
    bench = Bench(Scripted("first", "second"))
    await bench.on().complete(ASK)
    model = bench.on()
    assert [(await model.complete(ASK)).text for _ in range(2)] == ["first", "second"]


# --- the record -----------------------------------------------------------------------------------


async def test_a_call_is_on_record_with_all_that_is_known_of_it() -> None:
    bench = Bench(Scripted("All is well."), url="http://127.0.0.1:11434/v1")
    errand = replace(ERRAND, ref=ChangeRef("gitlab-main", "desk/fees", 7, "b", "b", "h"))
    await bench.on(errand).complete(ASK)
    (call,) = bench.book.calls
    assert call == ModelCall(
        errand=errand,
        role=Role.REVIEW,
        purpose="unit 1",
        model="coder",
        served="deepseek-coder-v2:16b",
        digest="sha256:1",
        endpoint="http://127.0.0.1:11434",
        outcome="ok",
        began=1.7e9,
        usage=Usage(1, 100, 40, 10, 1.5),
        first_token_s=0.5,
        messages=ASK.messages,
        reply="All is well.",
    )


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ModelUnavailable("gone", model="coder"), "unavailable"),
        (ModelTimeout("stalled", model="coder"), "timeout"),
        (ModelOverflow("long", model="coder", prompt_tokens=9, context=8), "overflow"),
        (ModelReplyInvalid("odd", model="coder", reply=""), "failed"),
    ],
)
async def test_a_failed_call_is_on_record_too(error: ModelError, outcome: str) -> None:
    bench = Bench(Scripted(error))
    with pytest.raises(type(error)):
        await bench.on().complete(ASK)
    assert bench.book.outcomes == [outcome]
    assert bench.book.calls[0].usage.model_calls == 1


async def test_a_reply_cut_for_its_length_says_so() -> None:
    bench = Bench(Scripted(said("All is w", "length")))
    await bench.on().complete(ASK)
    assert bench.book.outcomes == ["length"]


async def test_a_cancelled_call_is_on_record_whether_it_ran_or_waited() -> None:
    bench = Bench(Scripted("never"))
    bench.model.going.clear()
    calls = [asyncio.create_task(bench.on().complete(ASK)) for _ in range(2)]
    while not bench.model.asked:
        await asyncio.sleep(0)
    for call in reversed(calls):
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert bench.book.outcomes == ["cancelled", "cancelled"]
    assert [call.usage.model_calls for call in bench.book.calls] == [0, 1], "one was never sent"


async def test_a_listener_that_breaks_is_a_failed_call() -> None:
    bench = Bench(Scripted("All is well."))
    await bench.on().complete(ASK)

    def broken(text: str) -> None:
        raise RuntimeError(text)

    with pytest.raises(RuntimeError):
        await bench.on().complete(ASK, broken)
    assert bench.book.outcomes == ["ok", "failed"]


async def test_without_a_record_there_is_no_reply() -> None:
    bench = Bench(Scripted("All is well."))
    bench.book.full = True
    with pytest.raises(StoreError):
        await bench.on().complete(ASK)


# --- the budget -----------------------------------------------------------------------------------


async def test_the_errands_tokens_bound_all_its_calls() -> None:
    # A call is charged 60 uncached prompt tokens and 10 written ones; it must have room for 20 and 128.
    bench = Bench(Scripted("All is well."))
    gateway = bench.gateway.on_behalf_of(replace(ERRAND, tokens=1000))
    (model,) = gateway.configured(Role.REVIEW)
    for number in range(13):
        await model.complete(replace(ASK, seed=number))
    with pytest.raises(ModelBudget):
        await model.complete(replace(ASK, seed=13))
    assert bench.book.outcomes == [*["ok"] * 13, "budget"]
    assert bench.book.calls[-1].usage.model_calls == 0
    assert bench.model.asked[-1].max_tokens == 1000 - 12 * 70 - 20, "the last one gets what is left"
    assert (await bench.on().complete(replace(ASK, seed=0))).usage == Usage(), "another errand is free to ask"


async def test_a_call_that_was_refused_costs_the_errand_nothing() -> None:
    bench = Bench(Scripted(ModelUnavailable("gone", model="coder"), said("All is well.", tokens=800)))
    (model,) = bench.gateway.on_behalf_of(replace(ERRAND, tokens=1000)).configured(Role.REVIEW)
    with pytest.raises(ModelUnavailable):
        await model.complete(ASK)
    await model.complete(replace(ASK, max_tokens=980))
    assert bench.model.asked[-1].max_tokens == 980


# --- the circuit ----------------------------------------------------------------------------------


async def test_half_open_lets_one_call_through_and_the_others_hear_of_it() -> None:
    bench = Bench(Scripted(*[ModelTimeout("stalled", model="coder")] * (FAILURES + 1), "well"), parallel=8)
    for number in range(FAILURES):
        with pytest.raises(ModelTimeout):
            await bench.on().complete(replace(ASK, seed=number))
    assert (await states(bench)) == [CircuitState.OPEN]
    bench.now += SKIPPED_S
    await bench.gateway.pick(Role.REVIEW)  # an answered probe proves nothing of calls
    assert (await states(bench)) == [CircuitState.HALF_OPEN]
    bench.model.going.clear()
    calls = [asyncio.create_task(bench.on().complete(replace(ASK, seed=number))) for number in range(8)]
    while len(bench.model.asked) == FAILURES:
        await asyncio.sleep(0.001)
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(bench.model.asked) == FAILURES + 1, "the others wait for what comes of it"
    bench.model.going.set()
    failed = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(error) for error in failed] == [ModelTimeout, *[ModelUnavailable] * 7]
    assert len(bench.model.asked) == FAILURES + 1
    bench.now += SKIPPED_S
    served = await asyncio.gather(*(bench.on().complete(replace(ASK, seed=number)) for number in range(8)))
    assert [completion.text for completion in served] == ["well"] * 8
    assert (await states(bench)) == [CircuitState.CLOSED]


async def states(bench: Bench) -> list[CircuitState]:
    return [standing.circuit for standing in await bench.gateway.standings()]


async def test_two_names_for_one_model_at_one_server_stand_and_fall_together() -> None:
    error = ModelTimeout("stalled", model="a")
    models = {name: Scripted(error, name=name) for name in ("a", "b", "other")}
    settings = Settings(
        models={
            "a": ModelSettings(backend="ollama", model="r1", url="http://127.0.0.1:1"),
            "b": ModelSettings(backend="openai", model="r1", url="http://127.0.0.1:1/v1"),
            "other": ModelSettings(backend="ollama", model="coder", url="http://127.0.0.1:1"),
        },
        roles=RoleSettings(review=("a", "b", "other")),
    )
    gateway = assemble(settings, models, Surroundings(LocalSlots()))
    for _ in range(FAILURES):
        with pytest.raises(ModelTimeout):
            await gateway.configured(Role.REVIEW)[0].complete(ASK)
    found = {standing.name: standing for standing in await gateway.standings()}
    assert [found[name].circuit for name in ("a", "b", "other")] == ["open", "open", "closed"]
    assert found["b"].reason == "stalled"
    assert (await gateway.pick(Role.REVIEW)).name == "other"


async def test_the_doctor_is_told_of_the_endpoint_its_places_and_its_circuit() -> None:
    bench = Bench(Scripted("well"), parallel=3, url="http://127.0.0.1:11434/")
    (check,) = await bench.on().check()
    assert check.ok
    assert check.detail == "http://127.0.0.1:11434: 3 calls at once, circuit closed"
