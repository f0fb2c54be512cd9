"""The templates of ci/: what they call, what they name, and their own script lines run for real."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from reviewer.config import Settings
from reviewer.gate import EXIT_CODES, REPORT_FILES
from reviewer.material import ci_dir
from reviewer.settings import NOT_KEYS
from tests.contract.gate.lab import CLEAN, FLAWED, Job, Project, event

TEMPLATES = sorted(file for file in ci_dir().rglob("*") if file.is_file())
GITLAB = ci_dir() / "gitlab" / "reviewer.gitlab-ci.yml"
GITHUB = ci_dir() / "github" / "reviewer.yml"
JENKINS = ci_dir() / "jenkins" / "Jenkinsfile"
HOOK = ci_dir() / "pre-commit" / "pre-commit"
HOOKS = ci_dir() / "pre-commit" / "pre-commit-config.yaml"

OWN_HOSTS = re.compile(r"(?:[\w-]+\.)*example\.internal")


def name(file: Path) -> str:
    return str(file.relative_to(ci_dir()))


@pytest.mark.parametrize("template", TEMPLATES, ids=name)
def test_python_is_only_started_isolated(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    started = re.findall(r"python3?\"?((?: -\w+)*? -m \w+)", text)

    assert [flags for flags in started if not flags.startswith(" -I ")] == []
    assert len(re.findall(r"-m reviewer\b", text)) == len(re.findall(r"-I -m reviewer\b", text))


@pytest.mark.parametrize("template", TEMPLATES, ids=name)
def test_no_host_is_named_but_an_example(template: Path) -> None:
    hosts = re.findall(r"https?://([\w.-]+)", template.read_text(encoding="utf-8"))

    assert [host for host in hosts if not OWN_HOSTS.fullmatch(host)] == []
    assert not re.search(r"pypi\.org|docker\.io|ghcr\.io|quay\.io", template.read_text(encoding="utf-8"))


@pytest.mark.parametrize("template", TEMPLATES, ids=name)
def test_no_variable_could_be_taken_for_a_setting(template: Path) -> None:
    used = set(re.findall(r"\bREVIEWER_\w+", template.read_text(encoding="utf-8")))

    assert used <= NOT_KEYS | {"REVIEWER_"}


@pytest.mark.parametrize("template", [GITHUB], ids=name)
def test_no_expression_is_pasted_into_a_script(template: Path) -> None:
    for step in github_job()["steps"]:
        assert "${{" not in step.get("run", "")


def test_gitlab_publishes_what_the_gate_writes() -> None:
    job = gitlab_job()
    reports = job["artifacts"]["reports"]

    assert job["allow_failure"]["exit_codes"] == [11]
    assert job["artifacts"]["when"] == "always"
    assert reports["codequality"] == f"reviewer-reports/{REPORT_FILES['codequality']}"
    assert job["variables"]["GIT_DEPTH"] == "0"


def test_github_publishes_what_the_gate_writes() -> None:
    steps = {step.get("name", step.get("uses")): step for step in github_job()["steps"]}

    assert (
        steps["Upload to code scanning"]["with"]["sarif_file"] == f"reviewer-reports/{REPORT_FILES['sarif']}"
    )
    assert steps["actions/checkout@v4"]["with"]["fetch-depth"] == 0


def test_the_readme_knows_every_exit_code() -> None:
    readme = (ci_dir() / "README.md").read_text(encoding="utf-8")
    rows = {row[0]: row[1] for row in re.findall(r"^\| (\d+) \|.*\| (.+) \|$", readme, re.MULTILINE)}

    assert set(rows) == {"1", "2"} | {str(code) for code in EXIT_CODES.values()}
    assert [code for code, fate in rows.items() if "warns" in fate] == ["11"]


def test_the_settings_that_the_readme_shows_can_be_used() -> None:
    readme = (ci_dir() / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)

    assert len(blocks) >= 3
    for block in blocks:
        Settings.model_validate(tomllib.loads(block))


# --- their script lines, run in a real repository ----------------------------------------------------


CONFIGURATION = """
[models.away]
backend = "openai"
url = "http://127.0.0.1:9"
model = "x"
[roles]
review = []
verify = []
assist = []
"""
AWAY = {"REVIEWER_ROLES__REVIEW": '["away"]'}


@pytest.fixture
def checkout(job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A checkout whose author has left modules about, and `reviewer` on PATH as an image would have it."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("REVIEWER_CONFIG", str(tmp_path / "reviewer.toml"))
    (tmp_path / "reviewer.toml").write_text(CONFIGURATION)
    project = Project.create(tmp_path / "checkout")
    trap = "raise SystemExit('the author was here')\n"
    modules = ("reviewer/__init__.py", "venv.py", "pip.py", "typing.py")
    project.commit({"pay.py": CLEAN, **dict.fromkeys(modules, trap)})
    return project


def run(project: Project, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script as the runners do: bash, ended by the first command that fails."""
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=project.folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def gitlab(project: Project, **variables: str) -> subprocess.CompletedProcess[str]:
    job = gitlab_job()
    pipeline = {
        "GITLAB_CI": "true",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": project.git("rev-parse", "HEAD~1"),
        "CI_COMMIT_SHA": project.git("rev-parse", "HEAD"),
    }
    return run(
        project,
        "\n".join([*job["before_script"], *job["script"]]),
        **(pipeline | job["variables"] | variables),
    )


