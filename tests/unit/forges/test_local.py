"""Changes out of a repository on this machine, and out of bare diffs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from reviewer.domain import ChangeSet
from reviewer.errors import UsageError
from reviewer.forges.local import open_diff, open_range


class Work:
    """A worktree driven by plain git, as a developer's is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", "Dev")
        self.git("config", "user.email", "dev@example.invalid")

    def git(self, *arguments: str) -> str:
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / name.replace("_", ".")).write_text(text)

    def commit(self, message: str, **files: str) -> str:
        self.write(**files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path / "orders")


def texts(change: ChangeSet) -> dict[str, tuple[bytes | None, bytes | None]]:
    return {file.path: (file.old, file.new) for file in change.files}


def test_one_commit_is_its_own_change(work: Work) -> None:
    first = work.commit("One", a_py="1\n")
    second = work.commit("Two\n\nBecause.", a_py="2\n")
    work.commit("Three", a_py="3\n")

    change = open_range(work.folder, second)

    assert texts(change) == {"a.py": (b"1\n", b"2\n")}
    assert (change.ref.forge, change.ref.project, change.ref.number) == ("local", "orders", 0)
    assert (change.ref.base, change.ref.head) == (first, second)
    assert (change.title, change.description) == ("Two", "Because.")


def test_a_root_commit_adds_everything(work: Work) -> None:
    first = work.commit("One", a_py="1\n", _reviewer_toml="x")

    change = open_range(work.folder, first)

    assert texts(change)["a.py"] == (None, b"1\n")
    assert change.ref.base is None
    assert change.repository_settings is None


def test_a_merge_commit_is_compared_with_its_first_parent(work: Work) -> None:
    work.commit("One", a_py="1\n")
    work.git("checkout", "--quiet", "-b", "side")
    work.commit("Side", b_py="1\n")
    work.git("checkout", "--quiet", "main")
    work.commit("Main", c_py="1\n")
    work.git("merge", "--quiet", "--no-edit", "side")

    assert list(texts(open_range(work.folder, "HEAD"))) == ["b.py"]


@pytest.mark.parametrize(
    ("git_range", "expected"),
    [
        ("main...side", {"a.py": (b"1\n", b"side\n")}),
        ("main..side", {"a.py": (b"1\n", b"side\n"), "b.py": (b"main\n", None)}),
        ("main...", {"a.py": (b"1\n", b"side\n")}),
        ("..main", {"a.py": (b"side\n", b"1\n"), "b.py": (None, b"main\n")}),
        ("side..side", {}),
        (None, {"a.py": (b"1\n", b"side\n")}),
    ],
)
def test_ranges_mean_what_they_mean_to_git(
    work: Work, git_range: str | None, expected: dict[str, tuple[bytes | None, bytes | None]]
) -> None:
    base = work.commit("One", a_py="1\n", _reviewer_toml="[review]\n")
    work.git("checkout", "--quiet", "-b", "side")
    work.commit("Side", a_py="side\n", _reviewer_toml="[review]\n")
    work.git("checkout", "--quiet", "main")
    work.commit("Main", b_py="main\n")
    work.git("checkout", "--quiet", "side")

    change = open_range(work.folder, git_range)

    assert texts(change) == expected
    assert change.repository_settings == b"[review]\n"
    if git_range and "..." in git_range:
        assert (change.ref.base, change.ref.start) == (base, work.git("rev-parse", "main"))


def test_settings_come_from_the_merge_base_not_from_the_head(work: Work) -> None:
    work.commit("One", _reviewer_toml="base")
    work.git("checkout", "--quiet", "-b", "side")
    work.commit("Side", _reviewer_toml="the author's")

    for git_range in ("main...side", "main..side", "side", None):
        assert open_range(work.folder, git_range).repository_settings == b"base", git_range


def test_what_is_staged_and_nothing_else(work: Work) -> None:
    work.commit("One", a_py="1\n", b_py="1\n", _reviewer_toml="head")
    work.write(a_py="2\n", _reviewer_toml="staged")
    work.git("add", "a.py", ".reviewer.toml")
    work.write(a_py="3\n", b_py="2\n", new_py="1\n")

    change = open_range(work.folder, staged=True)

    assert texts(change) == {".reviewer.toml": (b"head", b"staged"), "a.py": (b"1\n", b"2\n")}
    assert change.ref.head is None
    assert change.ref.base == work.git("rev-parse", "HEAD")
    assert change.repository_settings == b"head"


def test_the_worktree_with_untracked_files_and_without_ignored_ones(work: Work) -> None:
    work.commit("One", a_py="1\n", gone_py="1\n", _gitignore="*.log\n")
    work.write(a_py="2\n", new_py="new\n", noise_log="x\n")
    (work.folder / "gone.py").unlink()
    (work.folder / "sub").mkdir()

    change = open_range(work.folder / "sub", worktree=True)

    assert texts(change) == {
        "a.py": (b"1\n", b"2\n"),
        "gone.py": (b"1\n", None),
        "new.py": (None, b"new\n"),
    }


