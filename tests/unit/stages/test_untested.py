from __future__ import annotations

import pytest

from parsers.languages import LANGUAGES
from parsers.source import parse
from reviewer.domain import ChangedFile
from reviewer.stages.untested import MOST, Source, find_untested, is_test
from tests.fakes.changes import changed_file

PYTHON = LANGUAGES["python"]
OLD = """\
class Desk:
    def book(self):
        return 1

    def _check(self):
        return 2


def fee():
    return 3
"""
NEW = OLD.replace("return 1", "return 10").replace("return 2", "return 20").replace("return 3", "return 30")


def untested(*files: ChangedFile, mentioning: dict[str, tuple[str, ...]] | None = None) -> tuple[str, ...]:
    texts = {file.path: file.new for file in files}
    source: Source = lambda path: (parse(texts[path] or b"", PYTHON), PYTHON)  # noqa: E731
    return find_untested(files, source, lambda name: (mentioning or {}).get(name, ()))


def test_public_definitions_that_no_test_mentions_are_named() -> None:
    assert untested(changed_file("app/desk.py", OLD, NEW)) == ("app/desk.py: Desk.book", "app/desk.py: fee")


def test_a_test_of_the_change_counts() -> None:
    test = changed_file(
        "tests/test_desk.py", None, "def test_book():\n    assert Desk().book()\n    # fees\n"
    )
    assert untested(changed_file("app/desk.py", OLD, NEW), test) == ("app/desk.py: fee",)


def test_a_test_of_the_repository_counts_and_other_callers_do_not() -> None:
    found = untested(
        changed_file("app/desk.py", OLD, NEW),
        mentioning={"book": ("web/view.py",), "fee": ("app/desk.py", "tests/test_fees.py")},
    )
    assert found == ("app/desk.py: Desk.book",)


def test_what_did_not_change_is_not_named() -> None:
    assert untested(changed_file("app/desk.py", OLD, OLD.replace("return 3", "return 30"))) == (
        "app/desk.py: fee",
    )


def test_tests_themselves_need_none_and_the_list_is_short() -> None:
    many = "".join(f"def part_{n}():\n    return {n}\n\n\n" for n in range(20))
    assert untested(changed_file("tests/test_parts.py", None, many)) == ()
    assert len(untested(changed_file("app/parts.py", None, many))) == MOST


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/test_fees.py", True),
        ("src/test/java/desk/Fees.java", True),
        ("src/main/java/desk/FeesTest.java", True),
        ("src/main/java/desk/FeesIT.java", True),
        ("fees_test.go", True),
        ("web/fees.spec.ts", True),
        ("web/__tests__/fees.ts", True),
        ("src/main/java/desk/Latest.java", False),
        ("app/testing_rates.py", False),
        ("app/contest.py", False),
        ("app/attest/fees.py", False),
    ],
)
def test_tests_are_known_by_name_and_place(path: str, expected: bool) -> None:
    assert is_test(path) is expected
