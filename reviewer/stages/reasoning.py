"""Tell a model's reasoning from its answer where both come in one text."""

from __future__ import annotations

import re

# A tag that merely stands quoted in code under review is no tag: an author could hide findings with it.
_OPEN = re.compile(r"^[ \t]*<think(?:ing)?>", re.MULTILINE | re.IGNORECASE)
_CLOSE = re.compile(r"(?<![`\"'])</think(?:ing)?>(?![`\"'])", re.IGNORECASE)
_STRUCTURED = ("{", "[", "```")


def split(text: str) -> tuple[str, str]:
    """Return (reasoning, answer), both stripped; every block of reasoning is taken out of the answer.

    A closing tag alone ends reasoning that began with the text (DeepSeek R1's chat template opens the
    block itself), an unclosed one runs to the end. A text that starts as JSON or a code fence holds none.
    """
    if text.lstrip().startswith(_STRUCTURED):
        return "", text.strip()
    reasoning: list[str] = []
    answer: list[str] = []
    position = 0
    opened, closed = _OPEN.search(text), _CLOSE.search(text)
    if closed and (opened is None or closed.start() < opened.start()):
        reasoning.append(text[: closed.start()])
        position = closed.end()
    while opened := _OPEN.search(text, position):
        answer.append(text[position : opened.start()])
        closed = _CLOSE.search(text, opened.end())
        reasoning.append(text[opened.end() : closed.start() if closed else len(text)])
        position = closed.end() if closed else len(text)
    answer.append(text[position:])
    return _join(reasoning), _join(answer)


def _join(parts: list[str]) -> str:
    return "\n".join(part for part in map(str.strip, parts) if part)
