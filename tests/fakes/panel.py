"""Models that answer by rule, in memory, and a gateway over them: what the pipeline is tested with."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

from reviewer.domain import ChangeSet, Check, Completion, Errand, Finding, Profile, Role, Usage
from reviewer.errors import ModelUnavailable
from reviewer.ports import Gateway, Model, ModelRequest, ScanReport
from tests.fakes.talk import profile

Say = Callable[[ModelRequest], str]


class TalkingModel:
    """Answers with what `say` makes of a request (or raises); every call costs 100 and 10 tokens."""

    def __init__(self, name: str, say: Say, *, context: int = 16_384) -> None:
        self.name = name
        self.profile: Profile = profile()
        self.context = context
        self.requests: list[ModelRequest] = []
        self.before: Callable[[], Awaitable[None]] | None = None
        self._say = say

    async def complete(
        self, request: ModelRequest, on_text: Callable[[str], None] | None = None
    ) -> Completion:
        self.requests.append(request)
        if self.before is not None:
            await self.before()
        text = self._say(request)
        usage = Usage(model_calls=1, prompt_tokens=100, completion_tokens=10)
        return Completion(text, "", "stop", usage, self.name)

    def count(self, text: str) -> int:
        return len(text) // 3 + 1

    def estimate(self, text: str) -> int:
        return self.count(text)

    async def check(self) -> Sequence[Check]:
        return ()

    async def aclose(self) -> None:
        """Nothing to close."""


class FakeGateway:
    """The roles as they are given; `away` names the models that do not answer, `errands` who asked."""

    def __init__(self, **roles: Sequence[TalkingModel]) -> None:
        self._roles = {Role(name): tuple(models) for name, models in roles.items()}
        self.away: set[str] = set()
        self.errands: list[Errand] = []
        self.closed = False

    async def pick(self, role: Role, *, without: Collection[str] = ()) -> Model:
        for model in self._roles.get(role, ()):
            if model.name not in self.away and model.name not in without:
                return model
        raise ModelUnavailable("nobody answers", model="any", remedy="start one")

    def configured(self, role: Role) -> tuple[Model, ...]:
        return self._roles.get(role, ())

    def on_behalf_of(self, errand: Errand) -> Gateway:
        self.errands.append(errand)
        return self

    async def aclose(self) -> None:
        self.closed = True


class FakeScanner:
    """Finds what it is given and remembers which files it was shown."""

    name = "fake"

    def __init__(self, *findings: Finding, thorough: bool = False, secrets: tuple[str, ...] = ()) -> None:
        self.thorough = thorough
        self.seen: list[str] = []
        self._report = ScanReport(findings, secrets=secrets)

    def scan(self, change: ChangeSet) -> ScanReport:
        self.seen += [file.path for file in change.files]
        return self._report


def listing(*drafts: dict[str, Any], overview: str = "Changes a fee.") -> Say:
    """Talk freely first, list these drafts when asked to, and sum up when asked for that."""

    def say(request: ModelRequest) -> str:
        wanted = (request.schema or {}).get("properties", {})
        asked = "\n".join(message.content for message in request.messages)
        if "overview" in wanted or '"overview"' in asked:
            return json.dumps({"overview": overview, "risk": "low", "files_first": [], "missing_tests": []})
        if "findings" in wanted:
            return json.dumps({"findings": drafts})
        return "There is a problem." if drafts else "NOTHING TO REPORT"

    return say
