"""`reviewer fix`: what it prints is taken by git and parses, in the file's own bytes."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass

import pytest

from tests.contract.assist.lab import Desk, Outcome, block


@dataclass(frozen=True, slots=True)
class Case:
    """A file, the line that is wrong, an answer that breaks the syntax, one that does not, what the line becomes."""

    path: str
    text: str
    old: str
    broken: str
    new: str
    encoding: str = "utf-8"


CASES = {
    "python": Case(
        "app/fees.py",
        "from decimal import Decimal\n\n\ndef fee(fen: int) -> int:\n    rate = 0.001\n    return int(fen * rate)\n",
        "    return int(fen * rate)",
        "    return int(fen * rate",
        "    return fen // 1000",
    ),
    "java": Case(
        "src/main/java/trade/Fee.java",
        "package trade;\n\nclass Fee {\n    long of(long fen) {\n        return (long) (fen * 0.001);\n    }\n}\n",
        "        return (long) (fen * 0.001);",
        "        return (fen / 1000;",
        "        return fen / 1000;",
    ),
    "typescript": Case(
        "src/fee.ts",
        "export function fee(fen: number): number {\n  return fen * 0.001;\n}\n",
        "  return fen * 0.001;",
        "  return Math.trunc(fen / 1000;",
        "  return Math.trunc(fen / 1000);",
    ),
    "go": Case(
        "fee/fee.go",
        "package fee\n\nfunc Of(fen int64) int64 {\n\treturn int64(float64(fen) * 0.001)\n}\n",
        "\treturn int64(float64(fen) * 0.001)",
        "\treturn (fen / 1000",
        "\treturn fen / 1000",
    ),
    "cpp": Case(
        "src/fee.cpp",
        "#include <cstdint>\r\n\r\nstd::int64_t fee(std::int64_t fen) {\r\n    return fen * 0.001;\r\n}\r\n",
        "    return fen * 0.001;",
        "    return (fen / 1000;",
        "    return fen / 1000;",
    ),
    "sql": Case(
        "db/report.sql",
        "SELECT id, amount * 0.001 AS fee\nFROM orders\nWHERE status = 'FILLED';\n",
        "SELECT id, amount * 0.001 AS fee",
        "SELECT id, (amount / 1000 AS fee",
        "SELECT id, amount / 1000 AS fee",
    ),
    "gbk": Case(
        "app/费用.py",
        "# 手续费：按成交金额计算，单位为分\ndef fee(fen):\n    # 费率千分之一\n    return int(fen * 0.001)",
        "    return int(fen * 0.001)",
        "    return int(fen * 0.001",
        "    return fen // 1000  # 整数运算",
        encoding="gbk",
    ),
}  # fmt: skip


def written(case: Case) -> bytes:
    return case.text.encode(case.encoding)


def apply(desk: Desk, outcome: Outcome) -> None:
    """Let git itself check the patch, then apply it."""
    for options in (["--check"], []):
        run = subprocess.run(
            ["git", "apply", "--whitespace=nowarn", *options], cwd=desk.project.folder, input=outcome.raw,
            capture_output=True, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr.decode()


@pytest.mark.parametrize("name", CASES)
def test_a_first_answer_that_breaks_syntax_is_repaired_and_git_takes_the_patch(desk: Desk, name: str) -> None:
    case = CASES[name]
    desk.write({case.path: written(case)})
    desk.server.script.when(turn=1).reply(block(case.path, case.old, case.broken))
    desk.server.script.when(turn=2).reply(block(case.path, case.old, case.new))

    outcome = desk.run("fix", case.path, "--instruction", "Compute in whole fen.")

    assert outcome.code == 0, outcome.err
    assert "asking once more" in outcome.err
    apply(desk, outcome)
    expected = case.text.replace(case.old, case.new).encode(case.encoding)
    assert (desk.project.folder / case.path).read_bytes() == expected


FLAWED = """\
import json


def load(text):
    return eval(text)


def twice(text):
    return load(text) * 2
