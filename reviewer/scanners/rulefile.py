"""Read one rule file: an ast-grep rule whose `metadata` says what a reader and a test need to know."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from reviewer.domain import Category, Confidence, Severity
from reviewer.errors import RuleError

RuleLanguage = Literal[
    "bash", "c", "cpp", "csharp", "css", "go", "html", "java", "javascript", "json", "kotlin",
    "php", "python", "ruby", "rust", "tsx", "typescript", "yaml",
]  # fmt: skip
TextLanguage = Literal["en", "zh-CN"]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\n]+$")]
Paragraph = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is ten times as fast, where it is built


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Example(_Strict):
    """Code that the rule must find on these `lines` (1-based), and what its fix makes of it."""

    code: str
    lines: tuple[Annotated[int, Field(ge=1)], ...] = Field(min_length=1)
    fix: str | None = None


class RuleMetadata(_Strict):
    """What ast-grep does not ask for.

    `languages` are those the rule runs for where they are more than its own, the same matcher for
    each. `why` says why it matters and what to do instead.
    """

    severity: Severity
    confidence: Confidence
    category: Category
    cwe: tuple[Annotated[str, StringConstraints(pattern=r"^CWE-\d+$")], ...] = ()
    languages: tuple[RuleLanguage, ...] = ()
    title: Line
    title_zh: Line = Field(alias="title-zh")
    message_zh: Paragraph = Field(alias="message-zh")
    why: Paragraph
    why_zh: Paragraph = Field(alias="why-zh")
    valid: tuple[str, ...] = Field(min_length=2)
    invalid: tuple[Example, ...] = Field(min_length=2)


class RuleFile(_Strict):
    """The whole file. ast-grep's `files` and `ignores` are no keys here: it never sees the real paths."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")]
    language: RuleLanguage
    message: Paragraph
    rule: dict[str, Any]
    constraints: dict[str, Any] | None = None
    utils: dict[str, Any] | None = None
    transform: dict[str, Any] | None = None
    fix: str | dict[str, Any] | None = None
    metadata: RuleMetadata

    @model_validator(mode="after")
    def _shows_its_fix(self) -> RuleFile:
        if self.fix is not None and all(example.fix is None for example in self.metadata.invalid):
            raise ValueError("a rule with a fix needs an invalid example that shows what the fix makes of it")
        return self


@dataclass(frozen=True, slots=True)
class RuleText:
    """What a rule says in one language."""

    title: str
    message: str
    why: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is run: what was written, where, and the severity after the operator's word."""

    written: RuleFile
    severity: Severity
    file: Path
    line: int

    @property
    def id(self) -> str:
        """Return `language/name`."""
        return self.written.id

    @property
    def languages(self) -> tuple[str, ...]:
        """Name the languages whose files the rule reads."""
        return self.written.metadata.languages or (self.written.language,)

    def text(self, language: TextLanguage) -> RuleText:
        """Return the rule's words."""
        metadata = self.written.metadata
        if language == "zh-CN":
            return RuleText(metadata.title_zh, metadata.message_zh, metadata.why_zh)
        return RuleText(metadata.title, self.written.message, metadata.why)

    def documents(self, key: str) -> list[dict[str, Any]]:
        """Write the rule as ast-grep takes it, once for each language, with a key of ours for its id."""
        matcher = self.written.model_dump(
            include={"rule", "constraints", "utils", "transform", "fix"}, exclude_none=True
        )
        return [
            {"id": key, "language": language, "severity": "hint", "message": "", **matcher}
            for language in self.languages
        ]


def read(file: Path, folder: Path) -> Rule:
    """Read a file of a rule folder; the rule's id is its path in there, `<language>/<name>`.

    Raises RuleError with file and line for YAML that cannot be read, unknown keys (naming the nearest
    known one) and values of the wrong kind. Whether ast-grep understands the matcher is found by
    `rulebook.load`.
    """
    node, tree = _load(file)
    try:
        written = RuleFile.model_validate(tree)
    except ValidationError as err:
        raise _explain(err, file, node) from err
    expected = file.relative_to(folder).with_suffix("").as_posix()
    if written.id != expected:
        message = f"the id is {written.id!r}, but the file's place says {expected!r}"
        raise _error(message, file, _line_of(node, ("id",)))
    return Rule(written, written.metadata.severity, file, _line_of(node, ("rule",)) or 1)


def _load(file: Path) -> tuple[yaml.Node | None, Any]:
    try:
        loader = _Loader(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as err:
        raise _error(str(err), file, None) from err
    try:
        node = loader.get_single_node()
        return node, loader.construct_document(node) if node else {}
    except yaml.YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        problem = getattr(err, "problem", None) or str(err)
        raise _error(problem, file, mark.line + 1 if mark else None) from err
    finally:
        loader.dispose()


def _explain(err: ValidationError, file: Path, node: yaml.Node | None) -> RuleError:
    errors = err.errors(include_url=False)
    # A misspelt key is also a missing one: say the first, which the reader can see.
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    place = first["loc"]
    key = ".".join(str(part) for part in place)
    if first["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(place[-1]), _known_keys(place[:-1]), n=1)
        message = f"unknown key {key}" + (f"; did you mean {close[0]}?" if close else "")
    else:
        message = f"{key}: {first['msg'].removeprefix('Value error, ')}" if key else str(first["msg"])
    return _error(message, file, _line_of(node, place))


def _known_keys(place: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Example
    if place in ((), ("metadata",)):
        model = RuleMetadata if place else RuleFile
    return [field.alias or name for name, field in model.model_fields.items()]


def _line_of(node: yaml.Node | None, place: tuple[int | str, ...]) -> int | None:
    """Find the line of a key, or of the nearest thing around it that is there."""
    line = node.start_mark.line + 1 if node else None
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == part), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _error(message: str, file: Path, line: int | None) -> RuleError:
    return RuleError(f"{file}{f':{line}' if line else ''}: {message}", file=file, line=line)
