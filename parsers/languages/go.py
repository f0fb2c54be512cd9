"""Go."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from parsers.definitions import Definition, find_first, find_last_name, read_named, text_of
from parsers.languages.language import Language, load_grammar

if TYPE_CHECKING:
    from tree_sitter import Node


def _imported_names(spec: Node) -> Iterator[Node]:
    name = spec.child_by_field_name("name") or spec.child_by_field_name("path")
    if name and name.type not in ("dot", "blank_identifier"):
        yield name


def _define(node: Node) -> Definition | None:
    """Read a definition; a method belongs to the type of its receiver."""
    name = node.child_by_field_name("name")
    if name is None:
        return None
    receiver = node.child_by_field_name("receiver")
    owner = find_first(receiver, ("type_identifier",)) if receiver else None
    if receiver is None or owner is None:
        return read_named(node, LANGUAGE, name)
    instance = find_first(receiver, ("identifier",))
    return read_named(
        node, LANGUAGE, name, owner=text_of(owner), instance=text_of(instance) if instance else ""
    )


def _declared_names(declaration: Node) -> Iterator[Node]:
    """Yield the names of fields; an embedded type is one by its own name."""
    names = declaration.children_by_field_name("name")
    kind = declaration.child_by_field_name("type")
    if names:
        yield from names
    elif kind and (name := find_last_name(kind)):
        yield name


LANGUAGE = Language(
    name="go",
    suffixes=(".go",),
    grammar=partial(load_grammar, "tree_sitter_go"),
    scopes={
        "function_declaration": "function",
        "method_declaration": "method",
        "type_spec": "type",
        "struct_type": "struct",
        "interface_type": "interface",
    },
    define=_define,
    line_comments=("//",),
    block_comments=(("/*", "*/"),),
    wrappers=("type_declaration",),
    bodies=("field_declaration_list", "{"),
    calls={"call_expression": "function"},
    types=("type_identifier",),
    members={"selector_expression": ("operand", "field")},
    primitives=frozenset(
        (
            *("any", "bool", "byte", "comparable", "complex64", "complex128", "error", "float32", "float64"),
            *("int", "int8", "int16", "int32", "int64", "rune", "string"),
            *("uint", "uint8", "uint16", "uint32", "uint64", "uintptr"),
        )
    ),
    imports=("import_spec",),
    import_holders=("import_declaration", "import_spec_list"),
    imported_names=_imported_names,
    fields=("field_declaration",),
    field_holders=("field_declaration_list",),
    declared_names=_declared_names,
)
