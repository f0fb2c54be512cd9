"""Placeholders go back into a suggestion from the same file's own text, and from nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.diff import Side
from reviewer.domain import Category, Confidence, Draft, Severity, Suggestion
from reviewer.stages.redact import Redactor
from reviewer.stages.restoring import leave_secrets_alone, restore
from reviewer.stages.verify import Admission, admit
from tests.fakes.changes import change_set, changed_file

OWN = 'password = "hunter2-hunter2"\nconnect(user, password)\n'
OTHER = 'api_key = "zq81-Vt-another"\n'


def heard(redactor: Redactor, old: str, new: str) -> Admission:
    """Have a draft admitted that quotes the whole file as it was shown, `old` replaced by `new`."""

    def redact(text: str) -> str:
        return redactor.redact(text).text

    shown = redact(OWN).removesuffix("\n")
    draft = Draft(
        path="app.py", quote=shown, side=Side.NEW, start_line=1, end_line=2, severity=Severity.HIGH,
        category=Category.CORRECTNESS, confidence=Confidence.HIGH, title="No timeout", message="It waits for ever.",
        replacement=shown.replace(old, new), model="coder",
    )  # fmt: skip
    return admit([draft], change_set(changed_file("app.py", None, OWN)), redact=redact)


def test_a_placeholder_becomes_what_it_stands_for_in_this_file() -> None:
    redact = Redactor()
    written = redact.redact(OWN).text.replace("connect", "open")
    assert restore(written, OWN, lambda text: redact.redact(text).text) == OWN.replace("connect", "open")


def test_nothing_of_another_file_comes_in() -> None:
    redactor = Redactor()
    stolen = redactor.redact(OTHER).text
    assert "<redacted:" in stolen
    assert restore(stolen, OWN, lambda text: redactor.redact(text).text) is None


@pytest.mark.parametrize(
    "own",
    [
        "-----BEGIN PRIVATE KEY-----\n"
        + "QwErTyUiOpAsDfGhJkLz\n" * 2
        + "AsDfGhJkLzXcVbNmQwEr\n-----END PRIVATE KEY-----",
        "a = zq81-Vtzq81-Vt\n",
        "a = zq81-Vtab12-Xy\n",
    ],
    ids=["one name for many texts", "no text between two", "no text between two kinds"],
)
def test_what_may_mean_more_than_one_thing_is_not_restored(own: str) -> None:
    redactor = Redactor(["zq81-Vt", "ab12-Xy"])
    assert restore(redactor.redact(own).text, own, lambda text: redactor.redact(text).text) is None


def test_a_text_without_placeholders_is_as_it_was() -> None:
    assert restore("a = 1", OWN, str.upper) == "a = 1"


def test_only_the_changed_lines_of_a_replacement_remain() -> None:
    redactor = Redactor()
    lines = {3: 'password = "hunter2-hunter2"', 4: "b = 1", 5: "c = 2"}
    shown = redactor.redact("\n".join(lines.values())).text.split("\n")

    def narrow(*new: str) -> tuple[int, int, str] | None:
        return leave_secrets_alone("\n".join(new), lines, 3, 5, lambda text: redactor.redact(text).text)

    assert narrow(shown[0], "b = 9", "c = 2") == (4, 4, "b = 9")
    assert narrow(shown[0], "b = 1") == (4, 5, "b = 1")
    assert narrow("b = 9", shown[0], "c = 2") is None
    assert narrow("import os", shown[0], "b = 1", "c = 2") is None
    assert narrow("b = 9", "c = 2") == (3, 5, "b = 9\nc = 2")


def test_a_suggestion_that_keeps_a_line_with_a_secret_posts_only_the_other() -> None:
    admission = heard(Redactor(), "password)", "password, timeout=5)")
    assert admission.findings[0].suggestion == Suggestion(2, 2, "connect(user, password, timeout=5)")
    assert "hunter2" not in str(admission)


def test_a_suggestion_that_would_show_a_secret_is_dropped() -> None:
    admission = heard(Redactor(), "password =", "pass_word =")
    assert admission.findings[0].suggestion is None
    assert [one.reason for one in admission.rejected] == ["suggestion-invalid"]
    assert "hunter2" not in str(admission)


LINES = st.lists(
    st.sampled_from(
        ['password = "s3cret!x"', "a = 1", "curl -u admin:letmein x", 'k = ("zq81-Vt", "zq81-Vt")', ""]
    ),
    max_size=6,
)


@given(LINES)
def test_what_is_restored_is_what_was_there(lines: list[str]) -> None:
    own = "\n".join(lines)
    redactor = Redactor(["zq81-Vt"])
    assert restore(redactor.redact(own).text, own, lambda text: redactor.redact(text).text) == own
