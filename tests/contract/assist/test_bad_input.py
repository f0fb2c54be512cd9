"""Whatever is asked for: one sentence and an exit code, never a traceback, and nothing on stdout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.contract.assist.lab import Desk, block, configuration

COMMANDS = (
    ("explain",),
    ("ask", "What is it?"),
    ("fix", "--instruction", "Change it."),
    ("test",),
    ("describe",),
)


@pytest.fixture
def mess(desk: Desk) -> Desk:
    """Make a repository with one of everything that can go wrong."""
    desk.server.script.otherwise().reply("Words, and no block, no code, no JSON.")
    desk.write(
        {
            "ok.py": b"def one():\n    return 1\n",
            "empty.py": b"",
            "blank.py": b"\n\n   \n",
            "picture.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)),
            "large.py": b"value = 'x' * 10  # a line of a very long file\n" * 110_000,
            "long_line.js": b"var a = [" + b"1," * 100_000 + b"1];\n",
            "latin.py": "# caf\u00e9\nx = 1\n".encode("latin-1"),
            "wide.txt": "text\n".encode("utf-16"),
            "broken.py": b"def (:\n",
        }
    )
    os.mkfifo(desk.project.folder / "pipe")
    (desk.project.folder / "out").symlink_to("/etc/hostname")
    (desk.project.folder / "circle").symlink_to("circle")
    (desk.project.folder / "folder").mkdir()
    return desk


# What each of these is to every command: a usage error, or nothing to work on.
REFUSED = {
    "missing.py": 2,
    "missing.py:3": 2,
    "no such range...HEAD": 2,
    "ok.py:0": 2,
    "ok.py:3": 2,
    "ok.py:2-9": 2,
    "ok.py:2-1": 2,
    "ok.py:99999999999": 2,
    "picture.png": 2,
    "large.py": 2,
    "pipe": 2,
    "out": 2,
    "../elsewhere.py": 2,
    "/etc/hostname": 2,
    ".git/config": 2,
    "empty.py": 3,
    "blank.py": 3,
    "folder": 3,
    "": 2,
    "x" * 5000: 2,
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_what_cannot_be_worked_on(mess: Desk, command: tuple[str, ...]) -> None:
    for target, code in REFUSED.items():
        outcome = mess.run(*command, target)
        assert outcome.code == code, (target, outcome.err)
        assert outcome.raw == b"", target
        assert outcome.err.strip(), target
    assert not mess.server.asked


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_odd_files_are_read_or_refused_in_words(mess: Desk, command: tuple[str, ...]) -> None:
    for target in ("long_line.js", "latin.py", "wide.txt", "broken.py", "large.py:100-110", ".", "circle"):
        outcome = mess.run(*command, target)
        assert outcome.code in {0, 1, 2}, target
        assert (outcome.code == 0) == bool(outcome.raw), (target, outcome.err)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_standard_input(mess: Desk, command: tuple[str, ...]) -> None:
    for given, codes in (
        (b"", {2, 3}),
        (b"\0\1\2", {2}),
        (b"x" * 6_000_000, {2}),
        (b"diff --git a/x b/x\n", {0, 1, 2, 3}),
    ):
        outcome = mess.run(*command, "-", stdin=given)
        assert outcome.code in codes, (given[:20], outcome.err)


def test_an_empty_repository(desk: Desk) -> None:
    (desk.project.folder / "new.py").write_text("x = 1\n")
    desk.server.script.otherwise().reply("It sets x.")

    assert desk.run("describe").code == 2
    assert desk.run("describe", "--worktree", "--format", "json").code == 1  # words are no description
    assert desk.run("explain", "HEAD~1").code == 2
    assert desk.run("ask", "What is it?").code == 3
    explained = desk.run("explain", "new.py")
    assert (explained.code, explained.out) == (0, "It sets x.\n")


def test_outside_of_any_repository(desk: Desk, tmp_path: Path) -> None:
    desk.server.script.otherwise().reply("It sets x.")
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "x.py").write_text("x = 1\n")

    explained = desk.run("explain", "x.py", "--repo", str(tmp_path / "bare"))

    assert (explained.code, explained.out) == (0, "It sets x.\n")
    assert desk.run("explain", "HEAD", "--repo", str(tmp_path / "bare")).code == 2
    assert desk.run("explain", ".", "--repo", str(tmp_path / "bare")).code == 2
    assert desk.run("explain", "x.py", "--repo", str(tmp_path / "nowhere")).code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain",),
        ("ask", "  "),
        ("fix",),
        ("fix", "ok.py", "--instruction", " "),
        ("fix", "ok.py", "--instruction", "x", "--finding", "y"),
        ("fix", "ok.py", "--model", "none", "--instruction", "x"),
        ("fix", "--from", "no-such-report.json"),
        ("fix", "--from", "ok.py"),
        ("fix", "-", "--path", "ok.py", "--write"),
        ("explain", "ok.py", "--model", "none"),
        ("explain", "ok.py", "--model", "nobody"),
        ("explain", "ok.py", "--language", "tlh"),
        ("explain", "ok.py", "--format", "html"),
        ("describe", "HEAD", "--staged"),
        ("describe", "HEAD", "--format", "html"),
        ("test", "ok.py", "-o", "latin.py"),
        ("test", "ok.py", "-o", "../outside.py"),
        ("test", "picture.png"),
    ],
    ids=" ".join,
)
def test_usage(mess: Desk, arguments: tuple[str, ...]) -> None:
    outcome = mess.run(*arguments)

    assert (outcome.code, outcome.raw) == (2, b"")
    assert not mess.server.asked


def test_a_model_that_cannot_be_reached_is_exit_code_1_with_a_remedy(mess: Desk) -> None:
    mess.configure(configuration("http://127.0.0.1:9"))

    for command in COMMANDS:
        target = "HEAD" if command[0] == "describe" else "ok.py"
        outcome = mess.run(*command, target)
        assert (outcome.code, outcome.raw) == (1, b"")
        assert "no model for assist" in outcome.err
        assert "  -> " in outcome.err


def test_a_test_that_is_no_test_is_exit_code_1(mess: Desk) -> None:
    outcome = mess.run("test", "ok.py", "--write")

    assert (outcome.code, outcome.raw) == (1, b"")
    assert "no test that parses, twice" in outcome.err
    assert mess.project.git("status", "--porcelain").split() == ["??", "circle", "??", "out"]


def test_links_are_not_written_through(mess: Desk, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (mess.project.folder / "tests").symlink_to(outside)
    mess.server.script.otherwise().reply("```\ndef test_one():\n    assert True\n```\n")

    outcome = mess.run("test", "ok.py", "--write")

    assert outcome.code == 2
    assert "lies outside of" in outcome.err
    assert not list(outside.iterdir())


def test_a_file_that_changes_meanwhile_is_left_alone(mess: Desk) -> None:
    def change(_: object) -> str:
        (mess.project.folder / "ok.py").write_text("# somebody else was faster\n")
        return block("ok.py", "    return 1", "    return 2")

    mess.server.script.otherwise().reply(change)

    outcome = mess.run("fix", "ok.py", "--instruction", "x", "--write")

    assert outcome.code == 2
    assert "ok.py is not what was read" in outcome.err
    assert (mess.project.folder / "ok.py").read_text() == "# somebody else was faster\n"
