"""Recognise text that stands for code instead of being code: fences and `... existing code ...`."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FENCE = re.compile(r"(?:`{3,}|~{3,})[\w+.-]*$")
_PROSE_SUFFIXES = (".md", ".markdown", ".mdx", ".rst", ".adoc")
_COMMENT = re.compile(r"(?://+|#+|--|/\*+|<!--|\{/\*+|;+|%+)\s*(?P<text>.*?)\s*(?:\*+/\}?|-->)?$")
_DOTS = re.compile(r"\.{3,}|…+|⋯+")
_BARE = re.compile(rf"(?:{_DOTS.pattern})\s*\w+(?:(?: [\w']+)+|(?: [\w']+)*\s*(?:{_DOTS.pattern}))$")
_WORDS = re.compile(
    r"\b(?:code|rest|remaining|remainder|existing|unchanged|omitted|snip|same|previous|other|your)\b"
    r"|代码|省略|不变|其余|其他|剩余"
)
_STAYS = re.compile(
    r"(?:(?:the )?(?:rest|remainder|remaining|existing|other)\b.{0,60}"
    r"\b(?:unchanged|(?:stays?|remains?|is|are) (?:the )?same|as before|goes here|omitted|here)"
    r"|unchanged|no changes?|same as (?:before|above)|omitted(?: for brevity)?|your code here"
    r"|.{0,8}(?:其余|其他|其它|剩余|余下|原有|现有|后续).{0,12}(?:不变|省略|同上|略|相同)"
    r"|(?:代码|此处|以下|中间|部分|其余)*(?:省略|略去).{0,8}|(?:代码)?(?:保持)?不变|同上)[.。!]?$"
)


def find_placeholder(path: str, new_lines: Iterable[str]) -> str | None:
    """Return the first line that no author would commit, None if there is none.

    Fences are text in prose files, and there they stay.
    """
    prose = path.lower().endswith(_PROSE_SUFFIXES)
    return next((line.strip() for line in new_lines if _is_placeholder(line.strip().lower(), prose)), None)


def _is_placeholder(line: str, prose: bool) -> bool:
    if _FENCE.match(line):
        return not prose
    if len(line) > 200:
        return False
    comment = _COMMENT.match(line)
    text = comment["text"] if comment else line
    dots = _DOTS.search(text)
    if dots and not _DOTS.sub("", text).strip(" ()[]"):
        return comment is not None
    if dots and (comment or _BARE.match(text)):  # a spread as in `...existing.labels` is code
        return len(text) <= 60 and _WORDS.search(text) is not None
    return comment is not None and _STAYS.match(text) is not None
