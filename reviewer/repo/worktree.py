"""Read and write files under one folder, and nothing that lies outside of it.

A path is a stranger's word: it is resolved, links included, and what it leads to has to lie in the
folder, outside git's own. What is written is what was read before, or a file that was not there.
"""

from __future__ import annotations

import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from reviewer.errors import UsageError
from reviewer.repo.git import Git, GitFailed

MOST_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Worktree:
    """A folder of files: a repository's worktree, or any folder where there is none (`git` is None)."""

    root: Path
    git: Git | None

    def locate(self, given: Path) -> str:
        """Return a file's path under the root, with `/`; raises UsageError for one that leads elsewhere."""
        try:
            inside = given.resolve().relative_to(self.root)
        except ValueError as err:
            raise UsageError(f"{given} lies outside of {self.root}") from err
        except (OSError, RuntimeError) as err:  # a circle of links
            raise UsageError(f"{given} cannot be resolved: {err}") from err
        if ".git" in inside.parts:
            raise UsageError(f"{given} belongs to git itself")
        return inside.as_posix()

    def read(self, path: str) -> bytes:
        """Read a whole file by its path under the root.

        Raises UsageError for what is no regular file, not there, or larger than `MOST_BYTES`.
        """
        file = self._file(path)
        try:
            found = file.stat()
            if not stat.S_ISREG(found.st_mode):
                raise UsageError(f"{path} is no regular file")
            if found.st_size > MOST_BYTES:
                raise UsageError(
                    f"{path} has {found.st_size:,} bytes, more than {MOST_BYTES:,} that are read"
                )
            return file.read_bytes()
        except OSError as err:
            raise UsageError(f"{path} cannot be read: {err.strerror}") from err

    def list_folder(self, path: str) -> tuple[str, ...]:
        """List the files below a folder that git tracks, or would; raises UsageError without git."""
        if self.git is None:
            raise UsageError(f"{path} is a folder outside of a git repository: name its files")
        try:
            listed = self.git.run(
                *("--literal-pathspecs", "ls-files", "-z", "--cached", "--others", "--exclude-standard"),
                *("--full-name", "--", str(self.root / path)),
            )
        except GitFailed as err:
            raise UsageError(f"{path}: {err.words}") from err
        names = dict.fromkeys(listed.decode("utf-8", "surrogateescape").split("\0")[:-1])
        return tuple(name for name in names if (self.root / name).is_file())

    def overwrite(self, path: str, old: bytes, new: bytes) -> None:
        """Put a new text in a file's place at once, keeping its mode; it has to hold `old` until then.

        Raises UsageError if it does not, and if it cannot be written.
        """
        file = self._file(path)
        if self.read(path) != old:
            raise UsageError(f"{path} is not what was read: it is left alone", remedy="run the command again")
        try:
            handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
            try:
                with os.fdopen(handle, "wb") as out:
                    out.write(new)
                Path(draft).chmod(stat.S_IMODE(file.stat().st_mode))
                Path(draft).replace(file)
            finally:
                Path(draft).unlink(missing_ok=True)
        except OSError as err:
            raise UsageError(f"{path} cannot be written: {err.strerror}") from err

    def create(self, path: str, content: bytes) -> None:
        """Write a file that is not there yet; raises UsageError if anything of that name is."""
        file = self._file(path)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
            with os.fdopen(handle, "wb") as out:
                out.write(content)
        except FileExistsError as err:
            raise UsageError(f"{path} is there already: nothing is overwritten") from err
        except OSError as err:
            raise UsageError(f"{path} cannot be written: {err.strerror}") from err

    def _file(self, path: str) -> Path:
        return self.root / self.locate(self.root / path)


def open_worktree(folder: Path) -> Worktree:
    """Open the worktree that a folder lies in, else the folder itself; raises UsageError if there is none."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder")
    git = Git(folder.resolve())
    try:
        return Worktree(Path(git.text("rev-parse", "--show-toplevel")).resolve(), git)
    except GitFailed:
        return Worktree(folder.resolve(), None)
