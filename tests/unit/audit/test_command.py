"""`reviewer audit` as an operator types it, on a log made beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest

from reviewer.audit.ledger import AuditLog
from reviewer.audit.prompts import Vault
from reviewer.cli import main
from tests.unit.audit.lab import KEY, AuditLab, a_call


@pytest.fixture
def config(lab: AuditLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Configure a log of one call whose prompt is kept."""
    monkeypatch.setenv("PROMPTS_KEY", (b"v" * 32).hex())
    log = AuditLog(lab.chain, vault=Vault(b"v" * 32, 3650), clock=lab.clock)
    log.called(a_call("CODE_UNDER_REVIEW\nsecond line"))
    (tmp_path / "key").write_bytes(KEY)
    file = tmp_path / "reviewer.toml"
    file.write_text(
        '[service]\ndatabase = "sqlite:///audit.db"\nsecret_key_file = "key"\n'
        '[privacy]\nkeep_prompts_days = 7\nprompts_key_env = "PROMPTS_KEY"\n'
    )
    return str(file)


def run(*arguments: str) -> int:
    return main(["audit", *arguments])


def test_show(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", "1", "--config", config) == 0
    shown = capsys.readouterr().out
    assert "actor             ann\n" in shown
    assert "began             2027-01-15T08:00:00.250+00:00\n" in shown
    assert "CODE_UNDER_REVIEW" not in shown
    assert run("show", "1", "--prompt", "--config", config) == 0
    assert "--- user ---\nCODE_UNDER_REVIEW\nsecond line\n" in capsys.readouterr().out


def test_show_what_is_not_there(config: str, lab: AuditLab, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", "2", "--config", config) == 2
    lab.sql("DELETE FROM audit_prompts")
    assert run("show", "1", "--prompt", "--config", config) == 2
    assert "no prompt is kept" in capsys.readouterr().err


def test_a_prompt_that_was_exchanged(config: str, lab: AuditLab, capsys: pytest.CaptureFixture[str]) -> None:
    AuditLog(lab.chain, vault=Vault(b"v" * 32, 3650), clock=lab.clock).called(a_call("another"))
    lab.sql("DELETE FROM audit_prompts WHERE number = 1")
    lab.sql("UPDATE audit_prompts SET number = 1")
    assert run("show", "1", "--prompt", "--config", config) == 1
    assert "was changed" in capsys.readouterr().err


def test_verify_against_checkpoints(
    config: str, lab: AuditLab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = str(tmp_path / "c.json")
    assert run("checkpoint", kept, "--config", config) == 0
    assert run("verify", "--checkpoint", kept, "--config", config) == 0
    assert "the checkpoint at 1 holds" in capsys.readouterr().out
    lab.sql("DELETE FROM audit_entries")
    lab.sql("DELETE FROM audit_chain")
    lab.chain.append([])
    assert run("verify", "--config", config) == 0
    assert run("verify", "--checkpoint", kept, "--config", config) == 1
    assert "the tail was cut off: entry 1 is missing before the checkpoint" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("verify", "missing.jsonl"), 2),
        (("verify", "--checkpoint", "missing.json"), 2),
        (("export", "--format", "xml"), 2),
        (("export", "/nonexistent/log"), 2),
        (("export", "--since", "yesterday"), 2),
    ],
)
def test_what_cannot_be_done(config: str, arguments: tuple[str, ...], code: int) -> None:
    assert run(*arguments, "--config", config) == code


def test_looking_makes_neither_a_database_nor_a_key(tmp_path: Path) -> None:
    file = tmp_path / "reviewer.toml"
    file.write_text('[service]\ndatabase = "sqlite:///none.db"\nsecret_key_file = "key"\n')
    assert run("verify", "--config", str(file)) == 2
    (tmp_path / "key").write_bytes(KEY)
    assert run("verify", "--config", str(file)) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key", "reviewer.toml"]
