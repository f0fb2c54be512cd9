"""Commands are found where people write them, and nowhere else."""

from __future__ import annotations

import pytest

from reviewer.commands.verbs import AVAILABLE, VERBS, find_command


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("@bot review", ("review", "")),
        ("  @BOT Review", ("review", "")),
        ("@bot, review now", ("review", "now")),
        ("@bot: ask why?\nand how?", ("ask", "why?\nand how?")),
        ("Thanks!\r\n@bot help\r\n", ("help", "")),
        ("@bot ignore abc123 false alarm", ("ignore", "abc123 false alarm")),
        ("@bot review\n@bot help", ("review", "@bot help")),
        ("hello @bot review", None),
        ("@botany review", None),
        ("@bot-two review", None),
        ("@bot reviewed this well", None),
        ("@bot please review", None),
        ("@bot", None),
        ("> @bot review", None),
        ("    @bot review", None),
        ("`@bot review`", None),
        ("", None),
    ],
)
def test_where_a_command_begins(body: str, found: tuple[str, str] | None) -> None:
    assert find_command(body, "bot") == found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("```\n@bot review\n```", None),
        ("~~~text\n@bot review\n~~~", None),
        ("```\n@bot review", None),
        ("````\n```\n@bot review\n````", None),
        ("```\n~~~\n@bot review\n```", None),
        ("```\n``` not a close\n@bot review\n```", None),
        ("```\ncode\n```\n@bot review", ("review", "")),
        ("```\ncode\n`````\n@bot review", ("review", "")),
    ],
)
def test_code_fences_hold_no_commands(body: str, found: tuple[str, str] | None) -> None:
    assert find_command(body, "bot") == found


def test_the_name_is_taken_as_it_is() -> None:
    assert find_command("@a+b review", "a+b") == ("review", "")
    assert find_command("@aab review", "a+b") is None


def test_the_text_is_capped() -> None:
    found = find_command("@bot ask " + "x" * 10_000, "bot")
    assert found is not None
    assert len(found[1]) == 4000


def test_every_verb_is_found_and_the_list_is_closed() -> None:
    assert {found[0] for verb in VERBS if (found := find_command(f"@bot {verb}", "bot"))} == set(VERBS)
    assert set(VERBS) >= AVAILABLE
