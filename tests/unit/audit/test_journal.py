"""An exported log holds by itself, and shows what was done to it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from reviewer.audit import journal
from reviewer.audit.seal import Seal
from reviewer.audit.verification import Report
from reviewer.errors import UsageError
from tests.unit.audit.lab import KEY, OTHER_KEY, AuditLab


def export(lab: AuditLab, since: int = 0) -> list[str]:
    with lab.chain.read(since) as snapshot:
        return list(journal.write(lab.seal, snapshot))


def check(lines: list[str], key: bytes = KEY) -> Report:
    return journal.verify_file(Seal(key), lines, "log.jsonl")


def problems(lines: list[str], key: bytes = KEY) -> list[tuple[str, int]]:
    return [(problem.kind, problem.number) for problem in check(lines, key).problems]


def test_an_export_holds(lab: AuditLab) -> None:
    lab.fill(5)
    lines = export(lab)
    assert len(lines) == 7
    assert json.loads(lines[1])["record"] == {"kind": "test", "what": 0}
    assert (check(lines).last, check(lines).problems) == (5, ())


def test_an_export_of_the_later_part_holds(lab: AuditLab) -> None:
    lab.fill(10)
    since = json.loads(export(lab)[7])["at"]
    lines = export(lab, since)
    report = check(lines)
    assert (report.first, report.last, report.problems) == (7, 10, ())


def test_an_export_says_what_retention_removed(lab: AuditLab) -> None:
    lab.fill(5)
    lab.clock.now += 1
    lab.chain.prune(round(lab.clock.now * 1000) - 2500)
    assert json.loads(export(lab)[0])["number"] == 3
    assert problems(export(lab)) == []


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (lambda lines: lines[:4] + lines[5:], [("missing", 4)]),
        (lambda lines: lines[:-1], [("cut", 6)]),
        (lambda lines: lines[:-2] + lines[-1:], [("cut", 5)]),
        (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], [("missing", 2), ("order", 2)]),
        (lambda lines: [line.replace('"what":2', '"what":7') for line in lines], [("changed", 3)]),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], [("order", 2)]),
    ],
)
def test_an_export_that_was_edited(
    lab: AuditLab, edit: Callable[[list[str]], list[str]], found: list[tuple[str, int]]
) -> None:
    lab.fill(5)
    assert problems(edit(export(lab))) == found


def test_an_export_without_its_beginning(lab: AuditLab) -> None:
    lab.fill(5)
    with pytest.raises(UsageError, match="does not begin"):
        check(export(lab)[1:])


def test_another_key(lab: AuditLab) -> None:
    lab.fill(2)
    assert problems(export(lab), OTHER_KEY) == [("other-key", 0)]


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"kind":"x"}', '{"number":1.5}', "[" * 100_000, "7"])
def test_a_line_that_is_none(lab: AuditLab, line: str) -> None:
    lab.fill(2)
    with pytest.raises(UsageError, match=r"log.jsonl:\d is no line"):
        check([*export(lab)[:2], line])


def test_a_record_that_is_no_json_any_more_is_exported_and_found(lab: AuditLab) -> None:
    lab.fill(3)
    lab.sql("UPDATE audit_entries SET record = '{\"kind\": ' WHERE number = 2")
    assert problems(export(lab)) == [("changed", 2)]


def test_checkpoints_of_a_file(lab: AuditLab) -> None:
    lab.fill(3)
    lines = export(lab)
    [found] = journal.read_checkpoints(lines, "log.jsonl")
    assert found.number == 3
    written = journal.statement_line(lab.chain.checkpoint())
    assert journal.read_checkpoints([written], "c.json")[0].number == 3
    with pytest.raises(UsageError, match="holds no checkpoint"):
        journal.read_checkpoints(lines[:-1], "log.jsonl")
