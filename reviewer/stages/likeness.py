"""Compare what two findings say, and where."""

from __future__ import annotations

from reviewer.domain import Finding

SAME_WORDS = 0.5
"""From here on two texts say the same."""

_SHINGLE = 3


def overlap(finding: Finding, other: Finding) -> bool:
    """Say whether two findings share a line; those about a whole file share none."""
    return (finding.path, finding.side) == (other.path, other.side) and bool(lines(finding) & lines(other))


def lines(finding: Finding) -> set[int]:
    """Return the lines of a finding; none for one about the whole file."""
    if finding.start_line is None or finding.end_line is None:
        return set()
    return set(range(finding.start_line, finding.end_line + 1))


def likeness(finding: Finding, other: Finding) -> float:
    """Compare two texts by the runs of three characters they share, from 0 to 1; fits Chinese too."""
    first, second = _shingles(finding), _shingles(other)
    return len(first & second) / len(first | second) if first and second else 0.0


def _shingles(finding: Finding) -> set[str]:
    text = "".join(char for char in f"{finding.title} {finding.message}".casefold() if char.isalnum())
    return {text[index : index + _SHINGLE] for index in range(len(text) - _SHINGLE + 1)}
