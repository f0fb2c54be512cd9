"""All scenarios: a module each, a line each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.chaos.ground import Ground
from tests.chaos.outcome import Outcome
from tests.chaos.scenarios import (
    acknowledgement,
    addresses,
    burst,
    clock,
    database_away,
    disk_full,
    forge_trouble,
    freeze,
    kill,
    model_trouble,
    sigterm,
    soak,
    sqlite_locked,
    strangers,
    upgrade,
)

Scenario = Callable[[Ground], Outcome]

SCENARIOS: dict[str, Scenario] = {
    "kill-sqlite": partial(kill.run, kind="sqlite"),
    "kill-postgres": partial(kill.run, kind="postgres"),
    "kill-three-workers": partial(kill.run, kind="postgres", workers=3),
    "frozen-worker": freeze.run,
    "postgres-away": database_away.run,
    "sqlite-locked": sqlite_locked.run,
    "sqlite-full": disk_full.run_with_page_limit,
    "disk-full": disk_full.run_on_small_disk,
    "clock-sqlite": partial(clock.run, kind="sqlite"),
    "clock-postgres": partial(clock.run, kind="postgres"),
    "forge-away": forge_trouble.run_away,
    "forge-odd": forge_trouble.run_odd,
    "model-trouble": model_trouble.run,
    "sigterm": sigterm.run,
    "rolling-upgrade": upgrade.run,
    "acknowledgement-sqlite": partial(acknowledgement.run, kind="sqlite"),
    "acknowledgement-postgres": partial(acknowledgement.run, kind="postgres"),
    "burst-sqlite": partial(burst.run, kind="sqlite"),
    "burst-postgres": partial(burst.run, kind="postgres"),
    "soak": soak.run,
    "strangers": strangers.run,
    "addresses": addresses.run,
}
