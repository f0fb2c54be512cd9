"""`reviewer doctor` from the command line: what fails is said with its remedy, and the exit code tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from reviewer.cli import main
from tests.contract.gate.lab import Job
from tests.fakes.models import CODER, ScriptedModels


def test_a_missing_model_and_a_missing_token_are_told_with_their_remedies(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedModels() as models:
        file = tmp_path / "reviewer.toml"
        file.write_text(
            f'[models.coder]\nbackend = "ollama"\nurl = "{models.url}"\nmodel = "{CODER.name}-gone"\n'
            '[[forges]]\nid = "lab"\nkind = "gitlab"\nurl = "http://127.0.0.1:9"\n'
            'token_env = "LAB_TOKEN"\nwebhook_secret_env = "LAB_SECRET"\n'
        )
        monkeypatch.setenv("LAB_SECRET", "x" * 32)
        code = main(["doctor", f"--config={file}"])
    told = capsys.readouterr().out

    assert code == 1
    lines = told.splitlines()
    assert any(line.startswith("ok    configuration ") for line in lines)
    assert any(line.startswith("ok    lab: webhook secret ") for line in lines)
    assert any(line.startswith("FAIL  lab: token ") for line in lines)
    assert "-> export LAB_TOKEN=..." in told
    assert f"{CODER.name}-gone" in told
    assert "ollama pull" in told
    assert told.splitlines()[-1].endswith("failed")


def test_everything_in_place_is_0(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedModels() as models:
        models.script.when(schema=True).reply({"language": "Java"})
        (tmp_path / "reviewer.toml").write_text(
            f'[models.coder]\nbackend = "ollama"\nurl = "{models.url}"\nmodel = "{CODER.name}"\n'
        )
        monkeypatch.chdir(tmp_path)
        code = main(["doctor"])

    told = capsys.readouterr().out
    assert (code, "FAIL" in told) == (0, False), told
