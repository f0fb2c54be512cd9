"""Read SARIF 2.1.0 files of tools of every quality.

What cannot be read is counted, never fatal, unless it is the whole file. A file that is too large to be
meant is refused before it is taken apart.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reviewer.domain import Category, Confidence
from reviewer.errors import UsageError
from reviewer.scanners.sarif_nodes import Node, at, items, number, text
from reviewer.scanners.sarif_paths import Places
from reviewer.scanners.sarif_severity import Claim
from reviewer.scanners.sarif_weaknesses import meant

MAX_BYTES = 25_000_000
MAX_NODES = 1_000_000
"""Objects and lists of a file: a result has six or more of them, and each takes 80 bytes at least."""

_MOST_TEXT = 2_000
_MOST_TITLE = 200
_CWE = re.compile(r"(?:\bcwe[-/]|cwe\.mitre\.org/data/definitions/)0*(\d{1,5})\b", re.IGNORECASE)
_GAP = re.compile(r"\{(\d{1,2})\}")
_ODD_IN_ID = re.compile(r"[^\w.@:+/-]+")
_PRECISIONS = {"very-high": Confidence.HIGH, "high": Confidence.HIGH, "low": Confidence.LOW}
_NAMES = {"semgrep-oss": "semgrep", "semgrep-pro": "semgrep", "codeql-command-line-toolchain": "codeql"}


@dataclass(frozen=True, slots=True)
class SarifResult:
    """One result: a path inside the repository and lines, or None for the file as a whole."""

    rule_id: str
    path: str
    start_line: int | None
    end_line: int | None
    claim: Claim
    confidence: Confidence
    category: Category
    cwe: tuple[str, ...]
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class SarifReport:
    """What a file holds, by the tools that wrote it, and how much of it was left out.

    `malformed` results could not be read, `outside` ones lie outside the repository, `silenced` ones
    the tool itself calls suppressed. `failures` are runs that say of themselves that they failed.
    """

    results: tuple[SarifResult, ...] = ()
    tools: tuple[str, ...] = ()
    malformed: int = 0
    outside: int = 0
    silenced: int = 0
    failures: tuple[str, ...] = ()


def read(file: Path, root: Path | None = None) -> SarifReport:
    """Read a file; `root` is the repository. Raises UsageError."""
    try:
        if file.stat().st_size > MAX_BYTES:
            raise UsageError(f"{file} is larger than {MAX_BYTES // 1_000_000} MB")
        content = file.read_bytes()
    except OSError as err:
        raise UsageError(f"{file} cannot be read: {err.strerror}") from err
    return parse(content, str(file), root)


def parse(content: bytes, name: str, root: Path | None = None, *, tool: str | None = None) -> SarifReport:
    """Read the text of a file; `name` is what errors call it, `tool` replaces the tools' own names.

    Results that the tool calls passed, absent or suppressed are left out. Raises UsageError.
    """
    results: list[SarifResult] = []
    left_out: Counter[str] = Counter()
    failures: list[str] = []
    tools: dict[str, None] = {}
    for run in _runs(content, name):
        reader = _RunReader(run, root, tool)
        tools[reader.tool] = None
        failures += reader.failures()
        for entry in items(run, "results"):
            result = _judge(reader, entry)
            if isinstance(result, SarifResult):
                results.append(result)
            else:
                left_out[result] += 1
    return SarifReport(
        tuple(results),
        tuple(tools),
        malformed=left_out["malformed"],
        outside=left_out["outside"],
        silenced=left_out["silenced"],
        failures=tuple(failures),
    )


def _judge(reader: _RunReader, entry: Node) -> SarifResult | str:
    """Read a result, or say why it is left out."""
    if text(entry, "kind") not in {"", "fail"} or text(entry, "baselineState") == "absent":
        return "closed"
    if any(text(one, "status") in {"", "accepted"} for one in items(entry, "suppressions")):
        return "silenced"
    result = reader.result(entry)
    if result is None:
        return "malformed"
    return result if result.path else "outside"


def _runs(content: bytes, name: str) -> list[Node]:
    if len(content) > MAX_BYTES:
        raise UsageError(f"{name} is larger than {MAX_BYTES // 1_000_000} MB")
    if content.count(b"{") + content.count(b"[") > MAX_NODES:
        raise UsageError(f"{name} holds more than {MAX_NODES:,} objects and lists")
    try:
        document = json.loads(content)
    except RecursionError as err:
        raise UsageError(f"{name} is nested too deeply for a SARIF file") from err
    except ValueError as err:
        raise UsageError(f"{name} is not JSON: {err}") from err
    if not isinstance(document, dict) or not isinstance(document.get("runs"), list):
        raise UsageError(f"{name} is not a SARIF file: it has no runs")
    return [run for run in document["runs"] if isinstance(run, dict)]


class _RunReader:
    """Reads the results of one run; rules are looked up by index, or by an id that is indexed once."""

    def __init__(self, run: Node, root: Path | None, tool: str | None) -> None:
        self._run = run
        self._places = Places(run, root)
        self._components = [at(run, "tool", "driver"), *items(run, "tool", "extensions")]
        self._by_id: dict[str, Node] = {}
        for component in self._components:
            for rule in items(component, "rules"):
                self._by_id.setdefault(text(rule, "id"), rule)
        self._driver = _tool_name(text(run, "tool", "driver", "name"))
        self.tool = tool or self._driver

    def failures(self) -> Iterator[str]:
        """Say what the tool says of its own failure."""
        for call in items(self._run, "invocations"):
            if at(call, "executionSuccessful") is False:
                said = (
                    text(one, "message", "text")
                    for key in ("toolExecutionNotifications", "toolConfigurationNotifications")
                    for one in items(call, key)
                )
                reason = next(filter(None, said), text(call, "exitCodeDescription"))
                yield f"{self.tool} says that it failed{f': {reason[:300]}' if reason else ''}"

    def result(self, entry: Node) -> SarifResult | None:
        """Read one result; None if it has no rule, message or place. Its path is empty if it lies outside."""
        rule = self._rule(entry)
        rule_id = text(entry, "ruleId") or text(entry, "rule", "id") or text(rule, "id")
        message = _message(entry, rule)
        location = next(iter(items(entry, "locations")), None)
        path = self._places.path(location)
        if not rule_id or not message or path is None:
            return None
        start = number(location, "physicalLocation", "region", "startLine")
        end = number(location, "physicalLocation", "region", "endLine")
        tags = " ".join(tag for tag in items(rule, "properties", "tags") if isinstance(tag, str)).lower()
        known = meant(self._driver, rule_id, message)
        cwe = tuple(_cwes(entry, rule, tags)) or ((known,) if known else ())
        score = _score(rule)
        level = text(entry, "level") or text(rule, "defaultConfiguration", "level") or "warning"
        return SarifResult(
            rule_id=_ODD_IN_ID.sub("-", f"{self.tool}/{rule_id}")[:_MOST_TITLE],
            path=path,
            start_line=start,
            end_line=max(start, end or start) if start else None,
            claim=Claim(self.tool, rule_id, level, score, driver=self._driver),
            confidence=_confidence(entry, rule),
            category=_category(tags, secure=bool(cwe) or score is not None),
            cwe=cwe,
            title=_title(rule, message),
            message=message[:_MOST_TEXT],
        )

    def _rule(self, entry: Node) -> Node:
        """Find a result's rule, by its index or its id, in the tool or in the extension that it names."""
        extension = at(entry, "rule", "toolComponent", "index")
        component = extension + 1 if isinstance(extension, int) and extension >= 0 else 0
        rules = items(self._components[component], "rules") if component < len(self._components) else []
        index = at(entry, "ruleIndex")
        index = at(entry, "rule", "index") if index is None else index
        if isinstance(index, int) and 0 <= index < len(rules):
            return rules[index]
        rule_id = text(entry, "ruleId") or text(entry, "rule", "id")
        # An id may name a special case of a rule: `CA1000/1` (SARIF 2.1.0, 3.52.4).
        return self._by_id.get(rule_id) or self._by_id.get(rule_id.rpartition("/")[0])


