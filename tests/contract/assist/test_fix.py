"""`reviewer fix`: what it prints is taken by git and parses, in the file's own bytes."""

from __future__ import annotations

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
    desk.write(case.path, written(case))
    desk.server.script.when(turn=1).reply(block(case.path, case.old, case.broken))
    desk.server.script.when(turn=2).reply(block(case.path, case.old, case.new))

    outcome = desk.run("fix", case.path, "--instruction", "Compute in whole fen.")

    assert outcome.code == 0, outcome.err
    assert "asking once more" in outcome.err
    apply(desk, outcome)
    expected = case.text.replace(case.old, case.new).encode(case.encoding)
    assert (desk.project.folder / case.path).read_bytes() == expected
