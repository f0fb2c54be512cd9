"""Team rules in words: which of them go to a model for a change, and how they are told.

A guideline is no rule for a scanner: a model reads it, and what the model then claims is proven like
any other draft. A finding about a guideline has its id, its severity, and is silenced by that id.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from parsers.languages import detect
from reviewer.config import RulesSettings
from reviewer.domain import ChangedFile, ReviewWarning, Severity
from reviewer.errors import ConfigError, RuleError
from reviewer.stages.globs import Globs

FOLDER = "guidelines"
MOST_CHARACTERS = 4_000
"""Of all guidelines told for one change: they stand in every prompt, and take the place of code."""

_HEAD = 4_096  # bytes: enough to tell what a file is


@dataclass(frozen=True, slots=True)
class Guideline:
    """One rule in words, for the files of some paths and languages; None and empty mean all of them.

    Title and text are in the team's language, those for Chinese reviews are empty where it is the
    same. `globs` is how the paths were written.
    """

    id: str
    severity: Severity
    title: str
    text: str
    title_zh: str = ""
    text_zh: str = ""
    globs: tuple[str, ...] = ()
    paths: Globs | None = None
    languages: frozenset[str] = frozenset()

    def concerns(self, file: ChangedFile) -> bool:
        """Say whether it holds for a file."""
        if self.paths is not None and not self.paths.match(file.path):
            return False
        if not self.languages:
            return True
        found = detect(file.path, (file.new or file.old or b"")[:_HEAD])
        return found is not None and found.name in self.languages


@dataclass(frozen=True, slots=True)
class Guidelines:
    """All that there are; `broken` are files that could not be used."""

    known: tuple[Guideline, ...] = ()
    broken: tuple[RuleError, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """A guideline as a prompt has it: `line` names the files where it holds for some of them only.

    It names them by their globs and languages, never by their paths, which are an author's words.
    """

    guideline: Guideline
    line: str


@dataclass(frozen=True, slots=True)
class Selection:
    """The guidelines that are told for a change, most severe first, and what was left out."""

    told: tuple[Told, ...] = ()
    warnings: tuple[ReviewWarning, ...] = ()


def configure(guidelines: Guidelines, settings: RulesSettings) -> Guidelines:
    """Leave out what `rules.disable` names (ids or globs), and set the severities of `rules.severity`.

    Raises ConfigError, naming the nearest one, where the settings name a guideline that there is not.
    """
    ids = [guideline.id for guideline in guidelines.known]
    for key, names in (("rules.disable", settings.disable), ("rules.severity", settings.severity)):
        for name in names:
            known = name == f"{FOLDER}/*" or any(fnmatchcase(one, name) for one in ids)
            if name.startswith(f"{FOLDER}/") and not known:
                close = difflib.get_close_matches(name, ids, n=1)
                hint = f"; did you mean {close[0]}?" if close else ""
                raise ConfigError(f"{key} names the unknown guideline {name!r}{hint}", key=key)
    kept = (
        replace(guideline, severity=settings.severity.get(guideline.id, guideline.severity))
        for guideline in guidelines.known
        if not any(fnmatchcase(guideline.id, name) for name in settings.disable)
    )
    return replace(guidelines, known=tuple(kept))


def select(
    guidelines: Guidelines,
    files: Sequence[ChangedFile],
    language: str,
    *,
    room: int = MOST_CHARACTERS,
    required: bool = False,
) -> Selection:
    """Choose what is told about some files, in the language of the review.

    What does not fit into `room` characters, the most severe first, is left out with a warning. So is
    what is broken; where models are `required`, that leaves the verdict undecided.
    """
    warnings = [
        ReviewWarning("guideline-broken", f"left out: {err}", undecided=required) for err in guidelines.broken
    ]
    concerned = [one for one in guidelines.known if any(map(one.concerns, files))]
    told: list[Told] = []
    room = min(room, MOST_CHARACTERS)
    for guideline in sorted(concerned, key=lambda one: (-one.severity.rank, one.id)):
        line = _line(guideline, language, everywhere=all(map(guideline.concerns, files)))
        if len(line) < room:
            room -= len(line) + 1
            told.append(Told(guideline, line))
        else:
            message = f"{guideline.id} was not told: there was no room for it beside the code"
            warnings.append(ReviewWarning("guideline-left-out", message))
    return Selection(tuple(told), tuple(warnings))


def _line(guideline: Guideline, language: str, *, everywhere: bool) -> str:
    title, text = guideline.title, guideline.text
    if language == "zh-CN":
        title, text = guideline.title_zh or title, guideline.text_zh or text
    scope = "" if everywhere else f" ({', '.join((*guideline.globs, *sorted(guideline.languages)))})"
    body = "\n".join(f"  {line}".rstrip() for line in text.splitlines())
    return f"- [{guideline.id}]{scope} {title}\n{body}"
