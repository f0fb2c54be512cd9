from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.context import CodeContext, Scope
from parsers.diff import Hunk, Line, LineKind, Side, parse
from reviewer.domain import ChangedFile
from reviewer.stages.excerpt import Contexts, surroundings
from reviewer.stages.units import TARGET_LINES, UnitPlan, split, text_of
from tests.fakes.changes import changed_file


def count(text: str) -> int:
    return len(text) // 3 + 1


def no_context(_file: ChangedFile, _lines: Collection[int]) -> CodeContext | None:
    return None


def cut(*files: ChangedFile, budget: int = 4000, contexts: Contexts = no_context) -> UnitPlan:
    return split(files, budget_tokens=budget, count=count, redact=str, contexts=contexts)


def numbered(count: int, prefix: str = "line") -> str:
    return "".join(f"{prefix} {n}\n" for n in range(1, count + 1))


# --- what a model sees ----------------------------------------------------------------------------


def test_the_new_side_is_numbered_and_the_old_side_marked() -> None:
    file = changed_file("app/a.txt", "one\ntwo\nthree\n", "one\n2\nthree\n")
    (unit,) = cut(file).units
    assert text_of(unit.parts) == ("### app/a.txt\n   1   one\n     - two\n   2 + 2\n   3   three")
    assert unit.parts[0].new_lines == (2,)
    assert unit.parts[0].old_lines == (2,)
    assert unit.changed_lines == 2
    assert unit.tokens == count(text_of(unit.parts))


def test_what_lies_between_distant_changes_is_left_out() -> None:
    old = numbered(40).splitlines(keepends=True)
    new = [*old]
    new[9], new[29] = "ten\n", "thirty\n"
    (unit,) = cut(changed_file("a.txt", "".join(old), "".join(new))).units
    shown = text_of(unit.parts).split("\n")
    assert shown[5:10] == ["  10 + ten", "  11   line 11", "  12   line 12", "  13   line 13", "..."]
    assert shown[10] == "  27   line 27"


def test_a_bare_diff_shows_its_hunks() -> None:
    old, new = numbered(40), numbered(40).replace("line 10\n", "ten\n").replace("line 30\n", "thirty\n")
    whole, bare = (cut(changed_file("a.txt", old, new, bare=bare)).units for bare in (False, True))
    assert text_of(whole[0].parts) == text_of(bare[0].parts)


def test_crlf_and_gbk_are_shown_as_text() -> None:
    file = changed_file("a.txt", None, "x\r\n")
    gbk = "价格必须大于零,否则拒绝委托\n".encode("gb18030") * 3
    line = file.diff.hunks[0].lines[0]
    assert text_of(cut(file).units[0].parts).endswith("   1 + x")
    assert line.text == b"x\r"
    hunk = replace(file.diff.hunks[0], lines=(replace(line, text=gbk.split(b"\n")[0]),))
    chinese = ChangedFile(replace(file.diff, hunks=(hunk,)), None, gbk)
    assert "1 + 价格必须大于零" in text_of(cut(chinese).units[0].parts)


def test_a_hostile_path_stays_on_one_line() -> None:
    (unit,) = cut(changed_file("a\n[[END\udcff", None, "x\n")).units
    assert unit.parts[0].path == "a\n[[END\udcff"
    assert text_of(unit.parts).split("\n")[0] == "### a\ufffd[[END\ufffd (new file)"


SOURCE = """\
import decimal

class Order:
    def total(self):
        return 1

    def fee(self):
{body}        return 2
"""


def scopes_of_source(_file: ChangedFile, lines: Collection[int]) -> CodeContext:
    end = 200
    order = Scope("class", "Order", "Order", "class Order:", 3, end)
    total = Scope("method", "total", "Order.total", "def total(self):", 4, 5)
    fee = Scope("method", "fee", "Order.fee", "def fee(\n    self\n):", 7, end)

    def chain(line: int) -> tuple[Scope, ...]:
        if line >= 7:
            return (order, fee)
        return (order, total) if line in {4, 5} else ()

    return CodeContext({line: chain(line) for line in lines}, ("import decimal",), (), (), ())


