"""PHP, between tags of HTML or by itself."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from parsers.definitions import find_first
from parsers.languages.language import Language, load_grammar

if TYPE_CHECKING:
    from tree_sitter import Node


def _imported_names(statement: Node) -> Iterator[Node]:
    holder = statement.child_by_field_name("body") or statement
    for clause in holder.named_children:
        if clause.type == "namespace_use_clause":
            last = clause.named_children[-1]
            yield clause.child_by_field_name("alias") or (
                last.named_children[-1] if last.named_child_count else last
            )


def _declared_names(declaration: Node) -> Iterator[Node]:
    found = [
        child for child in declaration.named_children if child.type in ("property_element", "const_element")
    ]
    for holder in found or [declaration]:
        name = holder.child_by_field_name("name") or holder.child_by_field_name("left")
        if name is not None and name.type == "member_access_expression":
            name = name.child_by_field_name("name")
        name = name or find_first(holder, ("name",))
        if name is not None:
            yield name


LANGUAGE = Language(
    name="php",
    suffixes=(".php", ".phtml", ".php5", ".phps"),
    grammar=partial(load_grammar, "tree_sitter_php", "language_php"),
    scopes={
        "namespace_definition": "namespace",
        "class_declaration": "class",
        "interface_declaration": "interface",
        "trait_declaration": "trait",
        "enum_declaration": "enum",
        "function_definition": "function",
        "method_declaration": "method",
    },
    open_scopes=("namespace_definition",),
    line_comments=("//", "#"),
    block_comments=(("/*", "*/"),),
    interpreters=("php",),
    calls={
        "function_call_expression": "function",
        "member_call_expression": "name",
        "nullsafe_member_call_expression": "name",
        "scoped_call_expression": "name",
        "object_creation_expression": "",
        "attribute": "",
    },
    plain_calls=(
        *("function_call_expression", "member_call_expression"),
        *("nullsafe_member_call_expression", "scoped_call_expression"),
    ),
    types=("named_type", "base_clause", "class_interface_clause", "use_declaration"),
    camel_types=True,
    camel_members=False,
    members={
        "member_access_expression": ("object", "name"),
        "nullsafe_member_access_expression": ("object", "name"),
        "member_call_expression": ("object", "name"),
        "nullsafe_member_call_expression": ("object", "name"),
        "scoped_call_expression": ("scope", "name"),
        "scoped_property_access_expression": ("scope", "name"),
        "class_constant_access_expression": ("", ""),
        "argument": ("", "name"),
    },
    variables=("variable_name", "namespace_name"),
    imports=("namespace_use_declaration",),
    import_holders=("namespace_definition", "compound_statement"),
    imported_names=_imported_names,
    fields=(
        *("property_declaration", "const_declaration", "property_promotion_parameter", "enum_case"),
        "assignment_expression",
    ),
    constructors=("__construct",),
    declared_names=_declared_names,
)
