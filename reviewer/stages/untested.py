"""Name the public definitions of a change that no test mentions: counted from the code, not claimed by a model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath

from parsers.languages import Language
from parsers.outline import DefinitionRow, outline
from parsers.source import ParsedSource, decode
from reviewer.domain import ChangedFile

MOST = 5
_TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "spec", "specs", "testing"})
_TEST_NAME = re.compile(r"(?:^test_|[._-](?:test|tests|spec)$|(?:Test|Tests|TestCase|Spec|IT)$)")
_CALLABLE = frozenset({"function", "method"})
_HIDDEN = re.compile(r"\b(?:private|internal)\b|^#")

Source = Callable[[str], tuple[ParsedSource, Language] | None]
Mentioning = Callable[[str], Iterable[str]]


def is_test(path: str) -> bool:
    """Say whether a file holds tests, by its name or its folders."""
    file = PurePosixPath(path)
    return not _TEST_FOLDERS.isdisjoint(part.lower() for part in file.parts[:-1]) or bool(
        _TEST_NAME.search(file.stem)
    )


def find_untested(files: Iterable[ChangedFile], source: Source, mentioning: Mentioning) -> tuple[str, ...]:
    """Return the functions and methods that the change adds to or alters and no test file mentions.

    As `path: name`, in the order of the change, a few at most. Tests of the change count as those of the
    repository do, which `mentioning` looks up; a name that two things share counts for both.
    """
    changed = list(files)
    tests = [decode(file.new).text for file in changed if is_test(file.path) and file.new]
    found: list[str] = []
    for file in changed:
        for row in _public(file, source):
            word = re.compile(rf"(?<!\w){re.escape(row.name)}(?!\w)")
            known = any(word.search(text) for text in tests) or any(map(is_test, mentioning(row.name)))
            if not known and len(found) < MOST:
                found.append(f"{file.path}: {row.qualified}")
    return tuple(dict.fromkeys(found))


def _public(file: ChangedFile, source: Source) -> Iterator[DefinitionRow]:
    """Yield the innermost callable definitions around the added lines of a file, none that only its class sees."""
    parsed = None if is_test(file.path) else source(file.path)
    if parsed is None:
        return
    rows = [row for row in outline(*parsed).definitions if row.kind in _CALLABLE]
    holding = (
        max((row for row in rows if row.start_line <= line <= row.end_line), key=_start, default=None)
        for line in file.diff.added_lines
    )
    for row in dict.fromkeys(holding):
        if row is not None and not row.name.startswith(("_", "#")) and not _HIDDEN.search(row.signature):
            yield row


def _start(row: DefinitionRow) -> int:
    return row.start_line
