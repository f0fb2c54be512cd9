"""Whatever is done to the log behind our back shows; what retention does to it does not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.audit.chain import Chain
from reviewer.audit.seal import Entry, Seal, canonical
from reviewer.audit.verification import verify
from reviewer.errors import StoreError
from tests.unit.audit.lab import DAY_MS, OTHER_KEY, AuditLab

COPY = "UPDATE audit_entries SET record = :record, at = :at, mac = :mac WHERE number = :number"


def test_an_untouched_log_holds(lab: AuditLab) -> None:
    lab.fill(10)
    report = lab.verify()
    assert (report.first, report.last, report.entries, report.problems) == (1, 10, 10, ())


def test_a_log_without_entries_holds(lab: AuditLab) -> None:
    with pytest.raises(StoreError, match="no audit log"):
        lab.verify()
    lab.fill(1)
    lab.clock.now += 10
    assert lab.chain.prune(round(lab.clock.now * 1000)) == 1
    assert lab.verify().problems == ()


@pytest.mark.parametrize("column", ["record = '{}'", "at = at + 1", "mac = 'xx'"])
def test_a_changed_row(lab: AuditLab, column: str) -> None:
    lab.fill(10)
    lab.sql(f"UPDATE audit_entries SET {column} WHERE number = 5")
    assert lab.problems()[0] == ("changed", 5)


def test_a_deleted_row(lab: AuditLab) -> None:
    lab.fill(10)
    lab.sql("DELETE FROM audit_entries WHERE number IN (4, 5)")
    assert lab.problems() == [("missing", 4)]


def test_a_deleted_row_whose_successors_moved_up(lab: AuditLab) -> None:
    lab.fill(6)
    lab.sql("DELETE FROM audit_entries WHERE number = 4")
    for number in (5, 6):
        lab.sql("UPDATE audit_entries SET number = number - 1 WHERE number = :n", n=number)
    assert lab.problems() == [("changed", 4), ("changed", 5), ("cut", 6)]


def test_swapped_rows(lab: AuditLab) -> None:
    lab.fill(10)
    for former, latter in ((3, -1), (4, 3), (-1, 4)):
        lab.sql("UPDATE audit_entries SET number = :to WHERE number = :at", to=latter, at=former)
    assert [number for _, number in lab.problems()] == [3, 4, 5]


def test_a_row_forged_with_another_key(lab: AuditLab) -> None:
    lab.fill(5)
    previous = lab.row("SELECT mac FROM audit_entries WHERE number = 4").mac
    forged = Seal(OTHER_KEY).entry(5, 1, canonical({"kind": "test", "what": "nothing"}), previous)
    lab.sql(COPY, record=forged.record, at=forged.at, mac=forged.mac, number=5)
    assert ("changed", 5) in lab.problems()


def test_a_row_added_behind_the_end(lab: AuditLab) -> None:
    lab.fill(5)
    lab.sql("INSERT INTO audit_entries (number, at, record, mac) VALUES (6, 1, '{}', 'aa')")
    assert lab.problems() == [("changed", 6), ("added", 6)]


def test_a_tail_cut_by_somebody_without_an_old_copy(lab: AuditLab) -> None:
    lab.fill(10)
    lab.sql("DELETE FROM audit_entries WHERE number > 7")
    assert lab.problems() == [("cut", 8)]
    mac = lab.row("SELECT mac FROM audit_entries WHERE number = 7").mac
    lab.sql("UPDATE audit_chain SET number = 7, mac = :mac", mac=mac)
    assert lab.problems() == [("forged", 7)]


def test_a_tail_cut_with_an_old_copy_shows_only_against_a_checkpoint(lab: AuditLab) -> None:
    lab.fill(2)
    early = lab.chain.checkpoint()
    lab.fill(8)
    late = lab.chain.checkpoint()
    with lab.chain.read() as snapshot:
        entries = list(snapshot.entries)
    seven = entries[6]
    head = lab.seal.state("head", 7, seven.mac, seven.at)  # as an old copy of the database has it
    lab.sql("DELETE FROM audit_entries WHERE number > 7")
    lab.sql(
        "UPDATE audit_chain SET number = 7, mac = :mac, at = :at, signature = :signature",
        mac=head.mac, at=head.at, signature=head.signature,
    )  # fmt: skip
    assert lab.problems() == []
    assert lab.problems(early) == []
    assert lab.problems(late) == [("cut", 8)]
    lab.fill(5)
    assert lab.problems() == []
    assert lab.problems(early, late) == [("rewritten", 10)]


def test_the_key_holder_cannot_write_the_log_anew_against_a_checkpoint(lab: AuditLab) -> None:
    lab.fill(5)
    checkpoint = lab.chain.checkpoint()
    lab.sql("DELETE FROM audit_entries")
    lab.sql("DELETE FROM audit_chain")
    lab.fill(6)
    assert lab.problems() == []
    assert lab.problems(checkpoint) == [("rewritten", 5)]


def test_a_checkpoint_that_is_not_ours(lab: AuditLab) -> None:
    lab.fill(3)
    checkpoint = lab.chain.checkpoint()
    assert lab.verify(checkpoint).notes == ("the checkpoint at 3 holds",)
    assert lab.problems(replace(checkpoint, number=2)) == [("forged", 2)]
    assert lab.problems(Seal(OTHER_KEY).state("checkpoint", 3, checkpoint.mac, 1)) == [("forged", 3)]


def test_another_key_is_called_so(lab: AuditLab) -> None:
    lab.fill(3)
    assert lab.problems(key=OTHER_KEY) == [("other-key", 0)]
    with pytest.raises(StoreError, match="another instance key"):
        Chain(lab.engine, Seal(OTHER_KEY)).append([])


def test_a_break_stays_visible_though_the_log_goes_on(lab: AuditLab) -> None:
    lab.fill(5)
    lab.sql("DELETE FROM audit_entries WHERE number > 3")
    mac = lab.row("SELECT mac FROM audit_entries WHERE number = 3").mac
    lab.sql("UPDATE audit_chain SET number = 3, mac = :mac", mac=mac)
    lab.fill(2)
    assert lab.problems() == [("forged", 4)]
    assert lab.verify().last == 6


def test_a_lost_row_of_ends_does_not_begin_the_log_anew(lab: AuditLab) -> None:
    lab.fill(3)
    lab.sql("DELETE FROM audit_chain")
    lab.fill(1)
    assert lab.problems() == [("forged", 4)]


# --- retention ------------------------------------------------------------------------------------


def test_what_is_pruned_leaves_a_chain_that_holds(lab: AuditLab) -> None:
    lab.fill(5)
    before = lab.chain.checkpoint()
    lab.clock.now += 40 * 86_400
    lab.fill(5)
    after = lab.chain.checkpoint()

    assert lab.chain.prune(round(lab.clock.now * 1000) - 30 * DAY_MS) == 5

    report = lab.verify(before, after)
    assert (report.first, report.last, report.problems) == (6, 11, ())
    assert report.notes == ("the checkpoint at 5 holds", "the checkpoint at 10 holds")
    last = lab.chain.entry(11)
    assert last is not None
    assert json.loads(last.record) == {"kind": "pruned", "first": 1, "last": 5}
    assert lab.chain.prune(round(lab.clock.now * 1000) - 30 * DAY_MS) == 0


def test_nobody_else_can_prune(lab: AuditLab) -> None:
    lab.fill(10)
    lab.sql("DELETE FROM audit_entries WHERE number <= 4")
    mac = lab.row("SELECT mac FROM audit_entries WHERE number = 5").mac
    lab.sql("UPDATE audit_chain SET base_number = 4, base_mac = :mac", mac=mac)
    assert ("forged", 4) in lab.problems()


def test_what_was_tampered_with_is_not_pruned(lab: AuditLab) -> None:
    lab.fill(5)
    lab.sql("UPDATE audit_entries SET record = '{}' WHERE number = 2")
    lab.clock.now += 10
    with pytest.raises(StoreError, match="entry 2 was changed"):
        lab.chain.prune(round(lab.clock.now * 1000))
    assert lab.verify().entries == 5


# --- any tampering at all --------------------------------------------------------------------------

SEAL = Seal(b"p" * 32)


def chain_of(length: int) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(1, length + 1):
        previous = entries[-1].mac if entries else SEAL.genesis
        entries.append(SEAL.entry(number, number, canonical({"kind": "test", "what": number}), previous))
    return entries


@given(st.data())
def test_any_edit_is_found(data: st.DataObject) -> None:
    length = data.draw(st.integers(2, 12))
    entries = chain_of(length)
    head = SEAL.state("head", length, entries[-1].mac, 1)
    at = data.draw(st.integers(0, length - 1))
    other = data.draw(st.integers(0, length - 1).filter(lambda index: index != at))
    edit = data.draw(st.sampled_from(["drop", "swap", "repeat", "at", "record", "mac", "copy"]))
    if edit == "drop":
        del entries[at]
    elif edit == "swap":
        entries[at], entries[other] = entries[other], entries[at]
    elif edit == "repeat":
        entries.insert(at, entries[other])
    elif edit == "copy":
        entries[at] = replace(entries[other], number=entries[at].number)
    else:
        changed = {"at": 99, "record": "{}", "mac": "0" * 64}[edit]
        entries[at] = replace(entries[at], **{edit: changed})  # type: ignore[arg-type]
    assert verify(SEAL, SEAL.state("base", 0, SEAL.genesis, 0), entries, ends=[head]).problems
