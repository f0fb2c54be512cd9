"""How much of everything a scenario does, and what it says came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Scale:
    """The size of a run: the short form belongs to `make test`, the full one to `make chaos`.

    `deadline_s` ends a scenario that does not come to its end; `patient` waits out what the short form
    brings about sooner (a minute of silence).
    """

    kills: int
    faults: int
    burst: int
    sample: int
    soak_s: float
    deadline_s: float
    patient: bool


SHORT = Scale(kills=4, faults=1, burst=300, sample=40, soak_s=8.0, deadline_s=400.0, patient=False)
FULL = Scale(kills=200, faults=5, burst=10_000, sample=500, soak_s=600.0, deadline_s=3600.0, patient=True)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a scenario.

    `runs` is how often the fault struck, or how much was sent. A job is lost if its merge request never
    heard of it, a post doubled if it stands there twice, a job stuck if it never ended. `repeated` counts
    model calls that were asked again although their step had been remembered. `recovery_s` is the longest
    way from a fault to the last post of a job it hit. `broken` says what else did not hold, `figures` what
    else was measured.
    """

    runs: int
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    repeated: int = 0
    recovery_s: float | None = None
    broken: tuple[str, ...] = ()
    figures: Mapping[str, float | str] = field(default_factory=dict)
    skipped: str = ""

    @property
    def held(self) -> bool:
        """Say whether all that was promised was kept."""
        return not (self.lost or self.doubled or self.stuck or self.repeated or self.broken)
