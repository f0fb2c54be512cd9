"""Answer the part of GraphQL that clients of a forge use: variables, arguments, fragments, `@include`.

Objects are mappings from field names to values, or to functions of the field's arguments. A field
that an object does not have is an error, as with the real thing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(r'\s*(?:(\.\.\.|[{}()\[\]:!$@=])|([A-Za-z_]\w*)|("(?:[^"\\]|\\.)*")|(-?\d+)|(,))')


class QueryError(Exception):
    """A query that the schema does not take; `kind` is GitHub's error type."""

    def __init__(self, message: str, kind: str = "undefinedField") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Selection:
    """A field, or (`name` empty) a fragment with its type condition."""

    name: str
    alias: str
    arguments: Mapping[str, Any]
    include: Any
    on_type: str
    fragment: str
    children: tuple[Selection, ...]


@dataclass(frozen=True)
class Variable:
    name: str


def execute(
    query: str, variables: Mapping[str, Any], roots: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Run the first operation of a document against the root object of its kind (query, mutation)."""
    reader = _Reader(query)
    operations, fragments = reader.document()
    kind, declared, selections = operations[0]
    if unknown := set(variables) - set(declared):
        raise QueryError(f"variables {sorted(unknown)} are not declared", "variableNotUsed")
    return dict(_Executor(variables, fragments).select(roots[kind], selections))


class _Executor:
    def __init__(self, variables: Mapping[str, Any], fragments: Mapping[str, Selection]) -> None:
        self._variables = variables
        self._fragments = fragments

    def select(self, source: Any, selections: tuple[Selection, ...]) -> Any:
        if source is None:
            return None
        if isinstance(source, list | tuple):
            return [self.select(item, selections) for item in source]
        if not selections:
            return source
        return dict(self._fields(source, selections))

    def _fields(
        self, source: Mapping[str, Any], selections: tuple[Selection, ...]
    ) -> Iterator[tuple[str, Any]]:
        for selection in selections:
            if not self._value(selection.include):
                continue
            if selection.fragment:
                spread = self._fragments[selection.fragment]
                yield from self._conditional(source, spread)
            elif not selection.name:
                yield from self._conditional(source, selection)
            else:
                yield selection.alias, self._field(source, selection)

    def _conditional(self, source: Mapping[str, Any], fragment: Selection) -> Iterator[tuple[str, Any]]:
        if fragment.on_type in (source.get("__typename"), *source.get("__interfaces", ())):
            yield from self._fields(source, fragment.children)

    def _field(self, source: Mapping[str, Any], selection: Selection) -> Any:
        if selection.name not in source:
            raise QueryError(f"Field '{selection.name}' doesn't exist on type '{source.get('__typename')}'")
        value = source[selection.name]
        arguments = {name: self._value(given) for name, given in selection.arguments.items()}
        if callable(value):
            value = value(**arguments)
        elif arguments:
            raise QueryError(f"Field '{selection.name}' takes no arguments", "argumentNotAccepted")
        if isinstance(value, Mapping) and not selection.children:
            raise QueryError(f"Field '{selection.name}' must have selections", "selectionMismatch")
        return self.select(value, selection.children)

    def _value(self, given: Any) -> Any:
        return self._variables.get(given.name) if isinstance(given, Variable) else given


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = [match.group().strip() for match in _TOKEN.finditer(text)]
        self._tokens = [token for token in self._tokens if token != ","]
        if len("".join(self._tokens)) != len(re.sub(r"[\s,]", "", text)):
            raise QueryError("unreadable query", "parseError")
        self._at = 0

    def document(self) -> tuple[list[tuple[str, list[str], tuple[Selection, ...]]], dict[str, Selection]]:
        operations: list[tuple[str, list[str], tuple[Selection, ...]]] = []
        fragments: dict[str, Selection] = {}
        while self._at < len(self._tokens):
            kind = "query" if self._peek() == "{" else self._next()
            if kind == "fragment":
                name, _, on_type = self._next(), self._take("on"), self._next()
                fragments[name] = Selection("", "", {}, True, on_type, "", self._selections())
            else:
                operations.append((kind, self._declarations(), self._selections()))
        return operations, fragments

    def _declarations(self) -> list[str]:
        declared = []
        if self._peek() not in "({":
            self._next()
        if self._peek() == "(":
            while self._next() != ")":
                if self._tokens[self._at - 1] == "$":
                    declared.append(self._next())
        return declared

    def _selections(self) -> tuple[Selection, ...]:
        self._take("{")
        found = []
        while self._peek() != "}":
            found.append(self._spread() if self._peek() == "..." else self._field())
        self._take("}")
        return tuple(found)

    def _spread(self) -> Selection:
        self._take("...")
        if self._peek() == "on":
            self._next()
            on_type = self._next()
            return Selection("", "", {}, self._include(), on_type, "", self._selections())
        return Selection("", "", {}, True, "", self._next(), ())

    def _field(self) -> Selection:
        name = alias = self._next()
        if self._peek() == ":":
            self._next()
            name = self._next()
        arguments = self._arguments() if self._peek() == "(" else {}
        include = self._include()
        children = self._selections() if self._peek() == "{" else ()
        return Selection(name, alias, arguments, include, "", "", children)

    def _include(self) -> Any:
        if self._peek() != "@":
            return True
        self._take("@")
        self._take("include")
        return self._arguments()["if"]

    def _arguments(self) -> dict[str, Any]:
        self._take("(")
        arguments = {}
        while self._peek() != ")":
            name = self._next()
            self._take(":")
            arguments[name] = self._literal()
        self._take(")")
        return arguments

    def _literal(self) -> Any:
        token = self._next()
        if token == "$":
            return Variable(self._next())
        constants: dict[str, Any] = {"true": True, "false": False, "null": None}
        return constants[token] if token in constants else json.loads(token)

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, wanted: str) -> str:
        if (token := self._next()) != wanted:
            raise QueryError(f"expected {wanted}, found {token}", "parseError")
        return token
