"""Build the parts of a running program out of its settings: models, scanners, forges, the instance key."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reviewer.config import ReviewSettings, RulesSettings, Settings
from reviewer.domain import Check, ProcessRole
from reviewer.errors import ConfigError, StoreError
from reviewer.pipeline import Engine, Scanners
from reviewer.ports import Checkable, Formatter, Ledger, Listing, ReplyCache, Scanner, Slots
from reviewer.stages import suppress
from reviewer.stages.guidelines import Guidelines
from reviewer.stages.ignores import WITHOUT_REASON
from reviewer.stages.suppress import Baseline

if TYPE_CHECKING:
    from reviewer.domain import ForgeCall
    from reviewer.forges import AnyForge
    from reviewer.memory.database import DatabaseMemory
    from reviewer.models.gateway import ModelGateway
    from reviewer.service.chores import Chore
    from reviewer.service.jobs import DurableJobs
    from reviewer.service.server import Bots
    from reviewer.service.sight import Sight
    from reviewer.service.worker import Work


async def open_gateway(
    settings: Settings,
    *,
    slots: Slots | None = None,
    ledger: Ledger | None = None,
    replies: ReplyCache | None = None,
) -> ModelGateway:
    """Make the gateway; with no model configured, of what an Ollama on this machine has."""
    from reviewer.models import gateway
    from reviewer.models.defaults import default_models

    configured = settings if settings.models else await default_models(settings)
    return gateway.build(configured, slots=slots, ledger=ledger, replies=replies)


def open_replies(settings: Settings, folder: Path) -> ReplyCache | None:
    """Open the kept replies below a folder; None where they are switched off."""
    from reviewer.memory.replies import ReplyFile

    cache = settings.cache
    if not cache.replies:
        return None
    return ReplyFile(folder / "replies", max_age_days=cache.max_age_days, max_mb=cache.max_mb)


async def open_engine(
    settings: Settings,
    *,
    rules_only: bool = False,
    sarif: Sequence[Path] = (),
    root: Path | None = None,
    measuring: bool = False,
) -> Engine:
    """Make what a review on the command line works with; `measuring` has every model call truly made.

    Its key only has to be unpredictable to the author of the change. It stays the same where replies are
    kept: it goes into the prompts, and another prompt is another question.
    """
    cache_dir = user_cache(os.environ)
    rules = open_rules(settings, cache_dir=cache_dir, sarif=sarif, root=root)
    replies = None if measuring else open_replies(settings, cache_dir)
    return Engine(
        settings=settings,
        key=_lasting_key(cache_dir / "key") if replies else secrets.token_bytes(32),
        gateway=None if rules_only else await open_gateway(settings, replies=replies),
        scanners=rules.scanners,
        guidelines=rules.guidelines,
        rule_ids=rules.ids,
        formatter=open_formatter(settings),
    )


def user_cache(environ: Mapping[str, str]) -> Path:
    """Return the folder for what can be made again, as the XDG base directory specification has it."""
    home = environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME", "/nonexistent")) / ".cache"
    return Path(home) / "reviewer"


@dataclass(frozen=True, slots=True)
class Rules:
    """What makes the scanners of one review, the rules in words, and the ids (or globs) of all of them."""

    scanners: Scanners
    guidelines: Guidelines
    ids: frozenset[str]


def open_rules(
    settings: Settings,
    *,
    cache_dir: Path,
    sarif: Sequence[Path] = (),
    root: Path | None = None,
    tolerant: bool = False,
) -> Rules:
    """Read the rules once.

    `sarif` are other tools' files about the repository at `root`. `tolerant` leaves broken rule files
    out and says so in each review. Raises RuleError otherwise, and ConfigError for an allow-list that is none.
    """
    from reviewer.scanners import guidelinefile, rulebook
    from reviewer.scanners.allowed_secrets import AllowList
    from reviewer.scanners.rules import RuleScanner
    from reviewer.scanners.sarif import SarifScanner
    from reviewer.scanners.secrets import SecretScanner
    from reviewer.scanners.tools import ToolScanner

    book = rulebook.load_all(settings.rules, tolerant=tolerant, cache_dir=cache_dir / "rules")
    allowed = AllowList(
        settings.secrets.allow_paths, settings.secrets.allow_hashes, settings.secrets.allow_patterns
    )
    secret_scanner = SecretScanner(cache_dir / "secrets", allowed=allowed)
    weights = settings.sarif.severity

    def make(review: ReviewSettings, rules: RulesSettings) -> tuple[Scanner, ...]:
        scanners: list[Scanner] = [RuleScanner(rulebook.configure(book, rules), review.language)]
        scanners.append(secret_scanner.speaking(review.language))
        if rules.tools:
            scanners.append(ToolScanner(rules, weights=weights))
        if sarif:
            scanners.append(SarifScanner(sarif, root, weights=weights, rules=rules))
        return tuple(scanners)

    guidelines = guidelinefile.load(settings.rules, tolerant=tolerant)
    ids = {rule.id for rule in book.rules} | {guideline.id for guideline in guidelines.known}
    ids |= {f"{tool.name}/*" for tool in settings.rules.tools} | {"secret/*", "model/*", WITHOUT_REASON}
    return Rules(make, guidelines, frozenset(ids))


def open_formatter(settings: Settings) -> Formatter | None:
    """Make what formats suggestions, None where nothing is configured; raises ConfigError for globs that are none."""
    from reviewer.scanners.formatters import ToolFormatter

    return ToolFormatter(settings.review.formatters) if settings.review.formatters else None


def open_forges(settings: Settings, told: Callable[[ForgeCall], None] | None = None) -> dict[str, AnyForge]:
    """Open every configured forge over one folder of mirrors; `told` hears of every call."""
    from reviewer.forges import open_forge
    from reviewer.repo.mirror import Mirror

    mirror = Mirror(settings.service.data_dir)
    return {forge.id: open_forge(forge, mirror, told) for forge in settings.forges}


@dataclass(frozen=True, slots=True)
class ServiceParts:
    """What the service runs on: a job's work, who we are on each forge, the forges, who watches, how to close it."""

    work: Work
    bots: Bots
    forges: Mapping[str, Listing]
    sight: Sight
    chores: tuple[Chore, ...]
    close: Callable[[], None]


