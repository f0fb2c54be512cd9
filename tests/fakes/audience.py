"""A forge where people answer: one merge request whose threads a test writes down."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from reviewer.domain import Discussion, MergeRequest, Note, Person, Thread
from reviewer.stages import marker
from reviewer.stages.marker import Marker
from tests.fakes.changes import REF
from tests.fakes.forge.recording import RecordingForge

KEY = b"k" * 32
DANA, VISITOR, BOT = Person(7, "dana"), Person(8, "visitor"), Person(1, "bot")


class FakeAudience(RecordingForge):
    """`asked` lists what was asked of the forge; whom `developers` holds may command."""

    def __init__(self) -> None:
        super().__init__()
        self.developers = {DANA.id}
        self.threads: list[Thread] = []
        self.disliked: dict[str, list[Person]] = {}
        self.locked = False
        self.asked: list[str] = []

    def comment(self, fingerprint: str, *, by_bot: bool = True, key: bytes = KEY) -> str:
        """Open a thread of a finding; return its id."""
        number = str(len(self.threads) + 1)
        hidden = marker.write(key, REF, Marker(fingerprint, "run"))
        note = Note(f"n{number}", by_bot, "bot", f"A finding\n\n{hidden}")
        self.threads.append(Thread(f"t{number}", (note,), resolved=False, resolvable=True))
        return f"t{number}"

    def close(self, thread: str, by: Person | None) -> None:
        """Resolve a thread as somebody; None opens it again."""
        at = int(thread[1:]) - 1
        self.threads[at] = replace(
            self.threads[at],
            resolved=by is not None,
            resolved_by=by,
            resolved_by_bot=None if by is None else by == BOT,
        )

    def dislike(self, thread: str, *people: Person) -> None:
        """Let exactly these people have a thumbs-down on a thread's first note."""
        self.disliked[f"n{thread[1:]}"] = list(people)

    # --- ports ------------------------------------------------------------------------------------

    def discussion(self, _: MergeRequest) -> Discussion:
        self.asked.append("discussion")
        return Discussion(tuple(self.threads), ())

    def may_command(self, project: str, actor_id: int, actor: str) -> bool:
        self.asked.append(f"may {actor}")
        return actor_id in self.developers

    def reply(self, project: str, number: int, thread: str | None, body: str) -> str:
        raise NotImplementedError

    def objections(self, project: str, number: int, notes: Collection[str]) -> Mapping[str, Sequence[Person]]:
        self.asked.append(f"objections {' '.join(sorted(notes))}")
        return {note: people for note, people in self.disliked.items() if note in notes and people}

    def resolve(self, project: str, number: int, thread: str) -> bool:
        if not self.locked:
            self.close(thread, BOT)
        return not self.locked