def test_reading_leaves_no_trace(work: Work) -> None:
    work.commit("One", a_py="1\n")
    work.write(a_py="2\n", new_py="new\n")
    work.git("add", "a.py")
    status = work.git("status", "--porcelain")
    before = traces(work)

    open_range(work.folder, staged=True)
    open_range(work.folder, worktree=True)
    open_range(work.folder, "HEAD")

    assert traces(work) == before
    assert work.git("status", "--porcelain") == status


def traces(work: Work) -> dict[Path, int | None]:
    """All files and when they were written; git may freshen the time of an object it would write again."""
    return {
        path: None if "objects" in path.parts else path.stat().st_mtime_ns for path in work.folder.rglob("*")
    }


def test_before_the_first_commit(work: Work) -> None:
    work.write(a_py="1\n")
    work.git("add", "a.py")

    change = open_range(work.folder, staged=True)

    assert texts(change) == {"a.py": (None, b"1\n")}
    assert (change.ref.base, change.repository_settings) == (None, None)


def test_another_index_can_be_named_as_hooks_do(work: Work, tmp_path: Path) -> None:
    work.commit("One", a_py="1\n")
    work.write(a_py="2\n")
    hooks_index = tmp_path / "index"
    environment = {**os.environ, "GIT_INDEX_FILE": str(hooks_index)}
    for command in (["read-tree", "HEAD"], ["add", "a.py"]):
        subprocess.run(["git", *command], cwd=work.folder, env=environment, check=True, capture_output=True)

    assert texts(open_range(work.folder, staged=True)) == {}
    assert texts(open_range(work.folder, staged=True, index=hooks_index)) == {"a.py": (b"1\n", b"2\n")}


@pytest.mark.parametrize(
    "git_range", ["nope", "nope..main", "main...nope", "HEAD~9", "--all", "-p", "main:a.py", ""]
)
def test_a_range_git_does_not_know_is_told_in_its_words(work: Work, git_range: str) -> None:
    work.commit("One", a_py="1\n")
    with pytest.raises(UsageError, match=r"bad revision|unknown revision|not a commit|is a blob"):
        open_range(work.folder, git_range)


def test_no_repository_is_told_in_gits_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a git repository"):
        open_range(tmp_path)
    with pytest.raises(UsageError, match="No such file"):
        open_range(tmp_path / "nowhere")


def test_without_a_default_branch_a_range_is_asked_for(work: Work) -> None:
    work.commit("One", a_py="1\n")
    work.git("branch", "--move", "trunk")
    with pytest.raises(UsageError, match="name a range"):
        open_range(work.folder)


def test_a_shallow_clone_says_what_to_do(work: Work, tmp_path: Path) -> None:
    work.commit("One", a_py="1\n")
    work.git("checkout", "--quiet", "-b", "side")
    work.commit("Side", a_py="2\n")
    work.git("checkout", "--quiet", "main")
    work.commit("Main", a_py="3\n")
    clone = tmp_path / "shallow"
    work.git("clone", "--quiet", "--depth=1", "--no-single-branch", f"file://{work.folder}", str(clone))

    with pytest.raises(UsageError, match="--unshallow"):
        open_range(clone, "origin/main...origin/side")


def test_an_unresolved_merge_is_told(work: Work) -> None:
    work.commit("One", a_py="1\n")
    work.git("checkout", "--quiet", "-b", "side")
    work.commit("Side", a_py="2\n")
    work.git("checkout", "--quiet", "main")
    work.commit("Main", a_py="3\n")
    with pytest.raises(subprocess.CalledProcessError):
        work.git("merge", "side")

    with pytest.raises(UsageError, match="unmerged"):
        open_range(work.folder, staged=True)