def long_method(changed: str) -> ChangedFile:
    body = "".join(f"        step({n})\n" for n in range(100))
    old = SOURCE.format(body=body)
    return changed_file("a.py", old, old.replace("        step(90)\n", changed))


def test_a_change_names_its_definitions_and_the_imports_it_uses() -> None:
    (unit,) = cut(long_method("        step(decimal)\n"), contexts=scopes_of_source).units
    shown = text_of(unit.parts).split("\n")
    assert shown[0] == "### a.py (python)"
    assert shown[1] == "imports: import decimal"
    assert shown[2] == "@@ class Order: / def fee( self ):"
    assert shown[3] == "  95           step(87)"


def test_a_short_definition_is_shown_whole() -> None:
    body = "".join(f"    step({n})\n" for n in range(20))
    old = f"def first():\n{body}\n\ndef second():\n{body}"
    file = changed_file("a.py", old, old.replace("step(19)", "stop()", 1))
    plan = split([file], budget_tokens=4000, count=count, redact=str)
    shown = text_of(plan.units[0].parts).split("\n")
    assert shown[1:3] == ["   1   def first():", "   2       step(0)"]
    assert shown[-1] == "  24   def second():"
    both = changed_file("a.py", old, old.replace("step(19)", "stop()"))
    (unit,) = split([both], budget_tokens=4000, count=count, redact=str).units
    assert len(unit.parts) == 1
    assert len(unit.parts[0].text.split("\n")) == 1 + len(old.split("\n")) - 1 + 2


def test_one_definition_is_named_once() -> None:
    old = SOURCE.format(body="".join(f"        step({n})\n" for n in range(100)))
    file = changed_file("a.py", old, old.replace("step(50)", "stop()").replace("step(90)", "stop()"))
    text = text_of(cut(file, contexts=scopes_of_source).units[0].parts)
    assert text.count("\n...\n") == 1
    assert text.count("@@ ") == 1


def test_a_removed_line_belongs_to_the_definition_above_it() -> None:
    old = SOURCE.format(body="").replace("return 1\n", "log()\n        return 1\n", 1)
    removed = changed_file("a.py", old, old.replace("        log()\n", ""))
    last = changed_file("a.py", old, old.replace("        return 1\n", ""))
    asked: list[Collection[int]] = []

    def ask(_file: ChangedFile, lines: Collection[int]) -> None:
        asked.append(lines)

    cut(removed, last, contexts=ask)
    assert [set(lines) for lines in asked] == [{4}, {5}]


def test_the_parser_knows_where_a_change_lies() -> None:
    body = "".join(f"            steps.append({n})\n" for n in range(60))
    old = f"from decimal import Decimal\n\nclass Order:\n    def fee(self, rate):\n        with lock:\n{body}"
    file = changed_file("a.py", old, old.replace("steps.append(50)", "steps.append(Decimal(rate))"))
    plan = split([file], budget_tokens=4000, count=count, redact=str)
    assert text_of(plan.units[0].parts).split("\n")[:3] == [
        "### a.py (python)",
        "imports: from decimal import Decimal",
        "@@ class Order: / def fee(self, rate):",
    ]


def test_secrets_are_taken_out_of_the_file_as_a_whole() -> None:
    def redact(text: str) -> str:
        return text.replace("BEGIN\nSECRET\nEND", "BEGIN\n<gone>\nEND")

    file = changed_file("a.txt", "SECRET\n", "BEGIN\nSECRET\nEND\n")
    plan = split([file], budget_tokens=4000, count=count, redact=redact, contexts=no_context)
    assert "SECRET" not in text_of(plan.units[0].parts)
    assert "   2   <gone>" in text_of(plan.units[0].parts)


def test_the_line_beside_a_hunk_shows_no_part_of_a_secret() -> None:
    def redact(text: str) -> str:
        return text.replace("BEGIN\nSECRET of many lines\nEND", "BEGIN\n<gone>\nEND")

    text = "BEGIN\nSECRET of many lines\nEND\n" + numbered(20)
    file = changed_file("a.txt", text, text.replace("line 15\n", "changed\n"))
    hunks = tuple(replace(hunk, section="SECRET of many") for hunk in file.diff.hunks)
    plan = split(
        [replace(file, diff=replace(file.diff, hunks=hunks))],
        budget_tokens=4000,
        count=count,
        redact=redact,
        contexts=no_context,
    )
    assert "SECRET" not in text_of(plan.units[0].parts)
    assert "@@ <gone>" in text_of(plan.units[0].parts)


