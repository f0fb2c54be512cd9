"""Jobs running on a SQLite file and on Postgres."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
import structlog

from tests.contract.conftest import KINDS
from tests.contract.jobs.lab import Lab


@pytest.fixture(scope="session", autouse=True)
def quiet() -> Iterator[None]:
    """Keep the log of what is made to fail here out of the tests' output."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="module", params=KINDS)
def lab(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> Iterator[Lab]:
    """Jobs running on one database for all tests of a module; each test uses a project of its own."""
    lab = Lab(new_database(request.param), retry_delays_s=(0.01, 0.01))
    yield lab
    lab.close()
