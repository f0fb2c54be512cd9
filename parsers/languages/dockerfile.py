"""Dockerfiles. A scope is a stage: from its FROM to the next one, which no node of the grammar encloses."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import partial

from parsers.languages.language import Language, load_grammar
from parsers.scopes import Scope
from parsers.sections import Sections

_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<name>\S+))?", re.IGNORECASE)
_HEREDOC = re.compile(r"<<-?(?P<quote>[\"']?)(?P<end>[A-Za-z_]\w*)(?P=quote)")
_ESCAPE = re.compile(r"\A(?:#\s*syntax\s*=.*\n)?#\s*escape\s*=\s*`", re.IGNORECASE)


def _read_sections(utf8: bytes, _lines: Collection[int]) -> Sections:
    text = utf8.decode("utf-8")
    lines = text.split("\n")
    escape = "`" if _ESCAPE.match(text) else "\\"
    stages = [(at, found) for at in _instructions(lines, escape) if (found := _FROM.match(lines[at].strip()))]
    ends = [*(_first_line(lines, at) for at, _ in stages[1:]), len(lines)]
    scopes = (_stage(lines, at, found, end) for (at, found), end in zip(stages, ends, strict=False))
    return Sections(tuple(scopes))


def _instructions(lines: list[str], escape: str) -> Iterator[int]:
    """Yield the indexes of the lines that begin an instruction."""
    heredocs: list[str] = []
    continued = False
    for at, line in enumerate(lines):
        text = line.strip()
        if heredocs:
            if text == heredocs[0]:
                heredocs.pop(0)
            continue
        if not text or text.startswith("#"):
            continue
        if not continued:
            yield at
        continued = text.endswith(escape)
        heredocs = [found["end"] for found in _HEREDOC.finditer(text)]


def _first_line(lines: list[str], at: int) -> int:
    """Return the index of the first of the comments directly above a line, of that line if there are none."""
    while at > 0 and lines[at - 1].lstrip().startswith("#"):
        at -= 1
    return at


def _stage(lines: list[str], at: int, found: re.Match[str], end: int) -> Scope:
    while not lines[end - 1].strip() and end > at + 1:
        end -= 1
    name = found["name"] or found["image"]
    return Scope("stage", name, name, lines[at].strip(), _first_line(lines, at) + 1, end)


LANGUAGE = Language(
    name="dockerfile",
    suffixes=(".dockerfile", ".containerfile"),
    filenames=("Dockerfile", "Containerfile"),
    grammar=partial(load_grammar, "tree_sitter_containerfile"),
    scopes={},
    line_comments=("#",),
    read_sections=_read_sections,
)
