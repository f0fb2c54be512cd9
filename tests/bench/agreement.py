"""How far the parsers agree with git and with what people really committed."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench.figures import Table, rows
from tests.unit.parsers.real_edits import EditRow, measure_edits
from tests.unit.parsers.truth import Tally, tally_lines, tally_odd_diffs, tally_real_diffs


@dataclass(frozen=True, slots=True)
class Agreement:
    """What of a kind is as git has it, what is refused and in which words, what is wrong."""

    what: str
    right: int
    refused: int
    wrong: int
    of: int
    refused_as: str = ""


@dataclass(frozen=True, slots=True)
class EditAgreement:
    """Real edits that were accepted and edits without one bracket that were rejected, of a language."""

    language: str
    files: int
    edits: int
    accepted_percent: str
    broken: int
    rejected_percent: str


def measure_agreement() -> list[Table]:
    """Compare diffs, lines and edits."""
    odd = tally_odd_diffs(rows)
    return [
        Table(
            "Agreement with git",
            [
                _agreement("real diffs: files, statuses, counts", tally_real_diffs(rows)),
                _agreement("lines of hunks, byte for byte", tally_lines(rows)),
                *(_agreement(f"odd diffs: {name}", tally) for name, tally in odd.items()),
            ],
        ),
        Table("Edits of files that parse", [_edits(row) for row in measure_edits(rows)]),
    ]


def _agreement(what: str, tally: Tally) -> Agreement:
    words = "; ".join(dict.fromkeys(tally.refused))
    return Agreement(what, tally.right, len(tally.refused), len(tally.wrong), tally.seen, words)


def _edits(row: EditRow) -> EditAgreement:
    accepted, rejected = _percent(row.accepted, row.edits), _percent(row.rejected, row.broken)
    return EditAgreement(row.language, row.files, row.edits, accepted, row.broken, rejected)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f}" if whole else "-"
