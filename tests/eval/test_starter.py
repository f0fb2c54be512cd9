"""The starter set that ships: its labels hold, in both states of every file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from parsers import languages
from parsers.source import find_errors, parse
from reviewer.evaluation.dataset import STARTER, Case, load
from reviewer.evaluation.workspace import open_case
from reviewer.stages.sides import changed_lines

LANGUAGES = ("cpp", "go", "java", "python", "sql", "typescript")
CASES = load([STARTER])


def test_every_language_has_as_many_clean_cases_as_flawed_ones() -> None:
    counts = Counter((case.language, case.clean) for case in CASES)
    assert counts == {(language, clean): 7 for language in LANGUAGES for clean in (True, False)}


def test_titles_are_unique_and_all_is_labelled() -> None:
    assert len({case.title for case in CASES}) == len(CASES)
    assert len({case.files[0].path for case in CASES}) == len(CASES)
    for case in CASES:
        assert case.tags
        assert 1 <= len(case.findings) <= 2 or case.clean
        assert all(golden.category and len(golden.text) > 60 for golden in case.findings)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_is_a_small_change_that_parses_with_goldens_on_changed_lines(
    case: Case, tmp_path: Path
) -> None:
    (file,) = open_case(case, tmp_path).files
    assert file.old is not None
    assert file.new is not None
    assert 15 <= file.old.count(b"\n") <= 80
    assert 20 <= file.new.count(b"\n") <= 80
    for text in (file.old, file.new):
        language = languages.detect(file.path, text)
        assert language is not None
        assert not list(find_errors(parse(text, language), language))
    for golden in case.findings:
        assert golden.path == file.path
        assert {golden.start_line, golden.end_line} <= set(changed_lines(file, golden.side))
