"""Recognise the syntax nodes that define something: what it is, its name, where its signature ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

    from parsers.languages import Language

OWNERS = frozenset({"class", "interface", "enum", "record", "struct", "annotation"})
_LAST_NAME_FIELDS = ("attribute", "property", "field", "name", "value", "object", "operand")


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition: `kind` in our words, `value` the node that holds its parameters and its body.

    `name` is None for a default export. `owner` is the type that a method names (Go's receiver).
    """

    node: Node
    kind: str
    name: Node | None
    value: Node
    body: Node | None
    owner: Node | None = None


def read_definition(node: Node, language: Language) -> Definition | None:
    """Read a node as a definition; None if it is none, or has no name."""
    if node.type in language.bindings:
        return _read_binding(node, language)
    if node.type not in language.scopes or (name := node.child_by_field_name("name")) is None:
        return None
    value = node.child_by_field_name("type")
    if value is None or value.type not in language.scopes:
        value = node
    receiver = node.child_by_field_name("receiver")
    owner = find_first(receiver, language.types) if receiver else None
    return Definition(node, language.scopes[value.type], name, value, _find_body(value, language), owner)


def _read_binding(node: Node, language: Language) -> Definition | None:
    name_field, value_field = language.bindings[node.type]
    value = node.child_by_field_name(value_field)
    if value is None or value.type not in language.closures:
        return None
    name = node.child_by_field_name(name_field) or value.child_by_field_name("name")
    kind = language.scopes.get(value.type, "function")
    return Definition(node, kind, name and find_last_name(name), value, _find_body(value, language))


def _find_body(node: Node, language: Language) -> Node | None:
    body = node.child_by_field_name("body")
    if body is None and language.bodies:
        body = next((child for child in node.children if child.type in language.bodies), None)
    return body


def find_first(node: Node, kinds: tuple[str, ...]) -> Node | None:
    """Return the first node of these kinds in a subtree."""
    pending = [node]
    while pending:
        found = pending.pop()
        if found.type in kinds:
            return found
        pending.extend(reversed(found.named_children))
    return None


def find_last_name(node: Node) -> Node | None:
    """Return the name that a callee or a declared thing goes by: `save` of `self.orders[0].save`.

    None for what a call returns, as in `f()()`.
    """
    while node.named_child_count:
        inner = (node.child_by_field_name(name) for name in _LAST_NAME_FIELDS)
        found = next((child for child in inner if child is not None), None) or _of_qualified(node)
        if found is None:
            return None
        node = found
    return node if node.type.endswith("identifier") else None


def _of_qualified(node: Node) -> Node | None:
    if node.type.startswith("generic"):
        return node.named_children[0]
    return node.named_children[-1] if node.type.startswith("scoped") else None


def text_of(node: Node) -> str:
    """Return the source text of a node."""
    return (node.text or b"").decode("utf-8", "replace")
