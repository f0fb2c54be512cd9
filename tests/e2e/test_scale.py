"""One web process and three workers on one Postgres, against a model that takes two calls at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from reviewer.demo import webhook
from tests.e2e.code import BASE, HEAD, draft
from tests.e2e.deployment import MODEL, WEBHOOK_SECRET, Deployment
from tests.e2e.lab import FORGE
from tests.fakes.forge.gitlab import FakeGitLab
from tests.fakes.models.server import ScriptedModels

pytestmark = pytest.mark.xdist_group("jobs")

MERGE_REQUESTS = 4
WORKERS = 3
PAUSE_S = 0.02  # between two pieces of a reply: calls overlap if they may
MORE = MODEL.replace("timeout_s", "parallel = 2\ntimeout_s") + "\n[cache]\nreplies = false\n"


def test_a_models_places_hold_over_all_workers(
    tmp_path: Path, warm: Callable[[Path], None], new_postgres_database: Callable[[], str]
) -> None:
    warm(tmp_path / "var")
    with ExitStack() as stack:
        forge = stack.enter_context(FakeGitLab(tmp_path))
        models = stack.enter_context(ScriptedModels())
        finding = draft("    return min(turnover * rate, MINIMUM)")
        models.script.when(schema=True).reply({"findings": [finding]}, delay_s=PAUSE_S)
        models.script.when(schema=False, turn=1).reply("The minimum is a maximum.", delay_s=PAUSE_S)
        database = new_postgres_database()

        def deployment(*arguments: str) -> Deployment:
            return Deployment(
                tmp_path,
                FORGE.format(url=forge.url, more=""),
                more=MORE.format(url=models.url, context=16384),
                environ={"LAB_TOKEN": forge.token, "LAB_SECRET": WEBHOOK_SECRET},
                database=database,
                arguments=arguments,
            )

        web = stack.enter_context(deployment("--role", "web"))
        workers = [deployment("--role", "worker", "--workers", "3", "--port", "0") for _ in range(WORKERS)]
        with ThreadPoolExecutor() as together:
            list(together.map(stack.enter_context, workers))
        merge_requests = [
            forge.open(BASE, {**HEAD, "README.md": f"# Fees {number}\n"}) for number in range(MERGE_REQUESTS)
        ]
        for merge_request in merge_requests:
            event = webhook.merge_request_event(merge_request, "open", forge.url)
            answer = forge.send(f"{web.url}/webhooks/lab", event, WEBHOOK_SECRET)
            assert answer.status_code == 202
        for merge_request in merge_requests:
            head = merge_request.latest.head
            document = web.review(forge="lab", project="desk/orders", mr=merge_request.iid, head=head)
            assert document["verdict"] == "fail"
        inline = [[note for note in found.notes() if note.position] for found in merge_requests]
        assert [len(notes) for notes in inline] == [2] * MERGE_REQUESTS
        assert models.most_at_once == 2
        with psycopg.connect(database) as connection:
            row = connection.execute(
                "SELECT count(DISTINCT executor_id) FROM dbos.workflow_status"
            ).fetchone()
        assert row is not None
        assert row[0] > 1  # they have shared the work
