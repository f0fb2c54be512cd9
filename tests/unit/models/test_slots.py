"""Places at an endpoint: never more than the limit, people first, nobody for ever last, none ever lost."""

from __future__ import annotations

import asyncio
import random

from reviewer.domain import Priority
from reviewer.models.slots import PATIENCE, LocalSlots

HERE = "http://10.0.0.1:11434"
PERSON, REVIEW, BACKGROUND = Priority


class Desk:
    """Calls at one endpoint that last until they are let go; knows who was served and when how many ran."""

    def __init__(self, limit: int) -> None:
        self.slots = LocalSlots()
        self.served: list[str] = []
        self.running = 0
        self.most = 0
        self.limit = limit
        self._ends: dict[str, asyncio.Event] = {}

    def call(self, name: str, priority: Priority) -> asyncio.Task[None]:
        self._ends[name] = asyncio.Event()
        return asyncio.create_task(self._hold(name, priority))

    def end(self, name: str) -> None:
        self._ends[name].set()

    async def _hold(self, name: str, priority: Priority) -> None:
        async with self.slots.take(HERE, self.limit, priority):
            self.served.append(name)
            self.running += 1
            self.most = max(self.most, self.running)
            try:
                await self._ends[name].wait()
            finally:
                self.running -= 1


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def ended(tasks: list[asyncio.Task[None]]) -> None:
    await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 30)


async def test_fifty_calls_never_more_than_the_limit_and_people_first() -> None:
    desk = Desk(3)
    kinds = [REVIEW, BACKGROUND, PERSON] * 16 + [REVIEW, PERSON]
    random.Random(7).shuffle(kinds)
    # Small enough a crowd of people that nobody's patience ends: order by priority alone.
    tasks = [
        desk.call("held 0", BACKGROUND),
        desk.call("held 1", BACKGROUND),
        desk.call("held 2", BACKGROUND),
    ]
    await settle()
    names = [f"{kind.name} {number}" for number, kind in enumerate(kinds)]
    tasks += [desk.call(name, kind) for name, kind in zip(names, kinds, strict=True)]
    await settle()
    assert desk.served == ["held 0", "held 1", "held 2"]
    for number in range(len(tasks)):
        desk.end(desk.served[number])
        await settle()
        assert desk.running <= 3
    await ended(tasks)
    assert desk.most == 3
    waited = desk.served[3:]
    by_age = set(waited[PATIENCE :: PATIENCE + 1])  # one place in nine goes by age
    for kind in Priority:
        mine = [name for name in waited if name.startswith(kind.name)]
        assert mine == sorted(mine, key=lambda name: int(name.split()[1])), "first come, first served"
    urgent = [name.split()[0] for name in waited if name not in by_age]
    assert urgent == sorted(urgent, key=lambda name: Priority[name])


async def test_a_person_goes_before_all_that_wait_already() -> None:
    desk = Desk(1)
    tasks = [desk.call("running", REVIEW), desk.call("background", BACKGROUND), desk.call("review", REVIEW)]
    await settle()
    tasks.append(desk.call("person", PERSON))
    for name in ("running", "person", "review", "background"):
        await settle()
        desk.end(name)
    await ended(tasks)
    assert desk.served == ["running", "person", "review", "background"]


async def test_background_work_waits_for_a_bounded_number_of_people() -> None:
    desk = Desk(1)
    tasks = [desk.call("running", REVIEW), desk.call("background", BACKGROUND)]
    tasks += [desk.call(f"person {number}", PERSON) for number in range(3 * PATIENCE)]
    for number in range(len(tasks)):
        await settle()
        desk.end(desk.served[number])
    await ended(tasks)
    assert desk.served.index("background") == PATIENCE + 1


async def test_endpoints_do_not_wait_for_each_other() -> None:
    slots = LocalSlots()
    async with slots.take("one", 1, REVIEW), asyncio.timeout(30), slots.take("other", 1, REVIEW):
        pass


async def test_whoever_is_cancelled_while_waiting_leaves_the_queue() -> None:
    desk = Desk(1)
    first, second, third = (desk.call(name, REVIEW) for name in ("first", "second", "third"))
    await settle()
    second.cancel()
    await settle()
    assert desk.slots.waiting(HERE) == 1
    desk.end("first")
    desk.end("third")
    await ended([first, second, third])
    assert desk.served == ["first", "third"]


async def test_a_place_granted_to_somebody_just_cancelled_goes_on_to_the_next() -> None:
    desk = Desk(1)
    first, second, third = (desk.call(name, REVIEW) for name in ("first", "second", "third"))
    await settle()
    first.cancel()  # gives its place to the second ...
    while not first.done():
        await asyncio.sleep(0)
    second.cancel()  # ... which is cancelled before it has noticed
    desk.end("third")
    await ended([first, second, third])
    assert desk.served[-1] == "third"


async def test_no_place_is_ever_lost_under_random_cancellation() -> None:
    chance = random.Random(3)
    slots = LocalSlots()
    running = 0
    most = 0

    async def call(turns: int) -> None:
        nonlocal running, most
        async with slots.take(HERE, 4, chance.choice(list(Priority))):
            running += 1
            most = max(most, running)
            try:
                for _ in range(turns):
                    await asyncio.sleep(0)
            finally:
                running -= 1

    tasks: list[asyncio.Task[None]] = []
    for _ in range(400):
        tasks.append(asyncio.create_task(call(chance.randrange(6))))
        if chance.random() < 0.5:
            chance.choice(tasks).cancel()
        if chance.random() < 0.5:
            await asyncio.sleep(0)
    await ended(tasks)
    assert (most, running) == (4, 0)
    await at_once(slots, 4)


async def at_once(slots: LocalSlots, wanted: int) -> None:
    """Fail unless so many places can be held at once now."""
    everybody = asyncio.Barrier(wanted)

    async def hold() -> None:
        async with slots.take(HERE, wanted, REVIEW):
            await everybody.wait()

    await ended([asyncio.create_task(hold()) for _ in range(wanted)])
