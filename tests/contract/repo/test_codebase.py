"""Reviews with the code around the change, out of real repositories: what models see of it, and what if not."""

from __future__ import annotations

import asyncio
import fcntl
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reviewer import pipeline
from reviewer.config import ModelSettings, ReviewSettings, Settings
from reviewer.demo.repository import Repository
from reviewer.domain import ChangeSet, Review
from reviewer.forges import local
from reviewer.pipeline import Engine
from reviewer.stages.related_code import MOST_TOKENS
from tests.fakes.panel import FakeGateway, TalkingModel, listing

OLD = """\
from app.fees import fee_of


class Desk:
    def book(self, order):
        return fee_of(order)
"""
NEW = OLD.replace("self, order)", "self, order, tries)").replace("fee_of(order)", "fee_of(order, 3)")
FILES: dict[str, str | bytes | None] = {
    "app/desk.py": OLD,
    "app/fees.py": "# Fees are integer fen.\ndef fee_of(order, side):\n    return order.amount // 1000\n",
    "web/view.py": "from app.desk import Desk\n\n\ndef show(order):\n    return Desk().book(order)\n",
    "docs/other.py": "def unrelated():\n    return 'of no concern'\n",
}


class Lab:
    def __init__(self, folder: Path) -> None:
        bare = Repository.create(folder / "bare.git")
        bare.commit("main", FILES)
        bare.commit("main", {"app/desk.py": NEW})
        self.checkout = folder / "checkout"
        subprocess.run(["git", "clone", "-q", bare.path, self.checkout], check=True)
        self.cache = folder / "cache"
        self.model = TalkingModel("coder", listing())
        self.verifier = TalkingModel("r1", lambda _: json.dumps(self.judgement))
        self.judgement: dict[str, Any] = {}

    def review(self, change: ChangeSet | None = None, **settings: Any) -> Review:
        change = change or local.open_range(self.checkout, "HEAD~1..HEAD")
        made = Engine(
            Settings(
                models={"coder": ModelSettings(backend="ollama", model="deepseek-coder-v2:16b")},
                review=ReviewSettings(**settings),
            ),
            b"k" * 32,
            FakeGateway(review=[self.model], verify=[self.verifier]),
            lambda _review, _rules: (),
        )
        code = local.open_codebase(self.checkout, change, self.cache)
        return asyncio.run(pipeline.review(change, made, codebase=code))

    def commit(self) -> None:
        git = ["git", "-C", str(self.checkout), "-c", "user.name=a", "-c", "user.email=a@b.c"]
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-qm", "more"], check=True)

    @property
    def head(self) -> str:
        asked = ["git", "-C", str(self.checkout), "rev-parse", "HEAD"]
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()

    @property
    def shown(self) -> str:
        return self.model.requests[-1].messages[1].content


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_a_model_sees_who_calls_what_changed_and_what_the_change_calls(lab: Lab) -> None:
    review = lab.review()

    assert review.warnings == ()
    related = lab.shown.split("[[BEGIN related code")[1].split("[[END related code")[0]
    assert "### web/view.py (calls book)\n| def show(order):\n|     return Desk().book(order)" in related
    assert "### app/fees.py (defines fee_of)\n| # Fees are integer fen." in related
    assert "unrelated" not in related
    order = [lab.shown.index(f"[[BEGIN {kind}") for kind in ("change", "code", "related code")]
    assert order == sorted(order)


def test_nothing_can_be_reported_of_it(lab: Lab) -> None:
    lab.model = TalkingModel(
        "coder",
        listing(
            {
                "path": "web/view.py", "quote": "    return Desk().book(order)", "start_line": 5, "end_line": 5,
                "severity": "high", "category": "correctness", "title": "An argument is missing",
                "message": "book() takes two.", "confidence": "high", "replacement": None,
            }
        ),
    )  # fmt: skip
    review = lab.review()
    assert review.findings == ()
    assert [one.reason for one in review.rejected] == ["unknown-path"]


@pytest.mark.parametrize(
    ("quote", "kept"), [("    return order.amount // 1000", False), ("    return order.amount / 1000", True)]
)
def test_a_verifier_may_go_by_the_body_that_is_called(lab: Lab, quote: str, kept: bool) -> None:
    lab.model = TalkingModel(
        "coder",
        listing(
            {
                "path": "app/desk.py", "quote": "        return fee_of(order, 3)", "start_line": 6, "end_line": 6,
                "severity": "high", "category": "finance", "title": "The fee is a fraction",
                "message": "fee_of divides.", "confidence": "high", "replacement": None,
            }
        ),
    )  # fmt: skip
    lab.judgement = {"verdict": "refuted", "quote": quote, "reason": "It divides whole numbers."}
    assert bool(lab.review().findings) is kept
    assert "| def fee_of(order, side):" in lab.verifier.requests[0].messages[1].content


def test_a_review_goes_on_without_an_index_that_is_not_ready_and_says_so(lab: Lab) -> None:
    lab.review()
    (lab.checkout / "app/desk.py").write_text(NEW.replace("tries)", "tries=3)"))
    lab.commit()
    (lock,) = lab.cache.glob("indexes/*/update.lock")
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # another process is at it
        (warning,) = lab.review(index_budget_s=0.1).warnings
    assert (warning.code, warning.undecided) == ("no-index", False)
    assert "[[BEGIN related" not in lab.shown
    assert lab.review().warnings == ()
    assert "[[BEGIN related" in lab.shown


def test_a_budget_that_is_over_leaves_the_rest_to_a_later_review(lab: Lab) -> None:
    for n in range(300):  # more than one portion
        (lab.checkout / f"app/part{n}.py").write_text(f"def part_{n}(order):\n    return order\n")
    lab.commit()
    change = local.open_range(lab.checkout, "HEAD~2..HEAD~1")
    (warning,) = lab.review(
        replace(change, ref=replace(change.ref, head=lab.head)), index_budget_s=1e-9
    ).warnings
    assert "a later review goes on with it" in warning.message
    assert lab.review().warnings == ()


def test_no_time_for_an_index_is_no_index_and_no_warning(lab: Lab) -> None:
    assert lab.review(index_budget_s=0).warnings == ()
    assert "[[BEGIN related" not in lab.shown
    assert not lab.cache.exists()


def test_of_changed_files_nothing_is_quoted_that_is_not_committed(lab: Lab) -> None:
    desk = lab.checkout / "app/desk.py"
    desk.write_text(NEW.replace("tries)", "tries, more)"))
    (lab.checkout / "app/fees.py").write_text("def fee_of(order, side):\n    return 0\n")
    lab.review(local.open_range(lab.checkout, worktree=True))
    assert "### web/view.py (calls book)" in lab.shown
    assert "// 1000" not in lab.shown.split("[[BEGIN related code")[1].split("[[END related")[0]


def test_it_stays_small_however_much_there_is(lab: Lab) -> None:
    many = {
        f"web/page{n}.py": "from app.desk import Desk\n\n\ndef page(order):\n" + f"    # {'x' * 80}\n" * 2
        + "    return Desk().book(order)\n"
        for n in range(60)
    }  # fmt: skip
    for path, text in many.items():
        (lab.checkout / path).write_text(text)
    lab.commit()
    lab.review(local.open_range(lab.checkout, "HEAD~2..HEAD"))
    for request in lab.model.requests:
        for part in request.messages[1].content.split("[[BEGIN related code")[1:]:
            assert lab.model.estimate(part.split("[[END")[0]) <= MOST_TOKENS + 20
