"""What a person says surrounds a line, and what `parsers.context` says.

Each `test_context_*` module names its labelled files in `SHEETS`: the table of languages counts them.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class Sheet:
    """A source file with lines of it that a person labelled."""

    language: str
    source: str
    cases: Sequence[Case]


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


def collect_sheets() -> Iterator[Sheet]:
    """Yield the labelled files of all languages."""
    folder = Path(__file__).parent
    for module in pkgutil.iter_modules([str(folder)]):
        if module.name.startswith("test_context_"):
            yield from getattr(importlib.import_module(f"tests.unit.parsers.{module.name}"), "SHEETS", ())
