"""The deployed service with the real llama.cpp: a push in the middle ends the call for good."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.code import HEAD
from tests.e2e.deployment import wait_until
from tests.e2e.lab import Lab
from tests.fakes.forge.gitlab import FakeGitLab
from tests.fakes.models.llama import serve_llama

pytestmark = pytest.mark.xdist_group("llama")

MODEL = """
[models.tiny]
backend = "openai"
url = "{url}"
model = "smollm2"
context = 4096
[roles]
review = ["tiny"]
"""


def test_a_push_frees_the_model_from_the_review_that_nobody_wants(
    tmp_path: Path, warm: Callable[[Path], None]
) -> None:
    warm(tmp_path / "var")
    with FakeGitLab(tmp_path) as forge, serve_llama(window=4096) as url:
        lab = Lab(tmp_path, forge, MODEL.format(url=url))
        with lab.service:
            lab.send()
            first = wait_until(lambda: _writing(url), "the model to write", dump=lab.service.log)
            before = lab.merge_request.latest.head
            lab.forge.push(lab.merge_request, {"app/fees.py": str(HEAD["app/fees.py"]) + "\n# later\n"})

            lab.send("update", oldrev=before)

            # Left alone it would write for ten seconds and more.
            wait_until(
                lambda: _writing(url) != first or None,
                "the model to be freed",
                patience_s=5,
                dump=lab.service.log,
            )
            query: dict[str, str | int] = {
                "forge": "lab",
                "project": "desk/orders",
                "mr": lab.merge_request.iid,
                "head": before,
            }
            assert lab.service.verdict(**query)["state"] == "cancelled"
            lab.service.kill()


def _writing(url: str) -> int | None:
    """Return the number of the request whose reply llama.cpp is writing; it cannot stop while it reads."""
    with httpx.Client(trust_env=False) as client:
        slot: dict[str, Any] = client.get(f"{url}/slots").json()[0]
    written = any(token.get("n_decoded") for token in slot.get("next_token", ()))
    return int(slot["id_task"]) if slot["is_processing"] and written else None
