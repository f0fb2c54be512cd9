"""`reviewer eval` as a user runs it, against two scripted models behind real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reviewer.cli import main
from reviewer.evaluation.dataset import STARTER, dump, load
from tests.fakes.models import CODER, ScriptedModels, ServedModel
from tests.fakes.models.oracle import Oracle, Quality

QWEN = ServedModel("qwen2.5-coder:32b")
JUDGE = ServedModel("deepseek-v3:671b")
CASES = [case for case in load([STARTER]) if case.language in {"go", "sql"}][::4]


@dataclass(frozen=True, slots=True)
class Lab:
    server: ScriptedModels
    folder: Path

    def run(self, *arguments: str) -> int:
        config = ["--config", str(self.folder / "reviewer.toml")]
        return main([*config, "eval", str(self.folder / "set.jsonl"), "--out", str(self.out), *arguments])

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def report(self) -> Any:
        return json.loads((self.out / "report.json").read_text())


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold the compiled rules of all tests here: they take seconds."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def lab(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    (tmp_path / "set.jsonl").write_text(dump(CASES), encoding="utf-8")
    with ScriptedModels([CODER, QWEN, JUDGE]) as server:
        names = {"coder": CODER, "qwen": QWEN, "wise": JUDGE}
        models = (
            f'[models.{name}]\nbackend = "ollama"\nurl = "{server.url}"\nmodel = "{model.name}"\nparallel = 3\n'
            for name, model in names.items()
        )
        (tmp_path / "reviewer.toml").write_text("\n".join(models))
        Oracle(CASES, Quality(recall=1.0)).play(server.script, CODER.name)
        Oracle(CASES, Quality(recall=0.0)).play(server.script, QWEN.name)
        yield Lab(server, tmp_path)


def test_two_models_side_by_side(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert lab.run("--model", "coder", "--model", "qwen") == 0
    printed = capsys.readouterr().out
    assert "coder - qwen" in printed
    coder, qwen = lab.report()["contenders"]
    assert (coder["recall"]["value"], coder["anchoring_errors"]) == (1.0, 0)
    assert (qwen["name"], qwen["by_source"].get("model")) == ("qwen", None)
    assert coder["usage"]["model_calls"] > qwen["usage"]["model_calls"] > 0
    assert "<svg" in (lab.out / "report.html").read_text()


def test_a_second_run_asks_nothing_and_says_the_same(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.run("--model", "coder")
    first = capsys.readouterr().out
    asked = len(lab.server.asked)
    assert lab.run("--model", "coder") == 0
    assert (capsys.readouterr().out, len(lab.server.asked)) == (first, asked)


def test_a_run_that_was_killed_goes_on_where_it_stopped(lab: Lab) -> None:
    lab.run("--model", "qwen", "--verify", "none")
    asked = len(lab.server.asked)
    results = lab.out / "results.jsonl"
    lines = results.read_bytes().splitlines(keepends=True)
    results.write_bytes(b"".join(lines[:-3]) + lines[-1][:30])
    lab.run("--model", "qwen", "--verify", "none")
    assert 0 < len(lab.server.asked) - asked < asked
    assert len(results.read_bytes().splitlines()) == len(CASES)


def test_another_setup_is_measured_anew(lab: Lab) -> None:
    lab.run("--model", "coder")
    asked = len(lab.server.asked)
    lab.run("--model", "coder", "--verify", "none")
    assert len(lab.server.asked) > asked


def test_a_model_that_answers_nothing_is_exit_1_and_no_silence(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.server.unavailable = 503
    assert lab.run("--model", "coder") == 1
    (coder,) = lab.report()["contenders"]
    assert (coder["incomplete"], coder["silence"]["value"]) == (len(CASES), 0.0)
    assert "a model failed in" in capsys.readouterr().out
    lab.server.unavailable = None
    assert lab.run("--model", "coder") == 0
    assert lab.report()["contenders"][0]["recall"]["value"] == 1.0


def test_a_judge_is_asked_once_for_each_pair(lab: Lab) -> None:
    lab.server.script.when(model=JUDGE.name).reply({"reason": "not alike", "same": False})
    lab.run("--model", "coder", "--judge", "wise")
    judged = [asked for asked in lab.server.asked if asked.model == JUDGE.name]
    assert judged
    assert lab.report()["judge"] == "wise"
    assert lab.report()["contenders"][0]["hits"] == 0
    lab.run("--model", "coder", "--judge", "wise")
    assert [asked for asked in lab.server.asked if asked.model == JUDGE.name] == judged


def test_the_rules_alone_are_a_contender_and_need_no_model(lab: Lab) -> None:
    assert lab.run("--language", "sql") == 0
    (rules,) = lab.report()["contenders"]
    assert (rules["name"], rules["usage"]["model_calls"]) == ("none", 0)
    assert not lab.server.asked


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--model", "cooder"), "undefined model 'cooder'; did you mean coder?"),
        (("--language", "cobol"), "no case of the dataset"),
        (("--judge", "nobody"), "undefined model 'nobody'"),
    ],
)
def test_what_cannot_be_run_is_exit_2(
    lab: Lab, arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lab.run(*arguments) == 2
    assert told in capsys.readouterr().err


def test_a_benchmark_is_imported(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = lab.folder / "golden.json", lab.folder / "martian.jsonl"
    item = {"pr_title": "T", "url": "https://github.com/a/b/pull/3", "comments": [{"comment": "A race."}]}
    source.write_text(json.dumps([item]))
    assert (
        main(["eval", "import", "martian", str(source), "--out", str(target), "--repos", str(lab.folder)])
        == 0
    )
    assert f"{lab.folder}/a/b  refs/pull/3/base...refs/pull/3/head" in capsys.readouterr().out
    assert [case.id for case in load([str(target)])] == ["martian/a/b/3"]
