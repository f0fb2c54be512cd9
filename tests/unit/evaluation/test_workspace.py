"""Cases as real repositories: each way to bring a change gives the same change."""

from __future__ import annotations

from pathlib import Path

import pytest

from parsers.diff import Side
from reviewer.domain import ChangeSet
from reviewer.errors import UsageError
from reviewer.evaluation.dataset import Case
from reviewer.evaluation.places import distance, new_side_span
from reviewer.evaluation.workspace import locate, open_case
from reviewer.repo.git import Git
from tests.unit.evaluation.lab import NEW, OLD, case, golden

DIFF = """diff --git a/fees.py b/fees.py
--- a/fees.py
+++ b/fees.py
@@ -1,2 +1,3 @@
 def fee(turnover):
-    return turnover
+    capped = min(turnover, 5)
+    return capped
"""


def texts(change: ChangeSet) -> list[tuple[str, bytes | None, bytes | None]]:
    return [(file.path, file.old, file.new) for file in change.files]


def test_texts_become_a_change_with_title_and_description(tmp_path: Path) -> None:
    change = open_case(case(title="Cap fees", description="At 5."), tmp_path)
    assert texts(change) == [("fees.py", OLD.encode(), NEW.encode())]
    assert (change.title, change.description) == ("Cap fees", "At 5.")


def test_unchanged_files_are_the_rest_of_the_repository(tmp_path: Path) -> None:
    files = [
        {"path": "fees.py", "old": OLD, "new": NEW},
        {"path": 'odd "name"\n.py', "old": "a = 1\n", "new": "a = 1\n"},
        {"path": "gone.py", "old": "b = 1\n"},
        {"path": "fresh.py", "new": "c = 1\n"},
    ]
    change = open_case(case(files=files), tmp_path)
    assert sorted(file.path for file in change.files) == ["fees.py", "fresh.py", "gone.py"]
    named = (
        Git(tmp_path, git_dir=tmp_path).run("ls-tree", "-z", "--name-only", "refs/heads/base").split(b"\0")
    )
    assert b'odd "name"\n.py' in named


def test_a_diff_is_applied_to_old_texts_and_may_stand_alone(tmp_path: Path) -> None:
    whole = case(files=[{"path": "fees.py", "old": OLD}], diff=DIFF)
    alone = case(files=[], diff=DIFF)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert texts(open_case(whole, tmp_path / "a")) == [("fees.py", OLD.encode(), NEW.encode())]
    (file,) = open_case(alone, tmp_path / "b").files
    assert file.diff.added_lines == (2, 3)


def test_a_clone_gives_the_change_from_the_merge_base(tmp_path: Path) -> None:
    (tmp_path / "clone").mkdir()
    open_case(case(), tmp_path / "clone")
    there = {"path": str(tmp_path / "clone"), "base": "base", "head": "case"}
    change = open_case(Case.model_validate({"id": "c", "repository": there}), tmp_path)
    assert texts(change) == [("fees.py", OLD.encode(), NEW.encode())]


def test_the_same_case_has_the_same_commits(tmp_path: Path) -> None:
    heads = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        heads.append(open_case(case(), tmp_path / name).ref.head)
    assert heads[0] == heads[1]


@pytest.mark.parametrize(
    "broken",
    [
        case(files=[{"path": "fees.py", "old": "other\n"}], diff=DIFF),
        case(files=[], diff="no diff at all"),
        Case.model_validate({"id": "one", "repository": {"path": "/nowhere", "base": "a", "head": "b"}}),
    ],
)
def test_a_case_that_cannot_be_opened_is_named(tmp_path: Path, broken: Case) -> None:
    with pytest.raises(UsageError, match="case one: "):
        open_case(broken, tmp_path)


def test_removed_lines_stand_where_their_successors_are(tmp_path: Path) -> None:
    old = "".join(f"line {n}\n" for n in range(1, 21))
    new = old.replace("line 5\nline 6\n", "").replace("line 12\n", "line 12\nmore\n")
    change = open_case(case(files=[{"path": "a.txt", "old": old, "new": new}]), tmp_path)

    def span(side: Side, start: int, end: int) -> tuple[int, int] | None:
        return new_side_span(change, "a.txt", side, start, end)

    assert span(Side.OLD, 5, 6) == (5, 5)
    assert span(Side.OLD, 7, 7) == (5, 5)
    assert span(Side.OLD, 20, 20) == (19, 19)
    assert span(Side.NEW, 3, 4) == (3, 4)
    assert new_side_span(change, "b.txt", Side.OLD, 1, 1) is None


def test_goldens_on_removed_lines_are_located() -> None:
    assert locate(case(golden(2), golden(2, side="old"), golden(2, path="other.py"))) == (
        (2, 2),
        (2, 2),
        None,
    )
    assert locate(case(golden(2, 3))) == ((2, 3),)


def test_distance_is_zero_only_where_spans_overlap() -> None:
    assert [distance((2, 4), other) for other in ((4, 9), (1, 2), (3, 3), (5, 5), (8, 9), (1, 1))] == [
        0,
        0,
        0,
        1,
        4,
        1,
    ]
