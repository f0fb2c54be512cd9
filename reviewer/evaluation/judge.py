"""A model as the judge: do two reports mean the same defect? Each question is paid for once."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Iterable
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from reviewer.domain import Message
from reviewer.errors import UsageError
from reviewer.evaluation.dataset import Golden
from reviewer.evaluation.results import Reported
from reviewer.ports import Model, ModelRequest
from reviewer.stages.reasoning import split

_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"reason": {"type": "string", "maxLength": 300}, "same": {"type": "boolean"}},
    "required": ["reason", "same"],
}
_OPENING = re.compile(r"\{")


class Judge:
    """Answers are kept in a file by model, question and wording, so that scoring again asks nothing.

    An answer that stays unreadable is no: `unreadable` counts these.
    """

    def __init__(self, model: Model, file: Path) -> None:
        self.name = model.name
        self.unreadable = 0
        self._model = model
        self._file = file
        self._known = dict(_read(file)) if file.exists() else {}
        self._wording = Template(
            (resources.files("reviewer.evaluation") / "judge.md").read_text(encoding="utf-8")
        )

    def same(self, golden: Golden, finding: Reported) -> bool:
        """Return the answer about a pair that was asked about."""
        return self._known[self._key(golden, finding)]

    async def ask(
        self,
        pairs: Iterable[tuple[Golden, Reported]],
        progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    ) -> None:
        """Ask about every pair that was not asked about before. Raises ModelError."""
        new = {self._key(*pair): pair for pair in pairs}
        new = {key: pair for key, pair in new.items() if key not in self._known}
        done = 0

        async def one(key: str, golden: Golden, finding: Reported) -> None:
            nonlocal done
            self._keep(key, same=await self._decide(golden, finding))
            done += 1
            progress(f"{self.name}: judging", done, len(new))

        await asyncio.gather(*(one(key, *pair) for key, pair in new.items()))

    async def _decide(self, golden: Golden, finding: Reported) -> bool:
        text = self._wording.substitute(
            expected=json.dumps(golden.text, ensure_ascii=False),
            reported=json.dumps(f"{finding.title}\n{finding.message}", ensure_ascii=False),
        )
        for schema in self._forms():
            answer = _answer(await self._complete(text, schema))
            if answer is not None:
                return answer
        self.unreadable += 1
        return False

    def _forms(self) -> tuple[dict[str, Any] | None, ...]:
        """Ask freely first, as a grammar costs judgement, then under the schema where that is allowed."""
        return {"constrained": (_SCHEMA, _SCHEMA), "free": (None, None)}.get(
            self._model.profile.strategy, (None, _SCHEMA)
        )

    async def _complete(self, text: str, schema: dict[str, Any] | None) -> str:
        profile = self._model.profile
        room = min(profile.reply_tokens + profile.reasoning_tokens, self._model.context // 2)
        thinks = {"always": True, "optional": schema is None and profile.reasoning_tokens > 0}
        request = ModelRequest(
            messages=(Message("user", text),),
            max_tokens=room,
            schema=schema,
            think=thinks.get(profile.thinking),
        )
        return (await self._model.complete(request)).text

    def _key(self, golden: Golden, finding: Reported) -> str:
        question = [self.name, self._wording.template, golden.text, finding.title, finding.message]
        return hashlib.sha256(json.dumps(question).encode()).hexdigest()

    def _keep(self, key: str, *, same: bool) -> None:
        self._known[key] = same
        with self._file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"key": key, "same": same}) + "\n")


def _read(file: Path) -> Iterable[tuple[str, bool]]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            yield str(row["key"]), bool(row["same"])
        except (ValueError, KeyError, TypeError) as err:
            raise UsageError(f"{file}:{number}: not a judge's answer", remedy=f"remove {file}") from err


def _answer(text: str) -> bool | None:
    """Read the last JSON object that holds `same`; None without one."""
    answer, decoder = split(text)[1], json.JSONDecoder(strict=False)
    for opening in reversed([found.start() for found in _OPENING.finditer(answer)]):
        try:
            value, _ = decoder.raw_decode(answer, opening)
        except (ValueError, RecursionError):
            continue
        if isinstance(value.get("same"), bool):
            return bool(value["same"])
    return None
