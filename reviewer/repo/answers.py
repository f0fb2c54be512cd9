"""What the symbol index says: reports of its upkeep, and answers with how they were found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from parsers.outline import DefinitionRow, ReferenceKind
from reviewer.repo.nearness import How

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What one update did, counted in files of languages that have outlines.

    `parsed` counts blobs outlined just now, `reused` the files whose blob was known, `skipped` the
    files without an outline by reason. Unless `complete`, time ran out and the commit cannot be
    asked about yet; the next update goes on from there.
    """

    files: int
    parsed: int
    reused: int
    skipped: Mapping[str, int]
    seconds: float
    complete: bool = True


@dataclass(frozen=True, slots=True)
class PruneReport:
    """How many commits and blobs were forgotten."""

    commits: int
    blobs: int


@dataclass(frozen=True, slots=True)
class FoundDefinition:
    """A definition of the name asked for."""

    path: str
    row: DefinitionRow
    how: How


@dataclass(frozen=True, slots=True)
class Mention:
    """A line that mentions the name asked for; `within` is the qualified name of what it lies in."""

    path: str
    line: int
    kind: ReferenceKind
    within: str
    how: How


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What was found, the nearest first, and how many candidates there were.

    `capped` says that some files were not looked into: each of them counts once in `candidates`.
    """

    found: tuple[T, ...]
    candidates: int
    capped: bool = False

    @property
    def others(self) -> int:
        """Count the candidates beside the first."""
        return max(0, self.candidates - 1)
