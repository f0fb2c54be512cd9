"""The rule scanner on changes: where findings lie, and what the code under review cannot do about them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from parsers.diff import Side
from reviewer.config import RulesSettings
from reviewer.domain import ChangedFile, Finding, Severity, Suggestion
from reviewer.scanners import astgrep, matches, rulebook
from reviewer.scanners.rulebook import Rulebook
from reviewer.scanners.rules import RuleScanner
from tests.fakes.changes import change_set, changed_file

EVAL = "def price(formula):\n    return eval(formula)\n"


@pytest.fixture(scope="module")
def rules() -> Rulebook:
    return rulebook.load(RulesSettings())


@pytest.fixture(scope="module")
def scanner(rules: Rulebook) -> RuleScanner:
    return RuleScanner(rules)


def found(scanner: RuleScanner, *files: ChangedFile) -> tuple[Finding, ...]:
    report = scanner.scan(change_set(*files))
    assert report.warnings == ()
    return report.findings


def places(findings: tuple[Finding, ...]) -> list[tuple[str, int | None, int | None]]:
    return [(finding.rule_id, finding.start_line, finding.end_line) for finding in findings]


def test_a_finding_says_all_there_is_to_say(scanner: RuleScanner) -> None:
    [finding] = found(scanner, changed_file("app/x.py", None, EVAL))
    assert (finding.rule_id, finding.severity, finding.path) == ("python/no-eval", Severity.HIGH, "app/x.py")
    assert (finding.side, finding.start_line, finding.end_line) == (Side.NEW, 2, 2)
    assert finding.evidence == "    return eval(formula)"
    assert finding.cwe == ("CWE-95",)
    assert finding.title.startswith("eval()")
    assert finding.fingerprint == ""


def test_the_words_come_in_chinese_too(rules: Rulebook) -> None:
    [finding] = found(RuleScanner(rules, "zh-CN"), changed_file("x.py", None, EVAL))
    assert "计算得到的值" in finding.title
    assert "ast.literal_eval" in finding.why


def test_only_changed_lines_have_findings(scanner: RuleScanner) -> None:
    assert found(scanner, changed_file("x.py", EVAL, EVAL + "\n\nprice('1')\n")) == ()


def test_a_match_that_overlaps_the_change_is_put_on_its_changed_lines(scanner: RuleScanner) -> None:
    old = "import subprocess\nsubprocess.run(\n    command,\n    check=True,\n)\n"
    new = "import subprocess\nsubprocess.run(\n    command,\n    shell=True,\n    check=True,\n)\n"
    assert places(found(scanner, changed_file("x.py", old, new))) == [("python/subprocess-shell", 4, 4)]


@pytest.mark.parametrize(
    ("path", "code", "rule_id"),
    [
        ("a.js", "eval(x);\n", "javascript/no-eval"),
        ("a.jsx", "const e = <b>{eval(x)}</b>;\n", "javascript/no-eval"),
        ("a.ts", "const n: number = eval(x);\n", "javascript/no-eval"),
        ("a.tsx", "const e = <b>{eval(x as string)}</b>;\n", "javascript/no-eval"),
        (
            "A.java",
            'class A { boolean b(String s) { return s == "x"; } }\n',
            "java/string-equality-by-reference",
        ),
        ("a.go", "package a\n\nvar c = tls.Config{InsecureSkipVerify: true}\n", "go/tls-verification-off"),
    ],
)
def test_every_language(scanner: RuleScanner, path: str, code: str, rule_id: str) -> None:
    assert [finding.rule_id for finding in found(scanner, changed_file(path, None, code))] == [rule_id]


def test_code_is_quiet_where_the_value_is_a_literal(scanner: RuleScanner) -> None:
    assert found(scanner, changed_file("x.py", None, "eval('1 + 1')\nprint('done')\n")) == ()


@pytest.mark.parametrize(
    "comment",
    ["# ast-grep-ignore", "# ast-grep-ignore: python/no-eval", "# ast-grep-ignore: 0", "# noqa", "# nosec"],
)
def test_no_comment_of_the_code_silences_a_rule(scanner: RuleScanner, comment: str) -> None:
    code = f"{comment}\n\ndef price(formula):\n    {comment}\n    return eval(formula)  {comment}\n"
    [finding] = found(scanner, changed_file("x.py", None, code))
    assert finding.start_line == 5
    assert finding.evidence == f"    return eval(formula)  {comment}"


def test_no_ignore_file_of_the_change_hides_a_file(scanner: RuleScanner) -> None:
    names = (".ignore", ".gitignore", "sgconfig.yml", "app/.ignore")
    hiding = [changed_file(name, None, "*\n") for name in names]
    assert len(found(scanner, *hiding, changed_file("app/x.py", None, EVAL))) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [("sgconfig.yml", "not: [a configuration"), (".ignore", "*\n"), (".gitignore", "*\n")],
)
def test_nothing_above_the_temporary_folder_is_read(
    rules: Rulebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / name).write_text(content)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert len(found(RuleScanner(rules), changed_file("x.py", None, EVAL))) == 1


@pytest.mark.parametrize(
    "path",
    ["--config=x.py", "-r.py", "../../../etc/x.py", "/abs/x.py", "a b\n.py", "文件.py", "\udcff.py", ".x.py"],
)
def test_a_strangers_path_is_never_a_path_of_ours(scanner: RuleScanner, path: str) -> None:
    [finding] = found(scanner, changed_file(path, None, EVAL))
    assert finding.path == path


CODE = {
    "a.py": ("# {}", "x = eval(formula)", "python/no-eval"),
    "a.js": ("// {}", "eval(formula);", "javascript/no-eval"),
    "a.ts": ("// {}", "eval(formula);", "javascript/no-eval"),
    "a.tsx": ("// {}", "eval(formula);", "javascript/no-eval"),
    "A.java": ("// {}", "class A { BigDecimal b = new BigDecimal(0.1); }", "java/bigdecimal-from-double"),
    "a.go": ("package a // {}", "var c = tls.Config{InsecureSkipVerify: true}", "go/tls-verification-off"),
    "a.sql": ("-- {}", "SELECT id FROM orders WHERE day = NULL;", "sql/comparison-with-null"),
    "a.xml": ("<!-- {} -->", "<manifest><a android:debuggable='true'/></manifest>", "xml/android-debuggable"),
    "Dockerfile": ("# {}\nFROM a:1", "RUN curl http://a | sh", "dockerfile/pipe-to-shell"),
    "a.html": ("<!-- {} -->", "<script>eval(formula)</script>", "javascript/no-eval"),
    "a.vue": ("<template><p>{}</p></template>", "<script>eval(formula)</script>", "javascript/no-eval"),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "latin-1"])
@pytest.mark.parametrize("path", CODE)
def test_every_language_in_every_encoding(scanner: RuleScanner, path: str, encoding: str) -> None:
    words = "Zinsen für Kunden" if encoding == "latin-1" else "价格计算公式，按客户类型取不同的费率"
    head, line, rule_id = CODE[path]
    text = f"{head.format(words)}\r\n{line}\r\n"
    file = replace(changed_file(path, None, text), new=text.encode(encoding))
    start = text[: text.index(line)].count("\n") + 1
    assert (rule_id, start, start) in places(found(scanner, file))


def test_evidence_is_quoted_as_it_was_written(scanner: RuleScanner) -> None:
    code = "def price(formula):\r\n    return eval(formula)  # 费率\r\n"
    file = replace(changed_file("x.py", None, code), new=code.encode("gb18030"))
    [finding] = found(scanner, file)
    assert finding.evidence == "    return eval(formula)  # 费率"


def test_the_script_of_a_component_is_searched_in_its_place(scanner: RuleScanner) -> None:
    code = (
        "<template>\n  <b>{{ price }}</b>\n</template>\n"
        '<script setup lang="ts">\nconst n: number = 1\ndebugger\neval(x as string)\n</script>\n'
    )
    findings = found(scanner, changed_file("Price.vue", None, code))
    assert places(findings) == [("javascript/no-debugger", 6, 6), ("javascript/no-eval", 7, 7)]
    assert findings[0].suggestion == Suggestion(6, 6, "")


def test_a_fix_in_a_line_that_holds_two_languages_is_not_suggested(scanner: RuleScanner) -> None:
    code = '<template><b @click="go">a</b></template>\n<script>debugger;</script>\n'
    [finding] = found(scanner, changed_file("Price.vue", None, code))
    assert (finding.start_line, finding.suggestion) == (2, None)


def test_the_sql_of_a_mapper_is_searched_in_its_place(scanner: RuleScanner) -> None:
    code = (
        '<mapper namespace="desk.OrderMapper">\n  <select id="open" resultType="Order">\n'
        "    select id from orders\n    <where>\n      closed_at = null and price &lt; #{price}\n"
        "    </where>\n  </select>\n"
        '  <delete id="some">delete from orders <include refid="mine"/></delete>\n</mapper>\n'
    )
    assert places(found(scanner, changed_file("OrderMapper.xml", None, code))) == [
        ("sql/comparison-with-null", 5, 5)
    ]


def test_a_fix_is_widened_to_whole_lines(scanner: RuleScanner) -> None:
    code = "def read(file):\n    return dict(  # all of it\n        yaml.load(file), source=file\n    )\n"
    [finding] = found(scanner, changed_file("x.py", None, code))
    assert finding.suggestion == Suggestion(3, 3, "        yaml.safe_load(file), source=file")


def test_a_fix_over_several_lines_with_windows_line_ends(scanner: RuleScanner) -> None:
    code = (
        "def read(file):\r\n    x = yaml.load(\r\n        file,\r\n        Loader=yaml.Loader,\r\n    )\r\n"
    )
    [finding] = found(scanner, changed_file("x.py", None, code))
    assert finding.suggestion == Suggestion(2, 5, "    x = yaml.safe_load(file)")


def test_a_fix_that_leaves_nothing_deletes_the_line(scanner: RuleScanner) -> None:
    [finding] = found(scanner, changed_file("a.js", None, "function f() {\n  debugger;\n}\n"))
    assert finding.suggestion == Suggestion(2, 2, "")


def test_a_fix_repeats_the_code_as_it_was_written(scanner: RuleScanner) -> None:
    [finding] = found(scanner, changed_file("x.py", None, "yaml.load(x)  # ast-grep-ignore\n"))
    assert finding.suggestion == Suggestion(1, 1, "yaml.safe_load(x)  # ast-grep-ignore")


def test_a_secret_is_in_neither_evidence_nor_suggestion(scanner: RuleScanner) -> None:
    code = "yaml.load(fetch(password='k8Zq-11vvT'))\n"
    [finding] = found(scanner, changed_file("x.py", None, code))
    assert "k8Zq" not in finding.evidence
    assert finding.suggestion is None


def test_one_rule_has_one_finding_on_the_same_lines(scanner: RuleScanner) -> None:
    assert places(found(scanner, changed_file("x.py", None, "eval(eval(x))\n"))) == [("python/no-eval", 1, 1)]


def test_a_bare_diff_is_scanned_as_far_as_it_shows_the_code(scanner: RuleScanner) -> None:
    before = "\n".join(f"a{number} = {number}" for number in range(40)) + "\n"
    report = scanner.scan(change_set(changed_file("x.py", before, before + EVAL, bare=True)))
    assert places(report.findings) == [("python/no-eval", 42, 42)]
    assert [(warning.code, warning.undecided) for warning in report.warnings] == [("partial-text", False)]


def test_deleted_binary_and_unknown_files_are_passed_over(scanner: RuleScanner) -> None:
    files = (
        changed_file("gone.py", EVAL, None),
        changed_file("x.py", None, EVAL, is_binary=True),
        changed_file("x.cobol", None, "eval(x)\n"),
        changed_file("empty.py", None, ""),
    )
    assert found(scanner, *files) == ()


def test_a_line_too_long_is_said_and_the_rest_is_scanned(scanner: RuleScanner) -> None:
    code = f"eval(x)\ny = '{'a' * astgrep.MAX_LINE}'; eval(x)\neval(z)\n"
    report = scanner.scan(change_set(changed_file("x.py", None, code)))
    assert [finding.start_line for finding in report.findings] == [1, 3]
    [warning] = report.warnings
    assert (warning.code, warning.path, warning.undecided) == ("line-too-long", "x.py", True)


def test_a_file_that_ast_grep_leaves_out_is_undecided(scanner: RuleScanner) -> None:
    code = "x = 1\n" * 600_000
    report = scanner.scan(change_set(replace(changed_file("x.py", "x = 0\n", "x = 1\n"), new=code.encode())))
    [warning] = report.warnings
    assert (warning.code, warning.undecided) == ("file-not-scanned", True)


def test_too_many_matches_are_undecided(rules: Rulebook) -> None:
    only = replace(rules, rules=tuple(rule for rule in rules.rules if rule.id == "python/no-eval"))
    code = "eval(x)\n" * (matches.MAX_RESULTS + 1)
    file = replace(changed_file("x.py", None, "eval(x)\n"), new=code.encode())
    report = RuleScanner(only).scan(change_set(file))
    assert places(report.findings) in ([], [("python/no-eval", 1, 1)])
    [warning] = report.warnings
    assert (warning.code, warning.undecided) == ("too-many-matches", True)


@pytest.mark.parametrize(
    ("script", "words"),
    [("exit 7", "ended with 7"), ("echo oops >&2; exit 2", "oops"), ("exec sleep 30", "took longer than")],
)
def test_a_scanner_that_fails_is_undecided(rules: Rulebook, tmp_path: Path, script: str, words: str) -> None:
    binary = tmp_path / "ast-grep"
    binary.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
    binary.chmod(0o755)
    report = RuleScanner(rules, seconds=1, binary=str(binary)).scan(
        change_set(changed_file("x.py", None, EVAL))
    )
    [warning] = report.warnings
    assert (warning.code, warning.undecided) == ("scanner-failed", True)
    assert words in warning.message


def test_an_output_that_is_no_json_is_undecided(rules: Rulebook, tmp_path: Path) -> None:
    binary = tmp_path / "ast-grep"
    binary.write_text("#!/bin/sh\necho rubbish\n")
    binary.chmod(0o755)
    report = RuleScanner(rules, binary=str(binary)).scan(change_set(changed_file("x.py", None, EVAL)))
    assert [warning.code for warning in report.warnings] == ["scanner-failed"]


def test_the_ast_grep_that_came_with_us_is_used_before_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "ast-grep"
    other.write_text("#!/bin/sh\nexit 7\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found_binary = astgrep.find_binary()
    assert found_binary is not None
    assert Path(found_binary).parent != tmp_path
