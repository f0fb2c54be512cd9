"""Look into JSON that others wrote: what is missing, or of another kind than expected, is nothing."""

from __future__ import annotations

from typing import Any

Node = Any


def at(node: Node, *keys: str) -> Node:
    """Follow keys as far as there are objects; None where the way ends."""
    for key in keys:
        if not isinstance(node, dict):
            return None
        node = node.get(key)
    return node


def text(node: Node, *keys: str) -> str:
    """Return the text there, without the space around it; empty where there is none."""
    value = at(node, *keys)
    return value.strip() if isinstance(value, str) else ""


def number(node: Node, *keys: str) -> int | None:
    """Return the whole number above zero there."""
    value = at(node, *keys)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def items(node: Node, *keys: str) -> list[Node]:
    """Return the list there; empty where there is none."""
    value = at(node, *keys)
    return value if isinstance(value, list) else []
