"""A diff that is far too big for the model: every changed line is seen, or listed as not seen."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from reviewer.cli import main
from reviewer.demo.repository import Repository
from tests.e2e.deployment import MODEL
from tests.fakes.models.server import ScriptedModels

WINDOW = 4096


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone whose last commit adds about 100 kB of Python in twelve files."""
    bare = Repository.create(tmp_path / "bare.git")
    bare.commit("main", {"README.md": "# Big\n"}, "First")
    bare.commit("main", {f"app/part{number}.py": _module(number) for number in range(12)}, "Second")
    subprocess.run(["git", "clone", "-q", bare.path, tmp_path / "checkout"], check=True)
    return tmp_path / "checkout"


def _module(number: int) -> str:
    functions = (
        f"def rate_{number}_{index}(turnover, factor):\n"
        f"    adjusted = turnover * factor + {index}\n"
        f"    label = 'account {index} of desk {number} at the exchange'\n"
        f"    return adjusted, label\n\n\n"
        for index in range(56)
    )
    return "".join(functions)


def test_every_changed_line_is_seen_or_listed(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "reviewer.toml"
    with ScriptedModels() as models:
        config.write_text(MODEL.format(url=models.url, context=WINDOW), encoding="utf-8")
        code = main(
            ["review", "HEAD~1..HEAD", "--repo", str(checkout), "--config", str(config), "--format", "json"]
        )
    result = json.loads(capsys.readouterr().out)

    listed = sum(
        int(found)
        for item in result["warnings"]
        for found in re.findall(r"(\d+) (?:new|old) lines?", item["message"])
    )
    coverage = result["coverage"]
    diff = subprocess.run(
        ["git", "-C", checkout, "diff", "HEAD~1..HEAD"], capture_output=True, check=True
    ).stdout
    assert len(diff) > 100_000
    assert coverage["changed_lines"] == coverage["changed_lines_seen_by_model"] + listed
    assert coverage["changed_lines"] == sum(line.startswith(b"+") for line in diff.splitlines()) - 12
    assert all(asked.prompt_tokens + asked.max_tokens <= WINDOW for asked in models.asked)
    assert code == 0
