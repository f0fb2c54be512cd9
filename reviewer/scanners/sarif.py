"""Take in other tools' findings from SARIF 2.1.0 files, as far as the change touches them.

The files come from tools of every quality: what cannot be read is counted, never fatal, unless it is
the whole file. Paths are names to compare, never opened.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from parsers.diff import Side
from reviewer.domain import (
    Category,
    ChangedFile,
    ChangeSet,
    Confidence,
    Finding,
    ReviewWarning,
    Severity,
    Source,
)
from reviewer.errors import UsageError
from reviewer.ports import ScanReport
from reviewer.scanners.newside import new_side
from reviewer.stages.anchor import anchor
from reviewer.stages.redact import redact

MAX_BYTES = 25_000_000
MAX_TEXT = 2_000

_LEVELS = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "note": Severity.LOW, "none": Severity.LOW}
# `security-severity` is a CVSS score; the bounds are those of GitHub's code scanning documentation.
_SCORES = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM))
_PRECISIONS = {"very-high": Confidence.HIGH, "high": Confidence.HIGH, "low": Confidence.LOW}
_CWE = re.compile(r"cwe[-/]0*(\d{1,5})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SarifResult:
    """One result of a file: a path inside the repository and lines, or None for the file as a whole."""

    rule_id: str
    path: str
    start_line: int | None
    end_line: int | None
    severity: Severity
    confidence: Confidence
    category: Category
    cwe: tuple[str, ...]
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class SarifReport:
    """What could be read of a file, how many results could not, and how many lie outside the repository."""

    results: tuple[SarifResult, ...]
    malformed: int = 0
    outside: int = 0


class SarifScanner:
    """Finds what the files' tools found; `root` is the repository, for files with absolute paths.

    Raises UsageError from `scan` for a file that is not there, too large, or no SARIF at all.
    """

    name = "sarif"
    thorough = False

    def __init__(self, files: Sequence[Path], root: Path | None = None) -> None:
        self._files = tuple(files)
        self._root = root

    def scan(self, change: ChangeSet) -> ScanReport:
        """Keep the results that lie on changed lines."""
        findings: dict[Finding, None] = {}
        warnings: list[ReviewWarning] = []
        for file in self._files:
            report = read(file, self._root)
            for result in report.results:
                changed = change.file(result.path)
                finding = _finding(result, changed) if changed else None
                if finding:
                    findings[finding] = None
            if report.malformed:
                message = f"{file.name}: {report.malformed} results could not be read"
                warnings.append(ReviewWarning("sarif-malformed", message))
            if report.outside:
                message = f"{file.name}: {report.outside} results lie outside the repository"
                warnings.append(ReviewWarning("sarif-outside", message))
        return ScanReport(tuple(findings), tuple(warnings))


def read(file: Path, root: Path | None = None) -> SarifReport:
    """Read a SARIF file; results that the tool itself calls passed, absent or suppressed are left out.

    Raises UsageError for a file that is not there, larger than 25 MB, nested too deeply, or not SARIF.
    """
    results: list[SarifResult] = []
    malformed = outside = 0
    for run in _runs(file):
        for entry in _list(run, "results"):
            if not _is_open(entry):
                continue
            result = _result(entry, run, root)
            if result is None:
                malformed += 1
            elif not result.path:
                outside += 1
            else:
                results.append(result)
    return SarifReport(tuple(results), malformed, outside)


def _runs(file: Path) -> list[Mapping[str, Any]]:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise UsageError(f"{file} is larger than {MAX_BYTES // 1_000_000} MB")
        document = json.loads(file.read_bytes())
    except OSError as err:
        raise UsageError(f"{file} cannot be read: {err.strerror}") from err
    except RecursionError as err:
        raise UsageError(f"{file} is nested too deeply for a SARIF file") from err
    except ValueError as err:
        raise UsageError(f"{file} is not JSON: {err}") from err
    if not isinstance(document, dict) or not isinstance(document.get("runs"), list):
        raise UsageError(f"{file} is not a SARIF file: it has no runs")
    return [run for run in document["runs"] if isinstance(run, dict)]


def _is_open(entry: Any) -> bool:
    suppressed = any(_text(one, "status") in ("", "accepted") for one in _list(entry, "suppressions"))
    passed = _text(entry, "kind") not in ("", "fail") or _text(entry, "baselineState") == "absent"
    return not suppressed and not passed


def _result(entry: Any, run: Mapping[str, Any], root: Path | None) -> SarifResult | None:
    """Read one result; None if it has no rule, message or place. Its path is empty if it lies outside."""
    rule = _rule(entry, run)
    rule_id = _text(entry, "ruleId") or _text(entry, "rule", "id") or _text(rule, "id")
    message = _text(entry, "message", "text") or _text(
        rule, "messageStrings", _text(entry, "message", "id"), "text"
    )
    location = next(iter(_list(entry, "locations")), None)
    uri = _uri(location, run)
    if not rule_id or not message or not uri:
        return None
    start = _number(location, "physicalLocation", "region", "startLine")
    end = _number(location, "physicalLocation", "region", "endLine")
    tags = " ".join(tag for tag in _list(rule, "properties", "tags") if isinstance(tag, str)).lower()
    cwe = tuple(dict.fromkeys(f"CWE-{number}" for number in _CWE.findall(tags)))
    tool = re.sub(r"[^a-z0-9]+", "-", _text(run, "tool", "driver", "name").lower()).strip("-") or "tool"
    return SarifResult(
        rule_id=f"{tool}/{rule_id}"[:200],
        path=_inside(uri, root),
        start_line=start,
        end_line=max(start, end or start) if start else None,
        severity=_severity(entry, rule),
        confidence=_PRECISIONS.get(_text(rule, "properties", "precision"), Confidence.MEDIUM),
        category=_category(tags, cwe, rule),
        cwe=cwe,
        title=(_text(rule, "shortDescription", "text") or message).splitlines()[0][:200],
        message=message[:MAX_TEXT],
    )


def _rule(entry: Any, run: Mapping[str, Any]) -> Any:
    """Find a result's rule, by its index or its id, in the tool or in the extension that it names."""
    tool = _at(run, "tool", "driver")
    extension = _at(entry, "rule", "toolComponent", "index")
    extensions = _list(run, "tool", "extensions")
    if isinstance(extension, int) and 0 <= extension < len(extensions):
        tool = extensions[extension]
    rules = _list(tool, "rules")
    index = _at(entry, "ruleIndex")
    index = _at(entry, "rule", "index") if index is None else index
    if isinstance(index, int) and 0 <= index < len(rules):
        return rules[index]
    rule_id = _text(entry, "ruleId") or _text(entry, "rule", "id")
    return next((rule for rule in rules if _text(rule, "id") == rule_id), None)


