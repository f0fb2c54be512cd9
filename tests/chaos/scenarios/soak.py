"""A day of pushes and reviews in minutes, the wall clock running fast: what grows, and how fast?"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reviewer.demo.records import MergeRequest
from tests.chaos.faketime import FakeClock
from tests.chaos.ground import Ground
from tests.chaos.outcome import Outcome
from tests.chaos.process import Process
from tests.chaos.site import Site
from tests.chaos.tally import judge

_DAY_S = 86_400
_OPEN = 6  # merge requests under work at a time
_PUSHES = 5  # to each of them
_SAMPLE_S = 1.0
_WARM_UP = 0.3  # of the samples: caches fill, pools grow
_ENOUGH = 150  # reviews; from fewer no slope is read
# Per 1,000 reviews: a leak of one in a hundred is told from the ups and downs of pools.
_BOUNDS = {"RSS MB": 25.0, "fds": 10.0, "sockets": 10.0, "threads": 10.0}


@dataclass(frozen=True, slots=True)
class Sample:
    """What the service takes up after a number of reviews, in the units of the figures."""

    reviews: int
    sizes: dict[str, float]


def run(ground: Ground) -> Outcome:
    """Keep a few merge requests busy until the time is over."""
    site = Site(ground, "sqlite", word_s=0.0)
    clock = FakeClock(ground.folder)
    process = site.process(environ=clock.environ)
    pace = _DAY_S / ground.scale.soak_s
    began = sampled = time.monotonic()
    desk = _Desk(site)
    samples: list[Sample] = []
    while (now := time.monotonic()) - began < ground.scale.soak_s:
        clock.set((now - began) * pace)
        desk.go_on()
        if now - sampled >= _SAMPLE_S:
            samples.append(_look(site, process, desk.reviews))
            sampled = now
        time.sleep(0.05)
    site.settle()
    samples.append(_look(site, process, desk.reviews))
    slopes = _slopes(samples) if desk.reviews >= _ENOUGH else {}
    broken = [
        f"{name} grow by {slopes[name]:.1f} per 1,000 reviews, at most {bound:.0f} are allowed"
        for name, bound in _BOUNDS.items()
        if slopes.get(name, 0.0) > bound
    ]
    figures = {f"{name} at the end": value for name, value in samples[-1].sizes.items()}
    figures |= {f"{name} per 1000 reviews": value for name, value in slopes.items()}
    return judge(site, runs=desk.reviews, recovery_s=None, broken=broken, figures=figures)


class _Desk:
    """People at work: whoever has got a review pushes again, and after some pushes opens another one."""

    def __init__(self, site: Site) -> None:
        self.reviews = 0
        self._site = site
        self._at_work: list[MergeRequest] = []

    def go_on(self) -> None:
        """Push where a review has ended."""
        waiting = self._site.ledger.unfinished([self._site.acknowledged[one.iid] for one in self._at_work])
        for change in tuple(self._at_work):
            if self._site.acknowledged[change.iid] in waiting:
                continue
            self.reviews += 1
            if len(change.versions) > _PUSHES:
                self._at_work.remove(change)
                continue
            before = self._site.forge.push_version(change)
            self._site.deliver(change, oldrev=before)
        while len(self._at_work) < _OPEN:
            [change] = self._site.open()
            self._site.deliver(change)
            self._at_work.append(change)


def _look(site: Site, process: Process, reviews: int) -> Sample:
    seen = process.look()
    with seen.oneshot():
        sizes = {
            "RSS MB": seen.memory_info().rss / 1e6,
            "fds": float(seen.num_fds()),
            "threads": float(seen.num_threads()),
        }
    sizes["sockets"] = float(len(seen.net_connections(kind="inet")))
    kept = [file for file in _files(site.ground.state) if file.suffix != ".log"]
    sizes["files"] = float(len(kept))
    sizes["disk MB"] = sum(_size(file) for file in kept) / 1e6
    sizes["rows"] = float(site.ledger.rows())
    return Sample(reviews, sizes)


def _files(folder: Path) -> list[Path]:
    return [
        file
        for file in folder.rglob("*")
        if "lab" not in file.relative_to(folder).parts[:1] and file.is_file()
    ]


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _slopes(samples: Sequence[Sample]) -> dict[str, float]:
    """Return the growth of each size per 1,000 reviews, by least squares after the warm-up."""
    steady = samples[int(len(samples) * _WARM_UP) :]
    reviews = [sample.reviews for sample in steady]
    return {
        name: 1000 * statistics.linear_regression(reviews, [sample.sizes[name] for sample in steady]).slope
        for name in steady[0].sizes
    }
