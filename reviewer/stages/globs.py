"""Globs over paths, read as git reads those of a .gitignore."""

from __future__ import annotations

from collections.abc import Iterable

from pathspec import GitIgnoreSpec


class Globs:
    """Some globs; the last that fits a path decides, one that begins with `!` takes it out again.

    Raises ValueError for a glob that is none. Paths may hold surrogate escapes for odd bytes.
    """

    def __init__(self, globs: Iterable[str]) -> None:
        self._spec = GitIgnoreSpec.from_lines(globs)

    def match(self, path: str) -> bool:
        """Say whether a path is meant."""
        return bool(self.decide(path))

    def decide(self, path: str) -> bool | None:
        """Say whether a path is meant; None if no glob speaks of it."""
        # The matcher encodes paths as UTF-8, which has no surrogates.
        return self._spec.check_file(path.encode("utf-8", "backslashreplace").decode()).include
