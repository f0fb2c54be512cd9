"""All scenarios: a module each, a line each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.chaos.ground import Ground
from tests.chaos.outcome import Outcome
from tests.chaos.scenarios import kill

Scenario = Callable[[Ground], Outcome]

SCENARIOS: dict[str, Scenario] = {
    "kill-sqlite": partial(kill.run, kind="sqlite"),
    "kill-postgres": partial(kill.run, kind="postgres"),
    "kill-three-workers": partial(kill.run, kind="postgres", processes=3),
}
