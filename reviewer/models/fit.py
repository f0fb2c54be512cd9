"""Which models fit a machine: weights, the cache for a context, and what the server itself takes.

The arithmetic is a server's with its defaults: a 16-bit cache for one conversation, layers (or heads)
shared out evenly over 1, 2, 4, ... GPUs. A server that keeps a smaller cache needs less.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reviewer.models.defaults import PREFERENCE
from reviewer.models.hardware import Machine
from reviewer.models.sizes import SIZES, Size

GIB = 1 << 30
GPU_SHARE = 0.95  # of a GPU's memory; the driver and fragments keep the rest
MEMORY_SHARE = 0.8  # of main memory; the system and everything else keep the rest
OVERHEAD = 0.8  # GiB on each GPU, or in main memory: the runtime and the buffers it computes in
SLOW_FROM = 8.0  # billions of parameters per token: beyond, a CPU writes slower than one can wait for
# Billions of parameters; below, a model makes more noise than sense of a change, and R1 sooner than others.
SMALLEST = 6.0
SMALLEST_R1 = 13.0


@dataclass(frozen=True, slots=True)
class Fit:
    """A model in one quantisation on a machine, everything in GiB; `gpus` is how many it takes, 0 for the CPU.

    `longest` is the context that would still fit, in tokens, at most what the model was trained for.
    """

    size: Size
    quantisation: str
    context: int
    weights: float
    cache: float
    overhead: float
    room: float
    gpus: int
    longest: int

    @property
    def total(self) -> float:
        """Return what is needed."""
        return self.weights + self.cache + self.overhead

    @property
    def notes(self) -> tuple[str, ...]:
        """Say what to know of it beside its size."""
        size = self.size
        found = []
        if self.context > size.context:
            found.append(f"trained for {size.context} tokens only")
        if size.latent and self.cache * GIB > size.layers * size.latent * 2 * self.context * 1.5:
            small = size.layers * size.latent * 2 * self.context / GIB
            found.append(f"cache {small:.1f} GiB where the server keeps the latent only (MLA)")
        if self.gpus == 0 and size.active > SLOW_FROM:
            found.append("slow on a CPU")
        if self._too_small:
            found.append("too small to review with")
        if not size.verified:
            found.append("figures not verified")
        return tuple(found)

    @property
    def usable(self) -> bool:
        """Say whether to recommend it, and not only to list it: on figures that were read, not guessed."""
        slow = self.gpus == 0 and self.size.active > SLOW_FROM
        fit_to_review = not self._too_small and self.context <= self.size.context
        return self.size.verified and fit_to_review and not slow

    @property
    def _too_small(self) -> bool:
        least = SMALLEST_R1 if self.size.family == "deepseek-r1" else SMALLEST
        return self.size.billions < least


def fitting(machine: Machine, context: int) -> tuple[list[Fit], list[Fit]]:
    """Return what fits, best first, each in the most exact form that does; and the rest as small as it gets.

    On a CPU the smallest form comes first: what has to be read for each token is what one waits for.
    """
    fits: list[Fit] = []
    rest: list[Fit] = []
    for size in SIZES:
        forms = size.quantisations if machine.gpus else size.quantisations[:-2:-1]
        tried = [_place(size, form, machine, context) for form in forms]
        found = next((fit for fit in tried if fit.total <= fit.room), None)
        (fits if found else rest).append(found or tried[-1])
    return sorted(fits, key=_rank), sorted(rest, key=lambda fit: fit.total)


def recommend(fits: Iterable[Fit], machine: Machine) -> tuple[Fit | None, Fit | None]:
    """Return who should review, and who could verify beside it: another family, at the same time."""
    usable = [fit for fit in fits if fit.usable]
    if not usable:
        return None, None
    reviewer = usable[0]
    beside, _ = fitting(_left(machine, reviewer), reviewer.context)
    others = (fit for fit in beside if fit.usable and fit.size.family != reviewer.size.family)
    return reviewer, min(others, key=lambda fit: (fit.size.family != "deepseek-r1", _rank(fit)), default=None)


def _rank(fit: Fit) -> tuple[bool, int, float]:
    return not fit.usable, PREFERENCE.index(fit.size.family), -fit.size.billions


def _place(size: Size, quantisation: str, machine: Machine, context: int) -> Fit:
    """Put a model on the fewest GPUs that hold it; on all there are, or the CPU, where none do."""
    weights = size.weights(quantisation) / GIB
    per_token = size.per_token(quantisation) / GIB
    fit = Fit(size, quantisation, context, weights, per_token * context, OVERHEAD, 0.0, 0, 0)
    for count, room in _rooms(machine):
        overhead = OVERHEAD * max(count, 1)
        left = max(room - weights - overhead, 0.0)
        longest = min(int(left / per_token), size.context)
        fit = Fit(size, quantisation, context, weights, per_token * context, overhead, room, count, longest)
        if fit.total <= room:
            break
    return fit


def _rooms(machine: Machine) -> Iterator[tuple[int, float]]:
    """Yield how many GPUs, and what they hold together; without any, main memory."""
    if not machine.gpus:
        yield 0, machine.memory * MEMORY_SHARE
        return
    largest = sorted(machine.gpus, reverse=True)
    count = 1
    while count <= len(largest):
        # Shared out evenly, the smallest of them sets the share of each.
        yield count, count * largest[count - 1] * GPU_SHARE
        count *= 2


def _left(machine: Machine, fit: Fit) -> Machine:
    """Return what another model still has: GPUs that are free, else what is left on each."""
    if not fit.gpus:
        return Machine(machine.memory - fit.total / MEMORY_SHARE)
    largest = sorted(machine.gpus, reverse=True)
    free = tuple(largest[fit.gpus :])
    used = fit.total / fit.gpus / GPU_SHARE
    return Machine(machine.memory, free or tuple(gpu - used for gpu in largest))
