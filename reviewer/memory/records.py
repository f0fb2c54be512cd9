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


def write_trace(trace: Trace) -> str:
    """Write what is remembered of a finding."""
    return json.dumps(asdict(trace))


def read_trace(text: str) -> Trace:
    """Read what `write_trace` wrote."""
    return _trace(json.loads(text))


def _trace(fields: dict[str, Any]) -> Trace:
    kinds = {
        "source": Source(fields["source"]),
        "severity": Severity(fields["severity"]),
        "category": Category(fields["category"]),
    }
    return Trace(**(fields | kinds))
