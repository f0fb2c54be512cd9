"""Changes of real projects, all the way: reviewed with drafts of every kind, planned for both forges, reported."""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from reviewer import outputs, pipeline, wiring
from reviewer.config import Settings
from reviewer.domain import ChangeRef, ChangeSet, Discussion, Receipt, Review, Verdict
from reviewer.errors import UsageError
from reviewer.forges.local import open_diff
from reviewer.pipeline import Engine, Scanners
from reviewer.stages.comment import render_summary
from reviewer.stages.plan import reconcile, unplaced
from tests.fakes.forge.gitlab import find_quick_actions
from tests.fakes.panel import FakeGateway, TalkingModel, listing

EVERY = {"odd_diffs": 9, "real_diffs": 25}
REF = ChangeRef("lab", "desk/orders", 1, "1" * 40, "2" * 40, "3" * 40)
NOTHING = Discussion((), ())


@pytest.fixture(scope="module")
def scanners(tmp_path_factory: pytest.TempPathFactory) -> Scanners:
    return wiring.open_rules(Settings(), cache_dir=tmp_path_factory.mktemp("cache")).scanners


@pytest.mark.parametrize("name", EVERY)
def test_no_change_of_a_real_project_brings_a_review_down(
    name: str, rows: Callable[[str], Iterator[dict[str, Any]]], scanners: Scanners
) -> None:
    chance, reviewed = random.Random(7), 0  # the same drafts on every run
    for row in list(rows(name))[:: EVERY[name]]:
        change = _open(row)
        if change is None:
            continue
        model = TalkingModel("coder", listing(*_drafts(change, chance)))
        engine = Engine(Settings(), b"k" * 32, FakeGateway(review=[model]), scanners)
        review = asyncio.run(pipeline.review(change, engine))
        _check(review, change, engine)
        reviewed += 1
    assert reviewed > 30


def _open(row: dict[str, Any]) -> ChangeSet | None:
    data = base64.b64decode(row["diff_base64"]) if row.get("diff_base64") else row["diff"].encode()
    try:
        return replace(open_diff(data), ref=REF)
    except UsageError:  # a combined diff alone: refused, as it should be
        return None


def _drafts(change: ChangeSet, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Quote lines of the change, at true and at wrong numbers, with suggestions good and hostile."""
    for file in chance.sample(change.files, min(3, len(change.files))):
        lines = [line for hunk in file.diff.hunks for line in hunk.lines if line.text.strip()]
        for line in chance.sample(lines, min(3, len(lines))):
            text = line.text.decode("utf-8", "replace")
            yield {
                "path": file.path, "quote": text, "side": "old" if line.new_line is None else "new",
                "start_line": chance.choice([line.new_line, line.old_line, 9999]), "end_line": None,
                "severity": "high", "category": "correctness", "confidence": "high",
                "title": "/merge it", "message": f"/approve\n{text}",
                "replacement": chance.choice([None, f"{text} x", "/merge\n```\n/close"]),
            }  # fmt: skip


def _check(review: Review, change: ChangeSet, engine: Engine) -> None:
    for dialect in ("gitlab", "github"):
        plan = reconcile(
            review, NOTHING, change, key=engine.key, run="r", dialect=dialect, language="en", max_comments=50
        )
        for comment in plan.create:
            assert dialect == "github" or find_quick_actions(comment.body) == []
            comment.body.encode("utf-8")
    left = unplaced(review, NOTHING, Receipt(), engine.key)
    summary = render_summary(review, Verdict.FAIL, left, "en", "<!-- -->")
    assert find_quick_actions(summary) == []
    assert len(summary.encode("utf-8")) < 65_536
    for name in outputs.FORMATS:
        outputs.make(name).render(review, Verdict.FAIL).encode("utf-8")
    changed = {
        (file.path, side): set(lines)
        for file in change.files
        for side, lines in (("new", file.diff.added_lines), ("old", file.diff.removed_lines))
    }
    for finding in review.findings:
        assert finding.start_line is None or finding.start_line in changed[finding.path, finding.side.value]
