"""An exported log: JSON Lines that can be verified where the database is not, given the instance key.

The first line is the signed base, then one line an entry, and last a checkpoint, so that a file that was
cut short shows it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from reviewer.audit.chain import Snapshot
from reviewer.audit.seal import Entry, Seal, Statement, canonical
from reviewer.audit.verification import Problem, Report, verify
from reviewer.errors import UsageError

_VERSION = 1


@dataclass(frozen=True, slots=True)
class _Line:
    """What a line of a journal holds: one of the two."""

    statement: Statement | None = None
    entry: Entry | None = None


def write(seal: Seal, snapshot: Snapshot) -> Iterator[str]:
    """Yield the lines of an export, without line ends."""
    yield statement_line(snapshot.base)
    last, mac = snapshot.base.number, snapshot.base.mac
    for entry in snapshot.entries:
        last, mac = entry.number, entry.mac
        yield canonical({"at": entry.at, "mac": mac, "number": last, "record": _lenient(entry.record)})
    yield statement_line(seal.state("checkpoint", last, mac, snapshot.head.at))


def statement_line(statement: Statement) -> str:
    """Write a base or a checkpoint as one line."""
    return canonical({"version": _VERSION, **asdict(statement)})


def read_checkpoints(lines: Iterable[str], source: str) -> list[Statement]:
    """Return the checkpoints of a file, an export among them; raise UsageError if it holds none."""
    found = [line.statement for line in _read(lines, source) if line.statement]
    checkpoints = [statement for statement in found if statement.kind == "checkpoint"]
    if not checkpoints:
        raise UsageError(f"{source} holds no checkpoint")
    return checkpoints


def verify_file(
    seal: Seal, lines: Iterable[str], source: str, checkpoints: Collection[Statement] = ()
) -> Report:
    """Check an exported log; raise UsageError for a file that is none."""
    rest = _read(lines, source)
    first = next(rest, _Line()).statement
    if first is None or first.kind != "base":
        raise UsageError(f"{source} does not begin as an exported audit log does")
    closing: list[Statement] = []

    def entries() -> Iterator[Entry]:
        for line in rest:
            if line.entry is not None:
                yield line.entry
            elif line.statement is not None:
                closing.append(line.statement)

    report = verify(seal, first, entries(), ends=closing, checkpoints=checkpoints)
    if closing or any(problem.kind == "other-key" for problem in report.problems):
        return report
    cut = Problem("cut", report.last + 1, "the file ends without its checkpoint: it was cut short")
    return Report(report.first, report.last, report.entries, (*report.problems, cut), report.notes)


def _read(lines: Iterable[str], source: str) -> Iterator[_Line]:
    for at, line in enumerate(lines, 1):
        if line.strip():
            with _named(source, at):
                yield _parse(json.loads(line))


def _parse(value: Any) -> _Line:
    if "kind" not in value:
        record = value["record"] if isinstance(value["record"], str) else canonical(value["record"])
        return _Line(entry=Entry(_whole(value["number"]), _whole(value["at"]), record, str(value["mac"])))
    if value["kind"] not in {"base", "head", "checkpoint"}:
        raise ValueError("unknown kind")
    texts = {name: str(value[name]) for name in ("mac", "key", "signature")}
    statement = Statement(value["kind"], _whole(value["number"]), at=_whole(value["at"]), **texts)
    return _Line(statement=statement)


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError("not a whole number")
    return value


def _lenient(record: str) -> Any:
    """Open a record for those who read the export; one that is no JSON any more stays as it is."""
    try:
        opened = json.loads(record)
    except ValueError:
        return record
    return opened if isinstance(opened, dict) and canonical(opened) == record else record


@contextmanager
def _named(source: str, at: int) -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, TypeError, RecursionError) as err:
        raise UsageError(f"{source}:{at} is no line of an audit log") from err
