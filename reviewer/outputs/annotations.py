"""Workflow commands: GitHub Actions shows findings beside the lines that they are about.

Source: GitHub's "Workflow commands" (syntax, escaping, `stop-commands`). A step shows ten of each kind, so
the most important come first and the rest is left to the job summary.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator

from parsers.diff import Side
from reviewer.domain import Finding, Review, Severity
from reviewer.outputs.places import explain
from reviewer.stages.threshold import Bar

MOST_OF_A_KIND = 10
_MOST_TEXT = 1_000


def annotate(review: Review, bar: Bar | None = None) -> str:
    """Write a command for each finding; those that fail the gate are errors.

    Where the bar is not told, what is critical or high counts as failing.
    """
    shown: Counter[str] = Counter()
    lines = []
    for kind, line in (*_undecided(review), *_findings(review, bar)):
        shown[kind] += 1
        if shown[kind] <= MOST_OF_A_KIND:
            lines.append(line)
    return "".join(f"{line}\n" for line in lines)


def inert(text: str) -> str:
    """Wrap a text so that nothing in it is taken for a command, whatever the code under review says."""
    token = secrets.token_hex(16)
    return f"::stop-commands::{token}\n{text.rstrip()}\n::{token}::\n"


def _undecided(review: Review) -> Iterator[tuple[str, str]]:
    for warning in review.warnings:
        if warning.undecided:
            where = {"file": warning.path} if warning.path else {}
            yield "warning", _command("warning", {**where, "title": "left undecided"}, warning.message)


def _findings(review: Review, bar: Bar | None) -> Iterator[tuple[str, str]]:
    for finding in review.findings:
        kind = _kind(finding, bar)
        where: dict[str, str] = {"file": finding.path}
        if finding.start_line is not None and finding.side is Side.NEW:
            where |= {"line": str(finding.start_line), "endLine": str(finding.end_line)}
        title = f"{finding.severity}: {finding.rule_id}"
        yield kind, _command(kind, {**where, "title": title}, explain(finding)[:_MOST_TEXT])


def _kind(finding: Finding, bar: Bar | None) -> str:
    fails = bar.blocks(finding) if bar else finding.severity.rank >= Severity.HIGH.rank
    if fails:
        return "error"
    return "notice" if finding.severity is Severity.LOW else "warning"


def _command(kind: str, properties: dict[str, str], text: str) -> str:
    named = ",".join(f"{key}={_escape(value, ':,')}" for key, value in properties.items())
    return f"::{kind} {named}::{_escape(text)}"


def _escape(text: str, more: str = "") -> str:
    text = text.encode("utf-8", "replace").decode()
    return "".join(f"%{ord(char):02X}" if char in f"%\r\n{more}" else char for char in text)
