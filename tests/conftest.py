"""What all tests share: deterministic property tests, and where the labelled data lies."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# A reply kept from another test would be an answer that nobody scripted; tests of the cache ask for it.
os.environ.setdefault("REVIEWER_CACHE__REPLIES", "false")

settings.register_profile(
    "suite", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update", action="store_true", help="Rewrite golden files; read them before committing."
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with a file under tests/fixtures, or rewrite the file with `--update`."""

    def compare(name: str, text: str) -> None:
        file = ROOT / "tests" / "fixtures" / name
        if request.config.getoption("--update"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.read_text(encoding="utf-8") == text, f"{name} differs; --update rewrites it"

    return compare


@pytest.fixture(scope="session")
def rows() -> Callable[[str], Iterator[dict[str, Any]]]:
    """Read a data set by name, row by row; skip where the data is not at hand."""
    folder = Path(os.environ.get("REVIEWER_DATA", ROOT.parent / "shared" / "data"))

    def read(name: str) -> Iterator[dict[str, Any]]:
        file = folder / f"{name}.jsonl.gz"
        if not file.is_file():
            pytest.skip(f"{file.name} is not at hand; set REVIEWER_DATA to its folder")
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)

    return read
