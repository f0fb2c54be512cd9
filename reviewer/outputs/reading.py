"""Read the JSON result back into a review, as far as it holds one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from parsers.diff import Side
from reviewer.domain import (
    Category,
    ChangeRef,
    Confidence,
    Coverage,
    Finding,
    Overview,
    Rejected,
    Review,
    ReviewWarning,
    Severity,
    Source,
    Suppressed,
    Usage,
)

_FINDINGS = TypeAdapter(tuple[Finding, ...])
_REJECTED = TypeAdapter(tuple[Rejected, ...])
_WARNINGS = TypeAdapter(tuple[ReviewWarning, ...])
_COVERAGE = TypeAdapter(Coverage)
_USAGE = TypeAdapter(Usage)
_NAMES = TypeAdapter(tuple[str, ...])


class NotAResult(ValueError):
    """A document is no JSON result of version 1; the message says what is wrong with it."""


def read_back(document: Mapping[str, Any], ref: ChangeRef) -> Review:
    """Make a review of a JSON result; `ref` names the change.

    Of what was suppressed a result tells the rule and the place alone: severity and category of those
    are not the true ones. Raises NotAResult.
    """
    try:
        if document["version"] != 1:
            raise NotAResult(f"a result of version {document['version']}, not 1")
        return Review(
            ref=ref,
            findings=_FINDINGS.validate_python(
                [{"title": row["message"], **row} for row in document["findings"]]
            ),
            suppressed=tuple(_suppressed(row) for row in document["suppressed"]),
            rejected=_REJECTED.validate_python(document["rejected"]),
            warnings=_WARNINGS.validate_python(document["warnings"]),
            coverage=_COVERAGE.validate_python(document["coverage"]),
            usage=_USAGE.validate_python(document["usage"]),
            models=_NAMES.validate_python(document.get("models", ())),
            overview=_overview(document.get("overview")),
        )
    except ValidationError as err:
        first = err.errors(include_url=False)[0]
        raise NotAResult(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from err
    except KeyError as err:
        raise NotAResult(f"it lacks {err}") from err
    except (TypeError, AttributeError) as err:
        raise NotAResult(f"it has another form: {err}") from err


def _suppressed(row: Mapping[str, Any]) -> Suppressed:
    finding = Finding(
        rule_id=str(row["rule_id"]),
        source=Source.RULE,
        severity=Severity.LOW,
        confidence=Confidence.LOW,
        category=Category.MAINTAINABILITY,
        path=str(row["path"]),
        side=Side.NEW,
        start_line=row["start_line"],
        end_line=row["start_line"],
        title=str(row["rule_id"]),
        message=str(row["rule_id"]),
        fingerprint=str(row.get("fingerprint", "")),
    )
    return Suppressed(finding, str(row["reason"]), str(row.get("note", "")))


def _overview(written: Mapping[str, Any] | None) -> Overview | None:
    if written is None:
        return None
    lists = ("files_first", "missing_tests", "untested", "labels")
    names = {key: _NAMES.validate_python(written.get(key, ())) for key in lists}
    return Overview(str(written["overview"]), str(written["risk"]), **names)
