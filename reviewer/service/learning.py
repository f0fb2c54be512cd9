"""Learn from a merge request what people made of earlier findings, and keep what a review has found.

Gestures count if whoever made them may command on the project: a thumbs-down on the bot's comment, or
resolving its thread while the code stands as it stood. What a gesture can do is `stages.dismissed`'s.
One that is taken back, a reaction removed or a thread opened again, is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from reviewer.config import MemorySettings
from reviewer.domain import (
    ChangeRef,
    ChangeSet,
    Dismissal,
    Gesture,
    MergeRequest,
    Person,
    Recollection,
    Review,
    Thread,
    Trace,
)
from reviewer.ports import Conversation, Feedback, Forge, Memory
from reviewer.stages.dismissed import can_dismiss
from reviewer.stages.fingerprint import standing, trace
from reviewer.stages.plan import threads_by_fingerprint


class Audience(Forge, Conversation, Feedback, Protocol):
    """A forge where people answer."""


class Lessons:
    """What reviews of merge requests teach.

    `audiences` are the forges by id, `key` is the instance's, `clock` gives seconds since the epoch. All
    calls block. They raise ForgeError and StoreError.
    """

    def __init__(
        self,
        memory: Memory,
        audiences: Mapping[str, Audience],
        settings: MemorySettings,
        *,
        key: bytes,
        clock: Callable[[], float],
    ) -> None:
        self.memory = memory
        self._audiences = audiences
        self._settings = settings
        self._key = key
        self._clock = clock

    def recall(self, ref: ChangeRef) -> Recollection:
        """Return what holds for a merge request; without dismissals where the operator wants none."""
        recalled = self.memory.recall(ref)
        return recalled if self._settings.dismissals else replace(recalled, dismissals=())

    def learn(self, merge_request: MergeRequest, change: ChangeSet | None) -> None:
        """Keep what people have dismissed since the last review; nothing is asked where nothing was said.

        Without a change, as for a merge request that has been merged, that code stands in which the last
        review has found something at this head.
        """
        recalled = self.recall(merge_request.ref)
        if not recalled.said or not self._settings.dismissals:
            return
        forge = self._audiences[merge_request.ref.forge]
        threads = threads_by_fingerprint(forge.discussion(merge_request), self._key, merge_request.ref)
        said = {name: recalled.said[name] for name in threads if name in recalled.said}
        mine = [made for made in recalled.dismissals if made.number == merge_request.ref.number]
        stands = (
            standing(tuple(said.values()), change) if change else _stood_last(recalled, mine, merge_request)
        )
        room = _Room(forge, merge_request.ref, threads, stands)
        gestures = [*room.resolutions(said, mine), *room.objections(said, mine)]
        known = {(made.finding.fingerprint, made.gesture, made.by.id) for made in mine}
        self.memory.dismiss(
            [
                self._dismissal(merge_request.ref, said[one.fingerprint], one)
                for one in gestures
                if one.key not in known
            ]
        )
        present = {one.fingerprint for one in gestures}
        gone = {name for name, of in threads.items() if name in said and any(map(_tells_all, of))} - present
        if gone & {made.finding.fingerprint for made in mine if made.gesture is not Gesture.IGNORE}:
            self.memory.withdraw(merge_request.ref, gone)

    def note(self, reviewed: Review, change: ChangeSet) -> None:
        """Keep what a review has found, that which was dismissed before included."""
        dismissed = (item.finding for item in reviewed.suppressed if item.reason == "memory")
        self.memory.note_findings(reviewed.ref, trace((*reviewed.findings, *dismissed), change))

    def _dismissal(self, ref: ChangeRef, finding: Trace, made: _Gesture) -> Dismissal:
        return Dismissal(
            forge=ref.forge,
            project=ref.project,
            number=ref.number,
            finding=finding,
            gesture=made.gesture,
            by=made.by,
            at=self._clock(),
        )


@dataclass(frozen=True, slots=True)
class _Gesture:
    fingerprint: str
    gesture: Gesture
    by: Person

    @property
    def key(self) -> tuple[str, Gesture, int]:
        return self.fingerprint, self.gesture, self.by.id


class _Room:
    """The bot's threads in one merge request, and the people in it; each is looked up once."""

    def __init__(
        self, forge: Audience, ref: ChangeRef, threads: Mapping[str, list[Thread]], standing: frozenset[str]
    ) -> None:
        self._forge = forge
        self._ref = ref
        self._threads = threads
        self._standing = standing
        self._rights: dict[int, bool] = {}

    def resolutions(self, said: Mapping[str, Trace], known: Sequence[Dismissal]) -> Iterator[_Gesture]:
        """Yield who resolved a thread of a finding whose code still stands, or had the bot do it."""
        commanded = {made.finding.fingerprint: made.by for made in known if made.gesture is Gesture.RESOLVED}
        for name, finding in said.items():
            for thread in self._threads[name]:
                by = commanded.get(name) if thread.resolved_by_bot else thread.resolved_by
                if by is None or name not in self._standing:
                    continue
                if can_dismiss(Gesture.RESOLVED, finding) and self._may_command(by):
                    yield _Gesture(name, Gesture.RESOLVED, by)

    def objections(self, said: Mapping[str, Trace], known: Sequence[Dismissal]) -> Iterator[_Gesture]:
        """Yield who put a thumbs-down on a finding.

        Looked at are open threads, and those where a thumbs-down may have been taken back.
        """
        objected = {made.finding.fingerprint for made in known if made.gesture is Gesture.THUMBS_DOWN}
        asked = {
            thread.notes[0].id: name
            for name, finding in said.items()
            for thread in self._threads[name]
            if can_dismiss(Gesture.THUMBS_DOWN, finding) and (not thread.resolved or name in objected)
        }
        found = self._forge.objections(self._ref.project, self._ref.number, asked) if asked else {}
        for note, people in found.items():
            yield from (
                _Gesture(asked[note], Gesture.THUMBS_DOWN, person)
                for person in people
                if self._may_command(person)
            )

    def _may_command(self, person: Person) -> bool:
        if person.id not in self._rights:
            self._rights[person.id] = self._forge.may_command(self._ref.project, person.id, person.name)
        return self._rights[person.id]


def _stood_last(
    recalled: Recollection, known: Sequence[Dismissal], merge_request: MergeRequest
) -> frozenset[str]:
    """Return what the last review has found at this head, and what was taken for resolved before."""
    found = (name for name, head in recalled.heads.items() if head == merge_request.ref.head)
    resolved = (made.finding.fingerprint for made in known if made.gesture is Gesture.RESOLVED)
    return frozenset((*found, *resolved))


def _tells_all(thread: Thread) -> bool:
    """Say whether the forge told us who resolved a thread, if anybody did; over REST GitHub does not."""
    return thread.resolvable and (not thread.resolved or thread.resolved_by is not None)
