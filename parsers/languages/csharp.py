"""C#."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from parsers.definitions import Definition, find_first, find_last_name, read_named, text_of
from parsers.languages.language import Language, load_grammar

if TYPE_CHECKING:
    from tree_sitter import Node

_PROPERTIES = ("property_declaration", "event_declaration")


def _define(node: Node) -> Definition | None:
    """Read a definition; a property without code is a field."""
    if node.type in _PROPERTIES and not _has_code(node):
        return None
    name = node.child_by_field_name("name")
    if name is not None:
        return read_named(node, LANGUAGE, name)
    if node.type == "indexer_declaration":
        return read_named(node, LANGUAGE, None, label="this")
    operator = node.child_by_field_name("operator") or node.child_by_field_name("type")
    return read_named(node, LANGUAGE, None, label=f"operator {text_of(operator)}") if operator else None


def _has_code(declared: Node) -> bool:
    value = declared.child_by_field_name("value")
    if value is not None and value.type == "arrow_expression_clause":
        return True
    accessors = declared.child_by_field_name("accessors")
    return accessors is not None and any(child.child_by_field_name("body") for child in accessors.children)


def _imported_names(using: Node) -> Iterator[Node]:
    """Yield the alias of a `using`, else the last word of the namespace: what it binds is not said."""
    name = using.child_by_field_name("name") or find_last_name(using.named_children[-1])
    if name:
        yield name


def _declared_names(declaration: Node) -> Iterator[Node]:
    if name := declaration.child_by_field_name("name"):
        yield name
    elif variables := find_first(declaration, ("variable_declaration",)):
        for child in variables.named_children:
            if child.type == "variable_declarator" and (name := child.child_by_field_name("name")):
                yield name


LANGUAGE = Language(
    name="csharp",
    suffixes=(".cs", ".csx"),
    grammar=partial(load_grammar, "tree_sitter_c_sharp"),
    scopes={
        "namespace_declaration": "namespace",
        "file_scoped_namespace_declaration": "namespace",
        "class_declaration": "class",
        "interface_declaration": "interface",
        "struct_declaration": "struct",
        "enum_declaration": "enum",
        "record_declaration": "record",
        "delegate_declaration": "delegate",
        "method_declaration": "method",
        "constructor_declaration": "constructor",
        "destructor_declaration": "destructor",
        "local_function_statement": "function",
        "property_declaration": "property",
        "event_declaration": "event",
        "indexer_declaration": "indexer",
        "operator_declaration": "operator",
        "conversion_operator_declaration": "operator",
    },
    open_scopes=("file_scoped_namespace_declaration",),
    line_comments=("//",),
    block_comments=(("/*", "*/"),),
    define=_define,
    bodies=("accessor_list", "arrow_expression_clause", "constructor_initializer"),
    calls={
        "invocation_expression": "function",
        "object_creation_expression": "type",
        "attribute": "name",
    },
    plain_calls=("invocation_expression",),
    types=("base_list", "type_argument_list", "type_parameter_constraints_clause"),
    type_fields=("type", "returns"),
    camel_types=True,
    camel_members=False,
    members={
        "member_access_expression": ("expression", "name"),
        "qualified_name": ("qualifier", "name"),
        "member_binding_expression": ("", "name"),
        "argument": ("", "name"),
    },
    imports=("using_directive",),
    import_holders=(
        "namespace_declaration",
        "declaration_list",
        "preproc_if",
        "preproc_else",
        "preproc_elif",
    ),
    imported_names=_imported_names,
    imports_by_prefix="types",
    fields=(
        *("field_declaration", "event_field_declaration", "enum_member_declaration"),
        *("property_declaration", "event_declaration", "parameter"),
    ),
    field_holders=("parameter_list", "preproc_if", "preproc_else", "preproc_elif"),
    declared_names=_declared_names,
    bare_fields=True,
)
