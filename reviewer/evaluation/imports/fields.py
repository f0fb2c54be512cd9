"""What the readers of benchmarks share: fields that must be there, words of other scales, addresses."""

from __future__ import annotations

import re
from typing import Any

from reviewer.domain import Category, Severity
from reviewer.errors import UsageError

_PULL = re.compile(r"\b[\w.-]+/(?P<owner>[\w.-]+)/(?P<name>[\w.-]+)/pull/(?P<number>\d+)")
_CATEGORY_WORDS = (  # the first that a label contains decides
    ("secur", Category.SECURITY),
    ("perform", Category.PERFORMANCE),
    ("concurren", Category.CONCURRENCY),
    ("error", Category.ERROR_HANDLING),
    ("exception", Category.ERROR_HANDLING),
    ("test", Category.TESTING),
    ("maintain", Category.MAINTAINABILITY),
    ("readab", Category.MAINTAINABILITY),
    ("defect", Category.CORRECTNESS),
    ("bug", Category.CORRECTNESS),
    ("correct", Category.CORRECTNESS),
    ("logic", Category.CORRECTNESS),
)


def text_field(item: dict[str, Any], place: str, *keys: str) -> str:
    """Return the first of these fields that holds text. Raises UsageError naming all of them."""
    for key in keys:
        value = item.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
    raise UsageError(f"{place}: the field {' or '.join(map(repr, keys))} is missing or empty")


def list_field(item: dict[str, Any], place: str, key: str) -> list[dict[str, Any]]:
    """Return a list of objects. Raises UsageError."""
    value = item.get(key)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise UsageError(f"{place}: the field {key!r} is no list of objects")
    return value


def read_pull(url: str, place: str) -> tuple[str, int]:
    """Take OWNER/NAME and the number out of a pull request's address. Raises UsageError."""
    found = _PULL.search(url)
    if found is None:
        raise UsageError(f"{place}: {url!r} is no address of a pull request")
    return f"{found['owner']}/{found['name']}", int(found["number"])


def read_severity(value: object) -> Severity:
    """Read a severity in any case; medium where it is missing or of another scale."""
    try:
        return Severity(str(value).strip().lower())
    except ValueError:
        return Severity.MEDIUM


def read_category(value: object) -> Category | None:
    """Translate a benchmark's label; None where it says nothing we know, so that any will do."""
    label = str(value or "").lower()
    return next((category for word, category in _CATEGORY_WORDS if word in label), None)


def line_field(item: dict[str, Any], key: str) -> int | None:
    """Return a line number, None where there is none."""
    value = item.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
