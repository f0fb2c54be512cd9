"""What a forge would do on reading a comment, by rules of our own that know nothing of how comments are written."""

from __future__ import annotations

import re

from tests.fakes.forge.gitlab import find_quick_actions

_BLOCK = re.compile(r"^(`{3,})[^`\n]*\n.*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!\\)(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_ESCAPED = re.compile(r"\\[!-/:-@\[-`{-~]")
_MARKER = re.compile(r"<!-- reviewer:v1:[^>]*-->")
_OURS = re.compile(r"</?(?:details|summary|sub)>")
_ACTS = {
    "mention": re.compile(r"(?<![\w.+-])@\w[\w-]*"),
    "reference": re.compile(r"(?<![\w&])[#!&]\d+(?!\w*;)|\bGH-\d+|(?<!~)~[A-Za-z]"),
    "address": re.compile(r"\b[a-z][a-z0-9+.-]*://\w|\bwww\.\w|\bmailto:\w", re.IGNORECASE),
    "link": re.compile(r"\]\(|\]\[|^\[[^\]]+\]:", re.MULTILINE),
    "element": re.compile(r"<[A-Za-z/!?]"),
}


def acts(body: str) -> list[str]:
    """Name whatever in a comment would notify, link, embed or run something."""
    found = [f"quick action /{name}" for name in find_quick_actions(body)]
    prose = _SPAN.sub("", _BLOCK.sub("", body))
    prose = _OURS.sub("", _MARKER.sub("", _ESCAPED.sub("", prose), count=1))
    found += [f"{kind} {match[0]!r}" for kind, pattern in _ACTS.items() for match in pattern.finditer(prose)]
    return found


def hidden(text: str) -> list[str]:
    """List the characters that drive a terminal, turn the text around, or show nothing."""
    return [repr(char) for char in text if not char.isprintable() and char not in "\n\t\u3000"]
