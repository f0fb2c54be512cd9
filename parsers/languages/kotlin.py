"""Kotlin."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from parsers.definitions import Definition, find_first, read_named, text_of
from parsers.languages.language import Language, load_grammar

if TYPE_CHECKING:
    from tree_sitter import Node

_LABELS = {
    "companion_object": "Companion",
    "secondary_constructor": "constructor",
    "anonymous_initializer": "init",
}
_RECEIVERS = ("user_type", "nullable_type", "parenthesized_type")


def _define(node: Node) -> Definition | None:
    """Read a definition; an extension function belongs to the type before its dot."""
    if node.type == "property_declaration":
        return _define_property(node)
    name = node.child_by_field_name("name") or node.child_by_field_name("type")
    if name is None:
        label = _LABELS.get(node.type)
        return read_named(node, LANGUAGE, None, label=label) if label else None
    return read_named(node, LANGUAGE, name, kind=_kind(node), owner=_receiver(node, name))


def _kind(node: Node) -> str:
    """Return the kind where the node's own does not tell; empty elsewhere."""
    if node.type != "class_declaration":
        return ""
    for child in node.children:
        if child.type == "interface":
            return "interface"
        if child.type == "enum_class_body":
            return "enum"
    return "class"


def _define_property(node: Node) -> Definition | None:
    """Read a property with code of its own; one without is a field."""
    if not any(child.type in ("getter", "setter") for child in node.children):
        return None
    variable = find_first(node, ("variable_declaration",))
    name = find_first(variable, ("identifier",)) if variable else None
    return read_named(node, LANGUAGE, name, owner=_receiver(node, variable)) if variable and name else None


def _receiver(node: Node, name: Node) -> str:
    for child in node.named_children:
        if child.start_byte >= name.start_byte:
            return ""
        if child.type in _RECEIVERS and (named := find_first(child, ("user_type",))):
            return ".".join(text_of(part) for part in named.named_children if part.type == "identifier")
    return ""


def _imported_names(statement: Node) -> Iterator[Node]:
    if any(child.type == "*" for child in statement.children):
        return
    last = statement.named_children[-1]
    yield last.named_children[-1] if last.named_child_count else last


def _declared_names(declaration: Node) -> Iterator[Node]:
    if declaration.type == "class_parameter" and not any(
        child.type in ("val", "var") for child in declaration.children
    ):
        return
    variables = [child for child in declaration.named_children if child.type == "variable_declaration"]
    for holder in variables or [declaration]:
        if name := next((child for child in holder.named_children if child.type == "identifier"), None):
            yield name


LANGUAGE = Language(
    name="kotlin",
    suffixes=(".kt", ".kts"),
    grammar=partial(load_grammar, "tree_sitter_kotlin"),
    scopes={
        "class_declaration": "class",
        "object_declaration": "object",
        "companion_object": "object",
        "function_declaration": "function",
        "secondary_constructor": "constructor",
        "anonymous_initializer": "initializer",
        "property_declaration": "property",
        "type_alias": "type",
    },
    line_comments=("//",),
    block_comments=(("/*", "*/"),),
    comments=("line_comment", "block_comment"),
    interpreters=("kotlin",),
    define=_define,
    bodies=("class_body", "enum_class_body", "function_body", "block", "getter", "setter"),
    calls={"call_expression": "", "constructor_invocation": ""},
    types=("user_type",),
    primitives=frozenset(
        (
            *("Any", "Boolean", "Byte", "Char", "Double", "Float", "Int", "Long", "Nothing", "Short"),
            *("String", "Unit"),
        )
    ),
    camel_types=True,
    members={"navigation_expression": ("", "")},
    imports=("import",),
    imported_names=_imported_names,
    fields=("property_declaration", "class_parameter", "enum_entry"),
    field_holders=("primary_constructor", "class_parameters", "companion_object", "class_body"),
    declared_names=_declared_names,
    bare_fields=True,
)
