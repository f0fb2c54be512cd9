"""YAML. A scope is a key with a value of several lines, so that a chain is the path of keys."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from parsers.definitions import Definition
from parsers.languages.language import Language, load_grammar
from parsers.source import SourceTooLarge

if TYPE_CHECKING:
    from tree_sitter import Node

_MAX_DEPTH = 200
_OPENERS = re.compile(rb"[-?:](?=[ \t\r]|$)")


def define_pair(pair: Node) -> Definition | None:
    """Read a key with its value, unless both stand on one line."""
    key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
    if key is None or value is None or pair.start_point.row == pair.end_point.row:
        return None
    return Definition(pair, "key", key, pair, value)


def refuse_deep(utf8: bytes) -> bytes:
    """Return the text as it is; raise SourceTooLarge where it nests so deep that the grammar's C code fails.

    It writes its stack of indents into 1,024 bytes, four to a level, and does not look at their end
    (tree-sitter-yaml 0.7.2). What we count is never less: a line, and each sign in it that may open a level.
    """
    levels: list[tuple[int, int]] = []
    depth = 0
    for line in utf8.split(b"\n"):
        text = line.lstrip(b" \t")
        if not text:
            continue
        indent = len(line) - len(text)
        while levels and levels[-1][0] >= indent:
            depth -= levels.pop()[1]
        weight = 1 + len(_OPENERS.findall(text))
        levels.append((indent, weight))
        depth += weight
        if depth > _MAX_DEPTH:
            raise SourceTooLarge(f"nested deeper than {_MAX_DEPTH} levels")
    return utf8


LANGUAGE = Language(
    name="yaml",
    suffixes=(".yaml", ".yml"),
    filenames=(".clang-format", ".clang-tidy", ".clangd"),
    grammar=partial(load_grammar, "tree_sitter_yaml"),
    scopes={"block_mapping_pair": "key", "flow_pair": "key"},
    line_comments=("#",),
    prepare=refuse_deep,
    define=define_pair,
)
