"""What a person says surrounds a line, and what `parsers.context` says."""

from __future__ import annotations

from dataclasses import dataclass

from parsers.context import context
from parsers.languages import by_name
from parsers.source import parse


@dataclass(frozen=True)
class Case:
    """A line (found by its text) with everything that is right to say of it.

    `chain` reads `class Order > method Order.total`; `starts` and `signature` are of the innermost
    scope: its first line, comments and decorators included, and its text up to the body.
    """

    line: str
    chain: str = ""
    starts: str = ""
    signature: str = ""
    called: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


def describe(language: str, source: str, wanted: str) -> Case:
    """Say what `parsers.context` makes of the one line that holds `wanted`."""
    lines = source.split("\n")
    number = next(at for at, line in enumerate(lines, 1) if wanted in line)
    known = by_name(language)
    assert known is not None
    found = context(parse(source.encode(), known), known, [number])
    scopes = found.chains[number]
    innermost = scopes[-1] if scopes else None
    return Case(
        line=wanted,
        chain=" > ".join(f"{scope.kind} {scope.qualified}" for scope in scopes),
        starts=lines[innermost.start_line - 1].strip() if innermost else "",
        signature=innermost.signature if innermost else "",
        called=found.called,
        types=found.types,
        imports=found.imports,
        fields=found.fields,
    )