def test_nothing_a_repository_configures_is_run(work: Work, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    program = f"sh -c 'echo ran >> {canary}; cat'"
    attributes = "*.py diff=evil filter=evil\n"
    work.commit("One", a_py="1\n", _gitattributes=attributes)
    hooks = work.folder / ".git" / "hooks"
    for name in ("post-index-change", "pre-commit", "fsmonitor-watchman"):
        (hooks / name).write_text(f"#!/bin/sh\necho ran >> {canary}\n")
        (hooks / name).chmod(0o755)
    settings = {
        "diff.evil.command": program, "diff.evil.textconv": program, "diff.external": program,
        "filter.evil.clean": program, "filter.evil.smudge": program, "filter.evil.process": program,
        "filter.evil.required": "true", "core.fsmonitor": str(hooks / "fsmonitor-watchman"),
        "core.pager": program, "log.showSignature": "true", "gpg.program": program,
        "core.sshCommand": program, "credential.helper": program,
    }  # fmt: skip
    for key, value in settings.items():
        work.git("config", key, value)
    (work.folder / "a.py").write_text("2\n")
    (work.folder / "b.py").write_text("1\n")

    worktree = open_range(work.folder, worktree=True)
    commit = open_range(work.folder, "HEAD")

    assert texts(worktree) == {"a.py": (b"1\n", b"2\n"), "b.py": (None, b"1\n")}
    assert texts(commit)["a.py"] == (None, b"1\n")
    assert all(file.diff.hunks for file in (*worktree.files, *commit.files))
    assert not canary.exists()


def test_attributes_of_the_worktree_hide_nothing(work: Work) -> None:
    work.commit("One", a_py="1\n", _gitattributes="*.py binary\n")
    work.write(a_py="2\n")
    (work.folder / ".git" / "info").mkdir(exist_ok=True)
    (work.folder / ".git" / "info" / "attributes").write_text("*.py -diff\n")

    assert not open_range(work.folder, worktree=True).files[0].diff.is_binary


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_checkout_of_another_user_can_be_read(work: Work) -> None:
    work.commit("One", a_py="1\n")
    for path in (work.folder, *work.folder.rglob("*")):
        os.chown(path, 12345, 12345)

    assert texts(open_range(work.folder, "HEAD")) == {"a.py": (None, b"1\n")}


def test_a_linked_worktree_and_a_bare_repository(work: Work, tmp_path: Path) -> None:
    work.commit("One", a_py="1\n")
    linked = tmp_path / "linked"
    work.git("worktree", "add", "--quiet", "-b", "side", str(linked))
    (linked / "a.py").write_text("2\n")
    bare = tmp_path / "bare.git"
    work.git("clone", "--quiet", "--bare", str(work.folder), str(bare))

    assert texts(open_range(linked, worktree=True)) == {"a.py": (b"1\n", b"2\n")}
    assert open_range(bare, "main").ref.project == "bare"
    with pytest.raises(UsageError, match="work tree"):
        open_range(bare, worktree=True)


# --- bare diffs -----------------------------------------------------------------------------------


@pytest.fixture
def change_in_work(work: Work) -> bytes:
    """Commit twice and return the second change as a diff."""
    work.commit("One", a_py="1\n2\n3\n", gone_py="bye\n")
    (work.folder / "gone.py").unlink()
    work.commit("Two", a_py="1\nzwei\n3\n", new_py="new\n")
    return (work.git("diff", "HEAD~1", "HEAD") + "\n").encode()


EXPECTED = {
    "a.py": (b"1\n2\n3\n", b"1\nzwei\n3\n"),
    "gone.py": (b"bye\n", None),
    "new.py": (None, b"new\n"),
}


def test_a_diff_of_known_contents_has_all_its_texts(work: Work, change_in_work: bytes) -> None:
    change = open_diff(change_in_work, work.folder)

    assert texts(change) == EXPECTED
    assert change.ref.project == "orders"
    assert (change.ref.base, change.ref.head, change.repository_settings) == (None, None, None)


@pytest.mark.parametrize("applied", [True, False])
def test_a_diff_without_ids_takes_its_texts_from_the_worktree(
    work: Work, change_in_work: bytes, applied: bool
) -> None:
    if not applied:
        work.git("checkout", "--quiet", "HEAD~1")
    anonymous = b"\n".join(line for line in change_in_work.split(b"\n") if not line.startswith(b"index "))

    assert texts(open_diff(anonymous, work.folder)) == EXPECTED


def test_a_diff_of_something_else_gets_no_texts(work: Work) -> None:
    work.commit("One", a_py="1\n")
    diff = b"--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-other\n+thing\n"

    assert texts(open_diff(diff, work.folder)) == {"a.py": (None, None)}


def test_without_a_repository_only_the_diff_speaks(change_in_work: bytes) -> None:
    change = open_diff(change_in_work)
    assert texts(change) == EXPECTED | {"a.py": (None, None)}
    assert change.ref.project == "diff"


@pytest.mark.parametrize("path", ["../secret.py", "link.py", "link/secret.py"])
def test_a_path_out_of_the_repository_is_not_followed(work: Work, tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.py").write_text("1\n")
    work.commit("One", a_py="1\n")
    (work.folder / "link.py").symlink_to(tmp_path / "secret.py")
    (work.folder / "link").symlink_to(tmp_path)
    diff = f"--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-1\n+2\n".encode()

    assert texts(open_diff(diff, work.folder)) == {path: (None, None)}


def test_what_cannot_be_read_of_a_diff_is_a_warning(change_in_work: bytes) -> None:
    combined = (
        b"diff --cc b.py\nindex 1,2..3\n--- a/b.py\n+++ b/b.py\n@@@ -1,1 -1,1 +1,1 @@@\n- 1\n -2\n++3\n"
    )
    change = open_diff(combined + change_in_work)

    assert set(texts(change)) == set(EXPECTED)
    assert [(warning.code, warning.path, warning.undecided) for warning in change.warnings] == [
        ("combined", "b.py", True)
    ]


def test_a_diff_of_which_nothing_can_be_read_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        open_diff(b"this is no diff\n")


def test_an_empty_diff_is_an_empty_change() -> None:
    assert open_diff(b"").files == ()
