"""Say which comments GitHub takes, out of git's own `-U3` diff and nothing of the product's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reviewer.demo.repository import Repository

BODY_LENGTH = 65_536
_HUNK = re.compile(rb"^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")

_BLANK = "Pull request review thread diff hunk can't be blank"

Hunk = set[tuple[str, int]]  # ("LEFT" or "RIGHT", line)


def read_hunks(repository: Repository, base: str, head: str) -> dict[str, list[Hunk]]:
    """Map every changed path to the lines of its hunks."""
    files: dict[str, list[Hunk]] = {}
    name, old_name = "", b""
    left = right = 0
    in_hunk = False
    for line in repository.diff(base, head, context=3).split(b"\n"):
        if line.startswith(b"diff --git"):
            in_hunk = False
            name = line.decode("utf-8", "replace").rpartition(" b/")[2]
            files[name] = []
        elif not in_hunk and line.startswith(b"--- "):
            old_name = line[6:]
        elif not in_hunk and line.startswith(b"+++ "):
            files.pop(name)
            name = (old_name if line == b"+++ /dev/null" else line[6:]).decode("utf-8", "replace")
            files[name] = []
        elif header := _HUNK.match(line):
            in_hunk = True
            left, right = int(header[1]), int(header[2])
            files[name].append(set())
        elif in_hunk and line[:1] in (b" ", b"+", b"-"):
            hunk = files[name][-1]
            if line[:1] != b"+":
                hunk.add(("LEFT", left))
                left += 1
            if line[:1] != b"-":
                hunk.add(("RIGHT", right))
                right += 1
    return files


def find_fault(files: Mapping[str, list[Hunk]], comment: Mapping[str, Any]) -> str | None:
    """Return GitHub's words for what is wrong with a line comment, None if it takes it."""
    if not str(comment.get("body") or "").strip():
        return "Body can't be blank"
    if len(comment["body"]) > BODY_LENGTH:
        return f"Body is too long (maximum is {BODY_LENGTH} characters)"
    if comment["path"] not in files:
        return f"Pull request review thread path is invalid and {_BLANK}"
    return _find_line_fault(files[comment["path"]], comment)


def _find_line_fault(hunks: list[Hunk], comment: Mapping[str, Any]) -> str | None:
    side, line = comment.get("side", "RIGHT"), comment.get("line")
    start, start_side = comment.get("start_line"), comment.get("start_side", side)
    hunk = next((hunk for hunk in hunks if (side, line) in hunk), None)
    if hunk is None:
        return f"Pull request review thread line must be part of the diff and {_BLANK}"
    if start is not None and start_side == side and start >= line:
        return "Pull request review thread start line must precede the end line."
    if start is not None and (start_side, start) not in hunk:
        return "Pull request review thread start line must be part of the same hunk as the line."
    return None
