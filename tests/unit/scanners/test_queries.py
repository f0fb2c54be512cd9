"""Rules that are tree-sitter queries: what they match, what narrows them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from reviewer.errors import RuleError
from reviewer.scanners import engines, matches, queries, rulebook
from reviewer.scanners.matches import SourceText
from reviewer.scanners.proof import prove
from reviewer.scanners.rulebook import Rulebook
from tests.unit.scanners.test_rulebook import folder

RULE = """\
id: xml/no-b
language: xml
message: There is a b.
query: |
  ((element (STag (Name) @name)) @match
    (#eq? @name "b"))
metadata:
  severity: low
  confidence: high
  category: correctness
  title: A b
  title-zh: 出现 b
  message-zh: 这里有一个 b。
  why: Write c.
  why-zh: 请改写成 c。
  valid: ["<a><c/></a>", "<a>b</a>"]
  invalid:
    - {code: "<b></b>", lines: [1]}
    - {code: "<a>\\n<b></b>\\n</a>", lines: [2]}
"""
DEEP = b"<a>" * 3_000 + b"</a>" * 3_000


def book(tmp_path: Path, text: str = RULE, name: str = "xml/no-b.yml") -> Rulebook:
    return rulebook.read([folder(tmp_path, text, name)])


def with_query(query: str, *more: str) -> str:
    indented = "".join(f"  {line}\n" for line in query.split("\n"))
    extra = "".join(f"{line}\n" for line in more)
    start, rest = RULE.split("query: |\n")
    return f"{start}query: |\n{indented}{extra}metadata:{rest.split('metadata:')[1]}"


def lines(rules: Rulebook, code: str | bytes, language: str = "xml") -> list[tuple[int, int]]:
    assert rules.broken == ()
    text = code if isinstance(code, bytes) else code.encode()
    run = engines.run(rules.rules, {"1": SourceText(language, text)}, seconds=60)
    assert run.problem == ""
    assert run.scanned == {"1"}
    return [(match.start_line, match.end_line) for match in run.matches]


def test_a_query_proves_itself_like_any_rule(tmp_path: Path) -> None:
    [proof] = prove(book(tmp_path).rules)
    assert proof.failures == ()


def test_a_match_lies_where_its_node_does(tmp_path: Path) -> None:
    assert lines(book(tmp_path), "<a>\n  <b>\n  x\n  </b>\n</a>") == [(2, 4)]


def test_a_pattern_that_matches_nothing_fails_its_own_example(tmp_path: Path) -> None:
    [proof] = prove(book(tmp_path, RULE.replace('"b"))', '"z"))')).rules)
    assert "invalid 1 (xml): found on lines [], expected [1]" in proof.failures


@pytest.mark.parametrize(
    ("predicate", "found"),
    [
        ('(#eq? @name "b")', [2]),
        ('(#not-eq? @name "b")', [1, 3]),
        ('(#any-of? @name "b" "c")', [2, 3]),
        ('(#not-any-of? @name "a" "b")', [3]),
        ('(#match? @name "^[bc]$")', [2, 3]),
        ('(#match? @name "(?i)^B")', [2]),
        ('(#not-match? @name "[ab]")', [3]),
        ('(#any-match? @name "b")', [2]),
        ("(#eq? @name @name)", [1, 2, 3]),
        ('(#not-eq? @name "b") (#match? @name "c")', [3]),
        ('( #eq? @name "b") ; a comment with (#nothing? "in it', [2]),
    ],
)
def test_predicates(tmp_path: Path, predicate: str, found: list[int]) -> None:
    rules = book(tmp_path, with_query(f"((element (STag (Name) @name)) @match {predicate}\n)"))
    assert sorted(start for start, _ in lines(rules, "<a>\n<b></b>\n<c></c></a>")) == found


def test_a_predicate_on_a_capture_that_is_not_there_holds(tmp_path: Path) -> None:
    query = '((STag (Attribute (AttValue) @value)?) @match (#eq? @value "\\"1\\""))'
    rules = book(tmp_path, with_query(query))
    assert lines(rules, '<a>\n<b x="1"></b>\n<c x="2"></c></a>') == [(1, 1), (2, 2)]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("inside: ['(element (STag (Name) @n (#eq? @n \"d\"))) @match']", [3]),
        ("outside: ['(element (STag (Name) @n (#eq? @n \"d\"))) @match']", [2]),
        ("has: ['((CharData) @match (#match? @match \"x\"))']", [2]),
        ("lacks: ['((CharData) @match (#match? @match \"x\"))']", [3]),
        ("has: ['((CharData) @match (#match? @match \"x\"))', '(Comment) @match']", []),
    ],
)
def test_what_is_around_and_within_a_match_decides(tmp_path: Path, condition: str, found: list[int]) -> None:
    query = '((element (STag (Name) @name)) @match (#eq? @name "b"))'
    rules = book(tmp_path, with_query(query, condition))
    code = "<a>\n<b>x</b><!-- x -->\n<d><b>y</b></d></a>"
    assert [start for start, _ in lines(rules, code)] == found


def test_find_narrows_a_match_to_places_in_its_text(tmp_path: Path) -> None:
    rules = book(tmp_path, with_query("(CharData) @match", "find: (?m)=\\s*(\\$\\{\\w+\\})"))
    assert lines(rules, "<a>\n x = ${one} and ${two}\n y =\n   ${three}</a>") == [(2, 2), (4, 4)]


def test_find_may_look_at_what_the_match_before_ended_with(tmp_path: Path) -> None:
    rules = book(tmp_path, with_query("(CharData) @match", "find: (?m)(?:^|;)\\s*(\\w+)\\s*;"))
    assert len(lines(rules, "<a>one; two; three</a>")) == 2


def test_find_sees_no_comments(tmp_path: Path) -> None:
    rules = book(tmp_path, with_query("(document) @match", "find: drop"))
    assert lines(rules, "<a><!-- drop\ndrop -->\n<b>drop</b></a>") == [(3, 3)]


def test_unless_takes_places_back(tmp_path: Path) -> None:
    rules = book(tmp_path, with_query("(CharData) @match", "find: '\\w+'", "unless: ^t"))
    assert lines(rules, "<a>one\ntwo\nfour</a>") == [(1, 1), (3, 3)]


def test_a_fix_says_captures_by_name(tmp_path: Path) -> None:
    text = with_query(
        '((element (STag (Name) @name) (content) @text) @match (#eq? @name "b"))', "fix: <c>@text</c>"
    )
    text = text.replace('"<b></b>", lines: [1]}', '"<b>x</b>", lines: [1], fix: "<c>x</c>"}')
    text = text.replace('"<a>\\n<b></b>\\n</a>"', '"<a>\\n<b>y</b>\\n</a>"')
    [proof] = prove(book(tmp_path, text).rules)
    assert proof.failures == ()


def test_two_rules_do_not_meddle_with_each_other(tmp_path: Path) -> None:
    folder(tmp_path, RULE.replace("no-b", "no-c").replace('"b"))', '"c"))'), "xml/no-c.yml")
    run = engines.run(
        book(tmp_path).rules, {"1": SourceText("xml", b"<a>\n<b></b>\n<c></c></a>")}, seconds=60
    )
    assert [(match.rule, match.start_line) for match in run.matches] == [("0", 2), ("1", 3)]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("(STag (Name) @name)", "(Stag (Name) @name)", 5, "query: Invalid node type: Stag"),
        ('(#eq? @name "b"))', '(#eq? @nme "b"))', 6, "query: Invalid capture name: nme"),
        ('(#eq? @name "b"))', '(#equal? @name "b"))', 6, "unknown predicate #equal?, the nearest is #eq?"),
        ('(#eq? @name "b"))', '(#match? @name "["))', 6, "query: missing ]"),
        ('(#eq? @name "b"))', "(#eq? @name))", 6, "#eq? takes a capture and what to compare it with"),
        ('(#eq? @name "b"))', "(#any-of? @name @name))", 6, "#any-of? takes a capture and what to compare"),
        ('(#eq? @name "b"))', "(#set! a b))", 6, "unknown predicate #set!"),
        (') @match\n    (#eq? @name "b"))', '\n    (#eq? @name "b")))', 5, "no node is captured as @match"),
        ('"b"))\n', '"b"))\nlacks: ["(Name) @match", "(Nam) @match"]\n', 7, "lacks: Invalid node type: Nam"),
        ('"b"))\n', '"b"))\ninside: ["(Name) @name"]\n', 7, "inside: no node is captured as @match"),
        ('"b"))\n', '"b"))\nfind: "("\n', 7, "find: missing )"),
        ('"b"))\n', '"b"))\nunless: x\n', None, "`unless` is about what `find` finds"),
        ('"b"))\n', '"b"))\nconstraints: {A: {kind: x}}\n', None, "`constraints` does not go with `query`"),
        ('"b"))\n', '"b"))\nrule: {kind: x}\n', None, "either `rule`, which ast-grep matches, or `query`"),
        ("query: |\n", "quer: |\n", 4, "unknown key quer; did you mean query?"),
    ],
)  # fmt: skip
def test_a_bad_query_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int | None, words: str
) -> None:
    assert old in RULE
    [error] = book(tmp_path, RULE.replace(old, new)).broken
    assert isinstance(error, RuleError)
    assert words in str(error)
    if line is not None:
        assert f"no-b.yml:{line}: " in str(error)


def test_a_fix_with_an_unknown_capture_is_named(tmp_path: Path) -> None:
    text = RULE.replace("metadata:", "fix: <c>@txt</c>\nmetadata:").replace(
        "lines: [1]}", 'lines: [1], fix: ""}'
    )
    [error] = book(tmp_path, text).broken
    assert "no-b.yml:7: fix: there is no capture @txt" in str(error)


def test_ast_grep_does_not_know_every_language(tmp_path: Path) -> None:
    query = RULE[RULE.index("query:") : RULE.index("metadata:")]
    [error] = book(tmp_path, RULE.replace(query, "rule: {kind: element}\n")).broken
    assert "ast-grep does not know xml: write a `query` for it" in str(error)


def test_a_bad_query_leaves_the_others_working(tmp_path: Path) -> None:
    folder(tmp_path, RULE.replace("no-b", "torn").replace("STag", "Stag"), "xml/torn.yml")
    rules = book(tmp_path)
    assert [rule.id for rule in rules.rules] == ["xml/no-b"]
    assert [error.file.name for error in rules.broken] == ["torn.yml"]


@pytest.mark.parametrize(
    "code",
    [b"", b"\x00\xff", b"<", b"<b", b"</b></b>", b"<![CDATA[", DEEP, b"<b>" + b"x" * 1_000_000],
    ids=["empty", "bytes", "torn", "open", "closed", "raw", "deep", "long line"],
)
def test_no_text_breaks_a_query(tmp_path: Path, code: bytes) -> None:
    run = engines.run(book(tmp_path).rules, {"1": SourceText("xml", code)}, seconds=60)
    assert run.problem == ""


def test_a_file_too_large_to_parse_is_not_scanned(tmp_path: Path) -> None:
    run = engines.run(book(tmp_path).rules, {"1": SourceText("xml", b"<b>" * 1_000_000)}, seconds=60)
    assert (run.problem, run.scanned) == ("", frozenset())


def test_too_many_matches_are_cut_and_said(tmp_path: Path) -> None:
    code = b"<a>" + b"<b></b>\n" * (matches.MAX_RESULTS + 1) + b"</a>"
    run = engines.run(book(tmp_path).rules, {"1": SourceText("xml", code)}, seconds=60)
    assert (len(run.matches), run.cut) == (matches.MAX_RESULTS, True)


def test_a_query_that_begins_everywhere_gives_up(tmp_path: Path) -> None:
    rules = book(tmp_path, with_query("(content (element) @one (element) @two (element) @match)"))
    code = b"<a>" + b"<b/>" * 100 + b"</a>"
    assert engines.run(rules.rules, {"1": SourceText("xml", code)}, seconds=60).scanned == frozenset()


def test_queries_end_when_their_time_is_over(tmp_path: Path) -> None:
    rules = {rule.id: rule.written for rule in book(tmp_path).rules}
    assert "longer than 0 s" in queries.run(rules, {"1": SourceText("xml", b"<b></b>")}, seconds=0).problem


def test_sql_that_cannot_be_read_spoils_nothing_after_it(tmp_path: Path) -> None:
    query = "(binary_expression right: (literal (keyword_null))) @match"
    text = (
        with_query(query).replace("xml", "sql").replace('"<a><c/></a>", "<a>b</a>"', '"SELECT 1", "SELECT 2"')
    )
    code = """\
        PRAGMA 多少 foreign_keys == ON ~~ 1
        GO
        SELECT id FROM orders WHERE day = NULL;
        CREATE PROCEDURE p IS
        BEGIN
          DBMS_OUTPUT.PUT_LINE('no; statement' || x);
          DELETE FROM orders WHERE day = NULL;
          IF done THEN RETURN; END IF;
        END;
        UPDATE orders SET a = 1 WHERE day = NULL
        GO
        SELECT id FROM orders WHERE day = NULL
    """
    rules = book(tmp_path, text, "sql/no-b.yml")
    assert [start for start, _ in lines(rules, code, "sql")] == [3, 7, 10, 12]
