"""What comes in and is done about it: events, commands, jobs, and the checks of the doctor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Command:
    """A request written in a comment: a verb out of the closed list, and its text."""

    verb: str
    text: str
    note: str
    thread: str | None
    actor: str
    actor_id: int


@dataclass(frozen=True, slots=True)
class Event:
    """A delivery that calls for work.

    `delivery` is stable over the forge's own resends. `trigger` is opened, pushed, ready, retargeted,
    closed, command, api or poll (we saw it ourselves). `head` is the head the payload names, None where it
    names none.
    """

    forge: str
    project: str
    number: int
    trigger: str
    delivery: str
    head: str | None = None
    command: Command | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """An open merge request as a forge lists it."""

    number: int
    head: str
    draft: bool


class ProcessRole(StrEnum):
    """What one process of the service does: take deliveries and show, do the work, or both."""

    WEB = "web"
    WORKER = "worker"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class ForgeCall:
    """One HTTP call to a forge, as it ended: `status` is None where no answer came.

    `remaining` is how many calls the forge says are left before it asks for a pause, if it says so.
    """

    forge: str
    method: str
    status: int | None
    seconds: float
    remaining: int | None = None


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Job:
    """A durable piece of work; times are seconds since the epoch."""

    id: str
    event: Event
    state: JobState
    created: float
    updated: float
    attempts: int = 1
    error: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `reviewer doctor`: what was looked at, whether it holds, and what to do if not."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
