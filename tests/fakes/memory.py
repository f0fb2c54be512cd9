"""Traces and dismissals with everything filled in that a test does not care about."""

from __future__ import annotations

from typing import Any

from reviewer.domain import Category, Dismissal, Gesture, Person, Severity, Source, Trace

ALICE = Person(7, "alice")
NOON = 1_795_867_200.0  # 2026-11-28T12:00:00Z


def trace(**fields: Any) -> Trace:
    """Make what is remembered of a model's finding; `fields` replace its fields."""
    values: dict[str, Any] = {
        "fingerprint": "f" * 32,
        "rule_id": "model/correctness",
        "source": Source.MODEL,
        "severity": Severity.MEDIUM,
        "category": Category.CORRECTNESS,
        "path": "app/fees.py",
        "scope": "fee",
        "code": "return min(turnover * rate, MINIMUM)",
        "title": "The minimum is a maximum",
        "message": "min() returns the smaller value, so nobody pays more than five.",
    }
    return Trace(**(values | fields))


def rule_trace(**fields: Any) -> Trace:
    """Make what is remembered of a rule's finding."""
    values: dict[str, Any] = {
        "fingerprint": "e" * 32,
        "rule_id": "python/no-print",
        "source": Source.RULE,
        "severity": Severity.LOW,
        "category": Category.MAINTAINABILITY,
        "code": 'print(f"charged {amount} to {account}")',
        "title": "print in a library",
        "message": "Use the logger.",
    }
    return trace(**(values | fields))


def dismissal(finding: Trace | None = None, **fields: Any) -> Dismissal:
    """Make alice's thumbs-down on a finding, made at noon."""
    values: dict[str, Any] = {
        "forge": "lab",
        "project": "desk/orders",
        "number": 1,
        "gesture": Gesture.THUMBS_DOWN,
        "by": ALICE,
        "at": NOON,
    }
    return Dismissal(finding=finding or trace(), **(values | fields))
