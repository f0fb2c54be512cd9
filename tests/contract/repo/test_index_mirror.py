"""The symbol index over a partial mirror of a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from parsers.context import CodeContext
from reviewer.errors import ForgeError
from reviewer.repo.mirror import Mirror
from reviewer.repo.related import surroundings
from reviewer.repo.remote import Remote
from tests.contract.repo.index_lab import FILES, say
from tests.fakes.forge.gitlab import FakeGitLab

REF = "refs/merge-requests/1/head"


@pytest.fixture
def gitlab(tmp_path: Path) -> Iterator[FakeGitLab]:
    with FakeGitLab(tmp_path) as forge:
        forge.open(FILES, {"web.py": "from app.store import Store\n\nStore().save(1)\n"})
        yield forge


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return Mirror(tmp_path / "var")


def remote_of(gitlab: FakeGitLab) -> Remote:
    return Remote(f"{gitlab.url}/desk/orders.git", "oauth2", gitlab.token)


def git_calls(gitlab: FakeGitLab) -> int:
    return sum(".git/" in call.path for call in gitlab.calls)


def test_contents_are_fetched_in_one_request_and_never_again(gitlab: FakeGitLab, mirror: Mirror) -> None:
    remote = remote_of(gitlab)
    head = mirror.fetch(remote, ref=REF, branch="main").head
    before = git_calls(gitlab)

    with mirror.open_index(remote) as index:
        report = mirror.update_index(remote, index, head)
        fetched = git_calls(gitlab) - before
        assert (report.parsed, dict(report.skipped)) == (4, {})
        assert mirror.update_index(remote, index, head).parsed == 0
        assert say(index, head, "save", "web.py")[0] == ("method app/store.py:2 imported",)
        with mirror.reading(remote) as git:
            context = CodeContext({}, (), ("save",), (), ())
            (related,) = surroundings(index, git, head, "web.py", context)
    assert related.lines == ("    def save(self, order):", "        return order")
    assert 1 <= fetched <= 2, "one conversation of git's, which opens with a question"
    assert git_calls(gitlab) == before + fetched


def test_a_server_that_fails_is_a_forge_error(gitlab: FakeGitLab, mirror: Mirror) -> None:
    remote = remote_of(gitlab)
    head = mirror.fetch(remote, ref=REF, branch="main").head
    gitlab.fail("POST .*git-upload-pack", status=500)
    with mirror.open_index(remote) as index, pytest.raises(ForgeError):
        mirror.update_index(remote, index, head)


def test_projects_have_indexes_of_their_own(gitlab: FakeGitLab, mirror: Mirror, tmp_path: Path) -> None:
    for url in (f"{gitlab.url}/desk/orders.git", f"{gitlab.url}/desk/other.git"):
        mirror.open_index(Remote(url, "oauth2", gitlab.token)).close()
    assert len(list((tmp_path / "var" / "indexes").iterdir())) == 2
