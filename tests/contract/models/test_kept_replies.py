"""A review that is made again asks no model, on the command line, with a real cache file."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reviewer.cli import main
from reviewer.demo.repository import Repository
from tests.contract.models.conftest import SCRIPTED
from tests.fakes.models import CODER, ScriptedModels

pytestmark = pytest.mark.parametrize("backend", SCRIPTED)

CODE = (
    "def fee(turnover):\n    return turnover * 0.0003\n\n\ndef tax(turnover):\n    return turnover / 1000\n"
)
FOUND = {
    "path": "app/fees.py",
    "quote": "    return turnover / 1000",
    "start_line": 6,
    "end_line": 6,
    "severity": "medium",
    "category": "finance",
    "title": "A tax in binary floating point",
    "message": "Fractions of a fen are lost.",
    "confidence": "high",
    "replacement": None,
}


class Desk:
    """A checkout to review, a server to ask, and a cache folder of its own."""

    def __init__(self, folder: Path, cache: Path, server: ScriptedModels, backend: str) -> None:
        bare = Repository.create(folder / "bare.git")
        bare.commit("main", {"README.md": "# Fees\n"}, "First")
        bare.commit("main", {"app/fees.py": CODE}, "Second")
        subprocess.run(["git", "clone", "-q", bare.path, folder / "checkout"], check=True)
        self.folder = folder
        self.kept = cache / "reviewer" / "replies"
        self.server = server
        self._backend = backend

    def review(self, more: str = "") -> dict[str, Any]:
        config = self.folder / "reviewer.toml"
        config.write_text(
            f'[models.coder]\nbackend = "{self._backend}"\nurl = "{self.server.url}"\nmodel = "{CODER.name}"\n'
            f'[roles]\nreview = ["coder"]\nverify = ["coder"]\n{more}',
            encoding="utf-8",
        )
        report = self.folder / "report.json"
        where = ["--repo", str(self.folder / "checkout"), "--config", str(config)]
        main(["review", "HEAD~1..HEAD", *where, "--format", f"json={report}"])
        self.asked = len(self.server.asked)
        self.server.asked.clear()
        result: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return result


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Share what is compiled once, the patterns of the secret scanner; the replies are removed each time."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def desk(tmp_path: Path, cache: Path, backend: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    shutil.rmtree(cache / "reviewer" / "replies", ignore_errors=True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.delenv("REVIEWER_CACHE__REPLIES")
    with ScriptedModels() as server:
        script = server.script
        script.when(contains='"verdict"').reply(
            {"verdict": "confirmed", "quote": "return turnover / 1000", "reason": "So it is."}
        )
        script.when(schema=True).reply({"findings": [FOUND]})
        script.otherwise().reply("The tax is computed in binary floating point.")
        yield Desk(tmp_path, cache, server, backend)


def test_the_second_run_makes_no_call_and_says_the_same(desk: Desk) -> None:
    first = desk.review()
    assert desk.asked == first["usage"]["model_calls"] == 3, "told, listed, verified"
    second = desk.review()
    assert desk.asked == second["usage"]["model_calls"] == 0
    assert second["usage"]["prompt_tokens"] == second["usage"]["completion_tokens"] == 0
    assert [finding["rule_id"] for finding in first["findings"]] == ["model/finance"]
    for result in (first, second):
        del result["usage"]
    assert second == first


def test_the_file_is_the_users_alone(desk: Desk) -> None:
    desk.review()
    file = desk.kept / "replies.db"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert b"def fee" not in file.read_bytes(), "prompts are not kept"


def test_one_key_switches_it_off(desk: Desk) -> None:
    off = "[cache]\nreplies = false\n"
    desk.review(off)
    desk.review(off)
    assert desk.asked == 3
    assert not desk.kept.exists()


def test_a_damaged_file_costs_calls_and_no_review(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.review()
    (desk.kept / "replies.db").write_bytes(b"damaged" * 1000)
    result = desk.review()
    assert desk.asked == 3
    assert [finding["rule_id"] for finding in result["findings"]] == ["model/finance"]
    assert "starts anew" in caplog.text


def test_a_reply_that_could_not_be_read_is_asked_for_again(desk: Desk) -> None:
    desk.server.script.clear()
    desk.server.script.when(schema=True).reply("no JSON, and none in the repair round")
    desk.server.script.otherwise().reply("The tax is computed in binary floating point.")
    first = desk.review()
    assert (desk.asked, [one["code"] for one in first["warnings"]]) == (3, ["reply-invalid"])
    desk.server.script.clear()
    desk.server.script.when(schema=True).reply({"findings": []})
    second = desk.review()
    assert (desk.asked, second["warnings"]) == (1, []), "only what was never read is asked for again"