def github(project: Project, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    pull = {
        "number": 7,
        "base": {"sha": project.git("rev-parse", "HEAD~1")},
        "head": {"sha": project.git("rev-parse", "HEAD")},
    }
    pipeline = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_PATH": event(folder, {"pull_request": pull}),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GITHUB_PATH": str(folder / "path"),
        "RUNNER_TEMP": str(folder),
        "GATE_INSTALL": "",
    }
    script = "\n".join(step["run"] for step in github_job()["steps"] if "run" in step)
    return run(project, script, **(pipeline | variables))


def jenkins(project: Project, **variables: str) -> subprocess.CompletedProcess[str]:
    script = re.search(r"script: '''(.*?)'''", JENKINS.read_text(encoding="utf-8"), re.DOTALL)
    assert script is not None
    pipeline = {
        "JENKINS_URL": "https://jenkins.example.internal/",
        "BRANCH_NAME": "main",
        "BRANCH_IS_PRIMARY": "true",
        "GIT_COMMIT": project.git("rev-parse", "HEAD"),
    }
    return run(project, script[1], **(pipeline | variables))


def test_gitlab_lines_fail_on_a_finding_and_leave_the_reports(checkout: Project) -> None:
    checkout.commit({"pay.py": FLAWED})
    done = gitlab(checkout)

    assert done.returncode == 10, done.stderr
    written = {file.name for file in (checkout.folder / "reviewer-reports").iterdir()}
    assert written == {"reviewer.json", "gl-code-quality-report.json"}


def test_gitlab_lines_hand_the_exit_code_for_a_warning_on(checkout: Project) -> None:
    checkout.commit({"pay.py": CLEAN + "RATE = 3\n"})

    assert gitlab(checkout).returncode == 0
    assert gitlab(checkout, **AWAY).returncode == 11


def test_github_lines_fail_on_a_finding(checkout: Project, tmp_path: Path) -> None:
    checkout.commit({"pay.py": FLAWED})

    assert github(checkout, tmp_path).returncode == 10
    assert "### Fails the check" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_github_lines_warn_where_the_review_is_inconclusive(checkout: Project, tmp_path: Path) -> None:
    checkout.commit({"pay.py": CLEAN + "RATE = 3\n"})
    done = github(checkout, tmp_path, **AWAY)

    assert done.returncode == 0, done.stderr
    assert "::warning title=reviewer::inconclusive" in done.stdout


def test_github_lines_fail_on_a_wrong_configuration(checkout: Project, tmp_path: Path) -> None:
    checkout.commit({"pay.py": CLEAN + "RATE = 3\n"})

    assert github(checkout, tmp_path, REVIEWER_CONFIG=str(tmp_path / "missing.toml")).returncode == 2


def test_jenkins_lines_hand_the_exit_code_on(checkout: Project) -> None:
    checkout.commit({"pay.py": FLAWED})
    done = jenkins(checkout)

    assert done.returncode == 10, done.stderr
    assert (checkout.folder / "reviewer-reports" / "reviewer.sarif").is_file()


def test_the_hook_stops_a_commit_and_lets_an_empty_one_pass(checkout: Project) -> None:
    script = HOOK.read_text(encoding="utf-8")
    assert os.access(HOOK, os.X_OK)
    assert run(checkout, script).returncode == 0

    (checkout.folder / "pay.py").write_text(FLAWED)
    checkout.git("add", "pay.py")
    assert run(checkout, script).returncode == 10


def test_the_entry_for_pre_commit_is_the_same_command(checkout: Project) -> None:
    hook = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))["repos"][0]["hooks"][0]

    assert hook["entry"] in HOOK.read_text(encoding="utf-8")


def test_what_is_installed_is_what_runs_whatever_the_author_left_about(
    checkout: Project, tmp_path: Path
) -> None:
    wheels = tmp_path / "wheels"
    build_stub(wheels)
    checkout.commit({"pay.py": CLEAN + "RATE = 3\n"})
    done = gitlab(checkout, GATE_INSTALL=f"--no-index --find-links {wheels} reviewer==9.9")

    assert (done.returncode, done.stdout) == (0, "the installed one\n"), done.stderr


def build_stub(folder: Path) -> None:
    """Write a wheel by hand whose `reviewer` says who it is."""
    folder.mkdir()
    meta = "reviewer-9.9.dist-info"
    files = {
        "stub.py": "def main():\n    print('the installed one')\n",
        f"{meta}/METADATA": "Metadata-Version: 2.1\nName: reviewer\nVersion: 9.9\n",
        f"{meta}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{meta}/entry_points.txt": "[console_scripts]\nreviewer = stub:main\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{meta}/RECORD"))
    with zipfile.ZipFile(folder / "reviewer-9.9-py3-none-any.whl", "w") as wheel:
        for path, text in (*files.items(), (f"{meta}/RECORD", record)):
            wheel.writestr(path, text)


def gitlab_job() -> dict[str, Any]:
    job: dict[str, Any] = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))["reviewer"]
    return job


def github_job() -> dict[str, Any]:
    job: dict[str, Any] = yaml.safe_load(GITHUB.read_text(encoding="utf-8"))["jobs"]["gate"]
    return job
