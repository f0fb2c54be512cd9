"""The short form of every scenario: small counts, the same processes, the same promises."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.catalogue import SCENARIOS
from tests.chaos.outcome import SHORT
from tests.chaos.staging import Stage, stage

# One after another: some of them measure, and all of them want the machine for themselves.
pytestmark = pytest.mark.xdist_group("chaos")


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("chaos")) as made:
        yield made


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_holds(ready: Stage, name: str) -> None:
    outcome = ready.play(name, SCENARIOS[name], SHORT)
    if outcome.skipped:
        pytest.skip(outcome.skipped)
    assert outcome.held, outcome
