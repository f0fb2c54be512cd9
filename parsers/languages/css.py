"""Style sheets."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from parsers.definitions import Definition
from parsers.languages.language import Language, load_grammar

if TYPE_CHECKING:
    from tree_sitter import Node

_SCOPES = {
    "rule_set": "rule",
    "keyframe_block": "keyframe",
    "keyframes_statement": "keyframes",
    "media_statement": "media",
    "supports_statement": "supports",
    "at_rule": "at-rule",
}


def _define(node: Node) -> Definition | None:
    """Read a rule of several lines; its name is the first selector or what else stands before the block."""
    named = node.named_children
    if len(named) < 2 or node.start_point.row == node.end_point.row:
        return None
    name = named[0].named_children[0] if named[0].type == "selectors" else named[0]
    return Definition(node, _SCOPES[node.type], name, node, named[-1])


LANGUAGE = Language(
    name="css",
    suffixes=(".css",),
    grammar=partial(load_grammar, "tree_sitter_css"),
    scopes=_SCOPES,
    line_comments=(),
    block_comments=(("/*", "*/"),),
    comments=("comment", "js_comment"),
    define=_define,
)
