"""Cases and outcomes for tests of the evaluation."""

from __future__ import annotations

from typing import Any

from parsers.diff import Side
from reviewer.domain import Category, Confidence, Severity, Source, Usage
from reviewer.evaluation.dataset import Case
from reviewer.evaluation.results import Outcome, Reported

OLD = "def fee(turnover):\n    return turnover\n"
NEW = "def fee(turnover):\n    capped = min(turnover, 5)\n    return capped\n"


def golden(start: int = 2, end: int | None = None, **more: Any) -> dict[str, Any]:
    return {
        "path": "fees.py", "start_line": start, "end_line": end or start, "severity": "high",
        "category": "correctness", "text": "The fee is capped.", **more,
    }  # fmt: skip


def case(*goldens: dict[str, Any], **more: Any) -> Case:
    files = [{"path": "fees.py", "old": OLD, "new": NEW}]
    return Case.model_validate(
        {"id": "one", "language": "python", "files": files, "findings": goldens, **more}
    )


def reported(start: int | None = 2, end: int | None = None, **more: Any) -> Reported:
    end = end or start
    given = {
        "rule_id": "model/correctness", "source": Source.MODEL, "severity": Severity.HIGH,
        "confidence": Confidence.HIGH, "category": Category.CORRECTNESS, "path": "fees.py", "side": Side.NEW,
        "start_line": start, "end_line": end, "title": "A maximum", "message": "min() caps the fee.",
        "span": None if start is None else (start, end), "in_diff": True,
    }  # fmt: skip
    return Reported(**{**given, **more})


def outcome(*findings: Reported, of: Case | None = None, **more: Any) -> Outcome:
    about = of or case()
    given = {
        "case": about.id, "digest": about.digest, "contender": "coder", "setup": "s", "findings": findings,
        "rejected": {}, "warnings": (), "complete": True, "usage": Usage(), "seconds": 1.0,
    }  # fmt: skip
    return Outcome(**{**given, **more})
