"""Python."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from parsers.languages.language import Language, load_grammar

if TYPE_CHECKING:
    from tree_sitter import Node


def _imported_names(statement: Node) -> Iterator[Node]:
    for name in statement.children_by_field_name("name"):
        yield name.child_by_field_name("alias") or name.children[0]


LANGUAGE = Language(
    name="python",
    suffixes=(".py", ".pyi", ".pyw"),
    grammar=partial(load_grammar, "tree_sitter_python"),
    scopes={"class_definition": "class", "function_definition": "function"},
    line_comments=("#",),
    interpreters=("python", "pypy"),
    wrappers=("decorated_definition",),
    decorators=("decorator",),
    calls={"call": "function"},
    types=("type",),
    primitives=frozenset(
        {"int", "str", "float", "bool", "bytes", "list", "dict", "set", "tuple", "object", "type"}
    ),
    camel_types=True,
    members={"attribute": ("object", "attribute"), "keyword_argument": ("", "name")},
    imports=("import_statement", "import_from_statement"),
    import_holders=("if_statement", "try_statement", "except_clause", "else_clause", "block"),
    imported_names=_imported_names,
    fields=("assignment",),
    field_holders=("expression_statement",),
    constructors=("__init__",),
)
