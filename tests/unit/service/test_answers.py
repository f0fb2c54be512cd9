"""The bot answers whom it may, in the thread it was asked in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field

import pytest

from reviewer.commands.verbs import AVAILABLE, VERBS
from reviewer.domain import Command, Event
from reviewer.ports import Json, Step
from reviewer.service.answers import with_commands
from reviewer.service.fence import Fence


@dataclass
class Talk:
    """A conversation that only writes down what was said."""

    developers: set[int] = field(default_factory=lambda: {7})
    said: list[tuple[str, int, str | None, str]] = field(default_factory=list)

    def may_command(self, project: str, actor_id: int, actor: str) -> bool:
        return actor_id in self.developers

    def reply(self, project: str, number: int, thread: str | None, body: str) -> str:
        self.said.append((project, number, thread, body))
        return "n1"


class OpenFence:
    job = "1"

    async def check(self) -> None:
        return None

    def hold(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()


async def review(event: Event, step: Step, fence: Fence) -> Json:
    return {"verdict": "pass"}


async def run(event: Event, talk: Talk, *, language: str = "en") -> tuple[Json, dict[str, bool]]:
    steps: dict[str, bool] = {}

    async def step(name: str, fn: Callable[[], Awaitable[Json]], *, preemptible: bool = True) -> Json:
        steps[name] = preemptible
        return await fn()

    work = with_commands(review, {"main": talk}, {"main": "bot"}, language=language)
    return await work(event, step, OpenFence()), steps


def asked(verb: str, *, actor_id: int = 7) -> Event:
    command = Command(verb, "", note="1", thread="t1", actor="ann", actor_id=actor_id)
    return Event("main", "desk/orders", 12, "command", "d1", command=command)


async def test_a_push_is_a_review() -> None:
    talk = Talk(developers=set())
    result, steps = await run(Event("main", "desk/orders", 12, "pushed", "d1"), talk)
    assert (result, steps) == ({"verdict": "pass"}, {})


async def test_review_on_request() -> None:
    result, _ = await run(asked("review"), Talk())
    assert result == {"verdict": "pass"}


@pytest.mark.parametrize("verb", VERBS)
async def test_a_stranger_is_not_answered(verb: str) -> None:
    talk = Talk()
    result, _ = await run(asked(verb, actor_id=8), talk)
    assert isinstance(result, dict)
    assert "refused" in result
    assert talk.said == []


async def test_help_names_what_is_available_in_the_thread() -> None:
    talk = Talk()
    result, steps = await run(asked("help"), talk)
    assert result == {"command": "help", "answer": "n1"}
    project, number, thread, body = talk.said[0]
    assert (project, number, thread) == ("desk/orders", 12, "t1")
    assert all(f"`@bot {verb}`" in body for verb in AVAILABLE)
    assert steps == {"may-command": True, "answer": False}


@pytest.mark.parametrize("verb", sorted(set(VERBS) - AVAILABLE))
@pytest.mark.parametrize(("language", "words"), [("en", "not available yet"), ("zh-CN", "暂未提供")])
async def test_other_verbs_are_not_available_yet(verb: str, language: str, words: str) -> None:
    talk = Talk()
    await run(asked(verb), talk, language=language)
    body = talk.said[0][3]
    assert words in body
    assert f"`{verb}`" in body
    assert not any(line.lstrip().startswith(("/", "@")) for line in body.splitlines())
