"""What is written down, what is not, and what becomes of a note that the database does not take."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from reviewer.audit import ledger as limits
from reviewer.audit.ledger import AuditLog
from reviewer.audit.prompts import Vault, open_vault
from reviewer.audit.record import hash_prompt
from reviewer.config import PrivacySettings
from reviewer.domain import Errand, Message, Receipt, ReviewWarning
from reviewer.errors import ConfigError, StoreError
from tests.unit.audit.lab import ERRAND, AuditLab, a_call

DAY_S = 86_400.0


def records(lab: AuditLab) -> list[dict[str, Any]]:
    with lab.chain.read() as snapshot:
        return [json.loads(entry.record) for entry in snapshot.entries]


def breaks(lab: AuditLab) -> None:
    lab.sql("UPDATE audit_chain SET key = 'x' || key")


def mends(lab: AuditLab) -> None:
    lab.sql("UPDATE audit_chain SET key = substr(key, 2)")


def test_a_model_call(lab: AuditLab) -> None:
    AuditLog(lab.chain, clock=lab.clock).called(a_call(), redactions=2)
    [noted] = records(lab)
    messages = [["system", "Review."], ["user", "the code"]]
    assert noted == {
        "kind": "call",
        "actor": "ann",
        "job": "j1",
        "forge": "main",
        "project": "desk/orders",
        "mr": 12,
        "head": "b" * 40,
        "role": "review",
        "purpose": "unit 1",
        "model": "coder",
        "served": "deepseek-coder-v2:16b",
        "digest": "sha256:1234",
        "endpoint": "http://127.0.0.1:11434",
        "outcome": "ok",
        "began": 1_800_000_000_250,
        "ms": 2500,
        "first_token_ms": 400,
        "prompt_tokens": 900,
        "cached_tokens": 300,
        "completion_tokens": 80,
        "prompt_sha256": hashlib.sha256(json.dumps(messages, separators=(",", ":")).encode()).hexdigest(),
        "reply_sha256": hashlib.sha256(b"a reply").hexdigest(),
        "redactions": 2,
    }


def test_a_post_and_that_it_was_meant(lab: AuditLab) -> None:
    log = AuditLog(lab.chain, clock=lab.clock)
    log.posting(ERRAND, "review")
    failure = ReviewWarning("not-placed", "line 3 is `eval(secret)`", path="a.py")
    log.posted(ERRAND, Receipt(posted=("f1", "f2"), resolved=("f0",), failures=(failure,)))
    meant, done = records(lab)
    assert (meant["kind"], meant["what"], meant["mr"]) == ("posting", "review", 12)
    assert (done["kind"], done["posted"], done["resolved"]) == ("post", ["f1", "f2"], ["f0"])
    assert done["failures"] == ["not-placed"]
    assert "eval" not in json.dumps(done)


def test_neither_code_nor_words_are_kept(lab: AuditLab) -> None:
    AuditLog(lab.chain, clock=lab.clock).called(a_call("CODE_UNDER_REVIEW", "WORDS_OF_MODEL"))
    text = json.dumps(records(lab))
    assert "CODE_UNDER_REVIEW" not in text
    assert "WORDS_OF_MODEL" not in text
    assert lab.row("SELECT count(*) FROM audit_prompts")[0] == 0


def test_odd_bytes_of_a_stranger(lab: AuditLab) -> None:
    AuditLog(lab.chain, clock=lab.clock).called(
        a_call("\ud800 \x00", errand=Errand(actor='ann"}\n{\ud800'), reply="\udfff")
    )
    assert records(lab)[0]["actor"] == 'ann"}\n{\ud800'
    assert lab.problems() == []


# --- a log that cannot be written -----------------------------------------------------------------


def test_a_call_waits_and_is_not_lost(lab: AuditLab) -> None:
    failures: list[int] = []
    log = AuditLog(lab.chain, clock=lab.clock, failed=lambda: failures.append(1))
    lab.fill(1)
    breaks(lab)
    log.called(a_call(purpose="unit 1"))
    log.called(a_call(purpose="unit 2"))
    mends(lab)
    log.called(a_call(purpose="unit 3"))
    assert [noted.get("purpose") for noted in records(lab)] == [None, "unit 1", "unit 2", "unit 3"]
    assert len(failures) == 2
    assert lab.problems() == []


def test_nothing_is_posted_unrecorded(lab: AuditLab) -> None:
    log = AuditLog(lab.chain, clock=lab.clock)
    lab.fill(1)
    breaks(lab)
    log.called(a_call())
    with pytest.raises(StoreError, match="nothing is posted") as caught:
        log.posting(ERRAND, "review")
    assert "audit.required" in caught.value.remedy
    mends(lab)
    log.posting(ERRAND, "review")
    assert [noted["kind"] for noted in records(lab)] == ["test", "call", "posting"]


def test_a_receipt_is_kept_for_later(lab: AuditLab) -> None:
    log = AuditLog(lab.chain, clock=lab.clock)
    log.posting(ERRAND, "review")
    breaks(lab)
    with pytest.raises(StoreError):
        log.posted(ERRAND, Receipt(posted=("f1",)))
    mends(lab)
    log.posted(ERRAND, Receipt())
    assert [noted.get("posted") for noted in records(lab)] == [None, ["f1"], []]


def test_where_the_log_is_not_required(lab: AuditLab) -> None:
    log = AuditLog(lab.chain, required=False, clock=lab.clock)
    lab.fill(1)
    breaks(lab)
    log.posting(ERRAND, "review")
    log.posted(ERRAND, Receipt(posted=("f1",)))
    mends(lab)
    log.called(a_call())
    assert [noted["kind"] for noted in records(lab)] == ["test", "posting", "post", "call"]


def test_what_is_lost_is_counted(lab: AuditLab) -> None:
    log = AuditLog(lab.chain, clock=lab.clock)
    lab.fill(1)
    breaks(lab)
    for _ in range(limits.LONGEST_BACKLOG + 3):
        log.called(a_call())
    mends(lab)
    log.posting(ERRAND, "review")
    noted = records(lab)
    assert noted[1] == {"kind": "lost", "notes": 3}
    assert len(noted) == 1 + 1 + limits.LONGEST_BACKLOG + 1
    assert lab.problems() == []


# --- kept prompts ---------------------------------------------------------------------------------


def kept_log(lab: AuditLab, days: int = 7) -> tuple[AuditLog, Vault]:
    vault = Vault(b"v" * 32, days)
    return AuditLog(lab.chain, vault=vault, clock=lab.clock), vault


def test_a_kept_prompt_is_encrypted_and_can_be_shown(lab: AuditLab) -> None:
    log, vault = kept_log(lab)
    log.called(a_call("CODE_UNDER_REVIEW", "WORDS_OF_MODEL"))
    kept = lab.chain.kept(1)
    assert kept is not None
    assert b"CODE_UNDER" not in kept.ciphertext
    opened = vault.open(1, kept)
    assert opened.messages == (Message("system", "Review."), Message("user", "CODE_UNDER_REVIEW"))
    assert opened.reply == "WORDS_OF_MODEL"
    assert hash_prompt(opened.messages) == records(lab)[0]["prompt_sha256"]


def test_a_kept_prompt_cannot_be_passed_off_as_another_or_changed(lab: AuditLab) -> None:
    log, vault = kept_log(lab)
    log.called(a_call())
    kept = lab.chain.kept(1)
    assert kept is not None
    for number, key in ((2, vault), (1, Vault(b"w" * 32, 7))):
        with pytest.raises(StoreError, match="changed, or encrypted with another key"):
            key.open(number, kept)


def test_a_kept_prompt_goes_when_it_is_due(lab: AuditLab) -> None:
    log, _ = kept_log(lab)
    log.called(a_call())
    lab.clock.now += 6 * DAY_S
    log.called(a_call())
    assert lab.row("SELECT count(*) FROM audit_prompts")[0] == 2
    lab.clock.now += 2 * DAY_S
    assert lab.chain.kept(1) is None
    assert lab.row("SELECT count(*) FROM audit_prompts")[0] == 2
    log.tidy()
    assert lab.row("SELECT count(*) FROM audit_prompts")[0] == 1
    assert lab.chain.kept(2) is not None
    assert lab.problems() == []


def test_no_days_keep_nothing_though_there_is_a_key(lab: AuditLab) -> None:
    log, _ = kept_log(lab, days=0)
    log.called(a_call())
    assert lab.chain.kept(1) is None


@pytest.mark.parametrize("value", ["ab" * 32, base64.b64encode(b"v" * 32).decode()])
def test_the_key_comes_from_the_environment(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTS_KEY", value)
    vault = open_vault(PrivacySettings(keep_prompts_days=3, prompts_key_env="PROMPTS_KEY"))
    assert vault is not None
    assert vault.days == 3


@pytest.mark.parametrize("value", [None, "", "short", "ab" * 31, "zz" * 32])
def test_no_prompt_is_kept_in_the_clear(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if value is None:
        settings = PrivacySettings(keep_prompts_days=3)
    else:
        monkeypatch.setenv("PROMPTS_KEY", value)
        settings = PrivacySettings(keep_prompts_days=3, prompts_key_env="PROMPTS_KEY")
    with pytest.raises(ConfigError) as caught:
        open_vault(settings)
    assert caught.value.exit_code == 2
    assert caught.value.key == "privacy.prompts_key_env"
    assert not value or value not in str(caught.value)


def test_nothing_to_keep_needs_no_key() -> None:
    assert open_vault(PrivacySettings()) is None


def test_what_is_old_goes(lab: AuditLab) -> None:
    vault = Vault(b"v" * 32, 7)
    log = AuditLog(lab.chain, vault=vault, keep_days=30, clock=lab.clock)
    log.called(a_call())
    lab.clock.now += 8 * DAY_S
    log.tidy()
    assert lab.chain.kept(1) is None
    assert lab.chain.entry(1) is not None
    lab.clock.now += 23 * DAY_S
    log.tidy()
    assert [noted["kind"] for noted in records(lab)] == ["pruned"]
    assert lab.problems() == []


def test_what_does_not_hold_is_not_pruned_and_that_is_said(lab: AuditLab) -> None:
    lab.fill(1)
    lab.sql("DELETE FROM audit_entries")
    lab.sql("INSERT INTO audit_entries (number, at, record, mac) VALUES (1, 1, '{}', 'x')")
    with pytest.raises(StoreError, match="does not hold"):
        AuditLog(lab.chain, keep_days=1, clock=lab.clock).tidy()
    assert lab.chain.entry(1) is not None
