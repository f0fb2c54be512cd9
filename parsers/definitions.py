"""Recognise the syntax nodes that define something: what it is, its name, where its signature ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

    from parsers.languages import Language

OWNERS = frozenset(
    {
        *("class", "interface", "enum", "record", "struct", "union", "annotation"),
        *("object", "trait", "impl"),
    }
)
_NAME_KINDS = frozenset(  # beside identifiers
    {"name", "constant", "instance_variable", "class_variable", "shorthand_field_initializer", "word"}
)
_LAST_NAME_FIELDS = ("attribute", "property", "field", "method", "name", "value", "object", "operand")
_LAST_OF = ("scoped", "qualified", "navigation", "conditional_access", "user_type")


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition: `kind` in our words, `value` the node that holds its parameters and its body.

    Where no node names it, `name` is None and `label` stands for it. `owner` is the dotted type that a
    method names beside its own name (Go's receiver, `Book` of `Book::total`), `instance` what it calls
    the object. `end` is the node whose end is the definition's, where that is not its own.
    """

    node: Node
    kind: str
    name: Node | None
    value: Node
    body: Node | None
    owner: str = ""
    instance: str = ""
    label: str = ""
    end: Node | None = None


def read_definition(node: Node, language: Language) -> Definition | None:
    """Read a node as a definition; None if it is none, or has no name."""
    kind = node.type
    if kind in language.bindings:
        return _read_binding(node, language)
    if kind not in language.scopes:
        return None
    if language.define:
        return language.define(node)
    name = node.child_by_field_name("name")
    return read_named(node, language, name) if name else None


def read_named(
    node: Node,
    language: Language,
    name: Node | None,
    *,
    kind: str = "",
    owner: str = "",
    instance: str = "",
    label: str = "",
) -> Definition:
    """Read a node of `scopes` whose name is known; a type that is a struct goes by what it stands for."""
    kind, value = kind or language.scopes[node.type], node
    body = _find_body(node, language)
    inner = node.child_by_field_name("type") if kind == "type" else None
    if inner and inner.type in language.scopes and (inner_body := _find_body(inner, language)):
        kind, value, body = language.scopes[inner.type], inner, inner_body
    return Definition(node, kind, name, value, body, owner, instance, label)


def _read_binding(node: Node, language: Language) -> Definition | None:
    name_field, value_field = language.bindings[node.type]
    value = node.child_by_field_name(value_field)
    if value is None or value.type not in language.closures:
        return None
    name = node.child_by_field_name(name_field) or value.child_by_field_name("name")
    kind = language.scopes.get(value.type, "function")
    label = text_of(name).strip("\"'`") if name else "default"
    return Definition(
        node, kind, name and find_last_name(name), value, _find_body(value, language), label=label
    )


def _find_body(node: Node, language: Language) -> Node | None:
    body = node.child_by_field_name("body")
    if body is None and language.bodies:
        body = next((child for child in node.children if child.type in language.bodies), None)
    return body


def find_first(node: Node, kinds: tuple[str, ...]) -> Node | None:
    """Return the first node of these kinds in a subtree."""
    return next((found for found in subtree(node) if found.type in kinds), None)


def subtree(node: Node) -> Iterator[Node]:
    """Yield a node and all named ones in it, in the order of the text."""
    pending = [node]
    while pending:
        found = pending.pop()
        yield found
        pending.extend(reversed(found.named_children))


def is_name(node: Node) -> bool:
    """Say whether a leaf is a name, a variable's or a type's."""
    return node.type.endswith("identifier") or node.type in _NAME_KINDS


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
    return node if is_name(node) else None


def _of_qualified(node: Node) -> Node | None:
    if node.type.startswith("generic"):
        return node.named_children[0]
    return node.named_children[-1] if node.type.startswith(_LAST_OF) else None


def find_child(node: Node, field: str, place: int) -> Node | None:
    """Return the child in a field; for grammars without fields (`field` empty) the named one at `place`."""
    if field:
        return node.child_by_field_name(field)
    return node.named_children[place] if node.named_child_count else None


def text_of(node: Node) -> str:
    """Return the source text of a node."""
    return (node.text or b"").decode("utf-8", "replace")
