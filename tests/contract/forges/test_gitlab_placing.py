"""Where comments land: every kind of line, ranges, renames, suggestions, and what GitLab refuses."""

from __future__ import annotations

import pytest

from parsers.diff import Side
from parsers.positions import LinePair
from reviewer.domain import ChangeSet, Comment
from reviewer.forges.gitlab import GitLabForge
from tests.contract.forges.gitlab_plans import comment, plan
from tests.fakes.forge.gitlab import FakeGitLab

OLD = "".join(f"line {number}\n" for number in range(1, 31))
NEW = OLD.replace("line 5\n", "line five\nline five and a half\n").replace("line 20\n", "")


@pytest.fixture
def change(gitlab: FakeGitLab, adapter: GitLabForge) -> ChangeSet:
    gitlab.open(
        {"a.py": OLD, "old name.py": OLD, "same.py": "1\n"},
        {"a.py": NEW, "old name.py": None, "pkg/名.py": NEW, "new.py": "1\n2\n"},
        target={"same.py": "2\n"},
    )
    return adapter.fetch(adapter.describe("desk/orders", 1))


def post(adapter: GitLabForge, *comments: Comment) -> tuple[tuple[str, ...], tuple[str, ...]]:
    receipt = adapter.apply(adapter.describe("desk/orders", 1), plan(*comments))
    return receipt.posted, receipt.unplaced


@pytest.mark.parametrize(
    ("place", "pair"),
    [
        (("a.py", Side.NEW, 5), (None, 5)),
        (("a.py", Side.OLD, 5), (5, None)),
        (("a.py", Side.OLD, 20), (20, None)),
        (("a.py", Side.NEW, 4), (4, 4)),
        (("a.py", Side.NEW, 7), (6, 7)),
        (("a.py", Side.NEW, 12), (11, 12)),
        (("a.py", Side.OLD, 30), (30, 30)),
        (("new.py", Side.NEW, 2), (None, 2)),
        (("pkg/名.py", Side.NEW, 6), (None, 6)),
        (("pkg/名.py", Side.OLD, 20), (20, None)),
        (("pkg/名.py", Side.NEW, 25), (25, 25)),
    ],
)
def test_a_comment_lands_on_its_line(
    gitlab: FakeGitLab,
    adapter: GitLabForge,
    change: ChangeSet,
    place: tuple[str, Side, int],
    pair: tuple[int | None, int | None],
) -> None:
    path, side, line = place

    posted, unplaced = post(adapter, comment(change, path, line, side=side))

    assert (len(posted), unplaced) == (1, ())
    position = gitlab.notes()[0].position or {}
    assert (position.get("old_line"), position.get("new_line")) == pair
    assert position["position_type"] == "text"
    assert len(gitlab.api_calls("POST .*discussions")) == 1, "accepted at once"


@pytest.mark.parametrize(
    "place",
    [
        ("a.py", Side.NEW, 5, 6),  # added lines
        ("a.py", Side.NEW, 3, 6),  # from context into added lines
        ("a.py", Side.NEW, 6, 9),  # from added lines into context
        ("a.py", Side.OLD, 18, 20),  # down to a removed line
        ("a.py", Side.NEW, 2, 28),  # over several hunks
        ("new.py", Side.NEW, 1, 2),
        ("pkg/名.py", Side.NEW, 4, 6),
    ],
)
def test_a_range_is_accepted_at_once(
    gitlab: FakeGitLab, adapter: GitLabForge, change: ChangeSet, place: tuple[str, Side, int, int]
) -> None:
    path, side, line, to = place

    post(adapter, comment(change, path, line, to=to, side=side))

    position = gitlab.notes()[0].position or {}
    assert set(position["line_range"]) == {"start", "end"}
    assert len(gitlab.api_calls("POST .*discussions")) == 1


def test_a_comment_on_the_file(gitlab: FakeGitLab, adapter: GitLabForge, change: ChangeSet) -> None:
    post(adapter, comment(change, "a.py", None))

    position = gitlab.notes()[0].position or {}
    assert position["position_type"] == "file"
    assert "new_line" not in position


def test_a_pair_that_is_not_the_diffs_falls_back_to_the_file(
    gitlab: FakeGitLab, adapter: GitLabForge, change: ChangeSet
) -> None:
    good = comment(change, "a.py", 5)
    wrong = Comment(
        good.fingerprint, good.body, "a.py", "a.py", Side.NEW, LinePair(5, 5), LinePair(5, 5), True
    )

    posted, unplaced = post(adapter, wrong)

    assert (len(posted), unplaced) == (1, ())
    assert (gitlab.notes()[0].position or {})["position_type"] == "file"


def test_a_file_outside_the_diff_is_unplaced_and_the_rest_is_posted(
    gitlab: FakeGitLab, adapter: GitLabForge, change: ChangeSet
) -> None:
    lost = Comment("lost", "Lost.", "same.py", "same.py", Side.NEW, LinePair(1, 1), LinePair(1, 1), True)

    receipt = adapter.apply(
        adapter.describe("desk/orders", 1), plan(lost, comment(change, "a.py", 5), comment(change, "a.py", 6))
    )

    assert receipt.unplaced == ("lost",)
    assert len(receipt.posted) == len(gitlab.notes()) == 2
    assert [(failure.code, failure.path) for failure in receipt.failures] == [("not-placed", "same.py")]
    assert "line_code" in receipt.failures[0].message


def test_a_suggestion_can_be_committed(gitlab: FakeGitLab, adapter: GitLabForge, change: ChangeSet) -> None:
    body = "Say it in one line.\n\n```suggestion:-1+0\nline five and more\n```"
    post(adapter, comment(change, "a.py", 5, to=6, body=body))
    merge_request = gitlab.project.merge_requests[1]

    gitlab.records.apply_suggestion(merge_request, gitlab.notes()[0].suggestions[0])

    repository = gitlab.project.repository
    after = repository.read(merge_request.source, "a.py") or b""
    assert after.decode() == NEW.replace("line five\nline five and a half\n", "line five and more\n")


def test_renames_are_found_as_gitlab_finds_them(gitlab: FakeGitLab, adapter: GitLabForge) -> None:
    # About 40 % alike: a rename for GitLab, not for git's own default.
    kept = "".join(f"kept {number}\n" for number in range(40))
    gitlab.open(
        {"before.py": kept + "".join(f"old {number}\n" for number in range(60))},
        {"before.py": None, "after.py": kept + "".join(f"new {number}\n" for number in range(60))},
    )

    change = adapter.fetch(adapter.describe("desk/orders", 1))
    posted, _ = post(adapter, comment(change, "after.py", 7))

    assert [(file.diff.old_path, file.path) for file in change.files] == [("before.py", "after.py")]
    assert len(posted) == 1
    assert (gitlab.notes()[0].position or {})["old_line"] == 7
