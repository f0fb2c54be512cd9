"""Read changes that a model wrote as blocks: the lines that stand there, and those to stand there instead.

    ### app/fees.py
    <<<<<<< SEARCH
        return fen * 0.001
    =======
        return fen // 1000
    >>>>>>> REPLACE

The form that coding models know best. Code may itself hold a line of equal signs: then every place
where a block could be divided is kept, and whoever knows the file decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

NOTHING = "NOTHING TO FIX"

_BEGIN = re.compile(r"<{5,9} ?SEARCH\s*")
_MIDDLE = re.compile(r"={5,9}\s*")
_END = re.compile(r">{5,9} ?REPLACE\s*")
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})\s*[\w+#.-]*\s*")
_NAMED = re.compile(r"[#*\s>`-]*(?P<line>[^\s#*>`-].*(?:/|\w\.\w).*)")


class BlocksUnreadable(ValueError):
    """An answer holds no readable block; the message tells the model why."""


@dataclass(frozen=True, slots=True)
class Block:
    """One change; `heading` is the line that may name its file, empty where there is none.

    `readings` are (old text, new text), one for each line that may divide the two.
    """

    heading: str
    readings: tuple[tuple[str, str], ...]


def says_nothing(answer: str) -> bool:
    """Say whether an answer ends with the line that means there is nothing to change."""
    lines = answer.strip().splitlines()
    return bool(lines) and lines[-1].strip(" \t*_`#>.。!\"'").upper() == NOTHING


def read_blocks(answer: str) -> tuple[Block, ...]:
    """Return the blocks of an answer in order; raises BlocksUnreadable if there is none, or a broken one."""
    blocks = tuple(_read(answer.replace("\r\n", "\n").split("\n")))
    if not blocks:
        raise BlocksUnreadable("there is no SEARCH/REPLACE block in it")
    return blocks


def _read(lines: list[str]) -> Iterator[Block]:
    heading = ""
    position = 0
    while position < len(lines):
        line = lines[position]
        position += 1
        if not _BEGIN.fullmatch(line.strip()):
            if (named := _NAMED.match(line)) and not _FENCE.fullmatch(line):
                heading = named["line"].strip("`* ")
            continue
        end = next((n for n in range(position, len(lines)) if _END.fullmatch(lines[n].strip())), None)
        if end is None:
            raise BlocksUnreadable("a SEARCH block has no line >>>>>>> REPLACE")
        yield Block(heading, tuple(_readings(lines[position:end])))
        position = end + 1


def _readings(body: list[str]) -> list[tuple[str, str]]:
    places = [number for number, line in enumerate(body) if _MIDDLE.fullmatch(line)]
    if not places:
        raise BlocksUnreadable("a SEARCH block has no line =======")
    return [("\n".join(body[:n]), "\n".join(body[n + 1 :])) for n in places]
