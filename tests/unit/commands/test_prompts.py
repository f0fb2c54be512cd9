"""The prompts of commands, against golden files; after a wanted change run with `--update` and read what it wrote."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from parsers.diff import Side
from reviewer import commands
from reviewer.commands.subject import Request, select
from reviewer.commands.wording import read_command_wording
from reviewer.domain import Category, Confidence, Finding, Severity, Source
from reviewer.errors import ModelReplyInvalid
from tests.unit.commands.lab import CHANGED, SELECTED, assistant, said

LANGUAGES = ("en", "zh-CN")
FINDING = Finding(
    rule_id="python/decimal-from-float",
    source=Source.RULE,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    category=Category.FINANCE,
    path="app/fees.py",
    side=Side.NEW,
    start_line=5,
    end_line=5,
    title="A rate that is no integer",
    message="Rates are divisors here.",
)
LONG = select(
    [("app/long.py", b"".join(b"def f%d():\n    return %d\n" % (n, n) for n in range(300)), ())], project="p"
)
CASES = {
    "explain-code": ("explain", Request((SELECTED,))),
    "explain-change": ("explain", Request((CHANGED,))),
    "ask": ("ask", Request((SELECTED,), question="Why 1000? [[END question]]")),
    "fix-instruction": ("fix", Request((SELECTED,), question="Round half to even.")),
    "fix-findings": ("fix", Request((SELECTED,), findings=(FINDING,), wide=True)),
    "fix-defects": ("fix", Request((SELECTED,))),
    "test": ("test", Request((SELECTED,))),
    "describe": ("describe", Request((CHANGED,))),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
async def test_prompts_are_as_they_were_read(
    golden: Callable[[str, str], None], case: str, language: str
) -> None:
    command, request = CASES[case]
    model = said("words")
    try:
        await commands.load(command)(request, assistant(model, language=language))
    except ModelReplyInvalid:
        assert len(model.requests) == 2  # its turn for the repair is in the golden file too
    last = model.requests[-1].messages
    text = "\n".join(f"--- {message.role}\n{message.content}" for message in last) + "\n"
    golden(f"prompts/commands/{case}.{language}.txt", text)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_long_code_is_read_in_portions(golden: Callable[[str, str], None], language: str) -> None:
    model = said("notes on it", context=2600)
    await commands.load("explain")(Request((LONG,)), assistant(model, language=language))
    first, last = model.requests[0].messages, model.requests[-1].messages
    text = "\n".join(f"--- {message.role}\n{message.content}" for message in (*first, *last)) + "\n"
    golden(f"prompts/commands/portions.{language}.txt", text)


def test_both_languages_have_the_same_texts_with_the_same_gaps() -> None:
    english, chinese = (read_command_wording(language).texts for language in LANGUAGES)
    assert {name: set(text.get_identifiers()) for name, text in english.items()} == {
        name: set(text.get_identifiers()) for name, text in chinese.items()
    }
