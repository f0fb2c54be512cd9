"""Typed steps: what a step returns is a value here and JSON where it is remembered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar, cast

from pydantic import TypeAdapter

from reviewer.ports import Json, Step

_T = TypeVar("_T")


class Checkpoint(Generic[_T]):
    """Steps that return values of one frozen dataclass."""

    def __init__(self, kind: type[_T]) -> None:
        self._adapter = TypeAdapter(kind)

    async def run(
        self, step: Step, name: str, fn: Callable[[], Awaitable[_T]], *, preemptible: bool = True
    ) -> _T:
        """Run `fn` as a step of that name, or return what it returned when it was run before."""

        async def body() -> Json:
            return cast("Json", self._adapter.dump_python(await fn(), mode="json"))

        return self._adapter.validate_python(await step(name, body, preemptible=preemptible))
