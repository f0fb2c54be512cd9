"""How the adapter reaches an instance: no detours, no leaks, typed errors, an App's tokens."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reviewer.demo.loopback import serve
from reviewer.errors import (
    ConfigError,
    ForgeAuth,
    ForgeError,
    ForgeNotFound,
    ForgeRefused,
    ForgeUnavailable,
)
from reviewer.forges.github import GitHubForge
from reviewer.forges.github_api import api_address
from tests.contract.forges.github_desk import PROJECT, Desk, open_desk, open_forge, plan
from tests.fakes.forge.github import APP_ID, TOKEN, FakeGitHub, Fault


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path) as opened:
        yield opened


@contextmanager
def eavesdropper() -> Iterator[tuple[str, list[Request]]]:
    """Serve another address that notes whatever reaches it."""
    heard: list[Request] = []

    def listen(request: Request) -> Response:
        heard.append(request)
        return JSONResponse({})

    methods = ["GET", "POST", "PATCH", "PUT", "DELETE", "CONNECT"]
    with serve(Starlette(routes=[Route("/{path:path}", listen, methods=methods)])) as address:
        yield address, heard


# --- addresses


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("https://github.com", "https://api.github.com"),
        ("https://github.com/", "https://api.github.com"),
        ("https://acme.ghe.com", "https://api.acme.ghe.com"),
        ("https://github.acme.internal", "https://github.acme.internal/api/v3"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/api/v3"),
    ],
)
def test_the_api_lies_where_the_instance_has_it(url: str, api: str) -> None:
    assert api_address(url) == api


@pytest.mark.parametrize("url", ["github.com", "ssh://git@github.com", "file:///etc", ""])
def test_what_is_no_address_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigError):
        api_address(url)


def test_a_server_of_ones_own_is_asked_below_its_api_path(desk: Desk) -> None:
    desk.forge.describe(PROJECT, 1)
    desk.discussion()
    assert [request.path for request in desk.fake.requests] == [
        f"/api/v3/repos/{PROJECT}/pulls/1",
        "/api/graphql",
    ]


# --- detours


def test_proxies_of_the_environment_are_not_honoured(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with eavesdropper() as (proxy, heard):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy)
            monkeypatch.setenv(name.lower(), proxy)
        found = desk.forge.describe(PROJECT, 1)
        desk.forge.fetch(found)
        desk.forge.apply(found, plan(desk.comment(10)))
    assert heard == []
    assert len(desk.remarks) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_refused_and_leak_no_token(desk: Desk, status: int) -> None:
    with eavesdropper() as (elsewhere, heard):
        away = {"Location": f"{elsewhere}/api/v3/repos/{PROJECT}/pulls/1"}
        desk.fake.faults.append(Fault("GET", "/pulls/{number}", status=status, headers=away))
        with pytest.raises(ForgeRefused, match="redirect"):
            desk.forge.describe(PROJECT, 1)
        desk.fake.faults.append(Fault("POST", "/reviews", status=status, headers=away))
        with pytest.raises(ForgeRefused, match="redirect"):
            desk.forge.apply(desk.merge_request, plan(desk.comment(10), desk.comment(11)))
    assert heard == []
    assert desk.fake.count("POST", "/reviews") == 1  # a redirect is no fault of a comment's


@pytest.mark.parametrize(("text", "kind"), [("<html>", "text/html"), ('{"number": 1', "application/json")])
def test_what_is_no_answer_is_told_as_such(tmp_path: Path, text: str, kind: str) -> None:
    page = Starlette(routes=[Route("/{path:path}", lambda _: Response(text, media_type=kind))])
    with FakeGitHub(tmp_path) as fake, serve(page) as address:
        forge = open_forge(fake, tmp_path, settings=fake.settings(url=address), wait=lambda _: None)
        with pytest.raises(ForgeUnavailable, match="JSON"):
            forge.describe(PROJECT, 1)
        forge.close()


# --- errors


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, ForgeAuth),
        (403, ForgeAuth),
        (404, ForgeNotFound),
        (410, ForgeNotFound),
        (400, ForgeRefused),
        (409, ForgeRefused),
        (500, ForgeUnavailable),
        (503, ForgeUnavailable),
    ],
)
def test_every_refusal_has_its_type(desk: Desk, status: int, error: type[ForgeError]) -> None:
    desk.fake.faults.append(Fault("GET", "/pulls/{number}", status=status, body={"message": "No."}, times=9))
    with pytest.raises(error) as caught:
        desk.forge.describe(PROJECT, 1)
    assert type(caught.value) is error
    assert caught.value.status == status
    assert TOKEN not in str(caught.value)


def test_a_wrong_token_is_a_matter_of_rights(desk: Desk, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("ghp_nobody", encoding="utf-8")
    forge = open_forge(desk.fake, tmp_path, settings=desk.fake.settings(token_file=wrong))
    with pytest.raises(ForgeAuth):
        forge.describe(PROJECT, 1)
    forge.close()


def test_reads_are_repeated(desk: Desk) -> None:
    desk.fake.faults.append(Fault("GET", "/pulls/{number}", status=502, times=2))
    assert desk.forge.describe(PROJECT, 1).title == "A change"


def test_nobody_there_is_unavailable(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        pass
    forge = open_forge(desk.fake, tmp_path, wait=desk.slept.append)
    with pytest.raises(ForgeUnavailable):
        forge.describe(PROJECT, 1)
    assert all(not check.ok for check in forge.check())
    forge.close()


def test_without_a_token_nothing_opens(tmp_path: Path) -> None:
    with FakeGitHub(tmp_path) as fake, pytest.raises(ConfigError):
        open_forge(fake, tmp_path, settings=fake.settings(token_file=None))


def test_the_log_shows_neither_token_nor_text(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="github")
    forge = open_forge(desk.fake, tmp_path)
    forge.apply(desk.merge_request, plan(desk.comment(10, text="for your eyes only")))
    forge.close()
    assert len(desk.remarks) == 1
    assert TOKEN not in caplog.text
    assert "for your eyes only" not in caplog.text


# --- an App


@pytest.fixture(scope="module")
def key_pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


@pytest.fixture
def app(desk: Desk, tmp_path: Path, key_pair: tuple[str, str]) -> Iterator[GitHubForge]:
    private, desk.fake.app_key = key_pair
    key_file = tmp_path / "app.pem"
    key_file.write_text(private, encoding="utf-8")
    settings = desk.fake.settings(
        token_file=None, app_id=APP_ID, private_key_file=key_file, projects=(PROJECT,)
    )
    forge = open_forge(desk.fake, tmp_path / "app", settings=settings)
    yield forge
    forge.close()


def test_an_app_works_with_one_token_for_api_and_git(desk: Desk, app: GitHubForge) -> None:
    found = app.describe(PROJECT, 1)
    assert app.fetch(found).files[0].path == "app.py"
    app.apply(found, plan(desk.comment(10)))
    assert [remark.author for remark in desk.remarks] == [desk.fake.app_bot]
    assert [note.by_bot for thread in app.discussion(found).threads for note in thread.notes] == [True]
    assert app.bot_id(PROJECT) == desk.fake.app_bot.id
    assert desk.fake.count("POST", "/access_tokens") == 1


def test_an_apps_token_is_good_for_its_project_alone(desk: Desk, app: GitHubForge) -> None:
    desk.fake.create_project("acme/other", {"a.py": "1\n"})
    app.describe(PROJECT, 1)
    (minted,) = [actor for token, actor in desk.fake.world.tokens.items() if token.startswith("ghs_")]
    assert minted.projects == (PROJECT,)


def test_an_apps_token_is_replaced_before_it_expires(desk: Desk, app: GitHubForge) -> None:
    desk.fake.routes.token_life = timedelta(minutes=4)  # less than what a fetch may take
    app.may_command(PROJECT, 1, "dana")
    app.may_command(PROJECT, 1, "dana")
    assert desk.fake.count("POST", "/access_tokens") == 2


def test_threads_share_an_apps_token(desk: Desk, app: GitHubForge) -> None:
    start = threading.Barrier(4)

    def ask(_: int) -> bool:
        start.wait(10)
        return app.may_command(PROJECT, 1, "dana")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))
    assert desk.fake.count("POST", "/access_tokens") == 1


def test_a_key_that_is_none_is_a_configuration_error(desk: Desk, tmp_path: Path) -> None:
    key_file = tmp_path / "none.pem"
    key_file.write_text("nothing of the kind", encoding="utf-8")
    settings = desk.fake.settings(token_file=None, app_id=APP_ID, private_key_file=key_file)
    with pytest.raises(ConfigError) as caught:
        open_forge(desk.fake, tmp_path, settings=settings)
    assert caught.value.key == "forges.private_key_file"


# --- doctor


def test_all_is_well(desk: Desk, tmp_path: Path) -> None:
    settings = desk.fake.settings(projects=(PROJECT, "acme/*"))
    forge = open_forge(desk.fake, tmp_path, settings=settings)
    assert [(check.name, check.ok) for check in forge.check()] == [("credentials", True), (PROJECT, True)]
    forge.close()


def test_rights_that_lack_are_named(desk: Desk, tmp_path: Path, app: GitHubForge) -> None:
    (credentials,) = app.check()
    assert not credentials.ok
    assert "statuses: write" in credentials.detail
    desk.fake.person(desk.fake.bot.login, PROJECT, "read")
    forge = open_forge(desk.fake, tmp_path, settings=desk.fake.settings(projects=(PROJECT, "acme/absent")))
    assert [(check.name, check.ok, bool(check.remedy)) for check in forge.check()] == [
        ("credentials", True, False),
        (PROJECT, False, True),
        ("acme/absent", False, True),
    ]
    forge.close()
