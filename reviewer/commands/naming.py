"""Find the code that a question in words is about: the definitions of the names in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from parsers.source import split_lines
from reviewer.commands.library import Library
from reviewer.commands.subject import Span, Subject, select
from reviewer.repo.answers import FoundDefinition

MOST_DEFINITIONS = 12
MOST_LINES = 120  # of one definition: its beginning says most
_PLACES_PER_NAME = 3
_COMMON = 6  # a plain word that so many definitions are called by means none of them

_NAME = re.compile(r"[^\W\d]\w*(?:(?:\.|::|#|->)[^\W\d]\w*)*")
_QUOTED = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"[\w./-]+\.\w+")
_SHAPED = re.compile(r"_|[a-z0-9][A-Z]|\.|::|#|->|\d")  # a name of code, no word of prose
_SHORTEST_WORD = 3


def find_subject(question: str, library: Library, *, project: str) -> Subject | None:
    """Return the definitions and files that a question names, the surest first; None if there are none."""
    chosen: dict[str, list[Span]] = {}
    paths = set(library.paths)
    for path in dict.fromkeys(_PATH.findall(question)):
        if path in paths:
            chosen[path] = []
    for found in _definitions(question, library):
        if chosen.get(found.path) != []:
            last = min(found.row.end_line, found.row.start_line + MOST_LINES - 1)
            chosen.setdefault(found.path, []).append((found.row.start_line, last))
    texts = library.read(chosen)
    files = [(path, texts[path], _inside(chosen[path], texts[path])) for path in chosen if path in texts]
    return select(files, project=project) if files else None


def _definitions(question: str, library: Library) -> Iterator[FoundDefinition]:
    left = MOST_DEFINITIONS
    for name in _names(question):
        found, candidates = library.definitions(name, _PLACES_PER_NAME)
        if not _SHAPED.search(name) and candidates > _COMMON and f"`{name}`" not in question:
            continue
        for one in found[:left]:
            left -= 1
            yield one
        if left <= 0:
            return


def _names(question: str) -> list[str]:
    """List the names in a question: those in code marks first, then what looks like code, then words."""
    quoted = [name for text in _QUOTED.findall(question) for name in _NAME.findall(text)]
    written = _NAME.findall(question)
    shaped = [name for name in written if _SHAPED.search(name)]
    words = [name for name in written if len(name) >= _SHORTEST_WORD]
    parts = (re.split(r"\.|::|#|->", name)[-1] for name in (*quoted, *shaped, *words))
    return list(dict.fromkeys(parts))


def _inside(spans: list[Span], text: bytes) -> list[Span]:
    total = len(split_lines(text))
    return [(first, min(last, total)) for first, last in spans if first <= total]
