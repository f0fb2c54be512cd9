"""One rule file as a value: what is matched, and what a reader and a test need to know about it.

The matcher is `rule` (ast-grep's, for the languages that it knows) or `query` (tree-sitter's, for any
language that we parse). All the rest is the same for both.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from yaml import Node

from reviewer.domain import Category, Confidence, Severity
from reviewer.errors import RuleError
from reviewer.scanners import astgrep, numbered

RuleLanguage = Literal[
    "bash", "c", "cpp", "csharp", "css", "dockerfile", "go", "html", "java", "javascript", "json", "kotlin",
    "php", "python", "ruby", "rust", "sql", "tsx", "typescript", "vue", "xml", "yaml",
]  # fmt: skip
TextLanguage = Literal["en", "zh-CN"]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\n]+$")]
Paragraph = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Code = Annotated[str, StringConstraints(min_length=1)]

_OF_RULE = ("constraints", "utils", "transform")
_OF_QUERY = ("inside", "outside", "has", "lacks", "find", "unless")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _said(description: str, **options: Any) -> Any:
    """Describe a key for the JSON schema, which editors show."""
    return Field(description=description, **options)


class Example(_Strict):
    """Code that the rule must find on these `lines` (1-based), and what its fix makes of it."""

    code: str
    lines: tuple[Annotated[int, Field(ge=1)], ...] = _said("Lines on which a finding starts.", min_length=1)
    fix: str | None = _said("The whole code after the fix.", default=None)


class RuleMetadata(_Strict):
    """What a reader and a test need to know."""

    severity: Severity = _said("How bad it is if the finding is right.")
    confidence: Confidence = _said("How sure the rule is; a finding of low confidence fails no gate.")
    category: Category
    cwe: tuple[Annotated[str, StringConstraints(pattern=r"^CWE-\d+$")], ...] = ()
    languages: tuple[RuleLanguage, ...] = _said(
        "The languages it runs for, where they are more than its own: the same matcher for each.", default=()
    )
    embedded: bool = _said(
        "Whether it also reads what files of other languages hold of its own (the SQL of a mapper).",
        default=True,
    )
    title: Line
    title_zh: Line = Field(alias="title-zh")
    message_zh: Paragraph = Field(alias="message-zh")
    why: Paragraph = _said("Why it matters, and what to do instead.")
    why_zh: Paragraph = Field(alias="why-zh")
    valid: tuple[str, ...] = _said("Code that must not be found: the tempting look-alikes.", min_length=2)
    invalid: tuple[Example, ...] = Field(min_length=2)


class RuleFile(_Strict):
    """A rule: one matcher, for ast-grep or for tree-sitter, and what is said about what it matches.

    ast-grep's `files` and `ignores` are no keys here: it never sees the real paths.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")] = _said("<folder>/<file name>")
    language: RuleLanguage
    message: Paragraph = _said("What is wrong here, in one sentence.")
    rule: dict[str, Any] | None = _said("What ast-grep matches.", default=None)
    constraints: dict[str, Any] | None = _said("ast-grep: what a $VARIABLE has to match.", default=None)
    utils: dict[str, Any] | None = _said("ast-grep: matchers by name, for `matches`.", default=None)
    transform: dict[str, Any] | None = _said("ast-grep: texts for the fix, made of others.", default=None)
    query: Code | None = _said("A tree-sitter query; the finding lies where @match does.", default=None)
    inside: tuple[Code, ...] = _said("Queries whose @match lies around the finding, every one.", default=())
    outside: tuple[Code, ...] = _said("Queries whose @match does not lie around the finding.", default=())
    has: tuple[Code, ...] = _said("Queries whose @match lies in the finding, every one.", default=())
    lacks: tuple[Code, ...] = _said("Queries whose @match does not lie in the finding.", default=())
    find: Code | None = _said(
        "A regular expression (RE2) over the text of @match, its comments blanked: the finding lies where it"
        " matches, or where its group does.",
        default=None,
    )
    unless: Code | None = _said(
        "A regular expression: no finding where it matches what was found.", default=None
    )
    fix: str | dict[str, Any] | None = _said(
        "The text to put in its place: with $VARIABLES for a rule, with @captures for a query.", default=None
    )
    metadata: RuleMetadata

    @property
    def languages(self) -> tuple[str, ...]:
        """Name the languages whose files the rule reads."""
        return self.metadata.languages or (self.language,)

    @model_validator(mode="after")
    def _has_one_matcher(self) -> RuleFile:
        if (self.rule is None) == (self.query is None):
            raise ValueError(
                "a rule has either `rule`, which ast-grep matches, or `query`, a tree-sitter query"
            )
        other, strangers = ("query", _OF_RULE) if self.rule is None else ("rule", _OF_QUERY)
        for key in strangers:
            if getattr(self, key):
                raise ValueError(f"`{key}` does not go with `{other}`")
        unknown = set(self.languages) - astgrep.SUFFIXES.keys()
        if self.rule is not None and unknown:
            raise ValueError(f"ast-grep does not know {min(unknown)}: write a `query` for it")
        if self.query is not None and isinstance(self.fix, dict):
            raise ValueError("the `fix` of a query is a text")
        if self.unless and not self.find:
            raise ValueError("`unless` is about what `find` finds")
        return self

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
        return self.written.languages

    def text(self, language: TextLanguage) -> RuleText:
        """Return the rule's words."""
        metadata = self.written.metadata
        if language == "zh-CN":
            return RuleText(metadata.title_zh, metadata.message_zh, metadata.why_zh)
        return RuleText(metadata.title, self.written.message, metadata.why)

    def documents(self, key: str) -> list[dict[str, Any]]:
        """Write the rule as ast-grep takes it, once for each language, with a key of ours for its id.

        There is nothing to write for a query.
        """
        if self.written.rule is None:
            return []
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
    known one) and values of the wrong kind. Whether the matcher can be used is found by `rulebook.load`.
    """
    node, tree = numbered.load(file)
    try:
        written = RuleFile.model_validate(tree)
    except ValidationError as err:
        raise _explain(err, file, node) from err
    expected = file.relative_to(folder).with_suffix("").as_posix()
    if written.id != expected:
        message = f"the id is {written.id!r}, but the file's place says {expected!r}"
        raise numbered.rule_error(message, file, numbered.line_of(node, ("id",)))
    matcher = "query" if written.rule is None else "rule"
    return Rule(written, written.metadata.severity, file, numbered.line_of(node, (matcher,)) or 1)


def _explain(err: ValidationError, file: Path, node: Node | None) -> RuleError:
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
    return numbered.rule_error(message, file, numbered.line_of(node, place))


def _known_keys(place: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Example
    if place in ((), ("metadata",)):
        model = RuleMetadata if place else RuleFile
    return [field.alias or name for name, field in model.model_fields.items()]
