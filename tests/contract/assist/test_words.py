"""`explain`, `ask` and `describe`: what they read, what they send, what they print."""

from __future__ import annotations

import json

import pytest

from tests.contract.assist.lab import Desk

FEES = """\
from app.rounding import half_even

RATE = 1000


def fee(fen: int) -> int:
    return half_even(fen, RATE)


def refund(fen: int) -> int:
    return -fee(fen)
"""
ROUNDING = """\
def half_even(amount: int, divisor: int) -> int:
    return round(amount / divisor)
"""
DESCRIPTION = {
    "title": "Take the fee in whole fen",
    "description": "Fees are integers now.",
    "files": [
        {"path": "app/fees.py", "what": "the rate is a divisor"},
        {"path": "elsewhere.py", "what": "not here"},
    ],
    "risk_reason": "Callers may pass yuan.",
    "risk": "high",
}


@pytest.fixture
def shop(desk: Desk) -> Desk:
    desk.write({"app/rounding.py": ROUNDING.encode()})
    desk.write({"app/fees.py": FEES.encode()})
    return desk


def test_explain_shows_the_lines_what_stands_around_them_and_what_they_call(shop: Desk) -> None:
    shop.server.script.otherwise().reply("It divides **half to even**.")

    outcome = shop.run("explain", "app/fees.py:6-7")

    assert (outcome.code, outcome.out) == (0, "It divides **half to even**.\n")
    prompt = shop.prompts
    assert "   7 +     return half_even(fen, RATE)" in prompt
    assert "  11 +" not in prompt
    assert "### app/rounding.py (half_even)" in prompt
    assert "def half_even(amount: int, divisor: int) -> int:" in prompt


def test_explain_of_a_range_is_about_the_change(shop: Desk) -> None:
    shop.write({"app/fees.py": FEES.replace("1000", "2000").encode()})
    shop.server.script.otherwise().reply("The rate is halved.")

    outcome = shop.run("explain", "HEAD~1..HEAD")

    assert (outcome.code, outcome.out) == (0, "The rate is halved.\n")
    assert "     - RATE = 1000" in shop.prompts
    assert "Explain this change" in shop.prompts


def test_ask_without_a_target_reads_what_the_question_names(shop: Desk) -> None:
    shop.server.script.otherwise().reply("By `half_even`.")

    outcome = shop.run("ask", "How does half_even round?")

    assert (outcome.code, outcome.out) == (0, "By `half_even`.\n")
    assert "reading app/rounding.py" in outcome.err
    assert "   2 +     return round(amount / divisor)" in shop.prompts
    assert "How does half_even round?" in shop.prompts


def test_ask_about_names_that_are_not_there_has_nothing_to_read(shop: Desk) -> None:
    outcome = shop.run("ask", "What does settle_overnight do?")

    assert (outcome.code, outcome.raw) == (3, b"")
    assert "no name in the question is defined in this repository" in outcome.err
    assert not shop.server.asked


def test_describe_prints_a_commit_message(shop: Desk) -> None:
    shop.write({"app/fees.py": FEES.replace("1000", "2000").encode()})
    shop.server.script.otherwise().reply(DESCRIPTION)

    outcome = shop.run("describe", "HEAD~1..HEAD")

    assert outcome.code == 0
    assert outcome.out == (
        "Take the fee in whole fen\n\nFees are integers now.\n\n"
        "* app/fees.py: the rate is a divisor\n\nRisk: high: Callers may pass yuan.\n"
    )


def test_describe_as_json(shop: Desk) -> None:
    shop.write({"app/fees.py": FEES.replace("1000", "2000").encode()})
    shop.server.script.when(schema=False).reply("It is a fine change.")
    shop.server.script.when(schema=True).reply(DESCRIPTION)

    outcome = shop.run("describe", "HEAD", "--format", "json")

    document = json.loads(outcome.out)
    assert (document["command"], document["risk"], document["title"]) == (
        "describe",
        "high",
        "Take the fee in whole fen",
    )
    assert document["walkthrough"] == [{"path": "app/fees.py", "what": "the rate is a divisor"}]
    assert document["usage"]["model_calls"] == 2