def _severity(entry: Any, rule: Any) -> Severity:
    score = _at(rule, "properties", "security-severity")
    if isinstance(score, int | float | str) and re.fullmatch(r"\d{1,2}(\.\d+)?", str(score)):
        return next((severity for bound, severity in _SCORES if float(score) >= bound), Severity.LOW)
    level = _text(entry, "level") or _text(rule, "defaultConfiguration", "level") or "warning"
    return _LEVELS.get(level, Severity.MEDIUM)


def _category(tags: str, cwe: tuple[str, ...], rule: Any) -> Category:
    if cwe or "security" in tags or _at(rule, "properties", "security-severity") is not None:
        return Category.SECURITY
    return next((category for category in Category if category.value in tags), Category.MAINTAINABILITY)


def _uri(location: Any, run: Mapping[str, Any]) -> str:
    """Return the address of a location's file, with the base that it is relative to in front."""
    artifact = _at(location, "physicalLocation", "artifactLocation")
    index, artifacts = _at(artifact, "index"), _list(run, "artifacts")
    if not _text(artifact, "uri") and isinstance(index, int) and 0 <= index < len(artifacts):
        artifact = _at(artifacts[index], "location")
    uri = _text(artifact, "uri")
    base = _text(run, "originalUriBaseIds", _text(artifact, "uriBaseId"), "uri")
    return posixpath.join(base, uri) if uri else ""


def _inside(uri: str, root: Path | None) -> str:
    """Turn an address into a path inside the repository; empty if it does not lie there."""
    parts = urlsplit(uri) if uri.lower().startswith("file:") else None
    path = posixpath.normpath(unquote(parts.path if parts else uri).replace("\\", "/"))
    if posixpath.isabs(path):
        home = root.resolve().as_posix() if root else None
        if home is None or not path.startswith(f"{home}/"):
            return ""
        path = path.removeprefix(f"{home}/")
    outside = (
        path in (".", "..") or path.startswith("../") or "\0" in path or re.match(r"[A-Za-z][\w+.-]*:", path)
    )
    return "" if outside else path


def _finding(result: SarifResult, file: ChangedFile) -> Finding | None:
    lines: tuple[int | None, int | None] | None = (None, None)
    if result.start_line and result.end_line:
        lines = anchor(file, Side.NEW, result.start_line, result.end_line)
    if lines is None or not file.diff.added_lines:
        return None
    side = new_side(file)
    evidence = side.quote(lines[0], lines[1]) if side and lines[0] and lines[1] else ""
    return Finding(
        rule_id=result.rule_id,
        source=Source.SARIF,
        severity=result.severity,
        confidence=result.confidence,
        category=result.category,
        path=file.path,
        side=Side.NEW,
        start_line=lines[0],
        end_line=lines[1],
        title=redact(result.title).text,
        message=redact(result.message).text,
        cwe=result.cwe,
        evidence=redact(evidence).text,
    )


def _at(node: Any, *keys: str) -> Any:
    """Follow keys as far as there are objects; None where the way ends."""
    for key in keys:
        if not isinstance(node, dict):
            return None
        node = node.get(key)
    return node


def _text(node: Any, *keys: str) -> str:
    value = _at(node, *keys)
    return value.strip() if isinstance(value, str) else ""


def _number(node: Any, *keys: str) -> int | None:
    value = _at(node, *keys)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _list(node: Any, *keys: str) -> list[Any]:
    value = _at(node, *keys)
    return value if isinstance(value, list) else []
