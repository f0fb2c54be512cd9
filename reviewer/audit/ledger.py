"""The port `Ledger` over the chain: what happens to a note when the database does not take it.

A note of a model call then waits in memory and is written with the next one; the review goes on and
the log says so. Nothing is written into a merge request before all that waits is on disk (unless
`audit.required = false`): so a post is never unrecorded, and neither are the calls that led to it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import structlog

from reviewer.audit import record
from reviewer.audit.chain import Chain, Note
from reviewer.audit.prompts import Vault
from reviewer.domain import Errand, ModelCall, Receipt
from reviewer.errors import StoreError

LONGEST_BACKLOG = 1000
_BATCH = 100
_DAY_MS = 86_400_000


class AuditLog:
    """Takes notes into a chain, in the order in which they come to this process.

    `failed` is called whenever the log could not be written. With a vault whose days are not zero,
    prompts are kept beside their entries.
    """

    def __init__(
        self,
        chain: Chain,
        *,
        required: bool = True,
        vault: Vault | None = None,
        failed: Callable[[], None] = lambda: None,
        keep_days: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._chain = chain
        self._required = required
        self._vault = vault
        self._failed = failed
        self._keep_ms = keep_days * _DAY_MS
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: deque[Note] = deque()
        self._lost = 0

    def called(self, call: ModelCall, redactions: int = 0) -> None:
        """Note a model call that has ended; never raises."""
        now = self._clock()
        keeps = self._vault is not None and self._vault.days > 0
        keep = self._vault.keeper(call.messages, call.reply, now) if self._vault and keeps else None
        self._take(Note(record.of_call(call, redactions), round(now * 1000), keep), required=False)

    def posting(self, errand: Errand, what: str) -> None:
        """Note that something is about to be written; raise StoreError where it must not be then."""
        note = Note(record.of_posting(errand, what), self._now())
        try:
            self._take(note, required=self._required)
        except StoreError:
            with self._lock:  # nothing is going to be written, so there is nothing to note of it
                self._waiting = deque(other for other in self._waiting if other is not note)
            raise

    def posted(self, errand: Errand, receipt: Receipt) -> None:
        """Note what was written into a merge request."""
        self._take(Note(record.of_post(errand, receipt), self._now()), required=self._required)

    def close(self) -> None:
        """Write what still waits, if that can be, and close the connections."""
        with self._lock:
            try:
                self._write()
            except StoreError as err:
                structlog.get_logger().error("notes are lost", count=len(self._waiting), reason=str(err))
        self._chain.close()

    def tidy(self) -> bool:
        """Delete the prompts that are due and the entries that are too old; nothing is left to do then (False).

        Raises StoreError, for entries that do not hold as well.
        """
        self._chain.forget_prompts()
        if self._keep_ms:
            self._chain.prune(self._now() - self._keep_ms)
        return False

    def _take(self, note: Note, *, required: bool) -> None:
        with self._lock:
            self._waiting.append(note)
            try:
                self._write()
            except StoreError as err:
                self._failed()
                structlog.get_logger().error(
                    "the audit log could not be written", reason=str(err), waiting=len(self._waiting)
                )
                self._bound()
                if required:
                    raise StoreError(
                        f"nothing is posted while the audit log cannot be written: {err}",
                        remedy="see to the database; audit.required = false posts all the same",
                    ) from err

    def _write(self) -> None:
        if self._lost:
            self._chain.append([Note(record.of_loss(self._lost), self._now())])
            self._lost = 0
        while self._waiting:
            batch = [self._waiting[at] for at in range(min(_BATCH, len(self._waiting)))]
            self._chain.append(batch)
            for _ in batch:
                self._waiting.popleft()

    def _bound(self) -> None:
        while len(self._waiting) > LONGEST_BACKLOG:
            self._waiting.popleft()
            self._lost += 1

    def _now(self) -> int:
        return round(self._clock() * 1000)
