"""Reasoning is told from the answer, and code that merely speaks of it is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.stages.reasoning import split


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("plain answer", "", "plain answer"),
        ("<think>why</think>so", "why", "so"),
        ("why\n</think>\n\nso", "why", "so"),
        ("why.</think>so", "why.", "so"),
        ("<think>never ends", "never ends", ""),
        ("before\n<think>never ends", "never ends", "before"),
        ("<think>a</think>\nb\n<think>c</think>\nd", "a\nc", "b\nd"),
        ("a</think>\nb\n<think>c", "a\nc", "b"),
        ("<think>\n\n</think>\n\nso", "", "so"),
        ("<THINK>why</THINK>so", "why", "so"),
        ("<thinking>why</thinking>so", "why", "so"),
        ("", "", ""),
    ],
)
def test_split(text: str, reasoning: str, answer: str) -> None:
    assert split(text) == (reasoning, answer)


@pytest.mark.parametrize(
    "text",
    [
        '{"findings": [{"quote": "x = </think> + 1"}]}',
        '```json\n{"quote": "</think>"}\n```',
        'The literal "</think>" is parsed twice.',
        "The literal `</think>` is parsed twice.",
        "Line 3 says x = '<think>' and never closes it.",
    ],
)
def test_a_tag_quoted_from_the_code_hides_nothing(text: str) -> None:
    assert split(text) == ("", text)


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "\n", "a", "b ", '"', "{"]), max_size=20).map("".join)
)
def test_no_word_is_lost(text: str) -> None:
    reasoning, answer = split(text)
    for letter in "ab":
        assert (reasoning + answer).count(letter) == text.count(letter)
