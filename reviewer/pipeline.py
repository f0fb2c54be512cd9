"""The one flow: a change set in, a review out; a review in, a receipt out.

It knows ports, never adapters, and is the same for the command line, the gate, the service and the
demo. `step` lets a job checkpoint; on the command line it passes through.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import TypeVar

from reviewer.asking.model_review import ask
from reviewer.asking.panel import Asked, Panel, Progress, Recall, nothing_remembered
from reviewer.asking.surroundings import prepare
from reviewer.checkpoint import Checkpoint
from reviewer.config import Posting as PostingMode
from reviewer.config import ReviewSettings, RulesSettings, Settings
from reviewer.domain import (
    ChangedFile,
    ChangeSet,
    Discussion,
    Errand,
    Finding,
    MergeRequest,
    Plan,
    Receipt,
    Recollection,
    Rejected,
    Review,
    ReviewWarning,
    Role,
    Verdict,
)
from reviewer.ports import Codebase, Forge, Formatter, Gateway, Json, Ledger, Scanner, Step
from reviewer.settings import without_effect
from reviewer.stages import marker, policy
from reviewer.stages.aside import Aside, reveal
from reviewer.stages.comment import render_summary
from reviewer.stages.duplicates import merge
from reviewer.stages.fingerprint import identify
from reviewer.stages.following import follow
from reviewer.stages.formatted import format_suggestions
from reviewer.stages.guidelines import Guidelines, configure
from reviewer.stages.ignores import without_reason
from reviewer.stages.marker import Marker
from reviewer.stages.plan import reconcile, unplaced
from reviewer.stages.redact import Redactor
from reviewer.stages.sides import side_texts
from reviewer.stages.suggestion import keep_proven
from reviewer.stages.suppress import Baseline, apply_suppressions
from reviewer.stages.triage import ignore_globs, triage

_T = TypeVar("_T")
Scanners = Callable[[ReviewSettings, RulesSettings], Sequence[Scanner]]


@dataclass(frozen=True, slots=True)
class Engine:
    """What reviews are made with; `gateway` is None where the rules alone were asked for.

    `rule_ids` names, by ids or globs, whatever may be silenced; empty where that is not known. `ledger`
    is told what was posted.
    """

    settings: Settings
    key: bytes
    gateway: Gateway | None
    scanners: Scanners
    clock: Callable[[], float] = time.monotonic
    guidelines: Guidelines = field(default_factory=Guidelines)
    rule_ids: frozenset[str] = frozenset()
    formatter: Formatter | None = None
    today: Callable[[], date] = lambda: datetime.now(UTC).date()
    ledger: Ledger | None = None

    async def aclose(self) -> None:
        """Close the connections to models."""
        if self.gateway is not None:
            await self.gateway.aclose()


async def straight(name: str, fn: Callable[[], Awaitable[Json]], *, preemptible: bool = True) -> Json:
    """Run a step without remembering it."""
    return await fn()


def silent(stage: str, done: int, total: int) -> None:
    """Show no progress."""


async def review(
    change: ChangeSet,
    engine: Engine,
    *,
    baseline: Baseline | None = None,
    step: Step = straight,
    progress: Progress | None = None,
    errand: Errand | None = None,
    recalled: Recollection | None = None,
    answered: Recall | None = None,
    keep: Callable[[Mapping[str, Json]], None] | None = None,
    codebase: AbstractContextManager[Codebase | None] | None = None,
) -> Review:
    """Review a change: rules and secrets over all of it, models over what is worth it.

    `errand` says on whose behalf; without one it is the change's own. `recalled` is what was learnt
    before: findings that people have dismissed are silenced, new ones go before those said already.
    `answered` looks up what models said in earlier reviews of the merge request, which `keep` was given.
    `codebase` is the code around the change.

    Raises ConfigError for settings of the repository that cannot be understood, RuleError for a rule
    that cannot be used. Whatever else goes wrong is a warning in the review.
    """
    started = engine.clock()
    limits, rules, _, wishes = policy.effective(engine.settings, change.repository_settings)
    idle = (ReviewWarning("setting-without-effect", text) for text in without_effect(engine.settings))
    aside = Aside(ignore_globs(limits))
    change = reveal(change, aside)
    triaged = triage(change, limits)
    scanners = engine.scanners(limits, rules)
    with _around(codebase, engine, limits) as code:
        # Nobody waits long for the index: it gets ready while the rules run, or is left to a later review.
        scanned, unready = await asyncio.gather(
            asyncio.to_thread(_scan, change, triaged.reviewable, scanners), _ready(code, limits)
        )
        asked = Asked(known=scanned.findings)
        if engine.gateway is not None:
            panel = Panel(
                gateway=engine.gateway.on_behalf_of(_bounded(errand or Errand(ref=change.ref), limits)),
                change=change,
                files=triaged.reviewable,
                settings=limits,
                key=engine.key,
                redact=await asyncio.to_thread(_redactor, engine.settings, change, scanned.secrets),
                # A model that merely happened to be there (the default Ollama) is welcome, not required.
                required=engine.settings.gate.require_model and bool(engine.settings.models),
                step=step,
                progress=progress or silent,
                guidelines=configure(engine.guidelines, rules),
                clock=engine.clock,
                recall=answered or nothing_remembered,
                codebase=None if unready else code,
            )
            asked = await ask(panel, scanned.findings)
    if keep is not None and asked.answers:
        await asyncio.to_thread(keep, asked.answers)
    unexplained = without_reason(change, rules, limits.language)
    found = await asyncio.to_thread(identify, (*asked.known, *asked.findings, *unexplained), change)
    remembered = recalled or Recollection()
    found = follow(found, change, remembered.said)
    kept, suppressed, odd = apply_suppressions(
        found,
        change,
        baseline,
        dismissals=remembered.dismissals,
        today=engine.today(),
        known={*engine.rule_ids, *scanned.known, *rules.disable} if engine.rule_ids else (),
        aside=aside,
    )
    unformatted: tuple[ReviewWarning, ...] = ()
    if engine.formatter is not None:
        kept, unformatted = await asyncio.to_thread(format_suggestions, kept, change, engine.formatter)
    unseen = triaged.changed_lines - asked.seen_lines
    return Review(
        ref=change.ref,
        findings=policy.rank(kept, remembered.said),
        suppressed=suppressed,
        rejected=(*scanned.rejected, *asked.rejected),
        reanchored=asked.reanchored,
        remembered=asked.remembered,
        warnings=(
            *change.warnings,
            *triaged.skipped,
            *wishes,
            *idle,
            *scanned.warnings,
            *unready,
            *asked.warnings,
            *odd,
            *unformatted,
        ),
        coverage=policy.coverage(change, triaged.reviewable, unseen),
        usage=replace(asked.usage, seconds=engine.clock() - started),
        models=asked.models,
        overview=asked.overview,
    )


def _bounded(errand: Errand, limits: ReviewSettings) -> Errand:
    """Let the operator's bound on tokens hold where the errand brings none."""
    return replace(errand, tokens=limits.token_budget) if errand.tokens is None else errand