def test_no_signature_or_import_lets_a_secret_through() -> None:
    def context(_file: ChangedFile, lines: Collection[int]) -> CodeContext:
        scope = Scope("function", "f", "f", "def f(key=SECRET):", 1, 200)
        return CodeContext(dict.fromkeys(lines, (scope,)), ("import SECRET.changed",), (), (), ())

    file = changed_file("a.py", numbered(60), numbered(60).replace("line 50\n", "changed\n"))
    plan = split(
        [file],
        budget_tokens=4000,
        count=count,
        redact=lambda text: text.replace("SECRET", "<gone>"),
        contexts=context,
    )
    text = text_of(plan.units[0].parts)
    assert "SECRET" not in text
    assert text.count("<gone>") == 2


def test_a_file_that_is_not_the_one_of_the_diff_does_not_stop_the_review() -> None:
    file = changed_file("a.txt", "one\ntwo\n", "one\n2\n")
    (unit,) = cut(replace(file, old=b"", new=b"other\n")).units
    assert "     - two\n   2 + 2" in text_of(unit.parts)


@pytest.mark.parametrize("bare", [True, False])
def test_a_hunk_that_claims_to_lie_far_beyond_the_file_costs_nothing(bare: bool) -> None:
    file = changed_file("a.txt", "one\n", "two\n", bare=bare)
    far = 10**12
    line = Line(LineKind.ADDED, None, far, b"two")
    hunk = Hunk(far, 0, far, 1, "", (line,))
    (unit,) = cut(replace(file, diff=replace(file.diff, hunks=(hunk,)))).units
    assert unit.parts[0].new_lines == (far,)


# --- how a change is cut --------------------------------------------------------------------------


def test_small_files_share_a_unit() -> None:
    plan = cut(*(changed_file(f"{n}.txt", "a\n", "b\n") for n in range(3)))
    assert len(plan.units) == 1
    assert [part.path for part in plan.units[0].parts] == ["0.txt", "1.txt", "2.txt"]


def test_units_stay_small_even_where_the_budget_is_not() -> None:
    plan = cut(*(changed_file(f"{n}.txt", None, numbered(40)) for n in range(5)), budget=100_000)
    assert sum(unit.changed_lines for unit in plan.units) == 200
    assert 80 == max(unit.changed_lines for unit in plan.units) <= TARGET_LINES


def test_a_definition_stays_in_one_unit_if_it_fits() -> None:
    old = SOURCE.format(body="")
    new = SOURCE.format(body="".join(f"        step({n})\n" for n in range(200))).replace(
        "return 1", "return 3"
    )
    plan = cut(changed_file("a.py", old, new), budget=100_000, contexts=scopes_of_source)
    assert [unit.changed_lines for unit in plan.units] == [2, 200]


def test_a_very_long_definition_is_cut_all_the_same() -> None:
    old = SOURCE.format(body="")
    new = SOURCE.format(body="".join(f"        step({n})\n" for n in range(400)))
    plan = cut(changed_file("a.py", old, new), budget=100_000, contexts=scopes_of_source)
    assert [unit.changed_lines for unit in plan.units] == [200, 200]


def starts(file: ChangedFile, budget: int) -> list[int]:
    plan = cut(file, budget=budget)
    assert plan.unseen == ()
    return [part.new_lines[0] for unit in plan.units for part in unit.parts]


def test_what_is_too_large_is_cut_at_a_blank_line() -> None:
    paragraphs = "\n".join(numbered(length) for length in (9, 13, 8, 12, 10))
    blank = {n for n, line in enumerate(paragraphs.split("\n"), 1) if not line}
    found = starts(changed_file("a.txt", None, paragraphs), 130)
    assert len(found) > 2
    assert set(found) <= {1} | blank


def test_what_is_too_large_is_cut_at_a_gap_first() -> None:
    old = numbered(12)
    added = {2: "a\n\na\n\n", 8: "b\n\nb\n\nb\n\n"}
    new = "".join(line + added.get(n, "") for n, line in enumerate(old.splitlines(keepends=True), 1))
    assert starts(changed_file("a.txt", old, new), 75) == [3, 13]


