"""A file that a merge request brings and then renames takes what was said of it along."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reviewer.domain import ChangeSet, Finding, Source
from reviewer.stages.fingerprint import identify, trace
from reviewer.stages.following import follow
from tests.fakes.changes import change_set, changed_file
from tests.fakes.findings import finding

CODE = "def fee(turnover):\n    eval(turnover)\n    return min(turnover, 5)\n"


def new_file(path: str, text: str = CODE) -> ChangeSet:
    return change_set(changed_file(path, None, text))


def flaws(change: ChangeSet, *, title: str = "t") -> tuple[Finding, ...]:
    path = change.files[0].path
    return identify(
        [
            finding(2, path=path),
            finding(3, path=path, source=Source.MODEL, rule_id=f"model/{title}", title=title),
        ],
        change,
    )


def names(findings: tuple[Finding, ...]) -> list[str]:
    return [one.fingerprint for one in findings]


BEFORE = new_file("fees.py")
SAID = {left.fingerprint: left for left in trace(flaws(BEFORE), BEFORE)}


def test_findings_keep_their_names_in_a_new_file_that_is_renamed() -> None:
    after = new_file("app/charges.py", "import os\n\n\n" + CODE)
    found = identify(
        [replace(one, start_line=(one.start_line or 0) + 3, end_line=(one.end_line or 0) + 3)
         for one in flaws(new_file("app/charges.py"), title="reworded")],
        after,
    )  # fmt: skip
    assert set(names(found)).isdisjoint(SAID)

    followed = follow(found, after, SAID)

    assert names(followed) == list(SAID)
    assert [replace(one, fingerprint="") for one in followed] == [
        replace(one, fingerprint="") for one in found
    ]


@pytest.mark.parametrize(
    "after",
    [
        change_set(*new_file("other.py").files, *BEFORE.files),
        new_file("other.py", CODE.replace("def fee", "def charge")),
        new_file("other.py", CODE.replace("turnover)", "volume)").replace("turnover,", "volume,")),
    ],
    ids=["the old file is still there", "another definition", "other lines"],
)
def test_what_may_be_something_else_is_something_else(after: ChangeSet) -> None:
    found = flaws(after)
    assert follow(found, after, SAID) == found


def test_of_two_that_look_the_same_neither_is_followed() -> None:
    after = change_set(*new_file("a.py").files, *new_file("b.py").files)
    found = (*flaws(new_file("a.py")), *flaws(new_file("b.py")))
    assert follow(found, after, SAID) == found


def test_a_secret_has_no_line_to_be_known_by() -> None:
    after = new_file("b.py", 'KEY = "***"\n')
    leak = identify([finding(1, path="b.py", source=Source.SECRET, evidence='KEY = "***"')], after)
    [left] = trace(leak, after)
    assert follow(leak, after, {"f" * 32: replace(left, path="a.py", fingerprint="f" * 32)}) == leak
