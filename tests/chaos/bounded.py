"""The service on a SQLite that may be told to grow no further: `python -m tests.chaos.bounded --config ...`.

The file that CHAOS_PAGE_LIMIT names holds the largest number of pages the database may have; it is
read whenever a connection is taken out of its pool.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.pool import Pool

from reviewer.cli import main


def bound(connection: Any, _record: Any, _proxy: Any) -> None:
    """Tell a connection how far its database may grow."""
    limit = Path(os.environ["CHAOS_PAGE_LIMIT"])
    if limit.exists():
        connection.execute(f"PRAGMA max_page_count = {int(limit.read_text())}").close()


if __name__ == "__main__":
    event.listen(Pool, "checkout", bound)
    sys.exit(main(["serve", *sys.argv[1:]]))