def test_a_replacement_is_not_torn_apart() -> None:
    lines = [
        line
        for n in range(1, 8)
        for line in (Line(LineKind.REMOVED, n, None, b"line"), Line(LineKind.ADDED, None, n, b"other"))
    ]
    file = changed_file("a.txt", "x\n", "y\n")
    hunk = Hunk(1, 7, 1, 7, "", tuple(lines))
    bare = ChangedFile(replace(file.diff, hunks=(hunk,)), None, None)
    plan = cut(bare, budget=40)
    assert len(plan.units) > 1
    assert all(part.new_lines == part.old_lines for unit in plan.units for part in unit.parts)


def test_less_is_shown_around_a_change_where_the_budget_asks_for_it() -> None:
    old = "".join(f"{n} {'w' * 60}\n" for n in range(1, 31))

    def context(_file: ChangedFile, lines: Collection[int]) -> CodeContext:
        scope = Scope("function", "f", "f", "def f():", 1, 30)
        return CodeContext(dict.fromkeys(lines, (scope,)), (), (), (), ())

    file = changed_file("a.txt", old, old.replace("20 ", "20: "))
    lengths = [
        len(cut(file, budget=budget, contexts=context).units[0].parts[0].text.split("\n"))
        for budget in (1000, 300, 60)
    ]
    assert lengths == [32, 10, 2]


def test_parts_share_a_unit_up_to_a_share_of_the_budget() -> None:
    files = [changed_file(f"{n}.txt", None, "w" * 999 + "\n") for n in range(12)]
    assert [len(unit.parts) for unit in cut(*files[:11], budget=10_000).units] == [11]
    assert len(cut(*files, budget=10_000).units) == 2
    assert [len(unit.parts) for unit in cut(*files[:4], budget=2000).units] == [4]
    assert len(cut(*files[:5], budget=2000).units) == 2


def test_a_line_over_the_budget_is_cut_and_named() -> None:
    file = changed_file("a.txt", "x\n", "fine\n" + "y" * 5000 + "\nfine\n")
    plan = cut(file, budget=300)
    assert sum(unit.changed_lines for unit in plan.units) == 3
    assert [(item.path, item.side, item.lines) for item in plan.unseen] == [("a.txt", Side.NEW, (2,))]
    assert plan.unseen_lines == 1
    (warning,) = plan.warnings
    assert (warning.code, warning.path, warning.undecided) == ("budget", "a.txt", True)
    assert warning.message == "1 new line too long for the model's budget: 2"
    assert any("yyy …[cut]" in text_of(unit.parts) for unit in plan.units)


def test_without_any_budget_every_line_is_named() -> None:
    plan = cut(changed_file("a.txt", "x\ny\n", "1\n2\n3\n"), budget=3)
    assert plan.units == ()
    assert plan.warnings[0].message == (
        "3 new lines too long for the model's budget: 1-3; 2 old lines too long for the model's budget: 1-2"
    )


def test_ids_name_the_content() -> None:
    files = [changed_file("a.txt", "a\n", "b\n"), changed_file("b.txt", None, numbered(200))]
    first, second = cut(*files), cut(*files)
    assert [unit.id for unit in first.units] == [unit.id for unit in second.units]
    emptied = cut(changed_file("a.txt", "same\n" * 500, ""), budget=300)
    ids = [unit.id for unit in (*first.units, *emptied.units)]
    assert len(set(ids)) == len(ids)


# --- units of one push after the other ------------------------------------------------------------

TEN = [f"def part_{n}(rate):\n" + "".join(f"    step_{n}_{m}(rate)\n" for m in range(30)) for n in range(10)]


def ids(new: str) -> list[str]:
    return [unit.id for unit in cut(changed_file("app/part.py", None, new), contexts=surroundings).units]


def test_of_ten_definitions_nine_keep_their_units_when_one_changes() -> None:
    first = ids("\n\n".join(TEN))
    assert len(first) > 4
    for n in range(10):
        changed = [*TEN[:n], TEN[n] + "    more(rate)\n    and_more(rate)\n", *TEN[n + 1 :]]
        assert len(set(first) - set(ids("\n\n".join(changed)))) == 1


