"""Git as it is started here: nothing but its arguments decides, and it ends when it should."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from reviewer.repo.git import Git, GitFailed


def test_failures_carry_gits_own_words(tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match=r"^not a git repository") as caught:
        Git(tmp_path).run("status")
    assert caught.value.status == 128


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match="cannot be started in"):
        Git(tmp_path / "nowhere").run("status")


def test_what_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    started = tmp_path / "started"
    nap = Git(tmp_path, config={"alias.nap": f"!echo $$ > {started}; sleep 600"})

    with pytest.raises(GitFailed, match=r"took longer than 0\.3 s"):
        nap.run("nap", timeout_s=0.3)

    pid = int(started.read_text())
    alive = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    assert alive.stdout.strip()[:1] in ("", "Z")


def test_what_is_left_unread_after_an_error_does_not_hang(tmp_path: Path) -> None:
    endless = Git(tmp_path, config={"alias.endless": "!yes"})

    def look_and_stumble() -> None:
        with endless.stream("endless") as output:
            output.read(4)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        look_and_stumble()


def test_nothing_of_the_environment_or_the_user_reaches_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = tmp_path / ".gitconfig"
    hostile.write_text("[user]\n\tname = Mallory\n")
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG"):
        monkeypatch.setenv(name, str(hostile))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "Mallory")
    monkeypatch.setenv("https_proxy", "http://proxy.invalid")

    Git(tmp_path).run("init", "--quiet", "inside")
    seen = Git(tmp_path / "inside", config={"alias.env": "!env"}).text("env")

    assert "Mallory" not in Git(tmp_path / "inside").text("config", "--list")
    assert "proxy.invalid" not in seen


@pytest.mark.parametrize(
    "address", ["file://{folder}/there", "ext::touch {folder}/canary", "{folder}/there", "git://127.0.0.1/x"]
)
def test_no_protocol_is_spoken_unless_named(tmp_path: Path, address: str) -> None:
    Git(tmp_path).run("init", "--quiet", "there")
    with pytest.raises(GitFailed, match="not allowed"):
        Git(tmp_path).run("clone", "--quiet", address.format(folder=tmp_path), "here")
    assert not (tmp_path / "canary").exists()


def test_what_may_be_secret_is_not_shown() -> None:
    git = Git(Path(), config={"http.extraHeader": "s3cret"}, environment={"TOKEN": "s3cret"})
    assert "s3cret" not in repr(git)
