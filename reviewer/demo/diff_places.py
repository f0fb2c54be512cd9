"""Say where GitLab lets a comment stand, straight from git's own words: independent of our parsers."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from reviewer.demo.repository import Repository

_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_WHOLE_FILE = 1_000_000
_RENAMES = "--find-renames=30%"  # as GitLab's Gitaly does


@dataclass(frozen=True, slots=True)
class FilePlaces:
    """A changed file: its names, every line's pair of numbers, and every line's code."""

    old_path: str
    new_path: str
    pairs: frozenset[tuple[int | None, int | None]]
    codes: frozenset[str]


def find_places(repository: Repository, base: str, head: str) -> dict[tuple[str, str], FilePlaces]:
    """Return the changed files by (old path, new path); needs one diff with whole files as context."""
    raw = repository.git.run("diff-tree", "-r", _RENAMES, "-z", "--name-status", base, head)
    fields = iter(raw.decode("utf-8", "surrogateescape").split("\0")[:-1])
    names = []
    for status in fields:
        old = next(fields)
        names.append((old, next(fields) if status.startswith("R") else old))
    return {(old, new): _places(repository, base, head, old, new) for old, new in names}


def _places(repository: Repository, base: str, head: str, old: str, new: str) -> FilePlaces:
    paths = dict.fromkeys(f":(literal){name}" for name in (old, new))
    options = ("-r", "-p", _RENAMES, "--text", f"-U{_WHOLE_FILE}")
    patch = repository.git.run("diff-tree", *options, base, head, "--", *paths)
    pairs: set[tuple[int | None, int | None]] = set()
    codes = set()
    prefix = hashlib.sha1(new.encode("utf-8", "surrogateescape")).hexdigest()  # noqa: S324  # GitLab's choice
    before = after = 0
    for line in patch.split(b"\n"):
        hunk = _HUNK.match(line)
        if hunk:
            before, after = int(hunk[1]) + (hunk[2] == b"0"), int(hunk[3]) + (hunk[4] == b"0")
        elif before + after and line[:1] in (b"+", b"-", b" "):
            codes.add(f"{prefix}_{before}_{after}")
            pairs.add((before if line[:1] != b"+" else None, after if line[:1] != b"-" else None))
            before += line[:1] != b"+"
            after += line[:1] != b"-"
    return FilePlaces(old, new, frozenset(pairs), frozenset(codes))