"""
FIXED_LINE = "    return json.loads(text)"


@pytest.fixture
def flawed(desk: Desk) -> Desk:
    desk.write({"app/load.py": FLAWED.encode()})
    return desk


def test_what_still_does_not_parse_ends_in_one_sentence_and_prints_nothing(flawed: Desk) -> None:
    flawed.server.script.otherwise().reply(block("app/load.py", "    return eval(text)", "    return (text"))

    outcome = flawed.run("fix", "app/load.py", "--instruction", "x")

    assert (outcome.code, outcome.raw) == (1, b"")
    assert "no fix that applies and parses, twice" in outcome.err
    assert len(flawed.server.asked) == 2


def test_without_an_instruction_the_rules_say_what_is_to_be_fixed(flawed: Desk) -> None:
    flawed.server.script.otherwise().reply(block("app/load.py", "    return eval(text)", FIXED_LINE))

    outcome = flawed.run("fix", "app/load.py", "--write")

    assert (outcome.code, outcome.raw) == (0, b"")
    assert "changed app/load.py" in outcome.err
    assert (flawed.project.folder / "app/load.py").read_text() == FLAWED.replace(
        "    return eval(text)", FIXED_LINE
    )
    assert "python/no-eval" in flawed.prompts
    assert len(flawed.server.asked) == 1


def test_a_fix_that_the_rule_still_finds_is_tried_again_then_named(flawed: Desk) -> None:
    flawed.server.script.otherwise().reply(
        block("app/load.py", "    return eval(text)", "    return eval(text + text)")
    )

    outcome = flawed.run("fix", "app/load.py")

    assert outcome.code == 0
    assert "the change still has: python/no-eval at line 5" in flawed.prompts
    assert "warning [not-fixed] app/load.py: python/no-eval, line 5: still found after the fix" in outcome.err


def test_one_finding_by_its_rule_or_by_its_fingerprint(flawed: Desk) -> None:
    flawed.server.script.otherwise().reply(block("app/load.py", "    return eval(text)", FIXED_LINE))
    report = json.loads(flawed.run("review", "HEAD", "--model", "none", "--format", "json").out)
    (finding,) = (one for one in report["findings"] if one["rule_id"] == "python/no-eval")
    (flawed.config.parent / "review.json").write_text(json.dumps(report))

    for arguments in (
        ["app/load.py", "--finding", "python/no-eval"],
        ["app/load.py", "--finding", finding["fingerprint"][:12]],
        ["--from", str(flawed.config.parent / "review.json")],
        ["app/load.py:5", "--from", str(flawed.config.parent / "review.json"), "--finding", "python/no-eval"],
    ):
        outcome = flawed.run("fix", *arguments)
        assert outcome.code == 0, outcome.err
        assert FIXED_LINE in outcome.out
    assert "These findings are to be fixed, all of them and nothing else" in flawed.server.asked[-1].prompt
    unknown = flawed.run("fix", "app/load.py", "--finding", "python/no-such-thing")
    assert unknown.code == 2
    assert "those there are: python/no-eval" in unknown.err


def test_lines_that_were_not_pointed_at_stay(flawed: Desk) -> None:
    flawed.server.script.otherwise().reply(block("app/load.py", "    return eval(text)", FIXED_LINE))

    narrow = flawed.run("fix", "app/load.py:8-9", "--instruction", "x")
    wide = flawed.run("fix", "app/load.py:8-9", "--instruction", "x", "--wide")

    assert (narrow.code, narrow.raw) == (1, b"")
    assert "line 5 was not to be changed" in narrow.err
    assert (wide.code, FIXED_LINE in wide.out) == (0, True)


@pytest.mark.parametrize("path", ["app/other.py", "../../etc/passwd", "/etc/passwd", ".git/config"])
def test_a_model_cannot_change_another_file(flawed: Desk, path: str) -> None:
    flawed.write({"app/other.py": b"    return eval(text)\n"})
    flawed.server.script.otherwise().reply(block(path, "    return eval(text)", FIXED_LINE))

    outcome = flawed.run("fix", "app/load.py", "--instruction", "x", "--write")

    assert (outcome.code, outcome.raw) == (1, b"")
    assert "is none of the files shown" in outcome.err
    assert flawed.project.git("status", "--porcelain") == ""


def test_a_file_as_it_is_and_as_a_range_has_it_cannot_both_be_fixed(flawed: Desk) -> None:
    outcome = flawed.run("fix", "app/load.py", "HEAD")

    assert outcome.code == 2
    assert "the same file is named twice" in outcome.err


def test_nothing_to_fix_is_exit_code_3(desk: Desk) -> None:
    desk.write({"ok.py": b"def one():\n    return 1\n"})
    desk.server.script.otherwise().reply("NOTHING TO FIX")

    outcome = desk.run("fix", "ok.py")

    assert (outcome.code, outcome.raw) == (3, b"")


def test_several_files_are_one_patch(flawed: Desk) -> None:
    flawed.write({"lib/also it.py": b"def more(text):\n    return eval(text)"})
    flawed.server.script.otherwise().reply(
        block("app/load.py", "    return eval(text)", FIXED_LINE)
        + block("lib/also it.py", "    return eval(text)", "    return int(text)")
    )

    outcome = flawed.run("fix", "app/load.py", "lib/also it.py")
    apply(flawed, outcome)

    assert outcome.out.count("diff --git") == 2
    assert (flawed.project.folder / "lib/also it.py").read_bytes() == b"def more(text):\n    return int(text)"


def test_a_secret_stays_in_its_line_and_out_of_the_prompt(desk: Desk) -> None:
    token = "ghp_" + "0123456789abcdefghijklmnopqrstuvwxyz"[:36]
    desk.write({"app/client.py": f'TOKEN = "{token}"\nLIMIT = 1\n'.encode()})
    desk.server.script.otherwise().reply(
        lambda asked: block(
            "app/client.py", _shown(asked.prompt, 1, 2), _shown(asked.prompt, 1, 2).replace("= 1", "= 2")
        )
    )

    outcome = desk.run("fix", "app/client.py", "--instruction", "Raise the limit.")
    apply(desk, outcome)

    assert (desk.project.folder / "app/client.py").read_text() == f'TOKEN = "{token}"\nLIMIT = 2\n'
    assert token not in desk.prompts
    assert "<redacted:" in desk.prompts


def test_a_placeholder_that_is_none_of_the_file_is_refused(flawed: Desk) -> None:
    answer = block("app/load.py", "    return eval(text)", '    return "<redacted:password:1>"')
    flawed.server.script.otherwise().reply(answer)

    outcome = flawed.run("fix", "app/load.py", "--instruction", "x")

    assert (outcome.code, outcome.raw) == (1, b"")
    assert "a placeholder <redacted:...> that does not stand for one value here" in outcome.err


def test_the_rules_own_fixes_need_no_model(desk: Desk) -> None:
    desk.write({"app/settings.py": b"import yaml\n\n\ndef read(stream):\n    return yaml.load(stream)\n"})

    outcome = desk.run("fix", "app/settings.py", "--model", "none")

    assert (outcome.code, desk.server.asked) == (0, [])
    apply(desk, outcome)
    assert b"return yaml.safe_load(stream)" in (desk.project.folder / "app/settings.py").read_bytes()


def test_standard_input_needs_a_name_and_its_patch_is_for_that_file(flawed: Desk) -> None:
    flawed.server.script.otherwise().reply(block("app/load.py", "    return eval(text)", FIXED_LINE))

    outcome = flawed.run("fix", "-", "--path", "app/load.py", "--instruction", "x", stdin=FLAWED.encode())
    apply(flawed, outcome)

    assert flawed.run("fix", "-", "--instruction", "x", stdin=FLAWED.encode()).code == 2


def test_only_what_a_range_adds_is_changed(flawed: Desk) -> None:
    flawed.write({"app/load.py": (FLAWED + "\n\ndef thrice(text):\n    return eval(text) * 3\n").encode()})
    flawed.server.script.otherwise().reply(
        block("app/load.py", "    return eval(text) * 3", "    return load(text) * 3")
    )

    outcome = flawed.run("fix", "HEAD~1..HEAD")
    apply(flawed, outcome)

    assert "  13 +     return eval(text) * 3" in flawed.prompts
    assert "   5 +" not in flawed.prompts


def test_tabs_that_a_model_wrote_as_spaces_are_tabs_again(desk: Desk) -> None:
    case = CASES["go"]
    desk.write({case.path: written(case)})
    desk.server.script.otherwise().reply(
        block(
            case.path,
            "    return int64(float64(fen) * 0.001)",
            "    if fen < 0 {\n        return 0\n    }\n    return fen / 1000",
        )
    )

    outcome = desk.run("fix", case.path, "--instruction", "x")
    apply(desk, outcome)

    assert (
        b"\tif fen < 0 {\n\t\treturn 0\n\t}\n\treturn fen / 1000\n"
        in (desk.project.folder / case.path).read_bytes()
    )


def _shown(prompt: str, first: int, last: int) -> str:
    """Copy lines out of a prompt, without their numbers and marks."""
    lines = dict(re.findall(r"^ {0,3}(\d+) [+ ] (.*)$", prompt, re.MULTILINE))
    return "\n".join(lines[str(number)] for number in range(first, last + 1))
