"""JavaScript with JSX, and what TypeScript shares with it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from parsers.languages.language import Language, load_grammar

if TYPE_CHECKING:
    from tree_sitter import Node


def find_imported_names(statement: Node) -> Iterator[Node]:
    """Yield the names that an `import` or a `require` binds, aliases instead of what they stand for."""
    pending = statement.named_children
    if statement.type != "import_statement":
        pending = [name for declarator in pending if (name := _required_name(declarator))]
    while pending:
        node = pending.pop()
        if node.type == "import_specifier":
            pending.append(node.child_by_field_name("alias") or node.named_children[-1])
        elif node.type == "pair_pattern":
            pending.append(node.named_children[-1])
        elif node.type in ("identifier", "shorthand_property_identifier_pattern"):
            yield node
        else:
            pending.extend(node.named_children)


def _required_name(declarator: Node) -> Node | None:
    value = declarator.child_by_field_name("value")
    function = value.child_by_field_name("function") if value else None
    if function is None or function.text != b"require":
        return None
    return declarator.child_by_field_name("name")


LANGUAGE = Language(
    name="javascript",
    suffixes=(".js", ".jsx", ".mjs", ".cjs"),
    grammar=partial(load_grammar, "tree_sitter_javascript"),
    scopes={
        "class_declaration": "class",
        "class": "class",
        "function_declaration": "function",
        "generator_function_declaration": "function",
        "method_definition": "method",
    },
    line_comments=("//",),
    block_comments=(("/*", "*/"),),
    interpreters=("node", "nodejs"),
    wrappers=("export_statement", "lexical_declaration", "variable_declaration", "expression_statement"),
    decorators=("decorator",),
    bindings={
        "variable_declarator": ("name", "value"),
        "field_definition": ("property", "value"),
        "pair": ("key", "value"),
        "export_statement": ("name", "value"),
        "assignment_expression": ("left", "right"),
    },
    closures=("arrow_function", "function_expression", "generator_function", "class"),
    calls={
        "call_expression": "function",
        "new_expression": "constructor",
        "jsx_opening_element": "name",
        "jsx_self_closing_element": "name",
    },
    plain_calls=("call_expression", "jsx_opening_element", "jsx_self_closing_element"),
    types=("class_heritage",),
    camel_types=True,
    members={"member_expression": ("object", "property")},
    imports=("import_statement", "lexical_declaration", "variable_declaration"),
    imported_names=find_imported_names,
    fields=("field_definition", "assignment_expression"),
    field_holders=("expression_statement",),
    constructors=("constructor",),
)
