"""Logs are JSON lines, and say nothing that passed through."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from reviewer.service.logs import configure_logs


@pytest.fixture
def lines() -> Iterator[Any]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logs(stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()
    engine = logging.getLogger("dbos")
    engine.handlers, engine.propagate = [], True
    root.handlers[:] = handlers
    root.setLevel(level)


def test_one_object_a_line(lines: Any) -> None:
    structlog.get_logger().info("job done", job="main:d1:1")
    logging.getLogger("some.library").warning("careful\nnow")
    ours, theirs = lines()
    assert (ours["event"], ours["job"], ours["level"]) == ("job done", "main:d1:1", "info")
    assert (theirs["event"], theirs["logger"]) == ("careful\nnow", "some.library")


def test_an_exception_is_shown_by_type_and_place_only(lines: Any) -> None:
    try:
        int("glpat-secret in the diff")
    except ValueError:
        structlog.get_logger().exception("job failed")
        logging.getLogger("some.library").exception("job failed")
    for line in lines():
        assert line["exception"] == "ValueError"
        assert "test_logs.py" in line["at"][-1]
        assert "glpat" not in json.dumps(line)


def test_talkative_libraries_are_quiet(lines: Any) -> None:
    for name in ("urllib3.connectionpool", "github.Requester", "httpx", "dbos", "uvicorn.error"):
        logging.getLogger(name).info("token=abc")
    assert lines() == []


def test_a_cancelled_job_is_no_error_of_the_engine(lines: Any) -> None:
    class DBOSAwaitedWorkflowCancelledError(Exception):
        pass

    log = logging.getLogger("dbos")
    log.error("Exception in workflow", exc_info=DBOSAwaitedWorkflowCancelledError())
    log.error("Exception in workflow", exc_info=KeyError())
    assert [line["exception"] for line in lines()] == ["KeyError"]
