"""Read what declares the fields of a class: in its body, in its head, in its constructor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from parsers.definitions import Definition, find_last_name, read_definition, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

    from parsers.languages import Language

OBJECTS = frozenset({"this", "self", "cls", "Self", "static", "$this"})  # what a class calls its own
_NAME_FIELDS = ("name", "property", "pattern", "declarator")
_SEVERAL = ("pattern_list", "tuple_pattern", "left_assignment_list")
_STATEMENTS = ("statement", "block", "clause", "body", "if", "unless", "modifier", "then", "else")
_PARAMETER_PROPERTY = ("accessibility_modifier", "readonly")
_PARAMETER_LISTS = ("function_value_parameters", "parameter_list")


def list_fields(owner: Definition, language: Language) -> Iterator[Node]:
    """Yield the declarations of a class's fields, in order; of methods, only what constructors assign."""
    parameters = owner.value.child_by_field_name("parameters")
    pending = [child for child in owner.value.named_children if child.type in language.field_holders]
    pending = [*_children(parameters), *pending, *_children(owner.body)]
    pending.reverse()
    while pending:
        node = pending.pop()
        if node.type in language.fields:
            yield node
        elif node.type in language.field_holders:
            pending.extend(reversed(node.children))
        else:
            yield from _declared_by_constructor(node, language)


def declared_names(node: Node, language: Language) -> set[str]:
    """Return the names that one declaration gives to fields, without the marks of variables."""
    found = language.declared_names(node) if language.declared_names else _declared(node)
    return {bare(text_of(name)) for name in found}


def bare(name: str) -> str:
    """Return a variable's name without the marks that PHP and Ruby write before it."""
    return name.lstrip("$@:")


def _declared(node: Node) -> Iterator[Node]:
    named = [child for field in _NAME_FIELDS for child in node.children_by_field_name(field)]
    for found in (*named, *_targets(node)):
        if name := find_last_name(found.child_by_field_name("name") or found):
            yield name


def _declared_by_constructor(node: Node, language: Language) -> Iterator[Node]:
    """Yield the parameters and assignments by which a constructor makes fields."""
    definition = read_definition(node, language) if language.constructors else None
    name = definition.name if definition else None
    if definition is None or name is None or text_of(name) not in language.constructors:
        return
    for parameter in _children(definition.value.child_by_field_name("parameters")):
        if parameter.type in language.fields and _is_property(parameter):
            yield parameter
    pending = _children(definition.body)[::-1]
    while pending:
        statement = pending.pop()
        if statement.type in language.fields:
            if any(map(_is_own, _targets(statement))):
                yield statement
        elif statement.type.endswith(_STATEMENTS):
            pending.extend(reversed(statement.named_children))


def _is_property(parameter: Node) -> bool:
    kinds = {child.type for child in parameter.children}
    return parameter.type == "property_promotion_parameter" or not kinds.isdisjoint(_PARAMETER_PROPERTY)


def _targets(assignment: Node) -> list[Node]:
    left = assignment.child_by_field_name("left")
    if left is None:
        return []
    return left.named_children if left.type in _SEVERAL else [left]


def _is_own(target: Node) -> bool:
    holder = target.child_by_field_name("object")
    return target.type == "instance_variable" or (holder is not None and text_of(holder) in OBJECTS)


def _children(node: Node | None) -> list[Node]:
    return node.named_children if node else []


def parameter_names(definition: Definition) -> frozenset[str]:
    """Return the names of a function's parameters, which hide fields of the same name."""
    head = definition.value
    while inner := head.child_by_field_name("declarator"):
        head = inner
        if head.type == "function_declarator":
            break
    listed = (child for child in head.named_children if child.type in _PARAMETER_LISTS)
    parameters = head.child_by_field_name("parameters") or next(listed, None)
    return frozenset(map(bare, filter(None, map(_parameter_name, _children(parameters)))))


def _parameter_name(parameter: Node) -> str:
    node = parameter
    while node.named_child_count:
        inner = (node.child_by_field_name(field) for field in ("name", "declarator", "pattern"))
        found = next((child for child in inner if child is not None), None)
        if found is None and node is not parameter:  # `&name`, `*name`
            found = node.named_children[-1]
        elif found is None:
            found = next((child for child in node.named_children if child.type == "identifier"), None)
        if found is None:
            return ""
        node = found
    return text_of(node)
