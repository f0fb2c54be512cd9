"""Divide a sequence of neighbours into groups, so that a change of one moves few of the others.

Filling one group after the other would move every border behind a change. Here a sequence that is too
much for one group is divided at the border with the least hash, near its middle and between two files if
it can be, and each half is divided in turn. Hashes are made of names, never of contents: an edit
inside an item leaves every border that was there before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

_T = TypeVar("_T")


class Name(NamedTuple):
    """What an item is called: its file, and what it is in it."""

    path: str
    inside: str


def divide(
    items: Sequence[_T], name: Callable[[_T], Name], allow: Callable[[Sequence[_T]], bool]
) -> list[Sequence[_T]]:
    """Return the items in order, in groups that `allow` allows; one alone is always a group."""
    if not items:
        return []
    if len(items) == 1 or allow(items):
        return [items]
    border = _border([name(item) for item in items])
    return [*divide(items[:border], name, allow), *divide(items[border:], name, allow)]


def _border(names: Sequence[Name]) -> int:
    """Choose where to divide: the index of the first item behind the border."""
    margin = len(names) // 4
    near_middle = range(max(1, margin), len(names) - margin)
    between_files = [at for at in near_middle if names[at].path != names[at - 1].path]
    return min(between_files or near_middle, key=lambda at: _hash(names[at]))


def _hash(name: Name) -> bytes:
    return hashlib.sha256("\0".join(name).encode("utf-8", "surrogatepass")).digest()
