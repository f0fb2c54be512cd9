"""Writes whose outcome is not known: each happens once, whatever becomes of its answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from reviewer.errors import ForgeRateLimited, ForgeUnavailable
from tests.contract.forges.github_desk import PROJECT, Desk, open_desk, plan
from tests.fakes.forge.github import Fault

SECONDARY = {
    "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path, timeout_s=2) as opened:
        yield opened


@dataclass(frozen=True)
class Write:
    """One way to write: its route, how to do it, and how often it is found done."""

    template: str
    do: Callable[[Desk], object]
    count: Callable[[Desk], int]


WRITES = {
    "review": Write(
        "/reviews",
        lambda desk: desk.forge.apply(desk.merge_request, plan(desk.comment(10), desk.comment(11))),
        lambda desk: len(desk.pull.reviews),
    ),
    "file comment": Write(
        "/pulls/{number}/comments",
        lambda desk: desk.forge.apply(
            desk.merge_request, plan(replace(desk.comment(10), start=None, end=None))
        ),
        lambda desk: len(desk.remarks),
    ),
    "summary": Write(
        "/issues/{number}/comments",
        lambda desk: desk.forge.summarise(
            desk.merge_request, None, "All in all. <!-- reviewer:v1:sum:1:m -->"
        ),
        lambda desk: len(desk.pull.notes),
    ),
    "note": Write(
        "/issues/{number}/comments",
        lambda desk: desk.forge.reply(PROJECT, 1, None, "Hello."),
        lambda desk: len(desk.pull.notes),
    ),
}


@pytest.fixture(params=WRITES)
def write(request: pytest.FixtureRequest) -> Write:
    return WRITES[request.param]


def test_done_but_answered_502_is_not_done_again(desk: Desk, write: Write) -> None:
    desk.fake.faults.append(Fault("POST", write.template, status=502, after=True))
    write.do(desk)
    assert write.count(desk) == 1
    assert desk.fake.count("POST", write.template) == 1


def test_done_but_not_answered_in_time_is_not_done_again(tmp_path: Path, write: Write) -> None:
    with open_desk(tmp_path, timeout_s=0.3) as desk:
        desk.fake.faults.append(Fault("POST", write.template, hold=threading.Event()))
        write.do(desk)
        assert write.count(desk) == 1
        assert desk.fake.count("POST", write.template) == 1


def test_not_done_and_answered_502_is_done_again(desk: Desk, write: Write) -> None:
    desk.fake.faults.append(Fault("POST", write.template, status=502))
    write.do(desk)
    assert write.count(desk) == 1
    assert desk.fake.count("POST", write.template) == 2


def test_what_stays_unanswered_is_raised_and_left_to_the_next_run(desk: Desk, write: Write) -> None:
    desk.fake.faults.append(Fault("POST", write.template, status=502, times=9))
    with pytest.raises(ForgeUnavailable):
        write.do(desk)
    assert desk.fake.count("POST", write.template) == 2


@pytest.mark.parametrize(
    "limit",
    [
        pytest.param(Fault("", "", 403, SECONDARY, {"Retry-After": "7"}), id="403"),
        pytest.param(Fault("", "", 429, {}, {"Retry-After": "7"}), id="429"),
    ],
)
def test_a_limit_is_waited_out_and_the_write_done_once(desk: Desk, write: Write, limit: Fault) -> None:
    desk.fake.faults.append(replace(limit, method="POST", template=write.template))
    write.do(desk)
    assert write.count(desk) == 1
    assert desk.slept == [7]


TOO_QUICKLY = {"message": "Validation Failed", "errors": [{"message": "was submitted too quickly"}]}


@pytest.mark.parametrize(
    ("limit", "wait"),
    [
        pytest.param(Fault("", "", 403, SECONDARY, {"Retry-After": "600"}), 600, id="over a minute"),
        pytest.param(Fault("", "", 429, {}, {"Retry-After": "600"}), 600, id="429"),
        pytest.param(Fault("", "", 403, SECONDARY), 60, id="no time named"),
        pytest.param(Fault("", "", 422, TOO_QUICKLY), 60, id="too quickly"),
    ],
)
def test_a_limit_that_stays_is_raised_with_its_time(
    desk: Desk, write: Write, limit: Fault, wait: float
) -> None:
    desk.fake.faults.append(replace(limit, method="POST", template=write.template, times=9))
    with pytest.raises(ForgeRateLimited) as caught:
        write.do(desk)
    assert caught.value.retry_after == wait
    assert write.count(desk) == 0


def test_a_spent_budget_is_waited_for_until_its_reset(desk: Desk) -> None:
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"}  # in the year 2100
    desk.fake.faults.append(
        Fault("GET", "/pulls/{number}", status=403, body={"message": "No."}, headers=spent)
    )
    with pytest.raises(ForgeRateLimited) as caught:
        desk.forge.describe(PROJECT, 1)
    assert caught.value.retry_after > 1_000_000


def test_a_reply_that_was_lost_is_told_from_an_older_one_like_it(desk: Desk) -> None:
    desk.post(desk.comment(10))
    root, dana = desk.remarks[0].id, desk.fake.world.account("dana")
    desk.forge.reply(PROJECT, 1, str(root), "Same words.")
    desk.fake.world.answer(desk.pull, dana, root, "Pardon?")
    desk.fake.faults.append(Fault("POST", "/replies", status=502))
    desk.forge.reply(PROJECT, 1, str(root), "Same words.")
    assert [item.body for item in desk.pull.in_thread(root)][1:] == ["Same words.", "Pardon?", "Same words."]
    desk.fake.faults.append(Fault("POST", "/replies", status=502, after=True))
    note = desk.forge.reply(PROJECT, 1, str(root), "And this.")
    said = desk.pull.in_thread(root)
    assert (said[-1].body, str(said[-1].id), len(said)) == ("And this.", note, 5)
