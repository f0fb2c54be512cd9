"""What was dismissed stays away, and what did not change is not asked about: through the deployed service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.code import BASE, HEAD, draft, teach
from tests.e2e.deployment import wait_until
from tests.e2e.remembering import GitHubTown, GitLabTown
from tests.fakes.forge.github import FakeGitHub
from tests.fakes.forge.gitlab import FakeGitLab
from tests.fakes.models.script import Asked
from tests.fakes.models.server import ScriptedModels

Town = GitLabTown | GitHubTown

MINIMUM = "The minimum is a maximum"  # the model's, on a line of `fee`
EVAL = "eval"  # a rule's, of high severity
QUOTE = "    return min(turnover * rate, MINIMUM)"
FEES = str(HEAD["app/fees.py"])
# The same two flaws, further down and below another definition.
SHIFTED = FEES.replace("def fee", "import decimal\n\nRATE = decimal.Decimal(1)\n\n\ndef fee")


@pytest.fixture
def models() -> Iterator[ScriptedModels]:
    with ScriptedModels() as running:
        teach(running.script, draft(QUOTE))
        yield running


@pytest.fixture(params=["gitlab", "github"])
def town(
    request: pytest.FixtureRequest, tmp_path: Path, models: ScriptedModels, warm: Callable[[Path], None]
) -> Iterator[Town]:
    warm(tmp_path / "var")
    made: Town
    if request.param == "gitlab":
        with FakeGitLab(tmp_path) as gitlab:
            made = GitLabTown(tmp_path, gitlab, models, BASE)
            with made.service:
                yield made
    else:
        with FakeGitHub(tmp_path) as github:
            made = GitHubTown(tmp_path, github, models, BASE)
            with made.service:
                yield made


def rules(document: dict[str, Any]) -> list[str]:
    return sorted(item["rule_id"] for item in document["findings"])


def silenced(document: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((item["rule_id"], item["reason"]) for item in document["suppressed"])


def opened(town: Town, author: str = "dana") -> int:
    """Open the flawed change and have it reviewed."""
    number = town.open(HEAD, author)
    assert rules(town.review(number)) == ["model/correctness", "python/no-eval"]
    return number


def test_a_thumbs_down_lasts_over_a_rebase_and_in_the_next_merge_request(town: Town) -> None:
    first = opened(town)
    town.thumbs_down(first, MINIMUM, "dana")

    town.rebase(first, {"README.md": "# Fees, again\n"}, {"app/fees.py": SHIFTED})
    again = town.review(first)

    assert rules(again) == ["python/no-eval"]
    assert silenced(again) == [("model/correctness", "memory")]
    assert len(town.comments(first)) == 2
    assert not any(MINIMUM in body for body in town.open_threads(first))
    assert "dana" in town.summary(first) or "alice" in town.summary(first)

    second = town.open({"app/fees.py": SHIFTED, "app/new.py": "LIMIT = 1\n"})
    other = town.review(second)

    assert silenced(other) == [("model/correctness", "memory")]
    assert not any(MINIMUM in body for body in town.comments(second))


def test_a_stranger_and_the_wrong_gesture_change_nothing(town: Town) -> None:
    first = opened(town, author="visitor")  # an author may resolve threads in his own merge request
    town.thumbs_down(first, MINIMUM, "visitor")
    town.resolve(first, MINIMUM, "visitor")
    town.thumbs_down(first, EVAL, "dana")

    town.push(first, {"app/more.py": "LIMIT = 1\n"})
    again = town.review(first)

    assert rules(again) == ["model/correctness", "python/no-eval"]
    assert again["suppressed"] == []
    assert again["verdict"] == "fail"
    assert len(town.comments(first)) == 2


def test_a_thread_resolved_while_its_code_stands_is_a_dismissal(town: Town) -> None:
    first = opened(town)
    town.resolve(first, MINIMUM, "dana")

    town.push(first, {"app/more.py": "LIMIT = 1\n"})
    again = town.review(first)

    assert silenced(again) == [("model/correctness", "memory")]
    assert len(town.comments(first)) == 2
    assert town.answers(first) == []


def test_what_was_dismissed_after_the_last_push_is_learnt_when_it_is_merged(town: Town) -> None:
    first = opened(town)
    town.thumbs_down(first, MINIMUM, "dana")
    town.merge(first)

    second = town.open({"app/fees.py": SHIFTED})

    def silenced_now() -> bool | None:
        town.push(second, {"README.md": f"# Fees {len(town.summary(second))}\n"})
        return silenced(town.review(second)) == [("model/correctness", "memory")] or None

    town.review(second)
    wait_until(silenced_now, "what was learnt to hold", dump=town.service.log)


def test_an_ignore_takes_effect_at_once_and_holds(town: Town) -> None:
    first = opened(town)
    town.thumbs_down(first, MINIMUM, "dana")

    town.say(first, f"@{town.bot} ignore the formulas are ours", "dana", to=EVAL)
    wait_until(lambda: town.answers(first) or None, "the answer", dump=town.service.log)
    wait_until(lambda: "Passed" in town.summary(first) or None, "the verdict", dump=town.service.log)

    assert town.open_threads(first) == []
    assert "Dismissed" in town.answers(first)[0]
    assert "the formulas are ours" in town.summary(first)
    document = town.review(first)
    assert (document["verdict"], document["findings"]) == ("pass", [])

    town.rebase(first, {"README.md": "# Fees, again\n"}, {"app/fees.py": SHIFTED})
    assert town.review(first)["verdict"] == "pass"
    second = town.open({"app/fees.py": SHIFTED})
    assert town.review(second)["verdict"] == "pass"
    assert town.comments(second) == []
    assert len(town.comments(first)) == 2


def test_a_strangers_ignore_is_not_even_answered(town: Town) -> None:
    first = opened(town)
    town.say(first, f"@{town.bot} ignore please", "visitor", to=EVAL)

    town.push(first, {"app/more.py": "LIMIT = 1\n"})

    assert "python/no-eval" in rules(town.review(first))
    assert town.answers(first) == []


def test_a_secret_cannot_be_dismissed(town: Town) -> None:
    token = "-".join(("glpat", "Zx81kQw7vTn3LmRb5YcE"))
    first = town.open({"app/settings.py": f'TOKEN = "{token}"\n'})
    [finding] = town.review(first)["findings"]
    town.thumbs_down(first, "", "dana")
    town.resolve(first, "", "dana")

    town.say(first, f"@{town.bot} ignore {finding['fingerprint']} a test token", "dana")
    wait_until(lambda: town.answers(first) or None, "the answer", dump=town.service.log)
    town.push(first, {"app/more.py": "LIMIT = 1\n"})
    again = town.review(first)

    assert "cannot be dismissed" in town.answers(first)[0]
    assert [item["fingerprint"] for item in again["findings"]] == [finding["fingerprint"]]
    assert again["suppressed"] == []
    assert again["verdict"] == "fail"


def test_resolve_in_a_thread_resolves_it_for_whoever_asks(town: Town) -> None:
    first = opened(town)
    town.say(first, f"@{town.bot} resolve", "dana", to=MINIMUM)
    wait_until(lambda: town.answers(first) or None, "the answer", dump=town.service.log)
    town.say(first, f"@{town.bot} resolve", "dana", to=EVAL)
    wait_until(lambda: len(town.answers(first)) > 1 or None, "the answer", dump=town.service.log)

    assert [EVAL in body for body in town.open_threads(first)] == [True], town.answers(first)
    assert any("ignore" in body for body in town.answers(first))


# --- what models are asked ------------------------------------------------------------------------

UNITS = 10
LINES = 90  # of a unit; two would be too much for one
PART = (
    "def part_{0}(rate):\n"
    + "".join(f"    step_{{0}}_{n}(rate)\n" for n in range(LINES))
    + "    close_{0}()\n"
)
TURNS = 2  # a unit with something to report takes two
OVERVIEW = {"overview": "It closes things.", "risk": "low", "files_first": [], "missing_tests": []}


def parts(number: int | None = None) -> dict[str, str | bytes | None]:
    """Return ten files with one flaw each; the one of that number has a line more."""
    texts = [PART.format(n) + ("    reopen()\n" if n == number else "") for n in range(UNITS)]
    return {f"app/part_{n}.py": text for n, text in enumerate(texts)}


def close_early(asked: Asked) -> dict[str, Any]:
    """Find the flaw in whatever is shown."""
    shown = [n for n in range(UNITS) if f"+     close_{n}()" in asked.prompt]
    found = [draft(f"    close_{n}()", path=f"app/part_{n}.py", title=f"Closes {n} early") for n in shown]
    return {"findings": found}


def test_a_push_to_one_of_ten_units_costs_one_unit_and_repeats_nothing(
    town: Town, models: ScriptedModels
) -> None:
    models.script.clear()
    models.script.when(contains="missing_tests").reply(OVERVIEW)
    models.script.when(schema=True).reply(close_early)
    models.script.when(schema=False, turn=1).reply("It closes what it does not own.")
    first = town.open(parts())
    before = town.review(first)
    everything = len(models.asked)
    comments = town.comments(first)

    town.push(first, parts(4))
    after = town.review(first)

    assert everything == UNITS * TURNS + 1
    assert len(models.asked) - everything == TURNS + 1
    assert [item["fingerprint"] for item in after["findings"]] == [
        item["fingerprint"] for item in before["findings"]
    ]
    assert len(after["findings"]) == UNITS
    assert town.comments(first) == comments
    assert town.answers(first) == []
    assert (before["remembered"], after["remembered"]) == (0, UNITS - 1)
    coverage = after["coverage"]
    assert coverage["changed_lines_seen_by_model"] == coverage["changed_lines"] == UNITS * (LINES + 2) + 1

    so_far = len(models.asked)
    town.say(first, f"@{town.bot} review", "dana")
    wait_until(
        lambda: len(models.asked) - so_far >= everything or None, "everything anew", dump=town.service.log
    )
