"""What counts and what does not, in real repositories: comments, baselines, and code that only moved."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.gate.lab import CLEAN, FLAWED, Job, Outcome, Project

LOAD = "def load(text):\n    rules = eval(text)\n    return rules\n"
SAVE = "def save(rules):\n    lines = [str(rule) for rule in rules]\n    return ';'.join(lines)\n"
COUNT = "def count(rules):\n    total = len(rules)\n    return total\n"
GAP = "\n\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "project")
    made.commit({"rules.py": GAP.join((LOAD, SAVE, COUNT)), "pay.py": CLEAN})
    return made


def gate(job: Job, project: Project, files: dict[str, str], *options: str) -> Outcome:
    project.commit(files)
    return job.run(project, "--base=HEAD~1", *options)


def silenced(outcome: Outcome) -> list[tuple[str, str, str]]:
    return [(row["path"], row["reason"], row["note"]) for row in outcome.result["suppressed"]]


def warned(outcome: Outcome) -> list[tuple[str, str]]:
    return [(row["code"], row["message"]) for row in outcome.result["warnings"]]


# --- moved ----------------------------------------------------------------------------------------


def test_a_function_moved_within_its_file_brings_nothing_new(job: Job, project: Project) -> None:
    outcome = gate(job, project, {"rules.py": GAP.join((SAVE, COUNT, LOAD))})

    assert (outcome.code, outcome.found) == (0, [])


def test_a_function_moved_to_another_file_brings_nothing_new_and_is_listed(
    job: Job, project: Project
) -> None:
    outcome = gate(job, project, {"rules.py": GAP.join((SAVE, COUNT)), "loading.py": LOAD})

    assert (outcome.code, outcome.found) == (0, [])
    assert silenced(outcome) == [("loading.py", "moved", "rules.py:2")]
    assert "suppressed  loading.py:2  python/no-eval (moved: rules.py:2)" in outcome.out


def test_a_function_moved_into_a_class_brings_nothing_new(job: Job, project: Project) -> None:
    method = "class Rules:\n" + "".join(f"    {line}\n" for line in LOAD.splitlines())
    outcome = gate(job, project, {"rules.py": GAP.join((SAVE, COUNT)), "loading.py": method})

    assert (outcome.code, [reason for _, reason, _ in silenced(outcome)]) == (0, ["moved"])


def test_a_file_with_a_new_name_brings_nothing_new(job: Job, project: Project) -> None:
    project.git("mv", "rules.py", "loading.py")

    assert gate(job, project, {"pay.py": CLEAN + "\n"}).found == []


def test_what_was_edited_on_the_way_is_new(job: Job, project: Project) -> None:
    edited = LOAD.replace("eval(text)", "eval(text.strip())")
    outcome = gate(job, project, {"rules.py": GAP.join((SAVE, COUNT)), "loading.py": edited})

    assert (outcome.code, outcome.found) == (10, ["loading.py"])


def test_a_copy_is_new(job: Job, project: Project) -> None:
    outcome = gate(job, project, {"loading.py": LOAD})

    assert (outcome.code, outcome.found) == (10, ["loading.py"])


def test_code_that_is_moved_once_and_copied_once_is_new_once(job: Job, project: Project) -> None:
    outcome = gate(job, project, {"rules.py": GAP.join((SAVE, COUNT)), "one.py": LOAD, "two.py": LOAD})

    assert (outcome.code, len(outcome.found), len(silenced(outcome))) == (10, 1, 1)


@pytest.mark.parametrize("place", ["tests/test_rules.py", "vendor/rules.py", "docs/rules.py", "rules.md"])
@pytest.mark.parametrize("more", ["", COUNT], ids=["renamed", "parted"])
def test_code_from_where_nobody_minds_is_new_in_production(
    job: Job, tmp_path: Path, place: str, more: str
) -> None:
    project = Project.create(tmp_path / "other")
    project.commit({place: LOAD + SAVE + more * 9, "pay.py": CLEAN})
    project.git("rm", "--quiet", place)
    outcome = gate(job, project, {"loading.py": LOAD + SAVE})

    assert (outcome.code, outcome.found) == (10, ["loading.py"])


def test_code_of_a_path_that_is_not_reviewed_is_new_where_it_is(job: Job, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "other")
    project.commit(
        {"old/rules.py": GAP.join((LOAD, SAVE, COUNT)), ".reviewer.toml": '[review]\nignore = ["old/**"]\n'}
    )
    outcome = gate(job, project, {"old/rules.py": GAP.join((SAVE, COUNT)), "loading.py": LOAD})

    assert (outcome.code, outcome.found) == (10, ["loading.py"])


def test_a_test_with_another_name_brings_nothing_new(job: Job, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "other")
    project.commit({"tests/test_rules.py": LOAD, "pay.py": CLEAN})
    project.git("mv", "tests/test_rules.py", "tests/test_loading.py")

    assert gate(job, project, {"pay.py": CLEAN + "\n"}).found == []


# --- comments -------------------------------------------------------------------------------------


def test_until_the_last_day_it_holds_and_after_it_the_finding_is_back_and_says_so(
    job: Job, project: Project
) -> None:
    line = "    return eval(text)  # reviewer: ignore[python/no-eval] until={} a fixed table\n"
    outcome = gate(job, project, {"pay.py": f"def price(text):\n{line.format('9999-12-31')}"})
    assert outcome.code == 0
    assert silenced(outcome) == [("pay.py", "inline", "a fixed table (until 9999-12-31)")]

    outcome = gate(job, project, {"pay.py": f"def price(text):\n{line.format('2020-01-31')}"})
    assert (outcome.code, outcome.found) == (10, ["pay.py"])
    assert warned(outcome) == [
        ("suppression-over", "line 2: what was silenced until 2020-01-31 counts again")
    ]


def test_a_date_that_is_none_silences_nothing(job: Job, project: Project) -> None:
    flawed = FLAWED.replace(
        "eval(text)", "eval(text)  # reviewer: ignore[python/no-eval] until=soon it is old"
    )
    outcome = gate(job, project, {"pay.py": flawed})

    assert outcome.code == 10
    assert [code for code, _ in warned(outcome)] == ["suppression-over"]


def test_without_a_reason_it_is_a_low_finding_that_the_operator_can_weigh(
    job: Job, project: Project, tmp_path: Path
) -> None:
    bare = {"pay.py": FLAWED.replace("eval(text)", "eval(text)  # reviewer: ignore[python/no-eval]")}
    outcome = gate(job, project, bare)
    assert outcome.code == 0
    assert [row["rule_id"] for row in outcome.result["findings"]] == ["reviewer/ignore-without-reason"]

    strict = tmp_path / "reviewer.toml"
    strict.write_text('[rules.severity]\n"reviewer/ignore-without-reason" = "high"\n')
    assert job.run(project, "--base=HEAD~1", REVIEWER_CONFIG=str(strict)).code == 10

    strict.write_text('[rules]\ndisable = ["reviewer/ignore-without-reason"]\n')
    assert job.run(project, "--base=HEAD~1", REVIEWER_CONFIG=str(strict)).found == []


@pytest.mark.parametrize(
    ("rule", "code", "said"),
    [
        ("python/no-evil", "suppression-unknown", "there is no rule python/no-evil here; did you mean python/no-e"),
        ("semgrep/some.rule", "suppression-unknown", "there is no rule semgrep/some.rule here"),
        ("python/no-eval", "suppression-unused", "there is nothing that ignore[python/no-eval] would silence"),
    ],
)  # fmt: skip
def test_a_comment_that_silences_nothing_is_shown(
    job: Job, project: Project, rule: str, code: str, said: str
) -> None:
    outcome = gate(job, project, {"pay.py": f"{CLEAN}# reviewer: ignore[{rule}] an old habit\nRATE = 3\n"})

    assert outcome.code == 0
    assert [(found, said in message) for found, message in warned(outcome)] == [(code, True)]
    assert said in outcome.out


def test_comments_of_other_tools_silence_nothing(job: Job, project: Project) -> None:
    ours = "  # noqa: S307  # nosec  # ast-grep-ignore  # nosemgrep"
    outcome = gate(job, project, {"pay.py": FLAWED.replace("eval(text)", f"eval(text){ours}")})

    assert outcome.code == 10


# --- baselines ------------------------------------------------------------------------------------


def test_what_a_baseline_accepts_stays_accepted_where_it_moves(
    job: Job, project: Project, tmp_path: Path
) -> None:
    baseline = tmp_path / "baseline.json"
    project.commit({"pay.py": FLAWED})
    assert job.command(project, "review", "HEAD~1..HEAD", f"--write-baseline={baseline}").code == 0

    lower = {"pay.py": f"RATE = 3\n\n\n{FLAWED.replace('text', 'words')}"}
    outcome = gate(
        job, project, {"pay.py": f"RATE = 3\n\n\n{FLAWED}"}, f"--baseline={baseline}", "--base=HEAD~2"
    )
    assert (outcome.code, silenced(outcome)) == (0, [("pay.py", "baseline", "")])

    outcome = gate(job, project, lower, f"--baseline={baseline}", "--base=HEAD~3")
    assert (outcome.code, outcome.found) == (10, ["pay.py"]), "another text is another finding"

    project.git("revert", "--no-edit", "HEAD")
    project.git("rm", "--quiet", "pay.py")
    outcome = gate(job, project, {"fees.py": f"RATE = 3\n\n\n{FLAWED}"}, f"--baseline={baseline}")
    assert (outcome.code, outcome.found) == (0, [])
