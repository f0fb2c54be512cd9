"""A wall clock that goes as we like for one process; its monotonic clock stays true."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from tests.chaos.postgres import Unavailable


class FakeClock:
    """Give `environ` to a process, then `set` how far its clock is off; raises Unavailable without libfaketime."""

    def __init__(self, folder: Path) -> None:
        found = importlib.util.find_spec("libfaketime")
        if found is None or found.origin is None:
            raise Unavailable("libfaketime is not installed")
        library = Path(found.origin).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
        self._file = folder / "clock"
        self.set(0)
        self.environ = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        }

    def set(self, seconds: float) -> None:
        """Let the clock be this far ahead of the true time."""
        draft = self._file.with_suffix(".new")
        draft.write_text(f"{seconds:+.0f}")
        draft.replace(self._file)