def open_service(settings: Settings) -> ServiceParts:
    """Make the parts of the service; raises ConfigError for what cannot be used."""
    from reviewer.audit.opening import open_ledger
    from reviewer.commands.dismissing import Dismissing
    from reviewer.service.answers import with_commands
    from reviewer.service.chores import Chore
    from reviewer.service.learning import Lessons
    from reviewer.service.payloads import Bot
    from reviewer.service.recorded import recorded
    from reviewer.service.sight import open_sight
    from reviewer.service.watch import Ledgers, watched
    from reviewer.service.work import ReviewWork

    sight = open_sight(settings)
    forges = open_forges(settings, told=sight.watch.forge_called)
    names = {forge.id: forge.bot_name or "reviewer" for forge in settings.forges}
    key = instance_key(settings.service.secret_key_file)
    log = open_ledger(settings, key, sight.metrics.audit_failed)
    ledger = Ledgers((*sight.ledgers, log))
    rules = open_rules(settings, cache_dir=settings.service.data_dir, tolerant=True)
    formatter = open_formatter(settings)
    replies = open_replies(settings, settings.service.data_dir)
    memory = open_memory(settings)
    lessons = Lessons(memory, forges, settings.memory, key=key, clock=time.time)
    wanted = memory if settings.memory.dismissals else None
    dismissing = Dismissing(forges, wanted, key, time.time, settings.review.language)

    async def engine() -> Engine:
        return Engine(
            settings=settings,
            key=key,
            ledger=ledger,
            gateway=await open_gateway(settings, slots=open_slots(settings), replies=replies, ledger=ledger),
            scanners=rules.scanners,
            guidelines=rules.guidelines,
            rule_ids=rules.ids,
            formatter=formatter,
        )

    work = with_commands(
        ReviewWork(settings, forges, engine, lessons, backgrounds=forges),
        forges,
        names,
        language=settings.review.language,
        handlers={"ignore": dismissing.ignore, "resolve": dismissing.resolve},
    )
    closing = ExitStack()
    closing.callback(memory.close)
    closing.callback(log.close)
    closing.callback(sight.close)
    return ServiceParts(
        work=watched(recorded(work, log), sight.watch),
        bots={name: partial(Bot, names[name]) for name in forges},
        forges=forges,
        sight=sight,
        chores=(
            Chore("clean the memory", 3600.0, memory.clean),
            Chore("tidy the audit log", 3600.0, log.tidy),
        ),
        close=closing.close,
    )


def open_memory(settings: Settings) -> DatabaseMemory:
    """Open what is remembered between reviews; nothing is read before it is needed."""
    from reviewer.database.connections import WORK_TIMEOUT_S, open_database
    from reviewer.memory.database import Bounds, DatabaseMemory

    database = open_database(settings.service.database, connections=2, timeout_s=WORK_TIMEOUT_S)
    bounds = Bounds(settings.memory.max_age_days, settings.memory.max_per_project)
    return DatabaseMemory(database, time.time, bounds)


