"""Fingerprints: what a finding is called stays, whatever moves around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from parsers.diff import FileStatus, Side
from reviewer.domain import Category, ChangedFile, Confidence, Finding, Severity, Source
from reviewer.stages.fingerprint import identify, model_fingerprints
from tests.fakes.changes import change_set, changed_file
from tests.fakes.findings import finding

CODE = """\
import os


class Order:
    def total(self, fee):
        value = eval(self.text)
        return value + fee

    def fee(self):
        value = eval(self.text)
        return value
"""
FLAWS = (6, 10)
filler = st.lists(
    st.sampled_from(
        [
            "",
            "# words",
            "import re",
            "LIMIT = 3",
            "def other():\n    return 1",
            "def f():\n    value = eval(self.text)",
        ]
    ),
    max_size=8,
)


def code_file(text: str, path: str = "app.py") -> ChangedFile:
    return changed_file(path, None, text)


def fingerprint(text: str, *findings: Finding, path: str = "app.py") -> list[str]:
    placed = [replace(one, path=path) for one in findings]
    return [one.fingerprint for one in identify(placed, change_set(code_file(text, path)))]


def on(lines: Sequence[int], **fields: object) -> list[Finding]:
    return [finding(line, **fields) for line in lines]


BEFORE = fingerprint(CODE, *on(FLAWS))


def test_fingerprints_are_32_hexadecimal_digits_and_differ() -> None:
    assert [len(one) for one in BEFORE] == [32, 32]
    assert BEFORE[0] != BEFORE[1]
    assert int(BEFORE[0], 16) >= 0


@given(filler)
def test_lines_above_may_come_and_go(above: list[str]) -> None:
    text = "\n".join([*above, CODE])
    shift = text.count("\n") - CODE.count("\n")
    assert fingerprint(text, *on([line + shift for line in FLAWS])) == BEFORE


@given(st.lists(st.sampled_from(["        pass", "        # note", "        fee += 1"]), max_size=4))
def test_edits_in_the_same_definition_do_not_matter(inserted: list[str]) -> None:
    lines = CODE.split("\n")
    lines[5:5] = inserted
    assert fingerprint("\n".join(lines), finding(6 + len(inserted)))[0] == BEFORE[0]


def test_spacing_does_not_matter_but_words_do() -> None:
    assert fingerprint(CODE.replace("= eval", "=   eval"), *on(FLAWS)) == BEFORE
    assert fingerprint(CODE.replace("value = eval(self.text)", "value = eval(text)"), *on(FLAWS)) != BEFORE


def test_the_wording_of_a_finding_does_not_matter() -> None:
    other = {"title": "t", "message": "m", "severity": Severity.LOW, "confidence": Confidence.LOW, "why": "w"}
    assert fingerprint(CODE, *on(FLAWS, **other)) == BEFORE


def test_a_rule_is_part_of_the_name_of_its_findings() -> None:
    assert not set(fingerprint(CODE, *on(FLAWS, rule_id="python/other"))) & set(BEFORE)


def test_a_models_category_is_not() -> None:
    model = {"source": Source.MODEL, "rule_id": "model/security"}
    drifted = {"source": Source.MODEL, "rule_id": "model/finance", "category": Category.FINANCE}
    assert fingerprint(CODE, *on(FLAWS, **model)) == fingerprint(CODE, *on(FLAWS, **drifted))
    assert fingerprint(CODE, *on(FLAWS, **model)) != BEFORE


def test_how_far_a_model_quotes_on_does_not_matter() -> None:
    short, long = finding(6, source=Source.MODEL), finding(6, source=Source.MODEL, end_line=7)
    assert fingerprint(CODE, short) == fingerprint(CODE, long)


def test_equal_lines_of_one_definition_are_told_apart_whoever_else_is_found() -> None:
    text = "def f():\n    eval(x)\n    eval(x)\n    eval(x)\n"
    three = fingerprint(text, *on((2, 3, 4)))
    assert len(set(three)) == 3
    assert fingerprint(text, finding(3)) == three[1:2]
    assert fingerprint(text, *on((4, 2))) == [three[2], three[0]]


def test_two_findings_at_one_place_keep_their_names_in_any_order() -> None:
    two = [
        finding(6, source=Source.MODEL, rule_id="model/security"),
        finding(6, source=Source.MODEL, rule_id="model/finance"),
    ]
    names = fingerprint(CODE, *two)
    assert len(set(names)) == 2
    assert fingerprint(CODE, *reversed(two)) == names[::-1]


def test_a_rename_is_followed_and_a_copy_is_not() -> None:
    renamed = changed_file("new.py", CODE, CODE + "\n", old_path="app.py", status=FileStatus.RENAMED)
    copied = changed_file("new.py", CODE, CODE + "\n", old_path="app.py", status=FileStatus.COPIED)
    flaw = finding(6, path="new.py")
    assert identify([flaw], change_set(renamed))[0].fingerprint == BEFORE[0]
    assert identify([flaw], change_set(copied))[0].fingerprint != BEFORE[0]


def test_a_bare_diff_gives_the_name_that_the_hunks_allow() -> None:
    bare = changed_file("app.txt", "a\n", "a\nb\n", bare=True)
    whole = changed_file("app.txt", "a\n", "a\nb\n")
    flaw = finding(2, path="app.txt")
    assert identify([flaw], change_set(bare)) == identify([flaw], change_set(whole))


def test_removed_lines_and_whole_files_have_names_too() -> None:
    file = changed_file("app.py", CODE, "import os\n")
    removed, whole = finding(6, side=Side.OLD), finding(None)
    names = {one.fingerprint for one in identify([removed, whole], change_set(file))}
    assert len(names) == 2
    assert "" not in names


def test_a_secret_cannot_be_guessed_from_the_name() -> None:
    secret = {"source": Source.SECRET, "rule_id": "secret/password", "evidence": "password = hunt****"}
    one = fingerprint("password = 'hunter2'\n", finding(1, **secret))
    assert one == fingerprint("password = 'hunter3'\n", finding(1, **secret))


def test_every_changed_line_could_carry_a_models_finding() -> None:
    file = changed_file("app.py", CODE, CODE.replace("eval(self.text)", "eval(self.raw)"))
    flaws = [finding(line, source=Source.MODEL) for line in FLAWS]
    gone = [finding(line, source=Source.MODEL, side=Side.OLD) for line in FLAWS]
    names = {one.fingerprint for one in identify([*flaws, *gone], change_set(file))}
    assert names <= model_fingerprints(change_set(file))
    unchanged = identify([finding(7, source=Source.MODEL)], change_set(file))[0]
    assert unchanged.fingerprint not in model_fingerprints(change_set(file))


def test_a_finding_outside_the_change_still_has_a_name() -> None:
    assert identify([finding(1, path="elsewhere.py")], change_set())[0].fingerprint
