"""`reviewer test`: the repository's framework, style and places; what is written parses, and nothing is overwritten."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.contract.assist.lab import Desk


@dataclass(frozen=True, slots=True)
class Case:
    """A repository's files, the first of them to be tested; what is found out, and a test that would do."""

    files: dict[str, str]
    framework: str
    path: str
    code: str


FEE_JAVA = "package trade;\n\nclass Fee {\n    long of(long fen) {\n        return fen / 1000;\n    }\n}\n"

CASES = {
    "pytest": Case(
        {"app/fees.py": "def fee(fen):\n    return fen // 1000\n",
         "tests/test_orders.py": "import pytest\n\n\ndef test_total():\n    assert 1 + 1 == 2\n",
         "pyproject.toml": '[dependency-groups]\ntest = ["pytest"]\n'},
        "pytest", "tests/test_fees.py",
        "from app.fees import fee\n\n\ndef test_fee():\n    assert fee(2000) == 2\n",
    ),
    "unittest": Case(
        {"app/fees.py": "def fee(fen):\n    return fen // 1000\n",
         "test/test_orders.py": "import unittest\n\n\nclass OrderTest(unittest.TestCase):\n"
         "    def test_total(self):\n"
                                "        self.assertEqual(1 + 1, 2)\n"},
        "unittest", "test/test_fees.py",
        "import unittest\n\n\nclass FeeTest(unittest.TestCase):\n    def test_fee(self):\n"
        "        self.assertEqual(2, 2)\n",
    ),
    "junit5-mockito": Case(
        {"src/main/java/trade/Fee.java": FEE_JAVA,
         "src/test/java/trade/OrderTest.java": "package trade;\n\nimport org.junit.jupiter.api.Test;\n\n"
         "class OrderTest {\n"
                                               "    @Test\n    void total() {\n    }\n}\n",
         "pom.xml": "<project><artifactId>mockito-core</artifactId><artifactId>junit-jupiter</artifactId></project>\n"},
        "JUnit 5 + Mockito", "src/test/java/trade/FeeTest.java",
        "package trade;\n\nimport org.junit.jupiter.api.Test;\n\nclass FeeTest {\n"
        "    @Test\n    void takesAThousandth() {\n    }\n}\n",
    ),
    "junit4": Case(
        {"src/main/java/trade/Fee.java": FEE_JAVA,
         "pom.xml": "<project><artifactId>junit</artifactId></project>\n"},
        "JUnit 4", "src/test/java/trade/FeeTest.java",
        "package trade;\n\nimport org.junit.Test;\n\npublic class FeeTest {\n"
        "    @Test\n    public void fee() {\n    }\n}\n",
    ),
    "vitest": Case(
        {"src/fee.ts": "export const fee = (fen: number) => Math.trunc(fen / 1000);\n",
         "src/order.spec.ts": "import { expect, it } from 'vitest';\n\n"
         "it('adds', () => {\n  expect(1 + 1).toBe(2);\n});\n",
         "package.json": '{"devDependencies": {"vitest": "3"}}\n'},
        "Vitest", "src/fee.spec.ts",
        "import { expect, it } from 'vitest';\nimport { fee } from './fee';\n\nit('takes a thousandth', () => {\n"
        "  expect(fee(2000)).toBe(2);\n});\n",
    ),
    "jest": Case(
        {"src/fee.ts": "export const fee = (fen: number) => Math.trunc(fen / 1000);\n",
         "src/__tests__/order.test.ts": "test('adds', () => {\n  expect(1 + 1).toBe(2);\n});\n",
         "package.json": '{"devDependencies": {"jest": "30"}}\n'},
        "Jest", "src/__tests__/fee.test.ts",
        "import { fee } from '../fee';\n\ntest('fee', () => {\n  expect(fee(2000)).toBe(2);\n});\n",
    ),
    "go-testify": Case(
        {"fee/fee.go": "package fee\n\nfunc Of(fen int64) int64 {\n\treturn fen / 1000\n}\n",
         "order/order_test.go": 'package order\n\nimport (\n\t"testing"\n\n'
         '\t"github.com/stretchr/testify/assert"\n)\n\n'
                                "func TestTotal(t *testing.T) {\n\tassert.Equal(t, 2, 1+1)\n}\n",
         "go.mod": "module trade\n\ngo 1.23\n"},
        "Go testing + testify", "fee/fee_test.go",
        'package fee\n\nimport "testing"\n\nfunc TestOf(t *testing.T) {\n'
        '\tif Of(2000) != 2 {\n\t\tt.Fatal("fee")\n\t}\n}\n',
    ),
    "nunit": Case(
        {"Trade/Fee.cs": "namespace Trade;\n\npublic class Fee\n{\n    public long Of(long fen) => fen / 1000;\n}\n",
         "Trade.Tests/Trade.Tests.csproj": '<Project><PackageReference Include="NUnit" /></Project>\n',
         "Trade.Tests/OrderTests.cs": "using NUnit.Framework;\n\npublic class OrderTests\n{\n"
         "    [Test]\n    public void Total() { }\n}\n"},
        "NUnit", "Trade.Tests/FeeTests.cs",
        "using NUnit.Framework;\n\npublic class FeeTests\n{\n    [Test]\n    public void Fee() { }\n}\n",
    ),
    "googletest": Case(
        {"src/fee.cpp": "long fee(long fen) {\n    return fen / 1000;\n}\n",
         "tests/order_test.cc": "#include <gtest/gtest.h>\n\nTEST(Order, Total) {\n    EXPECT_EQ(1 + 1, 2);\n}\n",
         "CMakeLists.txt": "find_package(GTest REQUIRED)\n"},
        "GoogleTest", "tests/fee_test.cc",
        "#include <gtest/gtest.h>\n\nTEST(Fee, TakesAThousandth) {\n    EXPECT_EQ(2, 2);\n}\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_framework_the_style_and_the_place_are_the_repositorys_own(desk: Desk, name: str) -> None:
    case = CASES[name]
    for path, text in case.files.items():
        desk.write({path: text.encode()})
    tested = next(iter(case.files))
    desk.server.script.when(turn=1).reply(f"Here it is:\n```\n{case.code}((\n```\n")
    desk.server.script.when(turn=2).reply(f"```\n{case.code}```\n")

    outcome = desk.run("test", tested, "--write")

    assert outcome.code == 0, outcome.err
    assert f"{case.framework}, for {case.path}" in outcome.err
    assert f"wrote {case.path}" in outcome.err
    assert (desk.project.folder / case.path).read_text(encoding="utf-8") == case.code
    styles = [
        text for path, text in case.files.items() if "est" in path.split("/")[-1] and "csproj" not in path
    ]
    assert all(text.split("\n")[0] in desk.prompts for text in styles)
