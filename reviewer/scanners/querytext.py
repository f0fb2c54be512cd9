"""What rule files say in tree-sitter's query language: take it apart, check it, compile it."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parsers.languages import by_name
from reviewer.scanners import predicates
from reviewer.scanners.predicates import STRING, Arguments

if TYPE_CHECKING:
    from tree_sitter import Query

    from parsers.languages import Language
    from reviewer.scanners.rulefile import RuleFile

AROUND = ("inside", "outside")
WITHIN = ("has", "lacks")

_STRING_OR_COMMENT = re.compile(rf"({STRING})|;[^\n]*")
_CAPTURE = re.compile(r"@([\w.-]+)")
_REFERENCE = re.compile(r"@([A-Za-z_][\w-]*)")
_ROW = re.compile(r"\s*(?:in pattern )?at row (\d+)(?:, column \d+)?")


class BadQuery(ValueError):  # the rulebook turns it into a RuleError
    """A query cannot be used; `place` is its key (and number) in the rule file, `row` the 0-based line in it."""

    def __init__(self, message: str, place: tuple[str | int, ...], row: int = 0) -> None:
        super().__init__(message)
        self.place = place
        self.row = row


@dataclass(frozen=True, slots=True)
class Part:
    """One query of one rule: whose it is, its key in the rule file and which one of several."""

    rule: str
    role: str
    number: int
    text: str

    @property
    def place(self) -> tuple[str | int, ...]:
        """Say where it stands in the rule file."""
        return (self.role,) if self.role == "query" else (self.role, self.number)


def parts(key: str, rule: RuleFile) -> Iterator[Part]:
    """Yield every query of a rule; its key is the one given."""
    if rule.query is not None:
        yield Part(key, "query", 0, rule.query)
    for role in (*AROUND, *WITHIN):
        for number, text in enumerate(getattr(rule, role)):
            yield Part(key, role, number, text)


def without_comments(text: str) -> str:
    """Return a query without its comments."""
    return _STRING_OR_COMMENT.sub(lambda found: found[1] or "", text)


def compile_query(text: str, language: Language) -> Query:
    """Compile queries as `predicates.own` writes them; raise ValueError (tree-sitter's QueryError)."""
    from tree_sitter import Query

    return Query(language.grammar(), text)


def fill(fix: str, captures: Mapping[str, str]) -> str:
    """Put the texts of captures into a fix where it says `@name`."""
    return _REFERENCE.sub(lambda reference: captures.get(reference[1], ""), fix)


def check(rules: Mapping[str, RuleFile]) -> dict[str, BadQuery]:
    """Say of each rule (by key) whose queries cannot be used what is wrong."""
    bad: dict[str, BadQuery] = {}
    by_language: dict[str, dict[str, RuleFile]] = defaultdict(dict)
    for key, rule in rules.items():
        try:
            _check_text(rule)
        except BadQuery as err:
            bad[key] = err
            continue
        for name in rule.languages:
            by_language[name][key] = rule
    for name, its_rules in by_language.items():
        bad.update(_uncompilable(its_rules, name))
    return bad


def _uncompilable(rules: Mapping[str, RuleFile], name: str) -> Iterator[tuple[str, BadQuery]]:
    """Compile all of them at once, which is quick, and only if that fails each by itself."""
    language = by_name(name)
    if language is None:
        yield from ((key, BadQuery(f"no grammar for {name} is at hand", ("language",))) for key in rules)
        return
    try:
        texts = (predicates.own(part.text) for key, rule in rules.items() for part in parts(key, rule))
        compile_query("\n".join(texts), language)
    except ValueError:
        for key, rule in rules.items():
            try:
                _compile_each(key, rule, language)
            except BadQuery as err:
                yield key, err


def _compile_each(key: str, rule: RuleFile, language: Language) -> None:
    for part in parts(key, rule):
        try:
            compile_query(predicates.own(part.text), language)
        except ValueError as err:
            row = _ROW.search(str(err))
            message = f"{part.role}: {_ROW.sub('', str(err))}"
            raise BadQuery(message, part.place, int(row[1]) if row else 0) from err


def _check_text(rule: RuleFile) -> None:
    """Find what tree-sitter takes without a word."""
    known = {"match"}
    for part in parts("", rule):
        text = without_comments(part.text)
        bare = re.sub(STRING, '""', text)
        captures = _CAPTURE.findall(bare)
        if "match" not in captures:
            raise BadQuery(f"{part.role}: no node is captured as @match", part.place)
        known.update(captures)
        found = list(predicates.split(text))
        if len(found) != bare.count("#"):
            raise BadQuery(f"{part.role}: a predicate cannot be read", part.place)
        for name, arguments in found:
            _check_predicate(name, arguments, part)
    for key in ("find", "unless"):
        if pattern := getattr(rule, key):
            _check_expression(pattern, (key,))
    unknown = set(_REFERENCE.findall(str(rule.fix or ""))) - known
    if unknown:
        raise BadQuery(f"fix: there is no capture @{min(unknown)}", ("fix",))


def _check_predicate(name: str, arguments: Arguments, part: Part) -> None:
    row = part.text[: part.text.find(f"#{name}")].count("\n")
    if name not in predicates.NAMES:
        close = difflib.get_close_matches(name, predicates.NAMES, n=1)
        hint = f", the nearest is #{close[0]}" if close else ""
        raise BadQuery(f"{part.role}: unknown predicate #{name}{hint}", part.place, row)
    kinds = [kind for _, kind in arguments]
    texts = kinds[1:].count("string")
    if name.endswith("of?"):
        fits = len(kinds) > 1 and texts == len(kinds) - 1
    else:
        fits = len(kinds) == 2 and (texts == 1 or name.endswith("eq?"))
    if not fits or kinds[0] != "capture":
        raise BadQuery(f"{part.role}: #{name} takes a capture and what to compare it with", part.place, row)
    if name.endswith("match?"):
        _check_expression(arguments[1][0], part.place, row)


def _check_expression(pattern: str, place: tuple[str | int, ...], row: int = 0) -> None:
    import re2

    try:
        predicates.compile_expression(pattern)
    except re2.error as err:
        cause = err.args[0].decode() if err.args and isinstance(err.args[0], bytes) else str(err)
        raise BadQuery(f"{place[0]}: {cause}", place, row) from err
