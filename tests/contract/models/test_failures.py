"""What a user sees of each way a model can fail: the whole table, from true reviews over real HTTP."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench.model_failures import measure, render


def test_every_failure_is_told_with_its_exit_code(golden: Callable[[str, str], None]) -> None:
    rows = list(measure())
    golden("models/failures.txt", render(rows))
    silent = [row.failure for row in rows if row.exit_code == 0 and row.codes == "-"]
    assert set(silent) == {"circuit closed again"}
