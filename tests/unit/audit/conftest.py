"""A fresh audit log for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.audit.lab import AuditLab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[AuditLab]:
    made = AuditLab(tmp_path)
    yield made
    made.engine.dispose()
