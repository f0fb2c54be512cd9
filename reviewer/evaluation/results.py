"""Outcomes of reviews on disk: one line each as soon as it is there, so that a killed run goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from parsers.diff import Side
from reviewer import __version__
from reviewer.config import Settings
from reviewer.domain import Category, Confidence, Severity, Source, Usage
from reviewer.errors import UsageError
from reviewer.evaluation.dataset import Case
from reviewer.evaluation.places import Span

_DECIDING = {"review", "rules", "roles", "privacy", "gate"}  # the sections that change what a review says


@dataclass(frozen=True, slots=True)
class Reported:
    """A finding as it would be posted.

    `span` is its place on the new side, None for the file as a whole. `in_diff` says whether both ends
    lie on changed lines of one hunk. `suggestion` is the verdict of `parsers.edits`, empty without one.
    """

    rule_id: str
    source: Source
    severity: Severity
    confidence: Confidence
    category: Category
    path: str
    side: Side
    start_line: int | None
    end_line: int | None
    title: str
    message: str
    span: Span | None
    in_diff: bool
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one contender made of one case.

    `complete` is false where a model failed. Seconds run from the moment the change is read;
    `first_answer_s` is when the first unit was through, None where no model was asked.
    """

    case: str
    digest: str
    contender: str
    setup: str
    findings: tuple[Reported, ...]
    rejected: Mapping[str, int]
    warnings: tuple[str, ...]
    complete: bool
    usage: Usage
    seconds: float
    first_answer_s: float | None = None
    reanchored: int = 0
    changed_lines: int = 0


_OUTCOME = TypeAdapter(Outcome)


def setup_of(settings: Settings) -> str:
    """Name everything of the settings that decides what a review says: outcomes of another one do not count."""
    used = {name for names in settings.roles.model_dump().values() for name in names}
    deciding = settings.model_dump(mode="json", include=_DECIDING)
    models = {
        name: settings.models[name].model_dump(mode="json") for name in sorted(used & set(settings.models))
    }
    content = json.dumps([__version__, deciding, models], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


class Results:
    """The outcomes in a file, by case, contender and setup. Raises UsageError for a file that is none."""

    def __init__(self, file: Path, *, fresh: bool = False) -> None:
        self._file = file
        self._known: dict[tuple[str, str, str, str], Outcome] = {}
        if fresh:
            file.unlink(missing_ok=True)
        if file.exists():
            self._read()

    def find(self, case: Case, contender: str, setup: str) -> Outcome | None:
        """Return the outcome of this very case under this very setup, None if it has to be made."""
        return self._known.get((case.id, case.digest, contender, setup))

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome; one of a review that a model failed is asked for again in the next run."""
        self._known[outcome.case, outcome.digest, outcome.contender, outcome.setup] = outcome
        if outcome.complete:
            with self._file.open("ab") as lines:
                lines.write(_OUTCOME.dump_json(outcome) + b"\n")

    def _read(self) -> None:
        """Take in what is whole; cut off the line that a killed run left half written."""
        content = self._file.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            self._file.write_bytes(whole)
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                outcome = _OUTCOME.validate_json(line)
            except ValidationError as err:
                raise UsageError(
                    f"{self._file}:{number}: not an outcome of this version", remedy="--fresh starts anew"
                ) from err
            self._known[outcome.case, outcome.digest, outcome.contender, outcome.setup] = outcome
