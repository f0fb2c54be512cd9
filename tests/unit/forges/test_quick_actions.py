"""The double's own eye for quick actions."""

from __future__ import annotations

import pytest

from tests.fakes.forge.gitlab import find_quick_actions


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("/merge", ["merge"]),
        ("Fine.\n/approve now\n", ["approve"]),
        ("\r/close\r\n", ["close"]),
        ("  /close", ["close"]),
        ("```\n/close\n```", []),
        ("```suggestion:-0+1\n/close\n```", []),
        ("```\n/close\n", ["close"]),
        ("~~~\n/close\n~~~", ["close"]),
        ("````\n/close\n````", ["close"]),
        ("<details>\n/close\n</details>", ["close"]),
        ("\\/close", []),
        ("see /etc/passwd", []),
        ("/etc/passwd", []),
        ("a /close", []),
    ],
)
def test_what_gitlab_may_run_is_seen(body: str, found: list[str]) -> None:
    assert find_quick_actions(body) == found
