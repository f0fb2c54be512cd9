"""List the files of a commit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from reviewer.repo.git import Git

_REGULAR = ("100644", "100755")


class TreeFile(NamedTuple):
    """A regular file in a tree; its name is bytes of any kind, kept as surrogate escapes."""

    path: str
    blob: str
    executable: bool


def list_files(git: Git, revision: str) -> Iterator[TreeFile]:
    """Yield the regular files of a commit or tree, in git's order; raises GitFailed.

    Links and submodules are none. File contents need not be there.
    """
    listing = git.run("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", revision)
    for line in listing.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        facts, _, path = line.partition("\t")
        mode, _kind, blob = facts.split(" ")
        if mode in _REGULAR:
            yield TreeFile(path, blob, mode == "100755")