def _tool_name(driver: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", driver.lower()).strip("-") or "tool"
    return _NAMES.get(name, name)


def _message(entry: Node, rule: Node) -> str:
    written = text(entry, "message", "text") or text(
        rule, "messageStrings", text(entry, "message", "id"), "text"
    )
    arguments = items(entry, "message", "arguments")

    def fill(gap: re.Match[str]) -> str:
        index = int(gap[1])
        return str(arguments[index])[:_MOST_TITLE] if index < len(arguments) else gap[0]

    return _GAP.sub(fill, written[:_MOST_TEXT]) if arguments else written


def _title(rule: Node, message: str) -> str:
    """Return one line: the rule's own, unless it has gaps or says nothing but the rule's name."""
    line = message.splitlines()[0]
    short = text(rule, "shortDescription", "text")
    if short and "{" not in short and not short.startswith("Semgrep Finding:"):
        line = short.splitlines()[0]
    return line[:_MOST_TITLE]


def _cwes(entry: Node, rule: Node, tags: str) -> Iterator[str]:
    """Yield the weaknesses named in tags, in relations to the list of CWE, or in links to it."""
    texts = [tags, text(rule, "helpUri")]
    texts += [text(rule, key, "text")[:20_000] for key in ("fullDescription", "help")]
    taxa = [*items(entry, "taxa"), *(at(one, "target") for one in items(rule, "relationships"))]
    texts += [
        f"cwe-{text(taxon, 'id').upper().removeprefix('CWE-')}"
        for taxon in taxa
        if text(taxon, "toolComponent", "name").upper() == "CWE"
    ]
    yield from dict.fromkeys(f"CWE-{found}" for found in _CWE.findall(" ".join(texts)))


def _score(rule: Node) -> float | None:
    score = at(rule, "properties", "security-severity")
    if isinstance(score, int | float | str) and re.fullmatch(r"\d{1,2}(\.\d{1,9})?", str(score)):
        return float(score)
    return None


def _confidence(entry: Node, rule: Node) -> Confidence:
    precision = text(rule, "properties", "precision") or text(entry, "properties", "issue_confidence").lower()
    return _PRECISIONS.get(precision, Confidence.MEDIUM)


def _category(tags: str, *, secure: bool) -> Category:
    if secure or "security" in tags:
        return Category.SECURITY
    return next((category for category in Category if category.value in tags), Category.MAINTAINABILITY)
