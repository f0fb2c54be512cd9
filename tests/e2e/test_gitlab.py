"""From a signed GitLab webhook to posted threads, with the service as a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reviewer.demo import webhook
from tests.e2e.code import EVAL_LINE, HEAD, MIN_LINE, draft, teach
from tests.e2e.deployment import MODEL, WEBHOOK_SECRET, wait_until
from tests.e2e.lab import Lab
from tests.fakes.forge.gitlab import FakeGitLab
from tests.fakes.models.server import ScriptedModels


def scripted(models: ScriptedModels) -> str:
    """Configure the scripted model."""
    return MODEL.format(url=models.url, context=16384)


@pytest.fixture
def forge(tmp_path: Path, warm: Callable[[Path], None]) -> Iterator[FakeGitLab]:
    warm(tmp_path / "var")
    with FakeGitLab(tmp_path) as running:
        yield running


@pytest.fixture
def models() -> Iterator[ScriptedModels]:
    with ScriptedModels() as running:
        yield running


@pytest.fixture
def lab(tmp_path: Path, forge: FakeGitLab, models: ScriptedModels) -> Iterator[Lab]:
    made = Lab(tmp_path, forge, scripted(models))
    with made.service:
        yield made


def test_rules_and_drafts_are_posted_where_they_belong(lab: Lab, models: ScriptedModels) -> None:
    good = draft(
        "    return min(turnover * rate, MINIMUM)", replacement="    return max(turnover * rate, MINIMUM)"
    )
    invented = draft("cursor.execute(sql)", title="An injection")
    teach(models.script, good, invented)

    lab.send()
    document = lab.review()

    assert [line for line, _ in lab.threads()] == [MIN_LINE, EVAL_LINE]
    assert [item["reason"] for item in document["rejected"]] == ["quote-not-found"]
    assert document["verdict"] == "fail"
    [summary] = lab.summaries()
    assert lab.merge_request.latest.head[:12] in summary
    [note] = [note for note in lab.forge.notes() if note.suggestions]
    lab.forge.records.apply_suggestion(lab.merge_request, note.suggestions[0])
    assert "max(turnover * rate, MINIMUM)" in lab.file("app/fees.py")


def test_a_wrong_line_is_corrected_by_the_quote(lab: Lab, models: ScriptedModels) -> None:
    teach(models.script, draft("    return min(turnover * rate, MINIMUM)", start_line=9999, end_line=9999))

    lab.send()

    assert lab.review()["reanchored"] == 1
    assert MIN_LINE in [line for line, _ in lab.threads()]


def test_hostile_text_does_nothing_in_the_merge_request(lab: Lab, models: ScriptedModels) -> None:
    text = "/merge\n/approve\n~~~\n/target_branch x\n@all <img src=http://collector.example/x>"
    teach(models.script, draft("    return min(turnover * rate, MINIMUM)", title="/merge", message=text))

    lab.send()
    lab.review()

    assert any("collector.example" in note.body for note in lab.forge.notes())
    assert lab.forge.quick_actions == []
    assert not any(
        "<img" in note.body or "@all" in note.body.replace("`@all`", "") for note in lab.forge.notes()
    )


def test_four_deliveries_are_one_review(lab: Lab, models: ScriptedModels) -> None:
    jobs = {lab.send(delivery="the-same")["job"] for _ in range(3)} | {lab.send(delivery="another")["job"]}
    lab.review()

    assert len(jobs) == 1
    assert len(lab.threads()) == 1
    assert len(lab.summaries()) == 1
    assert len([asked for asked in models.asked if asked.turn == 1 and asked.schema is None]) == 1


def test_the_same_head_again_posts_nothing(lab: Lab) -> None:
    lab.send()
    first = lab.review()
    written = len(lab.forge.api_calls("POST"))
    note = webhook.note_event(
        lab.merge_request,
        lab.forge.comment(lab.merge_request, lab.forge.alice, "@review-bot review"),
        "thread-of-the-command",
        lab.forge.url,
    )

    answer = lab.forge.send(f"{lab.service.url}/webhooks/lab", note, WEBHOOK_SECRET)
    wait_until(
        lambda: lab.forge.api_calls("PUT .*/notes/") or None, "the summary to be edited", dump=lab.service.log
    )

    assert answer.status_code == 202
    assert len(lab.forge.api_calls("POST")) == written
    assert [item["fingerprint"] for item in lab.review()["findings"]] == [
        item["fingerprint"] for item in first["findings"]
    ]


def test_a_push_supersedes_and_resolves_what_is_fixed(lab: Lab) -> None:
    lab.send()
    lab.review()
    before = lab.merge_request.latest.head
    fixed = str(HEAD["app/fees.py"]).replace("eval(formula)", "float(formula)")
    lab.forge.push(lab.merge_request, {"app/fees.py": fixed})

    lab.send("update", oldrev=before)
    document = lab.review()

    [thread] = [item for item in lab.merge_request.discussions if item.notes[0].position]
    assert document["findings"] == []
    assert thread.notes[0].resolved_by is lab.forge.bot
    assert len(thread.notes) == 2
    assert len(lab.summaries()) == 1


def test_a_push_in_the_middle_ends_the_call_to_the_model(lab: Lab, models: ScriptedModels) -> None:
    models.script.when(turn=1, times=1).stall()
    lab.send()
    wait_until(lambda: models.asked or None, "the model to be asked", dump=lab.service.log)
    before = lab.merge_request.latest.head
    lab.forge.push(lab.merge_request, {"app/fees.py": str(HEAD["app/fees.py"]) + "\n# later\n"})

    lab.send("update", oldrev=before)
    wait_until(lambda: models.asked[0].closed_by_client or None, "the connection to close", patience_s=5)
    document = lab.review()

    assert document["head"] == lab.merge_request.latest.head
    assert len(lab.summaries()) == 1


def test_a_model_that_is_away_is_never_green(lab: Lab, models: ScriptedModels) -> None:
    models.unavailable = 503
    lab.forge.push(lab.merge_request, {"app/fees.py": "MINIMUM = 6\n"})

    lab.send()
    document = lab.review()

    assert document["verdict"] == "inconclusive"
    assert "model-unreachable" in [item["code"] for item in document["warnings"]]
    assert len(lab.summaries()) == 1


def test_shadow_mode_reviews_and_posts_nothing(
    tmp_path: Path, forge: FakeGitLab, models: ScriptedModels
) -> None:
    lab = Lab(tmp_path, forge, scripted(models), more='post = "off"')
    with lab.service:
        lab.send()

        assert lab.review()["findings"]
    assert forge.notes() == []


def test_one_switch_stops_all_posting(tmp_path: Path, forge: FakeGitLab, models: ScriptedModels) -> None:
    lab = Lab(tmp_path, forge, scripted(models), REVIEWER_SERVICE__POSTING="false")
    with lab.service:
        lab.send()

        assert lab.review()["findings"]
    assert forge.notes() == []


def test_summary_mode_posts_the_summary_alone(
    tmp_path: Path, forge: FakeGitLab, models: ScriptedModels
) -> None:
    lab = Lab(tmp_path, forge, scripted(models), more='[forges.post_overrides]\n"desk/*" = "summary"')
    with lab.service:
        lab.send()
        lab.review()

    assert lab.threads() == []
    assert "python/no-eval" in lab.summaries()[0] or "eval" in lab.summaries()[0]


def test_a_kill_right_after_the_acknowledgement_loses_nothing(lab: Lab, models: ScriptedModels) -> None:
    teach(models.script, draft("    return min(turnover * rate, MINIMUM)"))

    lab.send()
    lab.service.kill()
    lab.service.start()
    lab.review()

    assert [line for line, _ in lab.threads()] == [MIN_LINE, EVAL_LINE]
    assert len(lab.summaries()) == 1


@pytest.mark.parametrize(
    "moment", ["before the first post", "after the first post", "after the second", "after the summary"]
)
def test_a_kill_while_posting_doubles_nothing(lab: Lab, models: ScriptedModels, moment: str) -> None:
    teach(models.script, draft("    return min(turnover * rate, MINIMUM)"))
    reached, go_on = threading.Event(), threading.Event()
    pattern = "POST .*/notes$" if "summary" in moment else "POST .*/discussions$"
    if "second" in moment:
        lab.forge.fail(pattern)  # lets the first one through
        lab.forge.faults[-1].status = None
    lab.forge.fail(pattern, **{"first" if moment.startswith("before") else "then": _Gate(reached, go_on)})

    lab.send()
    assert reached.wait(60), lab.service.log()
    lab.service.kill()
    go_on.set()
    lab.service.start()
    lab.review()

    assert [line for line, _ in lab.threads()] == [MIN_LINE, EVAL_LINE]
    assert len(lab.summaries()) == 1


class _Gate(threading.Event):
    """Tells that a call has come this far, then holds it."""

    def __init__(self, reached: threading.Event, go_on: threading.Event) -> None:
        super().__init__()
        self._reached, self._go_on = reached, go_on

    def wait(self, timeout: float | None = None) -> bool:
        self._reached.set()
        return self._go_on.wait(timeout)


def test_a_name_that_is_no_utf_8_costs_the_inline_comment_alone(lab: Lab) -> None:
    lab.forge.push(lab.merge_request, {"app/\udcff.py": "eval(x)\n", "图/价格.py": "eval(y)\n"})

    lab.send()
    document = lab.review()

    assert sorted(item["path"] for item in document["findings"]) == ["app/?.py", "app/fees.py", "图/价格.py"]
    assert [line for line, _ in lab.threads()] == [1, EVAL_LINE]
    assert "app/\N{REPLACEMENT CHARACTER}.py" in lab.summaries()[0]


def test_sigterm_ends_the_service_in_order(lab: Lab) -> None:
    lab.send()
    lab.review()

    assert lab.service.stop() == 0


def test_nothing_secret_is_logged(lab: Lab, models: ScriptedModels) -> None:
    token = "-".join(("glpat", "Zx81kQw7vTn3LmRb5YcE"))
    lab.forge.push(lab.merge_request, {"app/settings.py": f'TOKEN = "{token}"\n'})

    lab.send()
    document = lab.review()

    assert "secret" in [item["source"] for item in document["findings"]]
    seen = [asked.prompt for asked in models.asked] + [note.body for note in lab.forge.notes()]
    assert not any(token in text for text in [*seen, lab.service.log(), str(document)])
    assert lab.forge.token not in lab.service.log()