def _around(
    codebase: AbstractContextManager[Codebase | None] | None, engine: Engine, limits: ReviewSettings
) -> AbstractContextManager[Codebase | None]:
    """Return the code around the change where a model is there to read it."""
    asks = engine.gateway is not None and engine.gateway.configured(Role.REVIEW)
    return codebase if codebase is not None and asks and limits.index_budget_s > 0 else nullcontext()


async def _ready(code: Codebase | None, limits: ReviewSettings) -> tuple[ReviewWarning, ...]:
    """Get the index ready; return why it is not."""
    unready = await prepare(code, limits.index_budget_s) if code is not None else None
    return (unready,) if unready else ()


def check_settings(change: ChangeSet, engine: Engine) -> None:
    """Raise ConfigError if the repository's own settings cannot be understood, or name an unknown rule."""
    limits, rules, _, _ = policy.effective(engine.settings, change.repository_settings)
    engine.scanners(limits, rules)
    configure(engine.guidelines, rules)


def judge(reviewed: Review, change: ChangeSet, engine: Engine) -> Verdict:
    """Return the verdict under the settings that hold for this change."""
    return policy.judge(reviewed, policy.effective(engine.settings, change.repository_settings).bar)


@dataclass(frozen=True, slots=True)
class Posting:
    """How a review is to be posted: `mode` is all, summary or off, `run` names this run in markers.

    `hold` keeps every other job out of this merge request while we look and write; it raises
    Superseded when the job is no longer the one that may speak.
    """

    forge: Forge
    merge_request: MergeRequest
    mode: PostingMode
    run: str
    hold: Callable[[], AbstractAsyncContextManager[None]] = nullcontext


