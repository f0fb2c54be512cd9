"""A worker process that asks a model under shared places: `python -m tests.contract.database.slots_driver ...`.

Arguments: database, a folder for marks, the limit, and how often to ask, or `hold` to keep a place for ever. The
model is a server that counts, at the URL in the last argument.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import httpx

from reviewer.database.slots import SharedSlots
from reviewer.domain import Priority
from reviewer.models.slots import LocalSlots


async def main(database: str, limit: str, wish: str, url: str) -> None:
    slots = SharedSlots(database, LocalSlots())
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:

        async def ask() -> None:
            async with slots.take("gpu", int(limit), Priority.REVIEW):
                (await http.get(url)).raise_for_status()

        if wish == "hold":
            async with slots.take("gpu", int(limit), Priority.REVIEW):
                Path(url).touch()
                await asyncio.sleep(600)
        await asyncio.gather(*(ask() for _ in range(int(wish))))
    slots.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
