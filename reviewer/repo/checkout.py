"""Read a repository on this machine without obeying it.

Its names are resolved where it is; everything else happens in an empty bare repository beside it
that only borrows its objects, so that neither its configuration nor the attributes of its worktree
decide what a diff shows, and nothing of it is ever written.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from reviewer.repo.git import Git, GitFailed

_DEFAULT_BRANCHES = ("refs/remotes/origin/HEAD", "origin/main", "origin/master", "main", "master")


@dataclass(frozen=True, slots=True)
class Checkout:
    """An open repository: `git` runs in it, `shadow` borrows its `objects`; `top` is its worktree, if any."""

    git: Git
    shadow: Git
    git_dir: Path
    objects: Path
    index: Path
    top: Path | None

    @property
    def name(self) -> str:
        """Return the folder's name."""
        return (self.top or self.git_dir).name.removesuffix(".git")

    def commit(self, revision: str) -> str:
        """Return a revision's commit; raises GitFailed with git's words."""
        commit = self.git.text("rev-list", "--max-count=1", "--end-of-options", revision, "--")
        if not commit:
            raise GitFailed(f"bad revision '{revision}'")
        return commit

    def find_commit(self, revision: str) -> str | None:
        """Return a revision's commit, None if there is none."""
        try:
            return self.commit(revision)
        except GitFailed:
            return None

    def parent(self, commit: str) -> str | None:
        """Return the first parent, None for a root commit."""
        return self.find_commit(f"{commit}^1")

    def merge_base(self, left: str, right: str) -> str:
        """Return the best common ancestor; raises GitFailed if there is none in what is here."""
        try:
            return self.git.text("merge-base", left, right)
        except GitFailed as err:
            words = f"{left} and {right} have no common ancestor here"
            if self.git.text("rev-parse", "--is-shallow-repository") == "true":
                words += "; this is a shallow clone: fetch its history first (git fetch --unshallow)"
            raise GitFailed(words, err.status) from err

    def default_branch(self) -> str | None:
        """Return the commit of the branch that work starts from."""
        commits = (self.find_commit(name) for name in _DEFAULT_BRANCHES)
        return next((commit for commit in commits if commit), None)

    def empty_tree(self) -> str:
        """Return the id of the tree without files."""
        return self.shadow.text("hash-object", "-t", "tree", "-w", "--stdin")

    def message(self, commit: str) -> tuple[str, str]:
        """Return the subject and the body of a commit's message."""
        written = self.shadow.text("log", "-1", "--no-show-signature", "--format=%s%x00%b", commit)
        subject, _, body = written.encode("utf-8", "replace").decode().partition("\0")
        return subject, body.strip()

    def snapshot(self, *, worktree: bool, index: Path | None = None) -> str:
        """Return a tree of the index (`index` names another file), or of the whole worktree.

        The worktree's has untracked files, but none that the repository ignores (the user's own
        ignore file is not read). Nothing is written into the repository. Raises GitFailed, for
        example while a merge is unresolved.
        """
        copy = self.shadow.folder / "index"
        original = index or self.index
        if original.exists():
            # The time stamp stays, for git tells by it which files to look into again.
            shutil.copy2(original, copy)
        aside = {
            "GIT_INDEX_FILE": str(copy),
            "GIT_OBJECT_DIRECTORY": str(self.shadow.folder / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted(self.objects),
        }
        git = replace(self.git, environment=aside, config=self._without_filters())
        if worktree:
            if self.top is None:
                raise GitFailed("this operation must be run in a work tree")
            git = replace(git, folder=self.top)
            git.run("add", "--all", "--", ".")
        return git.text("write-tree")

    def _without_filters(self) -> dict[str, str]:
        """Switch off the programs that the repository's configuration would filter contents through."""
        try:
            keys = self.git.text(
                "config", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process|required)$"
            )
        except GitFailed:
            return {}
        return {key: "false" if key.endswith(".required") else "" for key in keys.splitlines()}


@contextlib.contextmanager
def open_checkout(folder: Path) -> Iterator[Checkout]:
    """Open the repository that `folder` lies in; raises GitFailed if there is none."""
    git = Git(folder.absolute())
    inside, form, *places = git.text(
        *("rev-parse", "--is-inside-work-tree", "--show-object-format"),
        *("--absolute-git-dir", "--git-path", "objects", "--git-path", "index"),
    ).split("\n")
    git_dir, objects, index = ((git.folder / place).resolve() for place in places)
    top = Path(git.text("rev-parse", "--show-toplevel")) if inside == "true" else None
    with tempfile.TemporaryDirectory(prefix="reviewer-") as made:
        shadow = Git(Path(made), git_dir=Path(made))
        shadow.run("init", "--quiet", "--bare", "--template=", f"--object-format={form}")
        (shadow.folder / "objects" / "info" / "alternates").write_text(f"{objects}\n")
        yield Checkout(git, shadow, git_dir, objects, index, top)


def _quoted(path: Path) -> str:
    """Write a path as one entry of GIT_ALTERNATE_OBJECT_DIRECTORIES, colons and all."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