_RECEIPT = Checkpoint(Receipt)
_NOTE = Checkpoint(str)


async def post(
    reviewed: Review,
    verdict: Verdict,
    change: ChangeSet,
    engine: Engine,
    posting: Posting,
    *,
    step: Step = straight,
    errand: Errand | None = None,
) -> Receipt:
    """Bring a merge request to what the review says: inline comments first, the summary last.

    Reconciles with what stands there, so a second run on the same head writes nothing new. The ledger
    hears of it as of `errand`'s, by default the change's own. Raises ForgeError, Superseded if the head
    has moved, and StoreError where the ledger could not take note.
    """
    if posting.mode == "off":
        return Receipt()
    settings, _, bar, _ = policy.effective(engine.settings, change.repository_settings)
    forge, merge_request = posting.forge, posting.merge_request

    def plan(discussion: Discussion) -> Plan:
        return reconcile(
            reviewed,
            discussion,
            change,
            key=engine.key,
            run=posting.run,
            dialect=forge.dialect,
            language=settings.language,
            max_comments=settings.max_comments,
            post=posting.mode,
        )

    def write_inline() -> Receipt:
        return forge.apply(merge_request, plan(forge.discussion(merge_request)))

    def write_summary() -> str:
        # Looked up again, not remembered: a crash may have come between writing a note and noting it.
        discussion = forge.discussion(merge_request)
        hidden = marker.write(engine.key, change.ref, Marker(marker.SUMMARY, posting.run))
        body = render_summary(
            reviewed,
            verdict,
            unplaced(reviewed, discussion, receipt, engine.key),
            settings.language,
            hidden,
            bar=bar,
        )
        return forge.summarise(merge_request, plan(discussion).summary_note, body)

    async def alone(write: Callable[[], _T]) -> _T:
        async with posting.hold():
            return await asyncio.to_thread(write)

    receipt = await _RECEIPT.run(
        step, "post inline comments", partial(alone, write_inline), preemptible=False
    )
    await _NOTE.run(step, "post the summary", partial(alone, write_summary), preemptible=False)

    async def take_note() -> Json:
        if engine.ledger is not None:
            await asyncio.to_thread(engine.ledger.posted, errand or Errand(ref=change.ref), receipt)
        return None

    # A step in any case: jobs count them, and a ledger may come while one is under way.
    await step("note what was posted", take_note, preemptible=False)
    return receipt


@dataclass(frozen=True, slots=True)
class _Scanned:
    findings: tuple[Finding, ...]
    rejected: tuple[Rejected, ...]
    warnings: tuple[ReviewWarning, ...]
    secrets: tuple[str, ...] = ()
    known: tuple[str, ...] = ()


def _scan(change: ChangeSet, reviewable: tuple[ChangedFile, ...], scanners: Sequence[Scanner]) -> _Scanned:
    worth_it = replace(change, files=reviewable)
    reports = [scanner.scan(change if scanner.thorough else worth_it) for scanner in scanners]
    merged = merge(finding for report in reports for finding in report.findings)
    findings, rejected = keep_proven(merged.findings, change)
    return _Scanned(
        findings=findings,
        rejected=(*merged.rejected, *rejected),
        warnings=(*(warning for report in reports for warning in report.warnings), *merged.warnings),
        secrets=tuple(secret for report in reports for secret in report.secrets),
        known=tuple(name for report in reports for name in report.known),
    )


def _redactor(settings: Settings, change: ChangeSet, secrets: Collection[str]) -> Callable[[str], str]:
    """Return what takes secrets out of texts, with one numbering for the whole review.

    What one place of the change gives away as a secret is taken out everywhere.
    """
    if not settings.privacy.redact:
        return lambda text: text
    redactor = Redactor(secrets)
    for text in (change.title, change.description, *side_texts(change)):
        redactor.learn(text)
    return lambda text: redactor.redact(text).text
