"""Which model serves a role, and which is left alone for a while."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from reviewer.config import ModelSettings, RoleSettings, Settings
from reviewer.domain import Check, Completion, Message, Profile, Role, Usage
from reviewer.errors import ConfigError, ModelError, ModelOverflow, ModelTimeout, ModelUnavailable
from reviewer.models.checks import Windows
from reviewer.models.circuit import FAILURES, HEALTHY_S, SKIPPED_S
from reviewer.models.gateway import ModelGateway, assemble, build
from reviewer.models.guarded import Surroundings
from reviewer.models.profiles import find
from reviewer.models.slots import LocalSlots
from reviewer.ports import ModelRequest

ASK = ModelRequest(messages=(Message("user", "Review this."),), max_tokens=50)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class FakeModel:
    """A model that fails when told to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.profile: Profile = find("generic")
        self.context = 4096
        self.digest = "sha256:1"
        self.unreachable: ModelError | None = None
        self.failing: ModelError | None = None
        self.probes = 0
        self.calls = 0
        self.closed = False

    async def reach(self) -> None:
        self.probes += 1
        if self.unreachable:
            raise self.unreachable

    async def complete(
        self, request: ModelRequest, on_text: Callable[[str], None] | None = None
    ) -> Completion:
        self.calls += 1
        if self.failing:
            raise self.failing
        return Completion("ok", "", "stop", Usage(), self.name)

    async def windows(self) -> Windows:
        return Windows(self.context)

    def count(self, text: str) -> int:
        return len(text)

    def estimate(self, text: str) -> int:
        return len(text)

    async def check(self) -> Sequence[Check]:
        return ()

    async def aclose(self) -> None:
        self.closed = True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def first() -> FakeModel:
    return FakeModel("first")


@pytest.fixture
def second() -> FakeModel:
    return FakeModel("second")


@pytest.fixture
def gateway(clock: Clock, first: FakeModel, second: FakeModel) -> ModelGateway:
    settings = Settings(
        models={
            "first": ModelSettings(backend="openai", model="one"),
            "second": ModelSettings(backend="openai", model="two"),
        },
        roles=RoleSettings(review=("first", "second"), assist=("second",)),
    )
    around = Surroundings(LocalSlots(), clock=clock)
    return assemble(settings, {"first": first, "second": second}, around)


def gone(model: str) -> ModelUnavailable:
    return ModelUnavailable(f"{model} is gone", model=model, remedy=f"start {model}")


async def test_the_first_that_answers_serves(
    gateway: ModelGateway, first: FakeModel, second: FakeModel
) -> None:
    assert (await gateway.pick(Role.REVIEW)).name == "first"
    assert (await gateway.pick(Role.ASSIST)).name == "second"
    first.unreachable = gone("first")
    assert [model.name for model in gateway.configured(Role.REVIEW)] == ["first", "second"]


async def test_an_answer_is_remembered_for_a_while(
    gateway: ModelGateway, first: FakeModel, clock: Clock
) -> None:
    await gateway.pick(Role.REVIEW)
    await gateway.pick(Role.REVIEW)
    assert first.probes == 1
    clock.now += HEALTHY_S
    await gateway.pick(Role.REVIEW)
    assert first.probes == 2


async def test_a_dead_endpoint_is_asked_once_and_then_left_alone(
    gateway: ModelGateway, first: FakeModel, clock: Clock
) -> None:
    first.unreachable = gone("first")
    for _ in range(3):
        assert (await gateway.pick(Role.REVIEW)).name == "second"
    assert first.probes == 1
    clock.now += SKIPPED_S
    first.unreachable = None
    assert (await gateway.pick(Role.REVIEW)).name == "first"


async def test_without_any_the_error_names_each_and_its_remedy(
    gateway: ModelGateway, first: FakeModel, second: FakeModel
) -> None:
    first.unreachable, second.unreachable = gone("first"), gone("second")
    with pytest.raises(ModelUnavailable) as caught:
        await gateway.pick(Role.REVIEW)
    assert "first is gone; second is gone" in str(caught.value)
    assert caught.value.remedy == "start first; start second"
    assert caught.value.model == "first, second"


async def test_models_are_left_out_by_name(gateway: ModelGateway) -> None:
    assert (await gateway.pick(Role.REVIEW, without={"first"})).name == "second"
    with pytest.raises(ModelUnavailable, match="none is left to ask"):
        await gateway.pick(Role.REVIEW, without={"first", "second"})


