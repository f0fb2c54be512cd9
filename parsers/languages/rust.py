"""Rust."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from parsers.definitions import Definition, find_last_name, read_named
from parsers.languages.language import Language, load_grammar

if TYPE_CHECKING:
    from tree_sitter import Node


def _define(node: Node) -> Definition | None:
    """Read a definition; an `impl` goes by the type that it is for, a module has a body."""
    if node.type == "mod_item" and node.child_by_field_name("body") is None:
        return None
    name = node.child_by_field_name("name")
    if name is None and (implemented := node.child_by_field_name("type")):
        name = find_last_name(implemented.child_by_field_name("type") or implemented)
    return read_named(node, LANGUAGE, name) if name else None


def _imported_names(statement: Node) -> Iterator[Node]:
    """Yield the names that a `use` binds, aliases instead of what they stand for."""
    pending = [statement.child_by_field_name("argument") or statement.child_by_field_name("name")]
    while pending:
        node = pending.pop()
        if node is None or node.type == "use_wildcard":
            continue
        listed = node.child_by_field_name("list") if node.type == "scoped_use_list" else None
        if listed is None and node.type != "use_list":
            yield node.child_by_field_name("alias") or node.child_by_field_name("name") or node
            continue
        pending.extend(reversed((listed or node).named_children))
        if any(child.type == "self" for child in (listed or node).named_children):
            pending.append(node.child_by_field_name("path"))


LANGUAGE = Language(
    name="rust",
    suffixes=(".rs",),
    grammar=partial(load_grammar, "tree_sitter_rust"),
    scopes={
        "mod_item": "module",
        "struct_item": "struct",
        "union_item": "union",
        "enum_item": "enum",
        "trait_item": "trait",
        "impl_item": "impl",
        "type_item": "type",
        "function_item": "function",
        "function_signature_item": "function",
        "macro_definition": "macro",
    },
    line_comments=("//",),
    block_comments=(("/*", "*/"),),
    comments=("line_comment", "block_comment"),
    interpreters=("rust-script",),
    define=_define,
    decorators=("attribute_item",),
    bodies=("macro_rule",),
    calls={"call_expression": "function", "macro_invocation": "macro"},
    plain_calls=("call_expression", "macro_invocation"),
    types=("type_identifier",),
    primitives=frozenset({"Self"}),
    camel_types=True,
    camel_members=False,
    members={
        "field_expression": ("value", "field"),
        "scoped_identifier": ("path", "name"),
    },
    variables=("shorthand_field_initializer",),
    token_trees=("token_tree",),
    imports=("use_declaration", "extern_crate_declaration"),
    import_holders=("mod_item", "declaration_list"),
    imported_names=_imported_names,
    fields=("field_declaration", "enum_variant", "const_item"),
)
