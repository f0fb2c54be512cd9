"""Estimates err on the safe side, learn from the server, and tell a cut prompt from an odd count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.domain import Message
from reviewer.errors import ModelOverflow
from reviewer.models.tokens import TokenMeter, estimate
from reviewer.ports import ModelRequest

CODE = "def settle(account, amount):\n    account.balance -= fee(amount)\n    return account.balance\n" * 40
PROSE = "The balance of an account may fall below zero when two orders settle at the same time. " * 20
JSON = '{"a":[1,2,3],"b":{"c":"d","e":null},"f":[{"g":true},{"h":false}]}' * 20
CHINESE = "两笔订单同时结算时，账户余额可能变为负数。" * 20


@pytest.mark.parametrize(
    ("text", "least", "most"), [(PROSE, 3.5, 4.5), (CODE, 2.2, 3.5), (JSON, 1.2, 2.0), (CHINESE, 1.0, 1.9)]
)
def test_classes_of_text(text: str, least: float, most: float) -> None:
    assert least <= len(text) / estimate(text, 3.0) <= most


@given(st.text(), st.text())
def test_more_text_is_never_fewer_tokens(one: str, other: str) -> None:
    meter = TokenMeter(3.0)
    assert meter.count(one + "\n" + other) >= meter.count(one) - 1
    assert meter.count(one) >= 0


def test_a_server_that_counts_more_raises_the_estimate() -> None:
    meter = TokenMeter(3.0)
    before = meter.count(CODE)
    raw = meter.raw([Message("user", CODE)])
    for _ in range(5):
        meter.learn(raw, round(raw * 1.5))
    assert meter.count(CODE) == pytest.approx(before * 1.5, rel=0.02)


def test_what_no_tokenizer_counts_is_not_learnt() -> None:
    meter = TokenMeter(3.0)
    before = meter.count(CODE)
    meter.learn(meter.raw([Message("user", CODE)]), 3)
    assert meter.count(CODE) == before


def request(text: str, max_tokens: int) -> ModelRequest:
    return ModelRequest(messages=(Message("user", text),), max_tokens=max_tokens)


def test_the_reply_gets_what_the_prompt_leaves() -> None:
    meter = TokenMeter(3.0)
    prompt = meter.count(CODE)
    assert meter.reply_tokens(request(CODE, 100), 100_000, "m") == 100
    assert 400 <= meter.reply_tokens(request(CODE, 9999), prompt + 500, "m") < 500


def test_a_prompt_that_leaves_no_reply_is_refused() -> None:
    meter = TokenMeter(3.0)
    with pytest.raises(ModelOverflow) as caught:
        meter.reply_tokens(request(CODE, 1000), meter.count(CODE) + 50, "m")
    assert caught.value.context == meter.count(CODE) + 50
    assert caught.value.prompt_tokens >= meter.count(CODE)


def calibrated(raw: float) -> TokenMeter:
    meter = TokenMeter(3.0)
    for _ in range(3):
        meter.learn(raw, round(raw))
    return meter


def test_half_the_prompt_counted_is_a_cut_prompt() -> None:
    assert calibrated(3000).was_cut(3000, 2048, window=4096)


def test_nothing_is_judged_before_three_calls() -> None:
    meter = TokenMeter(3.0)
    meter.learn(3000, 3000)
    meter.learn(3000, 3000)
    assert not meter.was_cut(3000, 2048, window=4096)


def test_a_missing_count_proves_nothing() -> None:
    assert not calibrated(3000).was_cut(3000, 0, window=4096)


def test_a_prompt_with_room_to_spare_was_not_cut_whatever_is_counted() -> None:
    meter = calibrated(1000)
    assert not meter.was_cut(1000, 700, window=4096)
    assert meter.was_cut(3000, 2048, window=4096), "an estimate that is off does not make a server odd"


def test_a_prompt_that_was_counted_whole_was_not_cut() -> None:
    assert not calibrated(3000).was_cut(3000, 2900, window=4096)


def test_an_odd_count_of_a_short_prompt_says_nothing_about_the_server() -> None:
    meter = calibrated(3000)
    assert not meter.was_cut(100, 20, window=4096)
    assert meter.was_cut(3000, 2048, window=4096)


def test_short_prompts_teach_nothing() -> None:
    meter = TokenMeter(3.0)
    before = meter.count(CODE)
    for _ in range(5):
        meter.learn(20, 45)
    assert meter.count(CODE) == before


def test_a_server_that_leaves_out_what_it_had_cached_is_not_believed_again() -> None:
    meter = calibrated(3000)
    assert not meter.was_cut(1000, 40, window=4096)  # nothing can have been cut here
    assert not meter.was_cut(3000, 2048, window=4096)
