"""`serve` in a process of its own: `python -m tests.contract.service.serving DATABASE JOURNAL`.

Its one job step writes `begun`, takes as long as the file JOURNAL.hold exists, then writes `ended`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from reviewer.config import ForgeSettings, ServiceSettings, Settings
from reviewer.domain import Event
from reviewer.ports import Json, Step
from reviewer.service.fence import Fence
from reviewer.service.logs import configure_logs
from reviewer.service.server import serve


def settings_for(database: str, *, host: str = "127.0.0.1", port: int = 0) -> Settings:
    return Settings(
        service=ServiceSettings(host=host, port=port, database=database),
        forges=(
            ForgeSettings(
                id="main", kind="gitlab", url="http://127.0.0.1:9", webhook_secret_env="HOOK_SECRET"
            ),
        ),
    )


def main(database: str, journal: str) -> None:
    hold = Path(journal + ".hold")

    def note(line: str) -> None:
        with Path(journal).open("a") as out:
            out.write(line + "\n")

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        async def post() -> Json:
            note("begun")
            while hold.exists():
                await asyncio.sleep(0.02)
            note("ended")
            return None

        await step("post", post, preemptible=False)
        return {"verdict": "pass", "head": event.head}

    configure_logs()
    serve(settings_for(database), work)


if __name__ == "__main__":
    main(*sys.argv[1:])
