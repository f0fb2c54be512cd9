"""The scales and kinds that everything is sorted by."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """How bad it is if the finding is right."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """Return 3 for critical down to 0 for low."""
        return (Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL).index(self)


class Confidence(StrEnum):
    """How sure we are that the finding is right."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """Return 2 for high down to 0 for low."""
        return (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH).index(self)


class Category(StrEnum):
    """What a finding is about."""

    SECURITY = "security"
    CORRECTNESS = "correctness"
    CONCURRENCY = "concurrency"
    PERFORMANCE = "performance"
    RESOURCE = "resource"
    ERROR_HANDLING = "error-handling"
    MAINTAINABILITY = "maintainability"
    TESTING = "testing"
    FINANCE = "finance"
    PRIVACY = "privacy"
    SECRET = "secret"  # noqa: S105  # a category, not a secret


class Source(StrEnum):
    """Who made a finding."""

    RULE = "rule"
    SECRET = "secret"  # noqa: S105  # a source, not a secret
    MODEL = "model"
    SARIF = "sarif"


class Verdict(StrEnum):
    """What the gate makes of a review."""

    PASS = "pass"  # noqa: S105  # a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Role(StrEnum):
    """What a model is asked to do."""

    REVIEW = "review"
    VERIFY = "verify"
    ASSIST = "assist"
