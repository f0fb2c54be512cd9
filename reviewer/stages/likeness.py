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
    """Compare what two findings say, from 0 to 1."""
    return alike(f"{finding.title} {finding.message}", f"{other.title} {other.message}")


def alike(text: str, other: str) -> float:
    """Compare two texts by the runs of three characters they share, from 0 to 1; fits Chinese too."""
    first, second = _shingles(text), _shingles(other)
    return len(first & second) / len(first | second) if first and second else 0.0


def _shingles(text: str) -> set[str]:
    letters = "".join(char for char in text.casefold() if char.isalnum())
    return {letters[index : index + _SHINGLE] for index in range(len(letters) - _SHINGLE + 1)}
