"""What is shown of an answer while it is written."""

from __future__ import annotations

import pytest

from reviewer.commands.speech import Speech


@pytest.mark.parametrize(
    ("thinks", "pieces", "early", "whole"),
    [
        (False, ["It ", "sets x."], "It sets x.", "It sets x.\n"),
        (False, ["\n\n", "<thi", "ng> is a tag"], "<thing> is a tag", "<thing> is a tag\n"),
        (False, ["<think>Hm", "m.</th", "ink>\n\nIt ", "sets x."], "It sets x.", "It sets x.\n"),
        (True, ["Hm, `x`", " it is.</think>", "\n\nIt sets", " x."], "It sets x.", "It sets x.\n"),
        (True, ["It sets x."], "", "It sets x.\n"),
        (False, ["\x1b[31mred", "\u202e!"], "[31mred!", "[31mred!\n"),
    ],
)
def test_reasoning_and_controls_are_left_out(thinks: bool, pieces: list[str], early: str, whole: str) -> None:
    shown: list[str] = []
    speech = Speech(shown.append, thinks=thinks)
    for piece in pieces:
        speech.hear(piece)

    assert "".join(shown) == early
    speech.end("It sets x.")
    assert "".join(shown) == whole