async def test_a_role_that_is_switched_off_says_so(gateway: ModelGateway) -> None:
    assert gateway.configured(Role.VERIFY) == ()
    with pytest.raises(ModelUnavailable, match="none is configured"):
        await gateway.pick(Role.VERIFY)


async def test_calls_that_fail_in_a_row_open_the_circuit(
    gateway: ModelGateway, first: FakeModel, clock: Clock
) -> None:
    model = await gateway.pick(Role.REVIEW)
    first.failing = ModelTimeout("first stalled", model="first")
    for _ in range(FAILURES):
        assert (await gateway.pick(Role.REVIEW)).name == "first"
        with pytest.raises(ModelTimeout):
            await model.complete(ASK)
    assert (await gateway.pick(Role.REVIEW)).name == "second"
    with pytest.raises(ModelUnavailable, match="left alone for a while: first stalled"):
        await model.complete(ASK)
    assert first.calls == FAILURES
    clock.now += SKIPPED_S
    assert (await gateway.pick(Role.REVIEW)).name == "first"
    with pytest.raises(ModelTimeout):
        await model.complete(ASK)
    assert (await gateway.pick(Role.REVIEW)).name == "second", "one more failure is enough until a success"
    clock.now += SKIPPED_S
    first.failing = None
    await model.complete(ASK)
    assert (await gateway.pick(Role.REVIEW)).name == "first"


async def test_a_success_in_between_starts_the_count_anew(gateway: ModelGateway, first: FakeModel) -> None:
    model = await gateway.pick(Role.REVIEW)
    for failing in (*[gone("first")] * (FAILURES - 1), None, *[gone("first")] * (FAILURES - 1)):
        first.failing = failing
        if failing is None:
            await model.complete(ASK)
            continue
        with pytest.raises(ModelUnavailable, match="first is gone"):
            await model.complete(ASK)
    assert (await gateway.pick(Role.REVIEW)).name == "first"


async def test_a_failed_call_is_followed_by_a_new_probe(gateway: ModelGateway, first: FakeModel) -> None:
    model = await gateway.pick(Role.REVIEW)
    first.failing = first.unreachable = gone("first")
    with pytest.raises(ModelUnavailable):
        await model.complete(ASK)
    assert (await gateway.pick(Role.REVIEW)).name == "second"


async def test_too_long_a_prompt_is_not_the_endpoints_fault(gateway: ModelGateway, first: FakeModel) -> None:
    model = await gateway.pick(Role.REVIEW)
    first.failing = ModelOverflow("too long", model="first", prompt_tokens=9, context=8)
    for _ in range(FAILURES + 1):
        with pytest.raises(ModelOverflow):
            await model.complete(ASK)
    assert (await gateway.pick(Role.REVIEW)).name == "first"


async def test_a_smaller_window_found_on_the_way_is_told(gateway: ModelGateway, first: FakeModel) -> None:
    first.context = 2048
    assert (await gateway.pick(Role.REVIEW)).context == 2048


async def test_closing_closes_all(gateway: ModelGateway, first: FakeModel, second: FakeModel) -> None:
    await gateway.aclose()
    assert first.closed
    assert second.closed


def test_a_role_that_names_no_model_is_a_configuration_error() -> None:
    settings = Settings(
        models={"coder": ModelSettings(backend="openai", model="m")}, roles=RoleSettings(verify=("r1",))
    )
    with pytest.raises(ConfigError) as caught:
        build(settings)
    assert caught.value.key == "roles.verify"


async def test_every_backend_can_be_built_without_a_connection() -> None:
    settings = Settings(
        models={
            "a": ModelSettings(backend="ollama", model="deepseek-r1:14b"),
            "b": ModelSettings(backend="openai", model="deepseek-v3"),
            "c": ModelSettings(backend="llamacpp", model="/models/qwen2.5-coder-7b.gguf", context=4096),
        },
        roles=RoleSettings(review=("a", "b", "c")),
    )
    gateway = build(settings)
    models = gateway.configured(Role.REVIEW)
    assert [model.profile.family for model in models] == ["deepseek-r1", "deepseek-v3", "qwen2.5-coder"]
    assert [model.context for model in models] == [16_384, 16_384, 4096]
    await gateway.aclose()
