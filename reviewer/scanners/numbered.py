"""Read YAML so that errors can name the line: the tree as plain values, and where each key stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from yaml import Node

from reviewer.errors import RuleError

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is ten times as fast, where it is built

Place = Sequence[int | str]


def load(file: Path) -> tuple[Node | None, Any]:
    """Read the one document of a file, as nodes and as values; raise RuleError with its line."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise rule_error(str(err), file) from err
    return read(text, file)


def read(text: str, file: Path) -> tuple[Node | None, Any]:
    """Read a text that is one document and begins where its file does; as `load` otherwise."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        return node, loader.construct_document(node) if node else {}
    except yaml.YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        problem = getattr(err, "problem", None) or str(err)
        raise rule_error(problem, file, mark.line + 1 if mark else None) from err
    finally:
        loader.dispose()


def line_of(node: Node | None, place: Place) -> int | None:
    """Return the 1-based line of a key or list item, or of the nearest thing around it that is there."""
    line = node.start_mark.line + 1 if node else None
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == part), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def text_line(file: Path, place: Place) -> int | None:
    """Return the line on which the text at a place begins; of a block (`|`), that is the one below its key."""
    node, _ = load(file)
    for part in place:
        if isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == part), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        else:
            return None
    if node is None:
        return None
    return int(node.start_mark.line) + 1 + (getattr(node, "style", None) in {"|", ">"})


def rule_error(message: str, file: Path, line: int | None = None) -> RuleError:
    """Make the error that names a rule file and, if it is known, the line."""
    return RuleError(f"{file}{f':{line}' if line else ''}: {message}", file=file, line=line)
