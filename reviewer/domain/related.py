"""Code that the change does not touch and that bears on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Relation(StrEnum):
    """What a piece of code is to the changed lines."""

    DEFINITION = "definition"
    CALL_SITE = "call-site"


@dataclass(frozen=True, slots=True)
class Related:
    """Lines of the repository that bear on the change, from `start_line` (1-based) on.

    `name` is what is defined or called there, `how` says how near it was found, `others` counts the
    candidates that were not chosen. `cut` says that the definition goes on. The text is a stranger's, as
    the change itself is.
    """

    relation: Relation
    name: str
    path: str
    start_line: int
    lines: tuple[str, ...]
    how: str
    others: int
    cut: bool = False
