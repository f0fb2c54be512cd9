"""The clock jumps, a day ahead and a day back, while jobs run: nobody is thought dead, nothing waits for tomorrow."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path

from tests.chaos.ground import Ground, Kind
from tests.chaos.outcome import Outcome
from tests.chaos.postgres import Unavailable
from tests.chaos.site import Site
from tests.chaos.tally import judge

_JOBS = 2
_JUMPS = ("+86400", "+0", "-86400", "+0")  # seconds off the true time, one after the other


def run(ground: Ground, *, kind: Kind) -> Outcome:
    """Let one process's clock jump; on Postgres another one beside it keeps the true time."""
    site = Site(ground, kind)
    clock = ground.folder / "clock"
    clock.write_text("+0")
    process = site.process(environ=_faked(clock))
    if kind == "postgres":
        site.process()
    worst = 0.0
    jumps = _JUMPS * ground.scale.faults
    for jump in jumps:
        site.begin(_JOBS, to=process)
        _set(clock, jump)
        began = time.monotonic()
        site.deliver(site.open()[0], to=process)
        site.settle()
        worst = max(worst, time.monotonic() - began)
    return judge(site, runs=len(jumps), recovery_s=worst)


def _faked(clock: Path) -> dict[str, str]:
    """Return the environment in which a process takes its time from a file; its monotonic clock stays true."""
    found = importlib.util.find_spec("libfaketime")
    if found is None or found.origin is None:
        raise Unavailable("libfaketime is not installed")
    library = Path(found.origin).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        "FAKETIME_DONT_RESET": "1",
    }


def _set(clock: Path, jump: str) -> None:
    draft = clock.with_suffix(".new")
    draft.write_text(jump)
    draft.replace(clock)
