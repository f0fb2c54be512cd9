"""Logs are JSON lines, and say nothing that passed through."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
import structlog

from reviewer.service.logs import configure_logs


@contextmanager
def configured(form: Literal["json", "console"]) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logs(form=form, stream=stream)
    yield stream
    structlog.reset_defaults()
    engine = logging.getLogger("dbos")
    engine.handlers, engine.propagate = [], True
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def lines() -> Iterator[Any]:
    with configured("json") as stream:
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_one_object_a_line(lines: Any) -> None:
    structlog.get_logger().info("job done", job="main:d1:1")
    logging.getLogger("some.library").warning("careful\nnow")
    ours, theirs = lines()
    assert (ours["event"], ours["job"], ours["level"]) == ("job done", "main:d1:1", "info")
    assert (theirs["event"], theirs["logger"]) == ("careful\\nnow", "some.library")


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


NASTY = 'feature\n{"event": "job done"}\r\x1b[2J\x00\u2028\u202e\ud800' + "x" * 5000
TOKEN = "glpat-" + "a1B2c3D4e5F6g7H8i9J0"


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_branch_cannot_write_a_line_of_its_own(form: Literal["json", "console"]) -> None:
    with configured(form) as stream:
        structlog.get_logger().warning("refused", branch=NASTY, branches=[NASTY])
        structlog.get_logger().warning(NASTY)
        logging.getLogger("some.library").warning("said %s", NASTY)
    written = stream.getvalue()
    assert len(written.splitlines()) == 3
    assert written.replace("\n", "").isprintable()
    assert len(written) < 6000


@pytest.mark.parametrize("form", ["json", "console"])
def test_what_looks_like_a_secret_is_masked(form: Literal["json", "console"]) -> None:
    with configured(form) as stream:
        structlog.get_logger().warning("refused", reason=f"token {TOKEN} is not valid", tried=[TOKEN])
        logging.getLogger("some.library").warning("PRIVATE-TOKEN: %s", TOKEN)
    assert TOKEN not in stream.getvalue()
    assert stream.getvalue().count("redacted") == 3


def test_ids_are_bound_to_every_line(lines: Any) -> None:
    with structlog.contextvars.bound_contextvars(job="main:d1:1", delivery="d1"):
        structlog.get_logger().info("job done")
        logging.getLogger("some.library").warning("careful")
    structlog.get_logger().info("idle")
    ours, theirs, idle = lines()
    assert (ours["job"], theirs["job"], ours["delivery"]) == ("main:d1:1", "main:d1:1", "d1")
    assert "job" not in idle


def test_words_for_a_person() -> None:
    with configured("console") as stream:
        structlog.get_logger().info("job done", job="main:d1:1")
    assert "job done" in stream.getvalue()
    assert "job=main:d1:1" in stream.getvalue()
