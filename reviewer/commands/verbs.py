"""The commands people write in comments: a closed list, and how one is found in a comment."""

from __future__ import annotations

import re
from collections.abc import Iterator

VERBS = ("review", "ask", "explain", "fix", "test", "describe", "ignore", "resolve", "help")
AVAILABLE = frozenset({"review", "ignore", "resolve", "help"})

_TEXT_LIMIT = 4000
_FENCE = re.compile(r" {0,3}(?P<mark>`{3,}|~{3,})(?P<rest>.*)")


def find_command(body: str, bot: str) -> tuple[str, str] | None:
    """Return the first command to `@bot` as (verb, text), or None.

    A command begins a line outside code fences. Its text runs to the end of the comment, capped at
    4000 characters. A mention followed by anything but a known verb is conversation, not a command.
    """
    lines = body.splitlines()
    command = re.compile(
        rf" {{0,3}}@{re.escape(bot)}(?![\w-])[,:]?\s+(?P<verb>{'|'.join(VERBS)})\b(?P<text>.*)", re.IGNORECASE
    )
    for number in _open_lines(lines):
        found = command.match(lines[number])
        if found:
            text = "\n".join([found["text"], *lines[number + 1 :]]).strip()
            return found["verb"].lower(), text[:_TEXT_LIMIT]
    return None


def _open_lines(lines: list[str]) -> Iterator[int]:
    """Yield the numbers of the lines outside fenced code, as CommonMark closes fences."""
    fence = ""
    for number, line in enumerate(lines):
        found = _FENCE.match(line)
        if found is None:
            if not fence:
                yield number
        elif not fence:
            fence = found["mark"]
        elif found["mark"].startswith(fence) and not found["rest"].strip():
            fence = ""
