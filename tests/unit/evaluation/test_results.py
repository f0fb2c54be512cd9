"""Stored outcomes: kept line by line, found again, cut off where a run was killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from reviewer.config import ModelSettings, PrivacySettings, ReviewSettings, RoleSettings, Settings
from reviewer.errors import UsageError
from reviewer.evaluation.results import Results, setup_of
from tests.unit.evaluation.lab import case, golden, outcome, reported

CODER = ModelSettings(backend="ollama", model="deepseek-coder-v2:16b")


def test_an_outcome_is_found_by_another_run(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    kept = outcome(reported(2, 3), reported(None), rejected={"duplicate": 2}, first_answer_s=0.5)
    Results(file).add(kept)
    again = Results(file)
    assert again.find(case(golden()), "coder", "s") == kept
    assert again.find(case(), "qwen", "s") is None
    assert again.find(case(), "coder", "other") is None
    assert again.find(case(title="changed"), "coder", "s") is None


def test_a_line_that_was_half_written_is_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    Results(file).add(outcome())
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:40])
    results = Results(file)
    assert file.read_bytes() == whole
    results.add(outcome(of=case(id="two")))
    assert Results(file).find(case(id="two"), "coder", "s") is not None


def test_a_review_that_a_model_failed_is_asked_for_again(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.jsonl")
    results.add(outcome(complete=False))
    assert results.find(case(), "coder", "s") is not None
    assert Results(tmp_path / "results.jsonl").find(case(), "coder", "s") is None


def test_what_is_no_outcome_is_named_and_fresh_starts_anew(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    file.write_text("{}\n")
    with pytest.raises(UsageError, match=r"results\.jsonl:1: not an outcome") as raised:
        Results(file)
    assert "--fresh" in raised.value.remedy
    Results(file, fresh=True)
    assert not file.exists()


def test_a_setup_is_what_decides_a_review_and_nothing_else() -> None:
    def setup(**more: object) -> str:
        given = {"models": {"coder": CODER}, "roles": RoleSettings(review=("coder",)), **more}
        return setup_of(Settings.model_validate(given))

    unused = {"coder": CODER, "other": CODER.model_copy(update={"model": "x"})}
    assert setup() == setup(models=unused)
    assert setup() != setup(models={"coder": CODER.model_copy(update={"context": 4096})})
    assert setup() != setup(review=ReviewSettings(passes=3))
    assert setup() != setup(privacy=PrivacySettings(redact=False))
    assert setup() != setup(roles=RoleSettings(review=("coder",), verify=("coder",)))
