"""What people make of the bot's threads: reactions, who resolved them, and resolving for somebody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewer.domain import MergeRequest, Person
from reviewer.errors import ForgeUnavailable
from reviewer.forges.gitlab import GitLabForge
from tests.contract.forges.github_desk import PROJECT, Desk, open_desk
from tests.contract.forges.gitlab_plans import comment, plan
from tests.fakes.forge.github import Fault
from tests.fakes.forge.gitlab import FakeGitLab

OLD_INSTANCE = "Field 'fullDatabaseId' doesn't exist on type 'PullRequestReviewComment'"


# --- GitLab ---------------------------------------------------------------------------------------


@pytest.fixture
def described(gitlab: FakeGitLab, adapter: GitLabForge) -> MergeRequest:
    gitlab.open({"a.py": "1\n2\n"}, {"a.py": "1\n3\n4\n"})
    merge_request = adapter.describe("desk/orders", 1)
    change = adapter.fetch(merge_request)
    adapter.apply(merge_request, plan(comment(change, "a.py", 2), comment(change, "a.py", 3)))
    return merge_request


def test_a_thumbs_down_on_gitlab_names_who_gave_it(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest
) -> None:
    first, second = (item.notes[0] for item in gitlab.project.merge_requests[1].discussions)
    for user, name in ((gitlab.alice, "thumbsdown"), (gitlab.rita, "thumbsdown_tone3"), (gitlab.bot, "tada")):
        gitlab.records.award(first, user, name)
    gitlab.records.award(second, gitlab.alice, "thumbsup")

    found = adapter.objections("desk/orders", 1, [str(first.id), str(second.id), "999999"])

    people = [Person(gitlab.alice.id, "alice"), Person(gitlab.rita.id, "rita")]
    assert found == {str(first.id): people}


def test_more_emoji_than_a_page_holds_are_all_read(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest
) -> None:
    note = gitlab.project.merge_requests[1].discussions[0].notes[0]
    for number in range(120):
        gitlab.records.award(note, gitlab.alice, f"emoji_{number}")
    gitlab.records.award(note, gitlab.rita, "thumbsdown")

    assert list(adapter.objections("desk/orders", 1, [str(note.id)])) == [str(note.id)]


def test_a_failing_gitlab_is_no_approval(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest
) -> None:
    gitlab.fail("GET .*/award_emoji", status=502, times=99)
    with pytest.raises(ForgeUnavailable):
        adapter.objections("desk/orders", 1, ["1"])


def test_who_resolved_a_thread_on_gitlab_is_named(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest
) -> None:
    merge_request = gitlab.project.merge_requests[1]
    gitlab.records.resolve(merge_request, merge_request.discussions[0], gitlab.alice, resolved=True)

    first, second = adapter.discussion(described).threads

    assert first.resolved_by == Person(gitlab.alice.id, "alice")
    assert second.resolved_by is None


def test_a_thread_on_gitlab_is_resolved_where_the_bot_may(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest
) -> None:
    merge_request = gitlab.project.merge_requests[1]
    first, second = merge_request.discussions
    gitlab.comment(merge_request, gitlab.alice, "A note", individual=True)

    assert adapter.resolve("desk/orders", 1, first.id)
    assert first.notes[0].resolved_by is gitlab.bot
    assert not adapter.resolve("desk/orders", 1, "0" * 40)
    assert not adapter.resolve("desk/orders", 1, merge_request.discussions[-1].id)
    gitlab.project.members[gitlab.bot.id] = 20
    assert not adapter.resolve("desk/orders", 1, second.id)
    assert second.notes[0].resolved_by is None


# --- GitHub ---------------------------------------------------------------------------------------


@pytest.fixture(params=["", OLD_INSTANCE], ids=["graphql", "rest"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path) as opened:
        opened.post(opened.comment(10), opened.comment(11))
        opened.fake.routes.graphql_refuses = request.param
        yield opened


def test_a_thumbs_down_on_github_names_who_gave_it(desk: Desk) -> None:
    dana, erin = desk.fake.world.account("dana"), desk.fake.world.account("erin")
    first, second = desk.remarks
    first.reactions += [("-1", dana), ("-1", None), ("eyes", erin), ("-1", erin)]
    second.reactions.append(("+1", dana))
    ids = [str(first.id), str(second.id), "999"]

    found = desk.forge.objections(PROJECT, 1, ids)

    assert found == {str(first.id): [Person(dana.id, "dana"), Person(erin.id, "erin")]}
    assert desk.forge.objections(PROJECT, 1, ids[1:]) == {}


def test_many_threads_are_one_call_a_hundred(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        for number in range(120):
            place = {"path": "app.py", "line": 10}
            last = desk.fake.world.remark(desk.pull, desk.fake.bot, f"thread {number}", place=place)
        last.reactions.append(("-1", desk.fake.world.account("dana")))

        assert list(desk.forge.objections(PROJECT, 1, [str(last.id)])) == [str(last.id)]
        assert len(desk.fake.requests) == 2


def test_nothing_is_asked_about_no_thread(desk: Desk) -> None:
    assert desk.forge.objections(PROJECT, 1, []) == {}
    assert desk.fake.requests == []


def test_a_failing_github_is_no_approval(desk: Desk) -> None:
    for template in ("/graphql", "/reactions"):
        for method in ("POST", "GET"):
            desk.fake.faults.append(Fault(method, template, status=502, times=99))
    with pytest.raises(ForgeUnavailable):
        desk.forge.objections(PROJECT, 1, [str(desk.remarks[0].id)])


def test_a_thread_on_github_is_resolved_where_graphql_lets_us(desk: Desk) -> None:
    first = desk.remarks[0].id
    reachable = not desk.fake.routes.graphql_refuses

    assert desk.forge.resolve(PROJECT, 1, str(first)) is reachable
    assert (desk.pull.threads[first].resolved_by == desk.fake.bot) is reachable
    assert not desk.forge.resolve(PROJECT, 1, "1")


def test_who_resolved_a_thread_on_github_is_named(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        desk.post(desk.comment(10))
        dana = desk.fake.world.account("dana")
        desk.pull.threads[desk.remarks[0].id].resolved_by = dana
        assert desk.discussion().threads[0].resolved_by == Person(dana.id, "dana")
        desk.fake.world.projects[PROJECT].roles[desk.fake.bot.login] = "read"
        assert not desk.forge.resolve(PROJECT, 1, "1")
