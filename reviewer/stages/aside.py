"""Code that stands aside: tests, examples, others' code, paths that are not reviewed. What leaves it is new.

Nobody minds an `eval` in a test, or in a text about tests. So a file that is renamed from there into
production, or becomes code by its new name, is looked at whole, as if it were added, and lines that were
removed there absolve nothing that is added elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import replace

from parsers.diff import FileDiff, FileStatus, Hunk, Line, LineKind
from parsers.languages import detect
from reviewer.domain import ChangedFile, ChangeSet, ReviewWarning
from reviewer.stages.generated import VENDOR_FOLDERS
from reviewer.stages.globs import Globs

_HEAD = 4_096  # bytes: enough to tell what a file is
_FAMILIES = {"cpp": "c", "typescript": "javascript", "tsx": "javascript", "vue": "javascript"}
_FOLDERS = "tests?|testdata|fixtures?|examples?|samples?|mocks?|docs?|generated"
_ASIDE = re.compile(
    rf"(^|/)({_FOLDERS}|{'|'.join(sorted(VENDOR_FOLDERS))})(/|$)|(^|/)test_|_test\.|\.(test|spec)\.",
    re.IGNORECASE,
)


class Aside:
    """Which paths stand aside: by their names, or because `ignored` fits them."""

    def __init__(self, ignored: Globs | None = None) -> None:
        self._ignored = ignored

    def holds(self, path: str) -> bool:
        """Say whether a path stands aside."""
        return bool(_ASIDE.search(path)) or (self._ignored is not None and self._ignored.match(path))

    def is_left(self, old: str, new: str) -> bool:
        """Say whether what stood at one path, and now stands at another, has left it."""
        return self.holds(old) and not self.holds(new)


def reveal(change: ChangeSet, aside: Aside) -> ChangeSet:
    """Show the files that were renamed from aside, or from no code, into production as added.

    A warning names each.
    """
    files, warnings = [], []
    for file in change.files:
        diff = file.diff
        if file.new and diff.status is FileStatus.RENAMED and _arrives(file, aside):
            files.append(ChangedFile(_added(diff, file.new), None, file.new))
            message = f"it was {diff.old_path}, of which less was asked: all of it counts as new"
            warnings.append(ReviewWarning("arrived", message, diff.path))
        else:
            files.append(file)
    if not warnings:
        return change
    return replace(change, files=tuple(files), warnings=(*change.warnings, *warnings))


def family(path: str, content: bytes | None) -> str:
    """Return the language of a file, one for those between which code moves as it is; empty for none."""
    language = detect(path, (content or b"")[:_HEAD])
    return _FAMILIES.get(language.name, language.name) if language else ""


def _arrives(file: ChangedFile, aside: Aside) -> bool:
    old_path, new = file.diff.old_path, family(file.path, file.new)
    return aside.is_left(old_path, file.path) or new not in {"", family(old_path, file.old)}


def _added(diff: FileDiff, text: bytes) -> FileDiff:
    texts = text.split(b"\n")
    whole = not texts[-1]  # the text ends with a line feed
    texts = texts[:-1] if whole else texts
    lines = tuple(
        Line(LineKind.ADDED, None, number, line, has_newline=whole or number < len(texts))
        for number, line in enumerate(texts, start=1)
    )
    hunks = () if diff.is_binary else (Hunk(0, 0, 1, len(lines), "", lines),)
    return replace(
        diff, old_path=diff.path, status=FileStatus.ADDED, hunks=hunks, old_mode=None, old_blob=None
    )
