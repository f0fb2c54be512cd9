"""What goes into a run of the rules and what comes out of it, whichever engine matches them."""

from __future__ import annotations

from dataclasses import dataclass

MAX_RESULTS = 10_000


@dataclass(frozen=True, slots=True)
class SourceText:
    """A text to be searched, as UTF-8, and the language that it is read as; `embedded` in a file of another."""

    language: str
    utf8: bytes
    embedded: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """One match: `rule` and `file` are the keys of the run, lines are 1-based and inclusive.

    `replacement` is the text of the rule's fix for the bytes start..end (exclusive) of the file.
    """

    rule: str
    file: str
    start_line: int
    end_line: int
    replacement: str | None = None
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """What a run gave; `problem` says why it failed as a whole, `bad_rule` whether a rule was to blame.

    `overcome` says that the engine died of a file, or took too long over one. `scanned` are the files that
    were read through; `cut` says that there may be more matches.
    """

    matches: tuple[Match, ...] = ()
    scanned: frozenset[str] = frozenset()
    problem: str = ""
    bad_rule: bool = False
    overcome: bool = False
    cut: bool = False
