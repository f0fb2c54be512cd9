"""The many ways to name one file, and the names that are outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reviewer.scanners.sarif_paths import Places

ROOT = Path("/builds/desk/pay")


def path(uri: str, base: str = "", *, root: Path | None = ROOT, **run: Any) -> str | None:
    artifact = {"uri": uri, **({"uriBaseId": base} if base else {})}
    return Places(run, root).path({"physicalLocation": {"artifactLocation": artifact}})


@pytest.mark.parametrize(
    "uri",
    [
        "app/x y.py",
        "./app/x y.py",
        "app/x%20y.py",
        "app//./x%20y.py",
        "lib/../app/x%20y.py",
        "app\\x y.py",
        ".\\app\\x%20y.py",
        "/builds/desk/pay/app/x y.py",
        "file:///builds/desk/pay/app/x%20y.py",
        "FILE:///builds/desk/pay/app/x%20y.py",
        "file:/builds/desk/pay/app/x%20y.py",
        "file://localhost/builds/desk/pay/app/x%20y.py",
    ],
)
def test_one_file(uri: str) -> None:
    assert path(uri) == "app/x y.py"


@pytest.mark.parametrize(
    "uri",
    [
        "C:\\agent\\s\\app\\x.py",
        "c:/agent/s/app/x.py",
        "file:///C:/agent/s/app/x.py",
        "file:///c%3A/agent/s/app/x.py",
        "file://C:/agent/s/app/x.py",
        "/C:/agent/s/app/x.py",
        "file:\\\\\\C:\\agent\\s\\app\\x.py",
    ],
)
def test_one_file_on_an_agent_with_windows(uri: str) -> None:
    bases = {"%SRCROOT%": {"uri": "file:///C:/agent/s/"}}

    assert path(uri, originalUriBaseIds=bases) == "app/x.py"


@pytest.mark.parametrize(
    ("uri", "bases"),
    [
        ("x.py", {"B": {"uri": "app/"}}),
        ("x.py", {"B": {"uri": "app"}}),
        ("x.py", {"B": {"uri": "app/", "uriBaseId": "R"}, "R": {"uri": "file:///builds/desk/pay/"}}),
        ("x.py", {"B": {"uri": "file:///builds/desk/pay/app/"}}),
        ("app/x.py", {"B": {"uri": "file:///home/other/checkout/"}}),
        ("app/x.py", {"B": {}}),
        ("app/x.py", {}),
        ("x.py", {"B": {"uri": "app/", "uriBaseId": "R"}, "R": {"uri": "file:///home/other/"}}),
        ("/builds/desk/pay/app/x.py", {"B": {"uri": "file:///elsewhere/"}}),
    ],
)
def test_a_base_is_put_in_front_and_one_elsewhere_is_the_repository_there(
    uri: str, bases: dict[str, Any]
) -> None:
    assert path(uri, "B", originalUriBaseIds=bases) == "app/x.py"


def test_bases_that_go_round_in_a_circle_end() -> None:
    bases = {"A": {"uri": "a/", "uriBaseId": "B"}, "B": {"uri": "b/", "uriBaseId": "A"}}

    assert (path("x.py", "A", originalUriBaseIds=bases) or "").endswith("/x.py")


def test_where_the_tool_ran_is_the_repository_for_absolute_paths() -> None:
    calls = [{"workingDirectory": {"uri": "file:///home/ci/w/"}}]

    assert path("file:///home/ci/w/app/x.py", invocations=calls) == "app/x.py"


@pytest.mark.parametrize(
    "uri",
    [
        "..", ".", "../x.py", "app/../../x.py", "%2e%2e/x.py", "..\\x.py", "/etc/passwd", "file:///etc/passwd",
        "/builds/desk/payment/x.py", "/builds/desk/pay", "file://server/share/x.py", "\\\\server\\share\\x.py",
        "D:\\x.py", "https://example.internal/x.py", "jar:file:/a.jar!/x", "a\0b.py", "a%00b.py", "file://[",
    ],
)  # fmt: skip
def test_what_is_outside_has_no_path(uri: str) -> None:
    assert path(uri) == ""


def test_a_base_that_is_everything_makes_nothing_ours() -> None:
    bases = {"%SRCROOT%": {"uri": "file:///"}}

    assert path("file:///etc/passwd", originalUriBaseIds=bases) == ""


@pytest.mark.parametrize(
    "location", [None, 7, [], {}, {"physicalLocation": {"artifactLocation": {"uri": 5}}}]
)
def test_no_address_is_no_path(location: Any) -> None:
    assert Places({"originalUriBaseIds": [], "invocations": 3}, ROOT).path(location) is None
