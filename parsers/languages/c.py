"""C, and what C++ shares with it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from parsers.definitions import Definition, read_named, text_of
from parsers.languages.language import Language, load_grammar
from parsers.languages.macros import blank_macros

if TYPE_CHECKING:
    from tree_sitter import Node

_NAMES = (
    *("identifier", "field_identifier", "type_identifier"),
    *("operator_name", "destructor_name", "operator_cast"),
)
_SPECIFIERS = ("struct_specifier", "union_specifier", "enum_specifier", "class_specifier")
_CONDITIONAL = ("preproc_ifdef", "preproc_if", "preproc_else", "preproc_elif")
_BLOCKS = ("compound_statement", "case_statement", "for_statement")


class Declared(NamedTuple):
    """What a declarator declares: its name, the qualifiers before it, whether it is a function."""

    name: Node
    qualifiers: tuple[str, ...]
    is_function: bool


def read_declarator(node: Node | None) -> Declared | None:
    """Follow a declarator inwards, through pointers, references, parameters and parentheses, to its name."""
    qualifiers: list[str] = []
    outside = ""  # what the name is directly in: `f(int)` is a function, `(*f)(int)` a pointer to one
    while node is not None and node.type not in _NAMES:
        if node.type == "qualified_identifier":
            if scope := node.child_by_field_name("scope"):
                qualifiers.append(text_of(scope.child_by_field_name("name") or scope))
            node = node.child_by_field_name("name")
            continue
        outside = node.type
        node = (
            node.child_by_field_name("declarator")
            or node.child_by_field_name("name")
            or (node.named_children[-1] if node.named_child_count else None)
        )
    if node is None:
        return None
    is_function = outside == "function_declarator" or node.type == "operator_cast"
    return Declared(node, tuple(qualifiers), is_function)


def define(node: Node, language: Language) -> Definition | None:
    """Read what defines something in C or C++; the name of a function lies within its declarator."""
    if node.type in _SPECIFIERS and node.child_by_field_name("body") is None:
        return None
    declarator = node.child_by_field_name("declarator")
    if declarator is None:
        name = node.child_by_field_name("name")
        return read_named(node, language, name) if name else None
    declared = read_declarator(declarator)
    if declared is None or not _defines(node, declared):
        return None
    owner = ".".join(declared.qualifiers)
    if declared.name.type == "operator_cast":
        label = text_of(declared.name).partition("(")[0].strip()
        return read_named(node, language, None, owner=owner, label=label)
    return read_named(node, language, declared.name, owner=owner)


def _defines(node: Node, declared: Declared) -> bool:
    if node.type == "type_definition":
        return True
    if node.type == "function_definition":  # without parameters it is a class behind a macro unknown to us
        return declared.is_function or node.child_by_field_name("type") is not None
    # A prototype; in a function `Order o(a);` is a variable.
    return declared.is_function and (node.parent is None or node.parent.type not in _BLOCKS)


def find_included(statement: Node) -> Iterator[Node]:
    """Yield the path of an `#include`, or what a `using` declaration names."""
    path = statement.child_by_field_name("path")
    if path is not None:
        yield path
    elif statement.type == "using_declaration" and not _is_namespace(statement):
        name = statement.named_children[-1]
        while inner := name.child_by_field_name("name"):
            name = inner
        yield name


def _is_namespace(using: Node) -> bool:
    return any(child.type == "namespace" for child in using.children)


def find_declared(declaration: Node) -> Iterator[Node]:
    """Yield the names of the variables that a declaration in a struct declares, not those of functions."""
    if name := declaration.child_by_field_name("name"):
        yield name
    for declarator in declaration.children_by_field_name("declarator"):
        declared = read_declarator(declarator)
        if declared and not declared.is_function:
            yield declared.name


LANGUAGE: Language = Language(
    name="c",
    suffixes=(".c",),
    grammar=partial(load_grammar, "tree_sitter_c"),
    scopes={
        "function_definition": "function",
        "declaration": "function",
        "struct_specifier": "struct",
        "union_specifier": "union",
        "enum_specifier": "enum",
        "type_definition": "type",
        "preproc_function_def": "macro",
    },
    line_comments=("//",),
    block_comments=(("/*", "*/"),),
    define=lambda node: define(node, LANGUAGE),
    bodies=("preproc_arg",),
    calls={"call_expression": "function"},
    plain_calls=("call_expression",),
    types=("type_identifier",),
    primitives=frozenset(
        {"size_t", "ssize_t", "ptrdiff_t", "int64_t", "uint64_t", "int32_t", "uint32_t", "uint8_t"}
    ),
    members={"field_expression": ("argument", "field")},
    imports=("preproc_include",),
    import_holders=(*_CONDITIONAL, "linkage_specification", "declaration_list"),
    imported_names=find_included,
    imports_by_prefix="names",
    fields=("field_declaration", "enumerator"),
    field_holders=_CONDITIONAL,
    declared_names=find_declared,
    prepare=blank_macros,
)
