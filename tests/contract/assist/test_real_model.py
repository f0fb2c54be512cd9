"""The commands in words against the real llama.cpp: SmolLM2 proves the plumbing, never quality."""

from __future__ import annotations

import pytest

from tests.contract.assist.conftest import WINDOW
from tests.contract.assist.lab import Desk, configuration
from tests.fakes.models.llama import MODEL


@pytest.mark.xdist_group("llama")
@pytest.mark.parametrize(
    "arguments", [("explain",), ("ask", "What does fee return?")], ids=lambda words: words[0]
)
def test_the_real_llama_cpp_answers_in_words(desk: Desk, llama_url: str, arguments: tuple[str, ...]) -> None:
    desk.configure(configuration(llama_url, backend="openai", model=MODEL, context=WINDOW))
    desk.write({"fees.py": b"def fee(fen):\n    return fen * 0.001\n"})

    outcome = desk.run(*arguments, "fees.py", "-v")

    assert outcome.code == 0, outcome.err
    assert len(outcome.out.split()) > 3
    assert "coder: 1 calls" in outcome.err