def test_lines_added_above_leave_the_units_below_as_they_were() -> None:
    first = ids("\n\n".join(TEN))
    later = ids("\n\n".join(["LIMIT = 5", *TEN]))
    assert len(set(first) - set(later)) <= 1


def test_other_numbers_in_the_code_are_another_unit() -> None:
    assert ids("a = 1\nb = 12 + 3\n") != ids("a = 1\nb = 13 + 3\n")


# --- for any change -------------------------------------------------------------------------------

LINES = st.lists(
    st.one_of(
        st.sampled_from(["", "}", "x = 1", "return x", "- minus", "+ plus", "..."]),
        st.text(max_size=30).map(lambda text: text.replace("\n", " ").replace("\r", " ")),
        st.integers(100, 3000).map(lambda length: "w" * length),
    ),
    max_size=60,
)
TEXTS = LINES.map(lambda lines: "".join(f"{line}\n" for line in lines)).filter(
    lambda text: text.encode("utf-8", "replace").decode() == text
)


@st.composite
def changed_files(draw: st.DrawFn) -> ChangedFile:
    path = draw(st.sampled_from(["a.txt", "dir/b.txt", "c.unknown"]))
    return changed_file(path, draw(TEXTS), draw(TEXTS), bare=draw(st.booleans()))


def every_other_definition(file: ChangedFile, lines: Collection[int]) -> CodeContext:
    def chain(line: int) -> tuple[Scope, ...]:
        start = line // 7 * 7
        return (Scope("function", f"f{start}", f"f{start}", f"def f{start}():", max(1, start), start + 6),)

    return CodeContext({line: chain(line) for line in lines if line % 3}, ("import x",), (), (), ())


@given(
    st.lists(changed_files(), max_size=3, unique_by=lambda file: file.path),
    st.integers(1, 1500),
    st.sampled_from([no_context, every_other_definition]),
)
def test_every_changed_line_is_in_one_unit_or_named(
    files: list[ChangedFile], budget: int, contexts: Contexts
) -> None:
    plan = cut(*files, budget=budget, contexts=contexts)
    placed: Counter[tuple[str, Side, int]] = Counter()
    for part in (part for unit in plan.units for part in unit.parts):
        placed.update((part.path, Side.NEW, line) for line in part.new_lines)
        placed.update((part.path, Side.OLD, line) for line in part.old_lines)
    placed.update((item.path, item.side, line) for item in plan.unseen for line in item.lines)
    expected = {(file.path, Side.NEW, line) for file in files for line in file.diff.added_lines}
    expected |= {(file.path, Side.OLD, line) for file in files for line in file.diff.removed_lines}
    assert placed == Counter(expected)
    for unit in plan.units:
        assert unit.tokens == count(text_of(unit.parts)) <= budget


@given(changed_files(), st.integers(100, 1500))
def test_a_line_that_counts_as_seen_stands_whole_in_the_text(file: ChangedFile, budget: int) -> None:
    texts = {line.new_line: line.text.decode() for hunk in file.diff.hunks for line in hunk.lines}
    for unit in cut(file, budget=budget).units:
        for part in unit.parts:
            shown = part.text.split("\n")
            assert all(f"{line:>4} + {texts[line]}" in shown for line in part.new_lines)
            marked = sum(line.startswith("     - ") for line in shown)
            assert marked == len(part.old_lines) or any(line.endswith("…[cut]") for line in shown)


def test_real_changes_are_cut_without_a_loss(rows: Callable[[str], Iterator[dict[str, Any]]]) -> None:
    with_text = (row for row in rows("real_diffs") if "diff" in row)
    for row in islice(with_text, 0, None, 40):
        files = [ChangedFile(file, None, None) for file in parse(row["diff"].encode()).files]
        plan = cut(*files, budget=3000)
        total = sum(len(file.diff.added_lines) + len(file.diff.removed_lines) for file in files)
        assert sum(unit.changed_lines for unit in plan.units) + plan.unseen_lines == total
        assert all(unit.tokens <= 3000 for unit in plan.units)
