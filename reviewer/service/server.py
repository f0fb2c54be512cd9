"""One process of the service: the web server, the jobs and their orderly end."""

from __future__ import annotations

import gc
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import cast

import structlog
import uvicorn

from reviewer.config import ForgeSettings, Settings, secret
from reviewer.domain import ProcessRole
from reviewer.errors import ConfigError
from reviewer.service.app import Door, Entrance, create_app
from reviewer.service.census import FolderSize, take_census
from reviewer.service.edge import App, server_config
from reviewer.service.jobs import DurableJobs, MakeChores
from reviewer.service.payloads import Bot
from reviewer.service.sight import Sight
from reviewer.service.store import Store
from reviewer.service.visitors import Visitors
from reviewer.service.webhooks import check_secret
from reviewer.service.worker import Work

DRAIN_S = 30.0
_START_TIMEOUT_S = 30.0
_BACKLOG = 1024
_SWITCH_S = 0.001

Bots = Mapping[str, Callable[[], Bot]]


@dataclass(frozen=True, slots=True)
class Running:
    """A service at work; `url` is its address without a path, empty if it answers nobody."""

    url: str
    jobs: DurableJobs


def serve(
    settings: Settings,
    work: Work,
    *,
    bots: Bots | None = None,
    role: ProcessRole = ProcessRole.ALL,
    listening: bool = True,
    chores: MakeChores | None = None,
    sight: Sight | None = None,
) -> None:
    """Run the service until SIGTERM or SIGINT; raise ConfigError or StoreError if it cannot start.

    It then takes no more deliveries, lets running steps end for DRAIN_S seconds, and returns; what is
    unfinished goes on at the next start. Call it in the main thread.
    """
    stop = threading.Event()

    def ask_to_stop(_: int, __: FrameType | None) -> None:
        stop.set()

    # Python code of a running review then gives way five times as often as by default, and a forge
    # that waits for its answer hardly notices the review.
    sys.setswitchinterval(_SWITCH_S)
    former = {number: signal.signal(number, ask_to_stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with running(
            settings, work, bots=bots, role=role, listening=listening, chores=chores, sight=sight
        ) as service:
            # What is here now stays for good: no collection, which stops every thread, goes through it again.
            gc.collect()
            gc.freeze()
            structlog.get_logger().info("serving", url=service.url, role=role.value)
            stop.wait()
            structlog.get_logger().info("stopping")
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


@contextmanager
def running(
    settings: Settings,
    work: Work,
    *,
    bots: Bots | None = None,
    role: ProcessRole = ProcessRole.ALL,
    listening: bool = True,
    chores: MakeChores | None = None,
    drain_s: float = DRAIN_S,
    sight: Sight | None = None,
) -> Iterator[Running]:
    """Run the service beside the caller, on a free port if `settings.service.port` is 0.

    A worker takes no deliveries, it only says how it is.
    """
    service = settings.service
    taking = settings.forges if role is not ProcessRole.WORKER else ()
    entrances = {forge.id: _entrance(forge, bots or {}) for forge in taking}
    token = secret(service.api_token_env, None, key="service.api_token_env")
    with ExitStack() as undo:
        listener = undo.enter_context(_listen(service.host, service.port)) if listening else None
        jobs = DurableJobs(
            service.database,
            work,
            role=role,
            workers=service.workers,
            queue_limit=service.queue_limit,
            chores=chores,
        )
        undo.callback(jobs.close, drain_s)
        url = ""
        if listener is not None:
            door = _door(settings, token, jobs.store, sight or Sight())
            # Typed for ASGI's own scopes and events, of which FastAPI knows a part.
            app = cast("App", create_app(jobs, jobs.store, entrances, door=door))
            config = server_config(app, service)
            undo.enter_context(_answering(uvicorn.Server(config), listener))
            host, port = listener.getsockname()[:2]
            url = f"{'https' if config.ssl else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
        yield Running(url, jobs)


def _door(settings: Settings, token: str | None, store: Store, sight: Sight) -> Door:
    size = FolderSize(settings.service.data_dir)
    sight.metrics.attach(partial(take_census, store), size)
    visitors = Visitors(settings.service.trusted_proxies)
    return Door(token, visitors, sight.watch, sight.metrics.page)


def _entrance(forge: ForgeSettings, bots: Bots) -> Entrance:
    key = f"forges.{forge.id}.webhook_secret_env"
    found = secret(forge.webhook_secret_env, forge.webhook_secret_file, key=key)
    named = Bot(forge.bot_name or "reviewer")
    return Entrance(forge, check_secret(forge, found), bots.get(forge.id, lambda: named))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named TCP outright: only then does asyncio switch off Nagle's delay, 40 ms an answer otherwise.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as err:
        listener.close()
        raise ConfigError(f"cannot listen on {host} port {port}: {err.strerror}", key="service.port") from err
    return listener


@contextmanager
def _answering(server: uvicorn.Server, listener: socket.socket) -> Iterator[None]:
    """Run the web server in a thread of its own: signals are then ours to handle."""
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="web", daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_TIMEOUT_S
    try:
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise ConfigError("the web server did not start", key="service.host")
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join()
