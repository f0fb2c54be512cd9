"""What the core asks of the world; adapters implement these, tests bring fakes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from parsers.context import CodeContext
from parsers.signatures import SignatureChange
from reviewer.domain import (
    ChangeRef,
    ChangeSet,
    Check,
    Completion,
    Discussion,
    Dismissal,
    Errand,
    Event,
    Finding,
    Job,
    MergeRequest,
    Message,
    ModelCall,
    Person,
    Plan,
    Priority,
    Profile,
    Receipt,
    Recollection,
    Related,
    Review,
    ReviewWarning,
    Role,
    Sighting,
    Ticket,
    Trace,
    Verdict,
)

Json = dict[str, Any] | list[Any] | str | int | float | bool | None


class Step(Protocol):
    """Run a piece of work under a name, once: a job's step returns the stored result on a re-run.

    Names are unique within a job and steps are started in the same order on every run, because the
    durable kind counts them. `fn` returns JSON.
    """

    async def __call__(  # noqa: D102  # the class docstring says it
        self, name: str, fn: Callable[[], Awaitable[Json]], *, preemptible: bool = True
    ) -> Json: ...


class Forge(Protocol):
    """A GitLab or GitHub instance. Calls block: async callers go through `asyncio.to_thread`.

    Every method raises ForgeError subclasses; writes are never retried blindly.
    """

    id: str
    dialect: Literal["gitlab", "github"]  # how suggestions and details are written

    def describe(self, project: str, number: int) -> MergeRequest:
        """Ask for a merge request's present state, its three SHAs included."""

    def fetch(self, merge_request: MergeRequest) -> ChangeSet:
        """Read the change with git from the project's mirror, never from a diff API."""

    def discussion(self, merge_request: MergeRequest) -> Discussion:
        """List all threads and notes."""

    def apply(self, merge_request: MergeRequest, plan: Plan) -> Receipt:
        """Post inline comments, resolve threads; what cannot be placed is in the receipt.

        Raises Superseded if the head has moved since `describe`.
        """

    def summarise(self, merge_request: MergeRequest, note: str | None, body: str) -> str:
        """Edit the summary note, or create it; return its id."""

    def set_status(self, merge_request: MergeRequest, verdict: Verdict, description: str) -> None:
        """Set the commit status of the head."""


class Conversation(Protocol):
    """The part of a forge that commands need."""

    def may_command(self, project: str, actor_id: int, actor: str) -> bool:
        """Say whether this person may make the bot work on the project (Developer, or write access)."""

    def reply(self, project: str, number: int, thread: str | None, body: str) -> str:
        """Answer in a thread, or with a new note; return the note's id."""


class Feedback(Protocol):
    """What people make of the bot's threads on a forge, beside words."""

    def objections(self, project: str, number: int, notes: Collection[str]) -> Mapping[str, Sequence[Person]]:
        """List who put a thumbs-down on these notes (of threads), by note; those without are left out."""

    def resolve(self, project: str, number: int, thread: str) -> bool:
        """Resolve a thread; false where that is not permitted or not possible."""


class Listing(Protocol):
    """The part of a forge that shows what it may not have told us."""

    def open_changes(self, project: str, since: float, limit: int) -> Sequence[Sighting]:
        """List open merge requests that changed since a time (seconds since the epoch), newest first.

        At most `limit` of them. Raises ForgeError.
        """


class Codebase(Protocol):
    """The repository around a change, by the names in it. Calls block; raise StoreError and ForgeError."""

    def prepare(self, max_seconds: float) -> bool:
        """Get ready to answer within about so many seconds; False where it takes longer.

        What was done until then is not lost: a later review goes on from there.
        """

    def related(
        self,
        path: str,
        context: CodeContext,
        changes: Sequence[SignatureChange],
        *,
        max_lines: int,
        body_lines: int,
    ) -> tuple[Related, ...]:
        """Return call sites of the definitions that `changes` name, then what the lines of `context` use.

        The nearest to the file at `path` first; at most `max_lines` in all, `body_lines` of one definition.
        """

    def files_mentioning(self, name: str) -> tuple[str, ...]:
        """Return the files that define, call or otherwise mention a name."""


class Background(Protocol):
    """What a forge can tell beside the change itself. Calls block and raise ForgeError."""

    def codebase(self, merge_request: MergeRequest) -> AbstractContextManager[Codebase]:
        """Return the code around the head, fetched before; nothing is done until it is asked."""

    def tickets(self, merge_request: MergeRequest) -> tuple[Ticket, ...]:
        """Return the issues of the same project that the description names, a few, in one call or two.

        References are numbers: nothing that a stranger wrote is followed. What not everybody on the project
        may read is left out.
        """


