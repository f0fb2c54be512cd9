"""The audit log of a deployed service, looked at with the command line."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.code import draft, teach
from tests.e2e.deployment import MODEL
from tests.e2e.lab import Lab
from tests.fakes.forge.gitlab import FakeGitLab
from tests.fakes.models.server import ScriptedModels

PROMPTS_KEY = {"PROMPTS_KEY": "ab" * 32}
KEPT = '[privacy]\nkeep_prompts_days = 2\nprompts_key_env = "PROMPTS_KEY"\n'
EDITS = {
    "changed row": "UPDATE audit_entries SET record = replace(record, 'desk/orders', 'desk/others') WHERE number = 2",
    "deleted row": "DELETE FROM audit_entries WHERE number = 2",
    "cut tail": "DELETE FROM audit_entries WHERE number > 1",
}


@pytest.fixture
def lab(tmp_path: Path, warm: Callable[[Path], None]) -> Iterator[Lab]:
    warm(tmp_path / "var")
    with FakeGitLab(tmp_path) as forge, ScriptedModels() as models:
        teach(models.script, draft("    return min(turnover * rate, MINIMUM)"))
        made = Lab(tmp_path, forge, MODEL.format(url=models.url, context=16384) + KEPT, **PROMPTS_KEY)
        with made.service:
            yield made


def reviewer(lab: Lab, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-m", "reviewer", *arguments, "--config", str(lab.service.config)],
        capture_output=True,
        text=True,
        check=False,
        cwd=lab.service.folder,
        env={"PATH": os.environ["PATH"], "HOME": str(lab.service.folder), **PROMPTS_KEY},
    )


def exported(lab: Lab) -> list[dict[str, Any]]:
    lines = reviewer(lab, "audit", "export").stdout.splitlines()
    return [json.loads(line)["record"] for line in lines[1:-1]]


def edit(lab: Lab, statement: str) -> None:
    with sqlite3.connect(lab.service.folder / "reviewer.db", timeout=20) as database:
        database.execute(statement)
    database.close()


def test_model_calls_are_on_record_and_their_prompts_kept(lab: Lab) -> None:
    lab.send()
    document = lab.review()
    entries = reviewer(lab, "audit", "export").stdout.splitlines()[1:-1]
    calls = [entry for entry in map(json.loads, entries) if entry["record"]["kind"] == "call"]
    assert len(calls) == document["usage"]["model_calls"] > 0
    record = calls[0]["record"]
    assert (record["actor"], record["forge"], record["mr"]) == ("alice", "lab", 1)
    assert (record["model"], record["outcome"], record["role"]) == ("coder", "ok", "review")
    assert record["head"] == lab.merge_request.latest.head
    assert record["endpoint"].startswith("http://127.0.0.1")
    assert "turnover" not in json.dumps(entries)
    shown = reviewer(lab, "audit", "show", str(calls[0]["number"]), "--prompt")
    assert (shown.returncode, "turnover" in shown.stdout) == (0, True)
    database = lab.service.folder / "reviewer.db"
    kept = sqlite3.connect(database).execute("SELECT ciphertext FROM audit_prompts").fetchall()
    assert len(kept) == len(calls)
    assert not any(b"turnover" in row[0] for row in kept)


def test_what_was_posted_is_on_record_and_holds(lab: Lab) -> None:
    lab.send()
    lab.review()
    kinds = [(record["kind"], record.get("what")) for record in exported(lab) if record["kind"] != "call"]
    assert kinds == [
        ("posting", "post inline comments"),
        ("posting", "post the summary"),
        ("post", None),
    ]
    [post] = [record for record in exported(lab) if record["kind"] == "post"]
    assert (post["project"], post["mr"], post["head"]) == ("desk/orders", 1, lab.merge_request.latest.head)
    assert len(post["posted"]) == len(lab.threads())
    held = reviewer(lab, "audit", "verify")
    assert (held.returncode, "the log holds" in held.stdout) == (0, True)
    assert "a tail that was cut" in held.stderr


@pytest.mark.parametrize("name", EDITS)
def test_what_is_edited_is_found(lab: Lab, name: str, tmp_path: Path) -> None:
    lab.send()
    lab.review()
    kept = tmp_path / "elsewhere.json"
    assert reviewer(lab, "audit", "checkpoint", str(kept)).returncode == 0
    assert kept.stat().st_mode & 0o077 == 0
    assert reviewer(lab, "audit", "verify", "--checkpoint", str(kept)).returncode == 0
    edit(lab, EDITS[name])
    found = reviewer(lab, "audit", "verify", "--checkpoint", str(kept))
    assert (found.returncode, "FAIL" in found.stdout) == (1, True)


def test_an_export_is_verified_without_the_database(lab: Lab, tmp_path: Path) -> None:
    lab.send()
    lab.review()
    file = tmp_path / "log.jsonl"
    assert reviewer(lab, "audit", "export", str(file)).returncode == 0
    assert reviewer(lab, "audit", "verify", str(file)).returncode == 0
    file.write_text(file.read_text().replace("desk/orders", "desk/others", 1))
    assert reviewer(lab, "audit", "verify", str(file)).returncode == 1
    assert reviewer(lab, "audit", "export", "--since", "2100-01-01").stdout.count("\n") == 2
    assert reviewer(lab, "audit", "show", "99999").returncode == 2


def test_nothing_is_posted_while_the_log_cannot_be_written(lab: Lab) -> None:
    edit(lab, "CREATE TRIGGER no BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(ABORT, 'full'); END")
    lab.send()
    with pytest.raises(AssertionError, match="job failed"):
        lab.review()
    assert lab.forge.notes() == []
    assert "the audit log could not be written" in lab.service.log()
