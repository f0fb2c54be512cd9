"""Find the declarations that names refer to inside one file: its imports and the fields of a class."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from parsers.definitions import Definition, find_last_name, read_definition, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

    from parsers.languages import Language

_NAME_FIELDS = ("name", "property", "pattern", "declarator", "left")
_PARAMETER_PROPERTY = ("accessibility_modifier", "readonly")


def find_imports(root: Node, language: Language, used: frozenset[str]) -> Iterator[Node]:
    """Yield the import statements that bind one of the names, in order."""
    pending = list(reversed(root.children))
    while pending:
        node = pending.pop()
        if node.type in language.imports and used & _imported(node, language):
            yield node
        elif node.type in language.import_holders:
            pending.extend(reversed(node.children))


def _imported(statement: Node, language: Language) -> set[str]:
    """Return the names that an import may bind; a path binds one of the words of its last part."""
    names: set[str] = set()
    for node in language.imported_names(statement):
        written = text_of(node).strip("\"'`")
        last = re.sub(r"/v\d+$", "", written).rpartition("/")[2]
        names.update((written,) if last == written and last.isidentifier() else re.split(r"[-.]", last))
    return names


def find_fields(owner: Definition, language: Language, used: frozenset[str]) -> Iterator[Node]:
    """Yield the declarations of the owner's fields that have one of the names, in order."""
    for node in _declarations(owner, language):
        if any(name and text_of(name) in used for name in map(find_last_name, _declared(node))):
            yield node


def _declared(node: Node) -> Iterator[Node]:
    for field in _NAME_FIELDS:
        for name in node.children_by_field_name(field):
            yield name.child_by_field_name("name") or name


def _declarations(owner: Definition, language: Language) -> Iterator[Node]:
    parameters = owner.value.child_by_field_name("parameters")
    pending = _children(owner.body) + _children(parameters)
    pending.reverse()
    while pending:
        node = pending.pop()
        if node.type in language.fields:
            yield node
        elif node.type in language.field_holders:
            pending.extend(reversed(node.children))
        else:
            yield from _declared_by_constructor(node, language)


def _declared_by_constructor(node: Node, language: Language) -> Iterator[Node]:
    """Yield the parameters and assignments by which a constructor makes fields."""
    definition = read_definition(node, language) if language.constructors else None
    name = definition.name if definition else None
    if definition is None or name is None or text_of(name) not in language.constructors:
        return
    for parameter in _children(node.child_by_field_name("parameters")):
        if parameter.type in language.fields and _is_property(parameter):
            yield parameter
    for statement in _children(definition.body):
        for assignment in statement.named_children:
            left = assignment.child_by_field_name("left")
            if assignment.type in language.fields and left and left.child_by_field_name("object"):
                yield assignment


def _is_property(parameter: Node) -> bool:
    return any(child.type in _PARAMETER_PROPERTY for child in parameter.children)


def _children(node: Node | None) -> list[Node]:
    return node.named_children if node else []


def find_owners(root: Node, language: Language, names: frozenset[str]) -> Iterator[Definition]:
    """Yield the top-level types of these names, in order."""
    pending = list(reversed(root.named_children)) if names else []
    while pending:
        node = pending.pop()
        definition = read_definition(node, language)
        if definition and definition.name and text_of(definition.name) in names:
            yield definition
        elif node.type in language.wrappers:
            pending.extend(reversed(node.named_children))
