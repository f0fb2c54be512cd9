"""What goes wrong between us and GitLab: lost answers, limits, moved heads, redirects, proxies."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from reviewer.domain import Discussion, MergeRequest, Plan, Resolution
from reviewer.errors import ForgeAuth, ForgeAway, ForgeRateLimited, ForgeRefused, ForgeUnavailable, Superseded
from reviewer.forges.gitlab import GitLabForge
from tests.contract.forges.conftest import connect
from tests.contract.forges.gitlab_plans import comment, plan
from tests.fakes.forge.gitlab import FakeGitLab

POST = r"POST .*/discussions$"


@pytest.fixture
def described(gitlab: FakeGitLab, adapter: GitLabForge) -> MergeRequest:
    gitlab.open({"a.py": "1\n2\n3\n"}, {"a.py": "1\nzwei\ndrei\n"})
    return adapter.describe("desk/orders", 1)


@pytest.fixture
def two_comments(adapter: GitLabForge, described: MergeRequest) -> Plan:
    change = adapter.fetch(described)
    return plan(comment(change, "a.py", 2), comment(change, "a.py", 3))


def bodies(gitlab: FakeGitLab) -> list[str]:
    return [note.body for note in gitlab.notes()]


@pytest.mark.parametrize("status", [502, 503, 504])
def test_one_page_that_is_away_is_not_the_forge(
    gitlab: FakeGitLab, adapter: GitLabForge, status: int
) -> None:
    gitlab.open({"a.py": "1\n"}, {"a.py": "2\n"})
    gitlab.fail("merge_requests/1$", status=status, times=20)
    with pytest.raises(ForgeUnavailable) as caught:
        adapter.describe("desk/orders", 1)
    assert type(caught.value) is ForgeUnavailable


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_forge_whose_front_page_is_away_is_away(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest, status: int
) -> None:
    gitlab.fail("", status=status, times=50)
    with pytest.raises(ForgeAway):
        adapter.describe("desk/orders", 1)
    with pytest.raises(ForgeAway):  # git
        adapter.fetch(described)
    gitlab.faults.clear()
    gitlab.fail("info/refs", status=status, times=50)
    with pytest.raises(ForgeUnavailable) as caught:
        adapter.fetch(described)
    assert type(caught.value) is ForgeUnavailable


@pytest.mark.parametrize(
    "fault",
    [{"status": status, "after_commit": done} for status in (500, 502, 504) for done in (True, False)],
    ids=str,
)
def test_a_5xx_leaves_every_comment_there_once(
    gitlab: FakeGitLab,
    adapter: GitLabForge,
    described: MergeRequest,
    two_comments: Plan,
    fault: dict[str, int],
) -> None:
    gitlab.fail(POST, **fault)

    receipt = adapter.apply(described, two_comments)

    assert len(receipt.posted) == 2
    assert sorted(bodies(gitlab)) == sorted(comment.body for comment in two_comments.create)


def test_a_5xx_on_the_summary_leaves_it_there_once(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest
) -> None:
    gitlab.fail(r"POST .*/notes$", status=502, after_commit=True)
    note = adapter.summarise(described, None, "All is well.\n\n<!-- m -->")
    assert [str(note.id) for note in gitlab.notes()] == [note]


def test_the_same_words_in_another_thread_are_not_taken_for_ours(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest, two_comments: Plan
) -> None:
    adapter.apply(described, two_comments)
    threads = adapter.discussion(described).threads
    gone = [Resolution(thread.id, thread.notes[0].id, "Gone in this push.") for thread in threads]
    adapter.apply(described, plan(resolve=gone[:1]))
    gitlab.fail(r"POST .*/discussions/\w+/notes$", status=503)

    adapter.apply(described, plan(resolve=gone[1:]))

    assert [len(thread.notes) for thread in adapter.discussion(described).threads] == [2, 2]


def test_the_same_plan_after_a_reconciliation_posts_nothing(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest, two_comments: Plan
) -> None:
    adapter.apply(described, two_comments)

    adapter.apply(described, without_those_standing(two_comments, adapter.discussion(described)))

    assert len(bodies(gitlab)) == 2


def test_a_lost_answer_is_looked_for(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest, two_comments: Plan
) -> None:
    adapter.session.timeout_s = 1.0
    answered = threading.Event()
    gitlab.fail(POST, then=answered)

    receipt = adapter.apply(described, two_comments)
    answered.set()

    assert len(receipt.posted) == len(bodies(gitlab)) == 2


def test_a_post_that_may_still_be_on_its_way_is_not_repeated(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest, two_comments: Plan
) -> None:
    adapter.session.timeout_s = 1.0
    let_through = threading.Event()
    gitlab.fail(POST, first=let_through)

    with pytest.raises(ForgeUnavailable):
        adapter.apply(described, two_comments)
    let_through.set()

    wait_until(lambda: len(bodies(gitlab)) == 1)
    adapter.apply(described, without_those_standing(two_comments, adapter.discussion(described)))
    assert sorted(bodies(gitlab)) == sorted(comment.body for comment in two_comments.create)


def test_a_get_is_repeated(gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest) -> None:
    gitlab.fail(r"GET .*/merge_requests/1$", status=502, times=2)
    assert adapter.describe("desk/orders", 1) == described


def test_a_get_is_not_repeated_for_ever(gitlab: FakeGitLab, adapter: GitLabForge) -> None:
    gitlab.fail(r"GET .*/merge_requests/1$", status=503, times=100)
    with pytest.raises(ForgeUnavailable) as caught:
        adapter.describe("desk/orders", 1)
    assert caught.value.status == 503
    assert len(gitlab.api_calls()) == 3


def test_a_pause_asked_for_is_kept(
    gitlab: FakeGitLab, tmp_path: Path, described: MergeRequest, two_comments: Plan
) -> None:
    waited: list[float] = []
    adapter = connect(gitlab, tmp_path, wait=waited.append)
    gitlab.fail(POST, status=429, headers={"Retry-After": "7"})
    with contextlib.closing(adapter):
        adapter.apply(described, two_comments)

    assert waited == [7.0]
    assert len(bodies(gitlab)) == 2


def test_a_long_pause_is_the_callers(gitlab: FakeGitLab, adapter: GitLabForge) -> None:
    gitlab.fail("GET", status=429, headers={"Retry-After": "600"})
    with pytest.raises(ForgeRateLimited) as caught:
        adapter.describe("desk/orders", 1)
    assert caught.value.retry_after == 600


def test_a_moved_head_supersedes(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest, two_comments: Plan
) -> None:
    gitlab.push(gitlab.project.merge_requests[1], {"a.py": "1\nneu\n"})

    with pytest.raises(Superseded):
        adapter.apply(described, two_comments)

    assert bodies(gitlab) == []


def test_a_head_that_moves_between_describe_and_fetch_is_still_read(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest
) -> None:
    gitlab.push(gitlab.project.merge_requests[1], {"b.py": "new\n"})
    assert [file.path for file in adapter.fetch(described).files] == ["a.py"]


def test_a_ref_that_lags_behind_is_fetched_by_its_sha(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest
) -> None:
    repository = gitlab.project.repository
    gitlab.push(gitlab.project.merge_requests[1], {"b.py": "new\n"})
    repository.point("refs/merge-requests/1/head", described.ref.head or "")

    change = adapter.fetch(adapter.describe("desk/orders", 1))

    assert [file.path for file in change.files] == ["a.py", "b.py"]


def test_a_revoked_token_is_told(gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest) -> None:
    gitlab.bot.token = "revoked"
    with pytest.raises(ForgeAuth):
        adapter.describe("desk/orders", 1)
    with pytest.raises(ForgeAuth):
        adapter.fetch(described)


def test_no_token_leaves_through_a_redirect(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest
) -> None:
    with stranger() as (url, heard):
        for path in (r"GET .*/merge_requests/1$", "GET .*info/refs"):
            gitlab.fail(path, status=302, headers={"Location": f"{url}/elsewhere"})
        with pytest.raises(ForgeRefused, match="redirect"):
            adapter.describe("desk/orders", 1)
        with pytest.raises(ForgeRefused, match="302"):
            adapter.fetch(described)
    assert heard == []


def test_no_proxy_of_the_environment_is_asked(
    gitlab: FakeGitLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.open({"a.py": "1\n"}, {"a.py": "2\n"})
    with stranger() as (url, heard):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, url)
        with contextlib.closing(connect(gitlab, tmp_path)) as adapter:
            change = adapter.fetch(adapter.describe("desk/orders", 1))
    assert len(change.files) == 1
    assert heard == []


def test_a_portal_in_the_way_is_refused(gitlab: FakeGitLab, adapter: GitLabForge) -> None:
    gitlab.open({"a.py": "1\n"}, {"a.py": "2\n"})
    gitlab.fail(r"GET .*/merge_requests/1$", status=200)  # an empty page instead of JSON
    with pytest.raises(ForgeRefused):
        adapter.describe("desk/orders", 1)


def test_a_review_takes_few_calls(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest, two_comments: Plan
) -> None:
    gitlab.calls.clear()

    merge_request = adapter.describe("desk/orders", 1)
    adapter.fetch(merge_request)
    adapter.discussion(merge_request)
    adapter.apply(merge_request, two_comments)
    adapter.summarise(merge_request, None, "Summary")

    assert len(gitlab.api_calls()) <= 6 + len(two_comments.create)


def test_nothing_posted_here_is_a_quick_action(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest
) -> None:
    adapter.summarise(described, None, "Fine.\n\n~~~\n/merge\n~~~\n\n```\n/close\n```")
    assert gitlab.quick_actions == ["merge"], "the double sees the one that would run"


def without_those_standing(whole: Plan, discussion: Discussion) -> Plan:
    """What a reconciliation leaves to do."""
    standing = {note.body for thread in discussion.threads for note in thread.notes}
    return plan(*(comment for comment in whole.create if comment.body not in standing))


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextlib.contextmanager
def stranger() -> Iterator[tuple[str, list[str]]]:
    """A server that nobody configured, and every request it heard."""
    heard: list[str] = []

    class Ear(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(f"{self.requestline} {dict(self.headers)}")
            self.send_response(200)
            self.end_headers()

        do_POST = do_CONNECT = do_GET  # noqa: N815  # the names are the library's

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Ear)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
