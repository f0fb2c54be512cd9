"""`reviewer models` as a user calls it, against scripted servers and the real llama.cpp."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reviewer.cli import main
from reviewer.config import Settings
from tests.fakes.models import CODER, REASONER, ScriptedModels, ServedModel
from tests.fakes.models.llama import MODEL, WINDOW


@pytest.fixture
def server() -> Iterator[ScriptedModels]:
    with ScriptedModels([ServedModel(CODER.name, digest="sha256:5f0c11aa22bb33cc"), REASONER]) as running:
        yield running


class Shell:
    """Runs `reviewer models ...` with a configuration; `out` is what stdout got."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._config = folder / "reviewer.toml"
        self._capsys = capsys
        self.out = ""
        self.err = ""

    def configure(self, text: str) -> None:
        self._config.write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> int:
        self._capsys.readouterr()
        code = main(["models", *arguments, "--config", str(self._config)])
        self.out, self.err = self._capsys.readouterr()
        return code

    def json(self, *arguments: str) -> Any:
        assert self.run(*arguments, "--format", "json") == 0
        return json.loads(self.out)


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    shell = Shell(tmp_path, capsys)
    shell.configure("")
    return shell


def two(url: str) -> str:
    return f"""
[models.coder]
backend = "ollama"
url = "{url}"
model = "{CODER.name}"
context = 8192
parallel = 2
[models.gone]
backend = "openai"
url = "http://127.0.0.1:9"
model = "nobody"
[models.r1]
backend = "openai"
url = "{url}/v1"
model = "{REASONER.name}"
parallel = 4
[roles]
review = ["coder", "gone"]
verify = ["r1"]
assist = []
"""


def test_list_tells_how_every_model_stands(shell: Shell, server: ScriptedModels) -> None:
    shell.configure(two(server.url))
    coder, gone, r1 = shell.json("list")
    assert coder == {
        "name": "coder",
        "roles": ["review"],
        "model": CODER.name,
        "digest": "sha256:5f0c11aa22bb33cc",
        "endpoint": server.url,
        "parallel": 2,
        "circuit": "closed",
        "context": 8192,
        "allocated": None,
        "profile": "deepseek-coder-v2",
        "reason": "",
    }
    assert (gone["circuit"], "cannot be reached" in gone["reason"]) == ("open", True)
    assert (r1["endpoint"], r1["parallel"], r1["profile"]) == (server.url, 2, "deepseek-r1")
    assert r1["allocated"] == REASONER.context
    assert server.asked == [], "nothing is generated"


def test_list_is_a_table_with_the_reasons_below(shell: Shell, server: ScriptedModels) -> None:
    shell.configure(two(server.url))
    assert shell.run("list") == 0
    lines = shell.out.splitlines()
    assert lines[0].split()[:3] == ["model", "roles", "served"]
    assert "answers, closed" in lines[1]
    assert lines[1].endswith(" 5f0c11aa22bb")
    assert "does not serve, open" in lines[2]
    assert any(line.startswith("gone: circuit open: ") for line in lines)
    assert any("the larger parallel of r1 does not count" in line for line in lines)


def test_recommend_shows_the_arithmetic_and_what_to_paste(shell: Shell) -> None:
    told = shell.json("recommend", "--gpus", "80,80", "--memory", "256", "--context", "32768")
    for fit in told["fits"]:
        needed = fit["weights_gib"] + fit["cache_gib"] + fit["server_gib"]
        assert fit["total_gib"] == pytest.approx(needed, abs=0.02)
        assert fit["total_gib"] <= fit["room_gib"]
        assert fit["cache_gib"] == pytest.approx(fit["cache_bytes_per_token"] * 32_768 / 2**30, abs=0.02)
    assert all(fit["total_gib"] > fit["room_gib"] for fit in told["too_big"])
    settings = Settings.model_validate(tomllib.loads(told["toml"]))
    assert set(settings.roles.review) | set(settings.roles.verify) == set(settings.models)
    assert {model.context for model in settings.models.values()} == {32_768}


def test_recommend_reads_this_machine_and_takes_none_for_no_gpu(shell: Shell) -> None:
    assert shell.json("recommend")["machine"]["memory"] > 0
    assert shell.json("recommend", "--gpus", "")["machine"]["gpus"] == []
    assert shell.json("recommend", "--memory", "64")["machine"] == {"memory": 64.0, "gpus": []}
    assert shell.run("recommend", "--gpus", "24,x") == 2


def test_recommend_says_where_a_shorter_context_would_do(shell: Shell) -> None:
    assert shell.run("recommend", "--gpus", "24") == 0
    (line,) = (line for line in shell.out.splitlines() if "deepseek-r1:32b" in line)
    assert line.startswith(
        "too big: deepseek-r1:32b needs 23.2 of 22.8 GiB even in q4_K_M; fits with --context "
    )


def test_recommend_says_when_nothing_will_do(shell: Shell) -> None:
    assert shell.run("recommend", "--memory", "2") == 0
    assert "the rules run without a model" in shell.out


def test_bench_measures_the_models_that_are_named(shell: Shell, server: ScriptedModels) -> None:
    server.script.when(schema=True).reply({"language": "Java"})
    server.script.otherwise().reply("1 2 3 4 5 6 7 8 9 10", delay_s=0.01)
    shell.configure(two(server.url))
    (coder,) = shell.json("bench", "coder")
    assert (coder["structured"], coder["error"]) == (True, "")
    assert coder["prompt_tokens"] > 500
    assert min(coder["reads_per_s"], coder["writes_per_s"], coder["cold_s"], coder["cached_s"]) > 0
    long = [asked.prompt for asked in server.asked if asked.prompt_tokens > 500]
    assert len(long) == 2
    shared = next(at for at, (one, other) in enumerate(zip(*long, strict=False)) if one != other)
    assert shared > 0.9 * len(long[0]), "the beginning is the same, and can be cached"
    server.asked.clear()
    shell.json("bench", "coder")
    assert server.asked[1].prompt[:20] not in long[0], "another run shares nothing with it"


def test_bench_says_which_could_not_be_measured(shell: Shell, server: ScriptedModels) -> None:
    shell.configure(two(server.url))
    assert shell.run("bench", "gone") == 1
    assert "gone: gone at http://127.0.0.1:9 cannot be reached" in shell.out
    assert shell.run("bench", "nobody-knows") == 2
    assert "there are coder, gone, r1" in shell.err


def test_bench_of_the_real_llama_sees_its_cache(shell: Shell, llama_url: str) -> None:
    shell.configure(
        f'[models.tiny]\nbackend = "openai"\nurl = "{llama_url}"\nmodel = "{MODEL}"\ncontext = {WINDOW}\n'
    )
    (tiny,) = shell.json("bench")
    assert tiny["error"] == ""
    assert tiny["cached_tokens"] > 0.8 * tiny["prompt_tokens"]
    assert tiny["writes_per_s"] > 0