def open_stored_memory(settings: Settings) -> DatabaseMemory:
    """Open what the service has remembered so far; raises StoreError where it has never run."""
    from reviewer.database.connections import WORK_TIMEOUT_S, open_database
    from reviewer.database.migration import check_revision

    address = settings.service.database
    file = Path(address.removeprefix("sqlite:///"))
    if address.startswith("sqlite:///") and not file.exists():  # looking must not make it
        raise StoreError(
            f"there is no database at {file}", remedy="name the service's configuration with --config"
        )
    database = open_database(address, connections=1, timeout_s=WORK_TIMEOUT_S)
    try:
        check_revision(database)
    finally:
        database.dispose()
    return open_memory(settings)


def open_slots(settings: Settings) -> Slots | None:
    """Share the places at models with all processes of a Postgres; None where one process has them all."""
    from sqlalchemy import make_url

    from reviewer.database.slots import SharedSlots
    from reviewer.models.slots import LocalSlots

    address = settings.service.database
    shared = make_url(address).get_backend_name() == "postgresql"
    return SharedSlots(address, LocalSlots()) if shared else None


def run_service(
    settings: Settings, *, role: ProcessRole, listening: bool = True, verbose: bool = False
) -> None:
    """Run the service until it is told to stop; without `listening` it answers nobody."""
    from reviewer.service.logs import configure_logs
    from reviewer.service.server import serve
    from reviewer.service.upkeep import make_chores

    configure_logs(verbose=verbose, form=settings.service.log_format)
    parts = open_service(settings)

    def chores(jobs: DurableJobs) -> list[Chore]:
        return [*make_chores(settings, parts.forges, jobs), *parts.chores]

    try:
        serve(
            settings,
            parts.work,
            bots=parts.bots,
            role=role,
            listening=listening,
            chores=chores,
            sight=parts.sight,
        )
    finally:
        parts.close()


def checkable_forges(settings: Settings) -> Sequence[tuple[str, Checkable]]:
    """Return the forges for the doctor."""
    return list(open_forges(settings).items())


def check_database(address: str) -> Check:
    """Open the database, and say what is wrong with it."""
    from reviewer.database.connections import open_database, store_errors

    file = Path(address.removeprefix("sqlite:///"))
    if address.startswith("sqlite:///") and not file.exists():  # looking must not make it
        usable = os.access(next(place for place in file.absolute().parents if place.exists()), os.W_OK)
        return Check("database", usable, f"{address} will be made at the first start", "see service.database")
    try:
        engine = open_database(address, connections=1, timeout_s=5)
        try:
            with store_errors(), engine.connect():
                return Check("database", True, engine.url.render_as_string(hide_password=True))
        finally:
            engine.dispose()
    except (ConfigError, StoreError) as err:
        return Check("database", False, str(err), err.remedy or "see service.database")


def read_baseline(file: Path | None) -> Baseline | None:
    """Read a baseline file; raise ConfigError if it cannot be read."""
    if file is None:
        return None
    try:
        return suppress.read_baseline(file.read_bytes(), str(file))
    except OSError as err:
        raise ConfigError(f"{file}: {err.strerror}", key="--baseline", source="command line") from err


def existing_key(settings: Settings) -> bytes:
    """Read the instance key that there is; raise ConfigError where there is none."""
    file = settings.service.secret_key_file
    if not file.exists():  # a new one would prove nothing
        raise ConfigError(f"there is no instance key {file}", key="service.secret_key_file")
    return instance_key(file)


def instance_key(file: Path) -> bytes:
    """Read the key that signs markers and fences; make it (0600) where there is none.

    Raises ConfigError if it is too short or cannot be read or made.
    """
    try:
        if not file.exists():
            _make_key(file)
        key = file.read_bytes().strip()
    except OSError as err:
        raise ConfigError(f"{file}: {err.strerror}", key="service.secret_key_file") from err
    if len(key) < 32:
        raise ConfigError(
            f"{file} holds {len(key)} bytes, at least 32 are needed", key="service.secret_key_file"
        )
    return key


def _lasting_key(file: Path) -> bytes:
    """Read or make a user's own key; draw one for this run where neither can be done."""
    try:
        return instance_key(file)
    except ConfigError:
        return secrets.token_bytes(32)


def _make_key(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Written aside and linked into place: two processes that start at once end up with one key.
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(secrets.token_hex(32))
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
