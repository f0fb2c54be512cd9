"""Logs on standard error, one line an event: ids and outcomes, never code, prompts, comments or tokens.

Lines of a delivery or a job carry their ids, bound where they begin. Whatever text comes by is cut, its
control characters are escaped and what looks like a secret is masked: a branch may be called anything.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO

import structlog

from reviewer.stages.redact import redact

# They say at DEBUG, and some at INFO, what passes through them; the engine warns of every cancelled task.
_LIBRARIES = {"dbos": logging.ERROR} | dict.fromkeys(
    (
        "alembic",
        "asyncio",
        "fastapi",
        "github",
        "gitlab",
        "h11",
        "httpcore",
        "httpx",
        "ollama",
        "opentelemetry",
        "psycopg",
        "requests",
        "sqlalchemy",
        "urllib3",
        "uvicorn",
    ),
    logging.WARNING,
)
_LONGEST = 500  # characters of a text; a reason of ours is shorter

Entry = MutableMapping[str, Any]


def configure_logs(
    *, verbose: bool = False, form: Literal["json", "console"] = "json", stream: TextIO | None = None
) -> None:
    """Send all logs of this process to a stream (standard error): a JSON object, or words, a line."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_values,
        _harmless,
    ]
    in_words = structlog.dev.ConsoleRenderer(colors=False, sort_keys=False)
    render: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        in_words if form == "console" else structlog.processors.JSONRenderer(),
    ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=render))
    handler.addFilter(_is_news)
    logging.basicConfig(handlers=[handler], level=logging.DEBUG if verbose else logging.INFO, force=True)
    for name, level in _LIBRARIES.items():
        logging.getLogger(name).setLevel(level)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _without_values(_: Any, __: str, entry: Entry) -> Entry:
    """Show of an exception its type and where it happened; its message may quote what a stranger wrote."""
    failure = entry.pop("exc_info", None)
    if failure is True:
        failure = sys.exc_info()
    elif isinstance(failure, BaseException):
        failure = (type(failure), failure, failure.__traceback__)
    if failure and failure[0] is not None:
        frames = traceback.extract_tb(failure[2])
        entry["exception"] = failure[0].__name__
        entry["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return entry


def _harmless(_: Any, __: str, entry: Entry) -> Entry:
    """Mask secrets, cut what is long, and escape what could pass for another line or move a cursor."""
    for key, value in entry.items():
        if key.startswith("_"):  # structlog's own, gone before anything is written
            continue
        if isinstance(value, str):
            entry[key] = _plain(value)
        elif isinstance(value, list | tuple):
            entry[key] = [_plain(item) if isinstance(item, str) else item for item in value]
    return entry


def _plain(text: str) -> str:
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    masked = redact(short).text
    return masked if masked.isprintable() else masked.encode("unicode_escape").decode("ascii")


def _is_news(record: logging.LogRecord) -> bool:
    """Drop what the engine calls an error when a job was cancelled: that is how it stops one."""
    return not (record.exc_info and type(record.exc_info[1]).__name__ == "DBOSAwaitedWorkflowCancelledError")
