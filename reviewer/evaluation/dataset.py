"""Datasets for `reviewer eval`: one labelled change per line of a JSON Lines file.

A case brings its change in one of three ways: `files` with both texts (those with the same text on
both sides are the rest of the repository), `diff` with the old texts or alone, or `repository`, two
revisions of a clone on this machine. `findings` are what a reviewer has to say; a case without any is
clean, and the right answer to it is silence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from parsers.diff import Side
from reviewer.config import Section
from reviewer.domain import Category, Severity
from reviewer.errors import UsageError

STARTER = "starter"


class Golden(Section):
    """A defect that a review has to find; lines as in `Finding`.

    Public sets do not always say where: without a path only a judge can match it. Without lines it is
    about the whole file. Without a category any will do.
    """

    path: str | None = None
    side: Side = Side.NEW
    start_line: int | None = Field(default=None, ge=1)
    end_line: int | None = Field(default=None, ge=1)
    severity: Severity = Severity.MEDIUM
    category: Category | None = None
    text: str = Field(min_length=1)

    @model_validator(mode="after")
    def _has_whole_place(self) -> Golden:
        if (self.start_line is None) != (self.end_line is None):
            raise ValueError("start_line and end_line go together")
        if self.start_line is not None and self.end_line is not None and self.start_line > self.end_line:
            raise ValueError("start_line is greater than end_line")
        if self.start_line is not None and self.path is None:
            raise ValueError("lines without a path")
        return self


class CaseFile(Section):
    """Both texts of a file; null where it does not exist on that side."""

    path: str = Field(min_length=1)
    old: str | None = None
    new: str | None = None


class Clone(Section):
    """Two revisions of a repository on this machine; a relative path starts at the dataset's folder."""

    path: Path
    base: str = Field(min_length=1)
    head: str = Field(min_length=1)


class Case(Section):
    """One labelled change; `id` is unique over all datasets of a run."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@/+-]*$", max_length=200)
    language: str = "unknown"
    title: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    files: tuple[CaseFile, ...] = ()
    diff: str | None = None
    repository: Clone | None = None
    findings: tuple[Golden, ...] = ()

    @model_validator(mode="after")
    def _brings_one_change(self) -> Case:
        if self.repository is not None and (self.files or self.diff is not None):
            raise ValueError("a case with a repository has neither files nor a diff")
        if self.repository is None and self.diff is None and not self.files:
            raise ValueError("a case needs files, a diff or a repository")
        if self.diff is not None and any(file.new is not None for file in self.files):
            raise ValueError("beside a diff, files have old texts only")
        return self

    @property
    def clean(self) -> bool:
        """Say whether there is nothing to find."""
        return not self.findings

    @property
    def digest(self) -> str:
        """Name the case's content, what it expects left out: a better label needs no new review."""
        content = self.model_dump_json(exclude={"findings", "tags", "language"})
        return hashlib.sha256(content.encode()).hexdigest()[:16]


def load(names: Iterable[str]) -> tuple[Case, ...]:
    """Read datasets: JSON Lines files, folders of them, or the word `starter` for the set that ships.

    Raises UsageError, naming file and line, for what cannot be read and for an id that comes twice.
    """
    cases: dict[str, Case] = {}
    for file in (file for name in names for file in _files(name)):
        for number, line in enumerate(_read(file).splitlines(), start=1):
            if not line.strip():
                continue
            case = _parse(line, f"{file}:{number}", file.parent)
            if case.id in cases:
                raise UsageError(f"{file}:{number}: the id {case.id!r} comes twice")
            cases[case.id] = case
    if not cases:
        raise UsageError("the dataset is empty")
    return tuple(cases.values())


def select(cases: Iterable[Case], *, languages: Iterable[str] = (), tags: Iterable[str] = ()) -> list[Case]:
    """Keep the cases of these languages that have one of these tags; all where none is named.

    Raises UsageError if none is left.
    """
    wanted, marked = frozenset(languages), frozenset(tags)
    kept = [
        case
        for case in cases
        if (not wanted or case.language in wanted) and (not marked or marked & set(case.tags))
    ]
    if not kept:
        raise UsageError("no case of the dataset has that language and tag")
    return kept


def dump(cases: Iterable[Case]) -> str:
    """Write cases as JSON Lines, defaults left out."""
    rows = (case.model_dump(mode="json", exclude_defaults=True) for case in cases)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _files(name: str) -> Iterator[Path]:
    folder = Path(str(resources.files("reviewer.evaluation") / STARTER)) if name == STARTER else Path(name)
    if not folder.is_dir():
        yield folder
        return
    found = sorted(folder.glob("*.jsonl"))
    if not found:
        raise UsageError(f"{folder} has no .jsonl file")
    yield from found


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as err:
        raise UsageError(f"{file}: {err.strerror}") from err
    except UnicodeDecodeError as err:
        raise UsageError(f"{file}: not UTF-8, from byte {err.start} on") from err


def _parse(line: str, place: str, folder: Path) -> Case:
    try:
        case = Case.model_validate_json(line)
    except ValidationError as err:
        told = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'case'}: {one['msg'].removeprefix('Value error, ')}"
            for one in err.errors(include_url=False, include_input=False)[:3]
        )
        raise UsageError(f"{place}: {told}") from err
    if case.repository is None or case.repository.path.is_absolute():
        return case
    clone = case.repository.model_copy(update={"path": folder / case.repository.path})
    return case.model_copy(update={"repository": clone})
