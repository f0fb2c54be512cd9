"""Let native code find the nodes of a tree that matter; to look at every node from here takes far longer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Literal

from parsers.source import SourceTooLarge, error_nodes

if TYPE_CHECKING:
    from tree_sitter import Language as Grammar
    from tree_sitter import Node, Query

    from parsers.languages import Language
    from parsers.source import ParsedSource

Role = Literal["call", "definition", "import", "member", "name", "package", "tokens", "type", "variable"]

# Native code cannot be interrupted (the binding's callback for that crashes, 0.26.1). What keeps it
# from taking hours over a hostile file: a pattern with a child stays open while its node does, and a
# step costs as much as the tree is deep there, or as there are tokens after it that nothing groups.
_OPEN_PATTERNS = 256
_MAX_DEPTH = 400
_MAX_STRAY_TOKENS = 4_000
_NAMES = ("name", "constant")  # beside what ends in `identifier`
_PACKAGES = (
    *("package_declaration", "package_clause", "package_header"),
    *("namespace_declaration", "file_scoped_namespace_declaration", "namespace_definition"),
)


def capture(source: ParsedSource, language: Language) -> Mapping[Role, list[Node]]:
    """Find the nodes that play a role in their language, each role's in the order of the text.

    What lies very deep is left out. Raises SourceTooLarge where the grammar made nothing of a very
    long stretch.
    """
    from tree_sitter import QueryCursor

    if any(node.child_count > _MAX_STRAY_TOKENS for node in error_nodes(source.tree)):
        raise SourceTooLarge(f"more than {_MAX_STRAY_TOKENS} tokens that are no code")
    query = _compile(language.grammar(), "\n".join(_patterns(language)))
    cursor = QueryCursor(query, match_limit=_OPEN_PATTERNS)
    cursor.set_max_start_depth(_MAX_DEPTH)
    found = cursor.captures(source.tree.root_node)
    # The binding hands them out in an order that changes from run to run.
    return {role: sorted(nodes, key=_place) for role, nodes in found.items()}  # type: ignore[misc]


def _place(node: Node) -> tuple[int, int]:
    return node.start_byte, -node.end_byte


@cache
def _compile(grammar: Grammar, query: str) -> Query:
    from tree_sitter import Query

    return Query(grammar, query)


def _patterns(language: Language) -> Iterator[str]:
    names, packages = _kinds(language.grammar())
    typed = bool(language.types or language.type_fields)
    wanted: Mapping[Role, tuple[str, ...]] = {
        "definition": (*language.scopes, *language.bindings),
        "call": tuple(language.calls),
        "import": language.imports,
        "package": packages,
        "variable": language.variables,
        "tokens": language.token_trees,
        "type": language.types,
        "member": tuple(language.members) if typed or not language.camel_members else (),
        "name": names if typed or language.camel_types else (),
    }
    for role, kinds in wanted.items():
        if kinds:
            yield f"[{' '.join(f'({kind})' for kind in dict.fromkeys(kinds))}] @{role}"
    for name in language.type_fields:
        yield f"(_ {name}: (_) @type)"


@cache
def _kinds(grammar: Grammar) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the kinds of names, and of package clauses, that a grammar knows."""
    numbers = range(grammar.node_kind_count)
    visible = (n for n in numbers if grammar.node_kind_is_named(n) and grammar.node_kind_is_visible(n))
    kinds = sorted({grammar.node_kind_for_id(n) or "" for n in visible})
    names = (kind for kind in kinds if kind.endswith("identifier") or kind in _NAMES)
    return tuple(names), tuple(kind for kind in kinds if kind in _PACKAGES)
