"""Chains of real Python files, line by line, with Python's own parser as the truth."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from parsers.context import context
from parsers.languages import by_name
from parsers.source import parse
from tests.unit.parsers.truth import Rows, text_of

DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def test_chains_are_those_that_python_sees(rows: Rows) -> None:
    python = by_name("python")
    assert python is not None
    wrong, seen = [], 0
    for pair in rows("file_pairs"):
        text = text_of(pair["new"])
        if not pair["path"].endswith(".py") or (tree := parse_python(text)) is None:
            continue
        wanted = dict(chains_of(tree, ""))
        code = [
            at for at, line in enumerate(text.split(b"\n"), 1) if line.strip() and line.strip()[:1] != b"#"
        ]
        chains = context(parse(text, python), python, code).chains
        for line in code:
            seen += 1
            found = chains[line][-1].qualified if chains[line] else ""
            if found != wanted.get(line, ""):
                wrong.append((pair["path"], line, found))
    assert wrong == []
    assert seen > 0


def parse_python(text: bytes) -> ast.Module | None:
    """Parse a file, unless it is of another version of Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except SyntaxError:
            return None


def chains_of(node: ast.AST, outer: str) -> Iterator[tuple[int, str]]:
    """Yield each line of each definition with its dotted name, inner definitions last."""
    for child in ast.iter_child_nodes(node):
        name = outer
        if isinstance(child, DEFINITIONS):
            name = f"{outer}.{child.name}" if outer else child.name
            first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
            yield from ((line, name) for line in range(first, (child.end_lineno or first) + 1))
        yield from chains_of(child, name)
