"""Logs as JSON lines on standard error: ids and outcomes, never code, prompts, comments or tokens."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

# They say at DEBUG, and some at INFO, what passes through them; the engine warns of every cancelled task.
_LIBRARIES = {"dbos": logging.ERROR} | dict.fromkeys(
    ("uvicorn", "httpx", "httpcore", "urllib3", "github", "gitlab", "asyncio", "sqlalchemy"), logging.WARNING
)

Entry = MutableMapping[str, Any]


def configure_logs(*, verbose: bool = False, stream: TextIO | None = None) -> None:
    """Send all logs of this process to a stream (standard error), one JSON object a line."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_values,
    ]
    render: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.JSONRenderer(),
    ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=render))
    handler.addFilter(_is_news)
    logging.basicConfig(handlers=[handler], level=logging.DEBUG if verbose else logging.INFO, force=True)
    for name, level in _LIBRARIES.items():
        logging.getLogger(name).setLevel(level)
    # The engine prints through a handler of its own unless it finds one.
    engine = logging.getLogger("dbos")
    engine.handlers, engine.propagate = [handler], False
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


def _is_news(record: logging.LogRecord) -> bool:
    """Drop what the engine calls an error when a job was cancelled: that is how it stops one."""
    return not (record.exc_info and type(record.exc_info[1]).__name__ == "DBOSAwaitedWorkflowCancelledError")
