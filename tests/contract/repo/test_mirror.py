"""The mirror against a real server: what is fetched, what is refused, and who cannot interfere."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from reviewer.errors import (
    ConfigError,
    ForgeAuth,
    ForgeAway,
    ForgeNotFound,
    ForgeRefused,
    ForgeUnavailable,
)
from reviewer.repo.blobs import Limits
from reviewer.repo.changes import Changes
from reviewer.repo.mirror import Mirror
from reviewer.repo.remote import Remote
from tests.fakes.forge.gitlab import FakeGitLab

REF = "refs/merge-requests/1/head"


@pytest.fixture
def gitlab(tmp_path: Path) -> Iterator[FakeGitLab]:
    with FakeGitLab(tmp_path) as forge:
        files = {f"{number}.py": f"{number}\n" for number in range(50)}
        forge.open(
            files,
            {"1.py": "eins\n", ".gitattributes": "*.py diff=evil filter=evil\n"},
            target={"2.py": "x\n"},
        )
        yield forge


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return Mirror(tmp_path / "var")


def remote_of(gitlab: FakeGitLab, *, token: str | None = None) -> Remote:
    return Remote(f"{gitlab.url}/desk/orders.git", "oauth2", token or gitlab.token)


def read(mirror: Mirror, remote: Remote) -> Changes:
    fetched = mirror.fetch(remote, ref=REF, branch="main")
    base = mirror.merge_base(remote, fetched.target, fetched.head)
    return mirror.read_changes(remote, base=base, head=fetched.head, settings_from=fetched.target)


def git_calls(gitlab: FakeGitLab) -> list[str]:
    return [f"{call.method} {call.path}" for call in gitlab.calls if ".git/" in call.path]


def test_a_merge_request_is_read_from_its_refs(gitlab: FakeGitLab, mirror: Mirror) -> None:
    changes = read(mirror, remote_of(gitlab))
    assert [(file.path, file.old, file.new) for file in changes.files if file.path.endswith(".py")] == [
        ("1.py", b"1\n", b"eins\n")
    ]


def test_only_what_the_change_touches_is_fetched(gitlab: FakeGitLab, mirror: Mirror, tmp_path: Path) -> None:
    read(mirror, remote_of(gitlab))

    (folder,) = (path for path in (tmp_path / "var/mirrors").iterdir() if path.is_dir())
    listing = subprocess.run(
        ["git", "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert listing.stdout.split().count("blob") == 3, "1.py twice and the attributes, not fifty files"
    assert len(git_calls(gitlab)) <= 6


def test_reading_again_asks_for_nothing(gitlab: FakeGitLab, mirror: Mirror) -> None:
    remote = remote_of(gitlab)
    fetched = mirror.fetch(remote, ref=REF, branch="main")
    base = mirror.merge_base(remote, fetched.target, fetched.head)
    first = mirror.read_changes(remote, base=base, head=fetched.head, settings_from=base)
    before = len(git_calls(gitlab))

    assert mirror.read_changes(remote, base=base, head=fetched.head, settings_from=base) == first
    assert mirror.read_diff(remote, base=base, head=fetched.head) == tuple(file.diff for file in first.files)
    assert len(git_calls(gitlab)) == before


def test_what_is_not_here_is_never_fetched_behind_our_back(gitlab: FakeGitLab, mirror: Mirror) -> None:
    remote = remote_of(gitlab)
    fetched = mirror.fetch(remote, ref=REF, branch="main")
    before = len(git_calls(gitlab))

    with pytest.raises(ForgeUnavailable):
        mirror.read_diff(remote, base=fetched.target, head=fetched.head)

    assert len(git_calls(gitlab)) == before


def test_nothing_hostile_has_a_say(
    gitlab: FakeGitLab, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = tmp_path / "canary"
    program = tmp_path / "evil.sh"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {canary}\n')
    program.chmod(0o755)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-checkout", "reference-transaction", "pre-auto-gc", "post-index-change"):
        shutil.copy(program, hooks / hook)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        f"""
        [url "http://127.0.0.1:9/"]
            insteadOf = {gitlab.url}
        [core]
            hooksPath = {hooks}
            fsmonitor = {program}
            attributesFile = {home}/attributes
            sshCommand = {program}
            askPass = {program}
        [diff]
            external = {program}
        [diff "evil"]
            command = {program}
            textconv = {program}
        [filter "evil"]
            clean = {program}
            smudge = {program}
        [http]
            proxy = http://127.0.0.1:9
            followRedirects = true
        [credential]
            helper = {program}
        """
    )
    (home / "attributes").write_text("* diff=evil\n")
    (home / ".netrc").write_text("machine 127.0.0.1 login evil password evil\n")
    for name, value in {
        "HOME": str(home), "XDG_CONFIG_HOME": str(home), "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_EXTERNAL_DIFF": str(program), "GIT_ASKPASS": str(program), "GIT_SSH_COMMAND": str(program),
        "GIT_DIR": str(tmp_path), "GIT_PROXY_COMMAND": str(program), "GIT_TRACE": str(canary),
        "GIT_TRACE_CURL": str(canary), "GIT_TEMPLATE_DIR": str(hooks), "GIT_ALLOW_PROTOCOL": "ext",
        "HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "all_proxy": "http://127.0.0.1:9",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)

    changes = read(mirror, remote_of(gitlab))

    assert [file.path for file in changes.files] == [".gitattributes", "1.py"]
    assert not canary.exists()


def test_the_token_is_in_no_argument_and_in_no_file(
    gitlab: FakeGitLab, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.which("git")
    spy = tmp_path / "bin" / "git"
    spy.parent.mkdir()
    spy.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/arguments\nexec {real} "$@"\n')
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{spy.parent}{os.pathsep}{os.environ['PATH']}")

    read(mirror, remote_of(gitlab))

    arguments = (tmp_path / "arguments").read_text()
    assert "fetch" in arguments
    kept = (path.read_bytes() for path in (tmp_path / "var").rglob("*") if path.is_file())
    assert gitlab.token not in arguments
    assert not any(gitlab.token.encode() in content for content in kept)


def test_mirrors_are_private_and_named_after_nobody(
    gitlab: FakeGitLab, mirror: Mirror, tmp_path: Path
) -> None:
    mirror.fetch(remote_of(gitlab), ref=REF, branch="main")

    folders = [
        tmp_path / "var/mirrors",
        *(path for path in (tmp_path / "var/mirrors").iterdir() if path.is_dir()),
    ]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    assert not any("orders" in path.name for path in (tmp_path / "var").rglob("*"))


def test_several_threads_share_a_mirror(gitlab: FakeGitLab, mirror: Mirror) -> None:
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: read(mirror, remote_of(gitlab)), range(4)))
    assert len({result.files for result in results}) == 1


def test_what_a_killed_git_left_behind_does_no_harm(
    gitlab: FakeGitLab, mirror: Mirror, tmp_path: Path
) -> None:
    first = read(mirror, remote_of(gitlab))
    gitlab.push(gitlab.project.merge_requests[1], {"1.py": "uno\n"})
    (folder,) = (path for path in (tmp_path / "var/mirrors").iterdir() if path.is_dir())
    for ref in (folder / "refs/reviewer").iterdir():
        ref.with_name(f"{ref.name}.lock").touch()

    assert read(mirror, remote_of(gitlab)) != first


def test_a_killed_reader_leaves_the_mirror_locked_until_its_git_ends(
    gitlab: FakeGitLab, tmp_path: Path
) -> None:
    """The lease is inherited: nobody meddles with a mirror that an orphaned git still writes to."""
    let_through = threading.Event()
    gitlab.fail("POST .*git-upload-pack", first=let_through)
    script = (
        "import sys; from pathlib import Path; from reviewer.repo.mirror import Mirror, Remote\n"
        "Mirror(Path(sys.argv[1])).fetch(Remote(sys.argv[2], 'oauth2', sys.argv[3]), ref=sys.argv[4], branch='main')"
    )
    data = tmp_path / "var"
    command = [sys.executable, "-c", script, str(data), f"{gitlab.url}/desk/orders.git", gitlab.token, REF]
    with subprocess.Popen(command, cwd=Path(__file__).parents[3]) as reader:
        while not any("git-upload-pack" in call for call in git_calls(gitlab)):
            assert reader.poll() is None
            time.sleep(0.01)
        reader.kill()

    with pytest.raises(ForgeUnavailable, match="locked"):
        Mirror(data, timeout_s=0.2).fetch(remote_of(gitlab), ref=REF, branch="main")
    let_through.set()
    assert Mirror(data).fetch(remote_of(gitlab), ref=REF, branch="main").head


def test_a_file_past_the_limit_is_named(gitlab: FakeGitLab, tmp_path: Path) -> None:
    gitlab.push(gitlab.project.merge_requests[1], {"big.py": "x = 1\n" * 1000})
    changes = read(Mirror(tmp_path / "var", limits=Limits(blob_bytes=1000)), remote_of(gitlab))
    assert [(warning.code, warning.path) for warning in changes.warnings] == [("file-too-large", "big.py")]


def test_a_wrong_token_is_told(gitlab: FakeGitLab, mirror: Mirror) -> None:
    with pytest.raises(ForgeAuth):
        mirror.fetch(remote_of(gitlab, token="wrong"), ref=REF, branch="main")


@pytest.mark.parametrize(("ref", "branch"), [("refs/merge-requests/9/head", "main"), (REF, "gone")])
def test_a_missing_ref_is_not_found(gitlab: FakeGitLab, mirror: Mirror, ref: str, branch: str) -> None:
    with pytest.raises(ForgeNotFound):
        mirror.fetch(remote_of(gitlab), ref=ref, branch=branch)


@pytest.mark.parametrize(
    "branch", ["--upload-pack=evil", "a:refs/heads/b", "*", "a b", "../x", "^main", "", "a\nb"]
)
def test_a_branch_cannot_be_more_than_a_name(gitlab: FakeGitLab, mirror: Mirror, branch: str) -> None:
    with pytest.raises(ForgeRefused):
        mirror.fetch(remote_of(gitlab), ref=REF, branch=branch)
    assert git_calls(gitlab) == []


@pytest.mark.parametrize(
    "url", ["file:///etc", "ssh://host/x", "ext::sh -c id", "/etc", "https://user:pw@host/x"]
)
def test_only_plain_http_addresses_are_taken(mirror: Mirror, url: str) -> None:
    with pytest.raises(ConfigError):
        mirror.fetch(Remote(url, "oauth2", "token"), ref=REF, branch="main")


def test_a_server_that_says_nothing_is_given_up_on(gitlab: FakeGitLab, tmp_path: Path) -> None:
    let_through = threading.Event()
    gitlab.fail("GET .*info/refs", first=let_through)
    with pytest.raises(ForgeUnavailable, match="took longer"):
        Mirror(tmp_path / "var", timeout_s=0.5).fetch(remote_of(gitlab), ref=REF, branch="main")
    let_through.set()


@pytest.mark.parametrize(
    ("status", "expected"), [(500, ForgeUnavailable), (503, ForgeAway), (403, ForgeAuth)]
)
def test_answers_are_told_apart(
    gitlab: FakeGitLab, mirror: Mirror, status: int, expected: type[Exception]
) -> None:
    gitlab.fail("GET .*info/refs", status=status)
    with pytest.raises(expected) as caught:
        mirror.fetch(remote_of(gitlab), ref=REF, branch="main")
    assert type(caught.value) is expected


def test_a_forge_that_nobody_answers_for_is_away(gitlab: FakeGitLab, mirror: Mirror) -> None:
    nowhere = replace(remote_of(gitlab), url="http://127.0.0.1:9/desk/orders.git")
    with pytest.raises(ForgeAway):
        mirror.fetch(nowhere, ref=REF, branch="main")
