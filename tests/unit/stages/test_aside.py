"""Files that come into production by a new name are looked at whole; all others as they changed."""

from __future__ import annotations

import pytest

from parsers.diff import FileStatus
from reviewer.domain import ChangedFile
from reviewer.stages.aside import Aside, reveal
from reviewer.stages.globs import Globs
from tests.fakes.changes import change_set, changed_file

CODE = "a = 1\nb = 2\nc = 3"  # without a line feed at its end


def renamed(old: str, new: str, text: str = CODE, *, before: str = CODE, binary: bool = False) -> ChangedFile:
    return changed_file(new, before, text, old_path=old, status=FileStatus.RENAMED, is_binary=binary)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tests/rules.py", "src/rules.py"),
        ("src/test_rules.py", "src/rules.py"),
        ("web/rules.spec.ts", "web/rules.ts"),
        ("third_party/lib.py", "src/lib.py"),
        ("examples/pay.py", "src/pay.py"),
        ("old/pay.py", "src/pay.py"),
        ("notes.txt", "src/pay.py"),
        ("pay.java", "pay.py"),
    ],
)
def test_what_arrives_in_production_counts_as_added_and_is_named(old: str, new: str) -> None:
    change = reveal(change_set(renamed(old, new)), Aside(Globs(["old/**"])))
    [file] = change.files

    assert (file.diff.status, file.diff.old_path, file.path) == (FileStatus.ADDED, new, new)
    assert (file.diff.added_lines, file.old) == ((1, 2, 3), None)
    assert [line.has_newline for line in file.diff.hunks[0].lines] == [True, True, False]
    assert [(one.code, one.path, old in one.message) for one in change.warnings] == [("arrived", new, True)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("src/a.py", "src/b.py"),
        ("tests/a.py", "tests/b.py"),
        ("src/a.py", "tests/a.py"),
        ("src/a.js", "src/a.ts"),
        ("src/a.h", "src/a.cpp"),
        ("src/contest.py", "src/latest.py"),
        ("a.py", "a.txt"),
    ],
)
def test_any_other_rename_is_what_it_is(old: str, new: str) -> None:
    change = change_set(renamed(old, new))

    assert reveal(change, Aside()) is change


def test_an_edited_file_of_the_same_name_is_left_alone() -> None:
    change = change_set(changed_file("tests/a.py", "a = 1\n", "a = 2\n"))

    assert reveal(change, Aside()) is change


def test_files_without_text_are_no_trouble() -> None:
    binary = renamed("tests/a.png", "src/a.py", binary=True)

    assert reveal(change_set(binary), Aside()).files[0].diff.hunks == ()
    assert reveal(change_set(renamed("tests/a.py", "src/a.py", "")), Aside()).warnings == ()
