"""Suggestions are judged in the Python that the project declares, whoever makes them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parsers.python_version import Version
from reviewer.domain import Suggestion
from reviewer.stages.suggestion import keep_proven
from reviewer.stages.verify import admit
from tests.fakes.changes import change_set, changed_file
from tests.fakes.findings import draft, finding

MATCH = "match side:\n    case 1:\n        pass"
CHANGE = change_set(changed_file("app.py", "a = 1\n", "a = 2\n"))


@pytest.mark.parametrize(
    ("version", "text", "kept"),
    [
        ((3, 8), MATCH, False),
        ((3, 10), MATCH, True),
        (None, MATCH, True),
        ((3, 99), "type Side = int", True),
        ((3, 11), "type Side = int", False),
    ],
)
def test_the_declared_python_decides(version: Version | None, text: str, *, kept: bool) -> None:
    change = replace(CHANGE, python_version=version)
    wanted = Suggestion(1, 1, text) if kept else None

    rules = keep_proven([finding(1, suggestion=Suggestion(1, 1, text))], change)[0]
    models = admit([draft("a = 2", 1, replacement=text)], change, redact=str).findings

    assert [one.suggestion for one in (*rules, *models)] == [wanted, wanted]


@pytest.mark.parametrize(("version", "kept"), [((3, 99), True), (None, False)])
def test_a_deletion_is_judged_as_well(version: Version | None, *, kept: bool) -> None:
    text = "fee(rate=1,\n    price=\n    2)\n"  # without its second line an argument follows a keyword
    change = replace(change_set(changed_file("app.py", None, text)), python_version=version)
    wanted = Suggestion(2, 2, "")

    findings, dropped = keep_proven([finding(2, suggestion=wanted)], change)

    assert findings[0].suggestion == (wanted if kept else None)
    assert [one.reason for one in dropped] == ([] if kept else ["suggestion-invalid"])
