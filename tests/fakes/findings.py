"""Findings, drafts and reviews with everything filled in that a test does not care about."""

from __future__ import annotations

from typing import Any

from parsers.diff import Side
from reviewer.domain import Category, Confidence, Coverage, Draft, Finding, Review, Severity, Source, Usage
from tests.fakes.changes import REF


def finding(line: int | None = 1, **fields: Any) -> Finding:
    """Make a rule's finding on one line of `app.py`; `fields` replace its fields."""
    values: dict[str, Any] = {
        "rule_id": "python/no-eval",
        "source": Source.RULE,
        "severity": Severity.HIGH,
        "confidence": Confidence.HIGH,
        "category": Category.SECURITY,
        "path": "app.py",
        "side": Side.NEW,
        "start_line": line,
        "end_line": line,
        "title": "eval runs what a user typed",
        "message": "Whoever controls the argument runs code in this process.",
    }
    return Finding(**(values | fields))


def draft(quote: str, line: int | None = None, **fields: Any) -> Draft:
    """Make a model's claim about a quote in `app.py`."""
    values: dict[str, Any] = {
        "path": "app.py",
        "quote": quote,
        "side": Side.NEW,
        "start_line": line,
        "end_line": line,
        "severity": Severity.HIGH,
        "category": Category.CORRECTNESS,
        "confidence": Confidence.HIGH,
        "title": "The fee is added twice",
        "message": "A second call adds the fee again and the customer pays it twice.",
        "replacement": None,
        "model": "coder",
    }
    return Draft(**(values | fields))


def review(*findings: Finding, **fields: Any) -> Review:
    """Make a review with these findings."""
    values: dict[str, Any] = {
        "ref": REF,
        "findings": findings,
        "suppressed": (),
        "rejected": (),
        "warnings": (),
        "coverage": Coverage(1, 1, 0, 2, 2),
        "usage": Usage(),
    }
    return Review(**(values | fields))
