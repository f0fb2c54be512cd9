"""What a forge shows of merge requests that it may not have told us of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from reviewer.domain import Sighting
from reviewer.errors import ForgeAuth, ForgeNotFound
from reviewer.forges.gitlab import GitLabForge
from tests.contract.forges.github_desk import PROJECT, Desk, open_desk
from tests.fakes.forge.github import Fault as GitHubFault
from tests.fakes.forge.gitlab import FakeGitLab, Fault

LONG_AGO = timedelta(days=2)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path) as desk:
        yield desk


def test_gitlab_lists_what_is_open_and_changed_since(gitlab: FakeGitLab, adapter: GitLabForge) -> None:
    merge_requests = [gitlab.open({"a.py": "1\n"}, {"a.py": f"{number}\n"}) for number in range(2, 6)]
    old, closed, draft, plain = merge_requests
    since = old.updated.timestamp() - 3600
    old.updated -= LONG_AGO
    closed.state = "merged"
    draft.draft = True
    found = adapter.open_changes("desk/orders", since, 100)
    assert found == [
        Sighting(plain.iid, plain.latest.head, draft=False),
        Sighting(draft.iid, draft.latest.head, draft=True),
    ]
    assert adapter.open_changes("desk/orders", since, 1) == found[:1]
    assert len(adapter.open_changes("desk/orders", 0.0, 100)) == 3


def test_a_gitlab_project_that_is_hidden(gitlab: FakeGitLab, adapter: GitLabForge) -> None:
    with pytest.raises(ForgeNotFound):
        adapter.open_changes("desk/secret", 0.0, 10)
    gitlab.faults.append(Fault(r"GET /api/v4/projects/.*/merge_requests", status=403))
    with pytest.raises(ForgeAuth):
        adapter.open_changes("desk/orders", 0.0, 10)


def test_github_lists_what_is_open_and_changed_since(desk: Desk) -> None:
    for number in range(2, 5):
        desk.fake.open_pull(PROJECT, f"topic-{number}", {"app.py": f"{number}\n"})
    old, closed, draft, plain = (desk.fake.pull(PROJECT, number) for number in range(1, 5))
    since = old.updated.timestamp() - 3600
    old.updated -= LONG_AGO
    closed.state = "closed"
    draft.draft = True
    plain.updated += timedelta(seconds=5)
    found = desk.forge.open_changes(PROJECT, since, 100)
    assert found == [Sighting(4, plain.head, draft=False), Sighting(3, draft.head, draft=True)]
    assert desk.forge.open_changes(PROJECT, since, 1) == found[:1]
    assert len(desk.forge.open_changes(PROJECT, 0.0, 100)) == 3


def test_a_github_that_refuses(desk: Desk) -> None:
    with pytest.raises(ForgeNotFound):
        desk.forge.open_changes("acme/secret", 0.0, 10)
    desk.fake.faults.append(GitHubFault("GET", "/repos/{owner}/{repo}/pulls", 403))
    with pytest.raises(ForgeAuth):
        desk.forge.open_changes(PROJECT, 0.0, 10)
