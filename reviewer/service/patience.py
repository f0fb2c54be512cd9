"""Wait for a database that is away, locked or full: a job must not fail for what will pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import chain, repeat
from typing import TypeVar

import structlog

from reviewer.database.connections import will_pass
from reviewer.errors import StoreError

_T = TypeVar("_T")

_PAUSES_S = (0.5, 1.0, 2.0, 5.0)


async def insist(call: Callable[[], _T]) -> _T:
    """Return what a blocking call of the store returns, calling again for as long as the database fails.

    The engine does the same for what it remembers. Raises StoreError for what no waiting mends.
    """
    pauses = chain(_PAUSES_S, repeat(_PAUSES_S[-1]))
    while True:
        try:
            return await asyncio.to_thread(call)
        except StoreError as err:
            if not will_pass(err):
                raise
            structlog.get_logger().warning("waiting for the database", reason=str(err))
        await asyncio.sleep(next(pauses))
