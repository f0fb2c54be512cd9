"""Recognise passwords and keys that only their surroundings give away: assignments, settings, commands, SQL.

A pattern proposes a place, its name and its value decide. The patterns run on RE2, in time linear in
the text however long its lines are, and only over the lines that have a telling word.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import re2

from reviewer.stages.password_places import places_for

_TELLING = re2.compile(
    "(?i)pass|pwd|psw|\\bpw\\b|secret|token|key|salt|cred|auth|_[as]k\\b|密码|口令|密钥|identified|log_?(?:in|on)|sign_?in"
    "|mysql|mongo|redis-cli|curl|getconnection|securestring|chararray|jwt|-p[ =]?\\S"
    "|[^\\s/:@]:[^\\s/:@\"']+@|:(?:\\d+|\\*):\\w+:\\w+:".encode()
)
_JOINT = b"\0\n"  # no pattern takes it for a space


def find_passwords(text: bytes, path: str = "") -> Iterator[tuple[str, int, int]]:
    """Find passwords and keys in a text, as their kind and the bytes start..end (exclusive).

    Kinds are password, key, uri-password, curl-password and authorization. The path says whether a
    bare `name=value` is to be believed; without one it is.
    """
    telling = _telling_lines(text)
    for place in places_for(path) if telling.text else ():
        for kind, start, end in place.find(telling.text):
            first = telling.place_of(start)
            yield kind, first, first + end - start


@dataclass(frozen=True, slots=True)
class _Telling:
    """The lines that name a secret or a place for one; the value of a `name:` may stand on the line below.

    `joints` say where a run of lines begins here and in the whole text.
    """

    text: bytes
    joints: tuple[tuple[int, int], ...]

    def place_of(self, offset: int) -> int:
        """Return where a byte stands in the whole text."""
        here, there = self.joints[bisect_right(self.joints, (offset, sys.maxsize)) - 1]
        return there + offset - here


def _telling_lines(text: bytes) -> _Telling:
    """Take out the few lines that are worth all patterns."""
    pieces: list[bytes] = []
    joints: list[tuple[int, int]] = []
    size = end = 0
    while word := _TELLING.search(text, end):
        start = max(text.rfind(b"\n", 0, word.start()) + 1, end)
        end = _line_end(text, word.end())
        if b"name" in text[start:end].lower():
            end = _line_end(text, end)
        joints.append((size, start))
        pieces += [text[start:end], _JOINT]
        size += end - start + len(_JOINT)
    return _Telling(b"".join(pieces), tuple(joints))


def _line_end(text: bytes, offset: int) -> int:
    end = text.find(b"\n", offset)
    return len(text) if end < 0 else end + 1
