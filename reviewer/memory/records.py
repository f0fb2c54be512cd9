"""Dismissals and findings as the JSON that the database keeps of them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from reviewer.domain import Category, Dismissal, Gesture, Person, Severity, Source, Trace


def write_dismissal(made: Dismissal) -> str:
    """Write a dismissal; ASCII, so that any byte of a path and any text fits into any database."""
    return json.dumps(asdict(made))


def read_dismissal(text: str) -> Dismissal:
    """Read what `write_dismissal` wrote."""
    fields = json.loads(text)
    fields["finding"] = _trace(fields["finding"])
    fields["by"] = Person(**fields["by"])
    fields["gesture"] = Gesture(fields["gesture"])
    return Dismissal(**fields)


def write_found(trace: Trace, head: str | None) -> str:
    """Write what is remembered of a finding, and of the head at which it was found."""
    return json.dumps({"finding": asdict(trace), "head": head or ""})


def read_found(text: str) -> tuple[Trace, str]:
    """Read what `write_found` wrote."""
    fields = json.loads(text)
    return _trace(fields["finding"]), fields["head"]


def _trace(fields: dict[str, Any]) -> Trace:
    kinds = {
        "source": Source(fields["source"]),
        "severity": Severity(fields["severity"]),
        "category": Category(fields["category"]),
    }
    return Trace(**(fields | kinds))
