"""Build bare git repositories out of texts: branches, commits, merge request refs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reviewer.repo.git import Git, GitFailed

Files = Mapping[str, str | bytes | None]

_AUTHOR = b"Demo Developer <developer@example.invalid>"
_DATE = 1_760_000_000
_SERVING = b"[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n"


@dataclass(frozen=True, slots=True)
class Repository:
    """A bare repository; every method takes what git takes and raises GitFailed as git does."""

    path: Path

    @classmethod
    def create(cls, path: Path, *, default_branch: str = "main") -> Repository:
        """Make an empty repository that serves partial clones, as forges do."""
        path.mkdir(parents=True)
        Git(path).run("init", "--quiet", "--bare", "--template=", f"--initial-branch={default_branch}", ".")
        with (path / "config").open("ab") as config:
            config.write(_SERVING)
        return cls(path)

    @property
    def git(self) -> Git:
        """Return git bound to this repository."""
        return Git(self.path, git_dir=self.path)

    def commit(
        self,
        branch: str,
        files: Files,
        message: str = "Change",
        *,
        parent: str | None = None,
        modes: Mapping[str, str] | None = None,
    ) -> str:
        """Commit on a branch and return the new SHA.

        `files` maps paths (other bytes than UTF-8 as surrogate escapes) to new contents, None
        deletes. The branch grows from its own tip, or from
        `parent` (any revision). `modes` sets a mode other than 100644 (120000: the content is the
        link's target, 160000: it is a commit's SHA). All commits bear one date, so that the same
        calls give the same SHAs.
        """
        start = self.sha(parent) if parent else self.find(f"refs/heads/{branch}")
        lines = [
            f"commit refs/heads/{branch}".encode(),
            b"mark :1",
            b"committer %s %d +0000" % (_AUTHOR, _DATE),
            _block(message.encode()),
        ]
        if start:
            lines.append(f"from {start}".encode())
        for path, content in files.items():
            lines.append(_change(path, content, (modes or {}).get(path, "100644")))
        lines.append(b"get-mark :1\n")
        return self.git.text("fast-import", "--quiet", "--force", feed=b"\n".join(lines))

    def sha(self, revision: str) -> str:
        """Return the commit of a revision."""
        return self.git.text("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")

    def find(self, revision: str) -> str | None:
        """Return the commit of a revision, None if there is none."""
        try:
            return self.sha(revision)
        except GitFailed:
            return None

    def merge_base(self, left: str, right: str) -> str:
        """Return the best common ancestor."""
        return self.git.text("merge-base", left, right)

    def point(self, ref: str, revision: str) -> None:
        """Let a full ref name (`refs/merge-requests/1/head`) point at a revision."""
        self.git.run("update-ref", ref, revision)

    def read(self, revision: str, path: str) -> bytes | None:
        """Return a file of a revision, None if it is not there."""
        try:
            return self.git.run("cat-file", "blob", f"{revision}:{path}")
        except GitFailed:
            return None

    def diff(self, base: str, head: str, *, context: int = 3) -> bytes:
        """Return git's own diff with renames found."""
        return self.git.run("diff-tree", "-r", "-p", "-M", "--full-index", f"-U{context}", base, head)


def _block(content: bytes) -> bytes:
    return b"data %d\n%s" % (len(content), content)


def _change(path: str, content: str | bytes | None, mode: str) -> bytes:
    name = _quote(path.encode("utf-8", "surrogateescape"))
    if content is None:
        return b"D " + name
    raw = content.encode() if isinstance(content, str) else content
    if mode == "160000":
        return b"M 160000 %s %s" % (raw, name)
    return b"M %s inline %s\n%s" % (mode.encode(), name, _block(raw))


def _quote(path: bytes) -> bytes:
    escaped = path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + escaped + b'"'
