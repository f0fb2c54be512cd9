"""Put secrets back into what a model wrote with placeholders: only those of the very file it wrote about."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

PLACEHOLDER = re.compile(r"<redacted:[a-z0-9-]+:\d+>")


def restore(text: str, own: str, redact: Callable[[str], str]) -> str | None:
    """Write a text with what its placeholders stand for in the file whose text is `own`.

    `redact` is what made the prompt, with its numbering. None if a placeholder does not occur in this
    file, or may stand for more than one thing there: nothing of another file ever comes in this way.
    """
    wanted = set(PLACEHOLDER.findall(text))
    if not wanted:
        return text
    meant: defaultdict[str, set[str]] = defaultdict(set)
    for line, shown in zip(own.split("\n"), redact(own).split("\n"), strict=True):
        for placeholder, value in (
            _align(line, shown) if not wanted.isdisjoint(PLACEHOLDER.findall(shown)) else ()
        ):
            meant[placeholder].add(value)
    if any(len(meant[placeholder]) != 1 for placeholder in wanted):
        return None
    return PLACEHOLDER.sub(lambda match: next(iter(meant[match[0]])), text)


def leave_secrets_alone(
    text: str, lines: Mapping[int, str], start: int, end: int, redact: Callable[[str], str]
) -> tuple[int, int, str] | None:
    """Narrow a replacement of lines start..end (1-based, inclusive) so that it shows no secret, or return None.

    `lines` are the numbered lines of the file. Lines with placeholders that the replacement leaves as they
    were are taken off its ends; one that it moves or changes would have to be posted whole.
    """
    if redact(text) != text:
        return None
    restored = restore(text, "\n".join(lines.values()), redact)
    if restored is None or restored == text:
        return None if restored is None else (start, end, text)
    shown, new = text.split("\n"), restored.split("\n")
    while len(new) > 1 and end > start and new[-1] == lines.get(end):
        new.pop()
        shown.pop()
        end -= 1
    while len(new) > 1 and end > start and new[0] == lines.get(start):
        new.pop(0)
        shown.pop(0)
        start += 1
    return None if any(map(PLACEHOLDER.search, shown)) else (start, end, "\n".join(new))


def _align(line: str, shown: str) -> Iterator[tuple[str, str]]:
    """Yield what each placeholder of the redacted line stands for; nothing where that is not certain."""
    names, kept = PLACEHOLDER.findall(shown), PLACEHOLDER.split(shown)
    if not all(kept[1:-1]) or not line.startswith(kept[0]) or not line.endswith(kept[-1]):
        return
    found, at = [], len(kept[0])
    last = len(line) - len(kept[-1])
    for text in kept[1:-1]:
        end = line.find(text, at, last)
        if end < 0:
            return
        found.append(line[at:end])
        at = end + len(text)
    yield from zip(names, (*found, line[at:last]), strict=True)