class Checkable(Protocol):
    """Anything `reviewer doctor` can look at."""

    def check(self) -> Sequence[Check]:
        """Look, never raise."""


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call: messages, an optional JSON schema for the reply, and its limit in tokens.

    `purpose` says in a word what it is for (`unit 3`, `verify 1`); records carry it, servers never see it.
    `readable` says whether a reply's text was worth its price: what is not is never kept for later.
    """

    messages: tuple[Message, ...]
    max_tokens: int
    schema: dict[str, Any] | None = None
    think: bool | None = None
    seed: int | None = None
    purpose: str = ""
    readable: Callable[[str], bool] | None = None


class Model(Protocol):
    """One configured model at one endpoint."""

    name: str
    profile: Profile

    @property
    def context(self) -> int:
        """Return the whole window in tokens; a server may turn out to have less than was thought."""

    async def complete(
        self, request: ModelRequest, on_text: Callable[[str], None] | None = None
    ) -> Completion:
        """Stream a reply to its end.

        Cancelling the task closes the connection. Raises ModelUnavailable, ModelTimeout,
        ModelOverflow; a reply that ended for its length comes back with finish `length`.
        """

    def count(self, text: str) -> int:
        """Estimate the tokens of a text, on the safe side, corrected by the server's own counts."""

    def estimate(self, text: str) -> int:
        """Estimate as `count` does, but without the server's corrections: the same on every run."""

    async def check(self) -> Sequence[Check]:
        """Look whether the endpoint answers and has the model; never raise."""

    async def aclose(self) -> None:
        """Close connections."""


class Gateway(Protocol):
    """All configured models by role."""

    async def pick(self, role: Role, *, without: Collection[str] = ()) -> Model:
        """Return the first model of the role that answers, leaving some out by name.

        Raises ModelUnavailable naming every one tried.
        """

    def configured(self, role: Role) -> tuple[Model, ...]:
        """Return the role's models in order, asked or not; empty if the role is switched off."""

    def on_behalf_of(self, errand: Errand) -> Gateway:
        """Return the same models, whose calls are queued, bounded and recorded for one errand."""

    async def aclose(self) -> None:
        """Close all models."""


class Memory(Protocol):
    """What earlier reviews of a project have taught. Calls block and raise StoreError."""

    def recall(self, ref: ChangeRef) -> Recollection:
        """Return the project's dismissals that still hold, and what was said in the merge request."""

    def note_findings(self, ref: ChangeRef, findings: Sequence[Trace]) -> None:
        """Note what a review of the merge request has found."""

    def dismiss(self, dismissals: Sequence[Dismissal]) -> None:
        """Keep dismissals; one person dismisses a finding once in a merge request."""

    def withdraw(self, ref: ChangeRef, fingerprints: Collection[str]) -> None:
        """Forget the gestures (not the commands) of a merge request that are no longer there."""

    def answers(self, ref: ChangeRef, keys: Collection[str]) -> Mapping[str, Json]:
        """Return what models answered in earlier reviews of the merge request, by key."""

    def keep_answers(self, ref: ChangeRef, answers: Mapping[str, Json]) -> None:
        """Keep what models have answered."""


class Slots(Protocol):
    """Places at model endpoints, over everything that shares them: a process, or a whole installation."""

    def take(self, endpoint: str, limit: int, priority: Priority) -> AbstractAsyncContextManager[None]:
        """Wait until fewer than `limit` calls run at the endpoint, and hold a place; people go first."""


class ReplyCache(Protocol):
    """Replies that were paid for already, by all that decides them. Calls block and never raise."""

    def get(self, key: str) -> Completion | None:
        """Return the reply to the very same call."""

    def put(self, key: str, completion: Completion) -> None:
        """Keep a complete reply."""


class Ledger(Protocol):
    """Who sent what where: takes note of model calls and of posts. Calls block.

    Raises StoreError where a note that must not be lost could not be taken.
    """

    def called(self, call: ModelCall, redactions: int = 0) -> None:
        """Note a model call that has ended, however it did."""

    def posted(self, errand: Errand, receipt: Receipt) -> None:
        """Note what was written into a merge request."""


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scanner found on the changed lines, and what it could not look at.

    `secrets` are the texts it found that must not leave this process unmasked. `known` are globs of rule
    ids that it learnt of only now (`semgrep/*`).
    """

    findings: tuple[Finding, ...]
    warnings: tuple[ReviewWarning, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)
    known: tuple[str, ...] = ()


class Scanner(Protocol):
    """Finds things without a model. Calls block.

    A `thorough` one also looks at files that are not worth a review (generated, vendored, ignored).
    """

    name: str
    thorough: bool

    def scan(self, change: ChangeSet) -> ScanReport:
        """Look at the change once; findings lie on changed lines and carry no fingerprint yet."""


@dataclass(frozen=True, slots=True)
class Formatted:
    """A file as a formatter leaves it; None where none is for it, or where it failed and `problem` says how."""

    text: bytes | None = None
    problem: str = ""


class Formatter(Protocol):
    """Formats whole files as their repository does. Calls block."""

    def format(self, path: str, text: bytes) -> Formatted:
        """Format a file's text; never raise."""


class Output(Protocol):
    """One report format."""

    def render(self, review: Review, verdict: Verdict) -> str:
        """Write the whole report; the same review gives the same text."""


class Jobs(Protocol):
    """Durable work. `submit` returns only when the job would survive a crash."""

    def submit(self, event: Event) -> str:
        """Store the event and return its job; the same delivery gives the same job. Raises StoreError."""

    def status(self, job: str) -> Job | None:
        """Return one job."""

    def list(self, limit: int = 50) -> Sequence[Job]:
        """Return the newest jobs first."""

    def retry(self, job: str) -> str:
        """Run a failed or cancelled job again and return the new attempt's id."""

    def cancel(self, job: str) -> None:
        """Stop a job; a finished one stays as it is."""

    def close(self, drain_s: float) -> None:
        """Take no more work, let running steps end, then stop."""
