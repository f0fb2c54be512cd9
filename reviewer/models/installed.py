"""What a model server says it has, and how big that is."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Installed:
    """A model of a server: its name and its parameters in billions, None if unknown."""

    name: str
    billions: float | None


def billions_in(text: str) -> float | None:
    """Read a parameter count as servers write it: 15.7B, 16b, 560M; None if there is none."""
    found = re.search(r"(?<![\w.])(\d+(?:\.\d+)?)\s*([bm])(?![a-z0-9])", text, re.IGNORECASE)
    if found is None:
        return None
    return float(found[1]) / (1 if found[2].lower() == "b" else 1000)
