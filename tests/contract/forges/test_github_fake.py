"""The fake GitHub is as strict as the tests above believe."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.contract.forges.github_desk import NEW, OLD, PROJECT
from tests.fakes.forge.github import TOKEN, WEBHOOK_SECRET, FakeGitHub
from tests.fakes.forge.github_schema import Schema
from tests.fakes.forge.graphql import QueryError, execute

Call = Callable[..., requests.Response]


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeGitHub]:
    with FakeGitHub(tmp_path) as running:
        running.create_project(PROJECT, {"app.py": "".join(OLD)})
        running.open_pull(PROJECT, "topic", {"app.py": "".join(NEW)})
        yield running


@pytest.fixture
def call(fake: FakeGitHub) -> Iterator[Call]:
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"token {TOKEN}"

        def send(method: str, path: str, **options: Any) -> requests.Response:
            return session.request(method, f"{fake.url}{path}", timeout=10, **options)

        yield send


def review(*comments: dict[str, Any]) -> dict[str, Any]:
    return {"event": "COMMENT", "comments": list(comments)}


def line(number: int, **place: Any) -> dict[str, Any]:
    return {"path": "app.py", "body": "Why?", "line": number, **place}


REVIEWS = f"/api/v3/repos/{PROJECT}/pulls/1/reviews"


@pytest.mark.parametrize(
    "path", ["/api/v3/zen", "/api/v3/repos/acme/shop/pulls/1/files", "/repos/acme/shop", "/"]
)
def test_what_is_not_modelled_is_501(call: Call, path: str) -> None:
    assert call("GET", path).status_code == 501


@pytest.mark.parametrize(
    "body",
    [
        {**review(line(10)), "evnt": 1},
        review({**line(10), "subject_type": "file"}),
        review({**line(10), "line": "10"}),
        review({"path": "app.py", "line": 10}),
    ],
    ids=["unknown field", "field of another call", "wrong type", "missing field"],
)
def test_requests_that_are_none_are_refused(call: Call, fake: FakeGitHub, body: dict[str, Any]) -> None:
    assert call("POST", REVIEWS, json=body).status_code in (400, 422)
    assert fake.pull(PROJECT, 1).remarks == {}


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (line(25), "line must be part of the diff"),
        (line(10, side="LEFT", start_line=12), "start line must precede the end line"),
        (line(40, start_line=10), "start line must be part of the same hunk"),
        (line(61), "line must be part of the diff"),
        ({**line(1), "path": "gone.py"}, "path is invalid"),
        ({**line(10), "body": " "}, "Body can't be blank"),
        ({**line(10), "body": "x" * 65_537}, "Body is too long"),
    ],
)
def test_one_bad_comment_refuses_the_whole_review(
    call: Call, fake: FakeGitHub, bad: dict[str, Any], words: str
) -> None:
    answer = call("POST", REVIEWS, json=review(line(10), bad))
    assert answer.status_code == 422
    assert words in answer.json()["errors"][0]
    assert fake.pull(PROJECT, 1).remarks == {}


def test_a_review_that_says_nothing_is_refused(call: Call) -> None:
    assert call("POST", REVIEWS, json=review()).status_code == 422


def test_a_foreign_commit_is_refused(call: Call, fake: FakeGitHub) -> None:
    elsewhere = fake.world.projects[PROJECT].repository.commit("other", {"a": "1\n"}, parent="main")
    assert call("POST", REVIEWS, json={**review(line(10)), "commit_id": elsewhere}).status_code == 422


@pytest.mark.parametrize("header", ["", "token nobody", "Bearer x.y.z"])
def test_strangers_see_nothing(call: Call, header: str) -> None:
    assert call("GET", f"/api/v3/repos/{PROJECT}", headers={"Authorization": header}).status_code == 401
    assert call("GET", f"/{PROJECT}.git/info/refs?service=git-upload-pack").status_code == 401


def test_requests_are_held_against_githubs_own_description() -> None:
    schema = Schema.find()
    if schema is None:
        pytest.skip("GitHub's description is not at hand; set REVIEWER_DATA to its folder")
    template = "/repos/{owner}/{repo}/pulls/{number}/reviews"
    assert schema.refusals("POST", template, review(line(10))) == []
    assert schema.refusals("POST", template, {"event": "LATER"})
    assert schema.refusals("POST", template, review({**line(10), "lien": 1})) == ["unknown field lien"]


def test_lists_come_in_pages(call: Call, fake: FakeGitHub) -> None:
    pull = fake.pull(PROJECT, 1)
    for number in range(31):
        fake.world.note(pull, fake.bot, str(number))
    path = f"/api/v3/repos/{PROJECT}/issues/1/comments"
    first, second = call("GET", path), call("GET", f"{path}?page=2")
    assert [len(first.json()), len(second.json())] == [30, 1]
    assert 'rel="next"' in first.headers["Link"]
    assert "Link" not in second.headers
    assert call("GET", f"{path}?per_page=101").status_code == 422


def test_deliveries_are_signed(fake: FakeGitHub) -> None:
    headers, body = fake.webhook("pull_request", fake.pull_event(PROJECT, 1, "opened"), "d-1")
    digest = hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={digest}"
    assert (headers["X-GitHub-Event"], headers["X-GitHub-Delivery"]) == ("pull_request", "d-1")


# --- GraphQL

ROOTS: dict[str, dict[str, Any]] = {
    "query": {
        "__typename": "Query",
        "dog": lambda name: {"__typename": "Dog", "__interfaces": ("Pet",), "name": name, "age": 3},
        "none": None,
    }
}


@pytest.mark.parametrize(
    ("query", "variables", "data"),
    [
        ('{ dog(name: "Rex") { name } }', {}, {"dog": {"name": "Rex"}}),
        (
            "query Q($n: String!) { d: dog(name: $n) { age } none }",
            {"n": "A"},
            {"d": {"age": 3}, "none": None},
        ),
        ('{ dog(name: "A") { ... on Dog { age } ... on Cat { lives } } }', {}, {"dog": {"age": 3}}),
        ('{ dog(name: "A") { ...F } } fragment F on Pet { name }', {}, {"dog": {"name": "A"}}),
        (
            'query($w: Boolean!) { dog(name: "A") @include(if: $w) { age } none }',
            {"w": False},
            {"none": None},
        ),
    ],
)
def test_queries_are_answered(query: str, variables: dict[str, Any], data: dict[str, Any]) -> None:
    assert execute(query, variables, ROOTS) == data


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{ cat }", {}),
        ('{ dog(name: "A") }', {}),
        ('{ dog(name: "A") { wings } }', {}),
        ("{ none(x: 1) }", {}),
        ("{ none } #", {}),
        ("{ none }", {"undeclared": 1}),
    ],
)
def test_queries_that_the_schema_does_not_know_are_refused(query: str, variables: dict[str, Any]) -> None:
    with pytest.raises(QueryError):
        execute(query, variables, ROOTS)
