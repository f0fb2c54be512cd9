"""What people ask of the bot in words: in a comment of a merge request, or on the command line.

Each command is one module whose `run` takes a `Request` and an `Assistant` and returns an `Answer`; it
reads and returns values, writes no file and prints nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from reviewer.commands.assistant import Assistant
    from reviewer.commands.subject import Answer, Request

# Add a command: a module with `run`, one line here, its verb in `verbs.VERBS`. Imported where it is used.
COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "explain": "reviewer.commands.explain",
        "ask": "reviewer.commands.ask",
        "fix": "reviewer.commands.fix",
        "test": "reviewer.commands.test",
        "describe": "reviewer.commands.describe",
    }
)


def load(name: str) -> Callable[[Request, Assistant], Awaitable[Answer]]:
    """Return what runs a command; raises KeyError for one that there is not."""
    run = import_module(COMMANDS[name]).run
    return cast("Callable[[Request, Assistant], Awaitable[Answer]]", run)
