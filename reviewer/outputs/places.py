"""Where a finding lies, for formats that know the new side of a file only."""

from __future__ import annotations

from parsers.diff import Side
from reviewer.domain import Finding


def new_lines(finding: Finding) -> tuple[int, int]:
    """Return the first and last new-side line to show a finding at.

    What is about removed lines, or about a file as a whole, is shown at line 1: GitHub and GitLab
    want a line of the file as it is now, and any other would point at innocent code.
    """
    if finding.start_line is None or finding.side is Side.OLD:
        return (1, 1)
    return (finding.start_line, finding.end_line or finding.start_line)


def explain(finding: Finding) -> str:
    """Return title and message in one passage, with the removed lines named where they are meant."""
    text = finding.title if finding.message == finding.title else f"{finding.title}: {finding.message}"
    if finding.side is Side.OLD and finding.start_line is not None:
        return f"{text} (about removed line {finding.start_line})"
    return text


def span(first: int, last: int) -> str:
    """Write `line 3` or `lines 3-5`."""
    return f"line {first}" if first == last else f"lines {first}-{last}"
