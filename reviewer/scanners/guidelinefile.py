"""Read guidelines: Markdown with front matter, in the folder `guidelines/` of a rule folder.

The front matter stands between two lines `---` and holds `id`, `severity`, `title` and what narrows it:
`paths` (globs) and `languages`. The words below are for the model. `title-zh` and `text-zh` hold the
Chinese where the words are English.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator
from pydantic_core import ErrorDetails

from parsers.languages import LANGUAGES
from reviewer.config import RulesSettings
from reviewer.domain import Severity
from reviewer.errors import RuleError
from reviewer.material import rules_dir
from reviewer.scanners import numbered
from reviewer.stages.globs import Globs
from reviewer.stages.guidelines import FOLDER, MOST_CHARACTERS, Guideline, Guidelines, configure

MOST_TEXT = MOST_CHARACTERS // 2
"""Characters of one guideline: a model follows a paragraph, not a handbook."""

_FENCE = "---"
_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\n]+$")]


class _FrontMatter(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    severity: Severity
    title: _Line
    title_zh: _Line | None = Field(default=None, alias="title-zh")
    text_zh: str = Field(default="", alias="text-zh", max_length=MOST_TEXT)
    paths: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    @field_validator("paths")
    @classmethod
    def _are_globs(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        Globs(paths)
        return paths

    @field_validator("languages")
    @classmethod
    def _are_known(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        for name in languages:
            if name not in LANGUAGES:
                raise ValueError(f"{name!r} is no language we parse; there are {', '.join(LANGUAGES)}")
        return languages


def load(settings: RulesSettings, *, tolerant: bool = False) -> Guidelines:
    """Load the built-in guidelines and those of the settings' folders, disabled ones too.

    One of a later folder replaces an earlier one of the same id. Raises RuleError for the first file
    that cannot be used, or, if tolerant, leaves such files out and lists them in `broken`; ConfigError
    where the settings name a guideline that there is not.
    """
    found = read_folders((rules_dir(), *settings.paths))
    if found.broken and not tolerant:
        raise found.broken[0]
    configure(found, settings)
    return found


def read_folders(folders: Iterable[Path]) -> Guidelines:
    """Read every guideline of some rule folders, README files left out; never raises RuleError."""
    known: dict[str, Guideline] = {}
    broken: list[RuleError] = []
    for folder in folders:
        for file in sorted((folder / FOLDER).glob("*.md")):
            if file.stem.lower() == "readme":
                continue
            try:
                guideline = read(file)
            except RuleError as err:
                broken.append(err)
            else:
                known[guideline.id] = guideline
    return Guidelines(tuple(known[name] for name in sorted(known)), tuple(broken))


def read(file: Path) -> Guideline:
    """Read one guideline; its id is `guidelines/` and the name of the file.

    Raises RuleError, with file and line, for front matter that is missing, no YAML, or holds unknown
    keys or values of the wrong kind, and for words that are missing or too long.
    """
    front, body, first = _split(file)
    # Without its closing line the front matter is one YAML document, with the file's own line numbers.
    node, tree = numbered.read(front, file)
    try:
        written = _FrontMatter.model_validate(tree)
    except ValidationError as err:
        problems = err.errors(include_url=False)
        # A misspelt key is also a missing one: say the first, which the reader can see.
        problem = next((one for one in problems if one["type"] == "extra_forbidden"), problems[0])
        raise numbered.rule_error(_say(problem), file, numbered.line_of(node, problem["loc"])) from err
    expected = f"{FOLDER}/{file.stem}"
    if written.id != expected:
        message = f"the id is {written.id!r}, but the file's name says {expected!r}"
        raise numbered.rule_error(message, file, numbered.line_of(node, ("id",)))
    if not body:
        raise numbered.rule_error("there are no words below the front matter", file, first)
    if len(body) > MOST_TEXT:
        message = f"{len(body)} characters of words, at most {MOST_TEXT} can be told with every change"
        raise numbered.rule_error(message, file, first)
    return Guideline(
        id=written.id,
        severity=written.severity,
        title=written.title,
        text=body,
        title_zh=written.title_zh or "",
        text_zh=written.text_zh.strip(),
        globs=written.paths,
        paths=Globs(written.paths) if written.paths else None,
        languages=frozenset(written.languages),
    )


def _split(file: Path) -> tuple[str, str, int]:
    """Part front matter and words; return both, and the line on which the words begin."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise numbered.rule_error(str(err), file) from err
    if not lines or lines[0].rstrip() != _FENCE:
        raise numbered.rule_error(f"a guideline begins with a line {_FENCE} and its front matter", file, 1)
    end = next((number for number, line in enumerate(lines) if number and line.rstrip() == _FENCE), None)
    if end is None:
        raise numbered.rule_error(f"the front matter has no closing line {_FENCE}", file, 1)
    return "\n".join(lines[:end]), "\n".join(lines[end + 1 :]).strip(), end + 2


def _say(problem: ErrorDetails) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        known = [field.alias or name for name, field in _FrontMatter.model_fields.items()]
        close = difflib.get_close_matches(key, known, n=1)
        return f"unknown key {key}" + (f"; did you mean {close[0]}?" if close else "")
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{key}: {message}" if key else message
