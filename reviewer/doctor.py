"""Look at everything a running reviewer needs and say what to do about each thing that is missing."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

from reviewer.config import Settings, secret
from reviewer.domain import Check
from reviewer.errors import ReviewerError
from reviewer.ports import Checkable, Gateway
from reviewer.settings import Loaded, without_effect

LOW_DISK_BYTES = 1 << 30


async def examine(
    loaded: Loaded,
    *,
    forges: Callable[[], Sequence[tuple[str, Checkable]]],
    gateway: Callable[[], Awaitable[Gateway]],
    database: Callable[[str], Check],
    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
) -> tuple[Check, ...]:
    """Run every check, one after the other; a check that fails never stops the next.

    The parts come as functions, because making one may be what fails.
    """
    checks = [*_configuration(loaded), *_programs(), _disk(loaded.settings.service.data_dir, free_bytes)]
    checks += _secrets(loaded.settings)
    checks.append(database(loaded.settings.service.database))
    if loaded.settings.forges:
        checks += _forges(forges)
    else:
        checks.append(Check("forges", True, "none configured: `serve` would have nothing to listen to"))
    return (*checks, *await _models(gateway))


def _configuration(loaded: Loaded) -> Iterator[Check]:
    yield Check("configuration", True, str(loaded.file) if loaded.file else "built-in defaults, no file")
    for text in without_effect(loaded.settings):
        yield Check("configuration", False, text, "take it out until a release says otherwise")


def _programs() -> Iterator[Check]:
    git = shutil.which("git")
    if git is None:
        yield Check("git", False, "not on PATH", "install git 2.38 or newer")
        return
    said = subprocess.run([git, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    numbers = [int(part) for part in said.removeprefix("git version ").split(".")[:2] if part.isdigit()]
    yield Check("git", numbers >= [2, 38], said, "install git 2.38 or newer")


def _disk(folder: Path, free_bytes: Callable[[Path], int]) -> Check:
    existing = next((place for place in (folder, *folder.absolute().parents) if place.exists()), Path())
    free = free_bytes(existing)
    detail = f"{free / (1 << 30):.1f} GiB free for {folder}"
    return Check("disk", free >= LOW_DISK_BYTES, detail, "free some space, or move service.data_dir")


def _secrets(settings: Settings) -> Iterator[Check]:
    for number, forge in enumerate(settings.forges):
        for what in ("token", "webhook_secret"):
            env, file = getattr(forge, f"{what}_env"), getattr(forge, f"{what}_file")
            key = f"forges.{number}.{what}_{'file' if file and not env else 'env'}"
            optional = what == "token" and forge.app_id is not None
            yield _secret(f"{forge.id}: {what.replace('_', ' ')}", env, file, key, optional=optional)


def _secret(name: str, env: str | None, file: Path | None, key: str, *, optional: bool) -> Check:
    try:
        found = secret(env, file, key=key)
    except ReviewerError as err:
        return Check(name, False, str(err), err.remedy)
    if found is None and not optional:
        return Check(name, False, "not configured", f"set {key}")
    return Check(name, True, "set" if found else "a GitHub App is used")


def _forges(forges: Callable[[], Sequence[tuple[str, Checkable]]]) -> Iterator[Check]:
    try:
        opened = forges()
    except ReviewerError as err:
        yield Check("forges", False, str(err), err.remedy)
        return
    for name, forge in opened:
        try:
            for item in forge.check():
                yield Check(f"{name}: {item.name}", item.ok, item.detail, item.remedy)
        except ReviewerError as err:
            yield Check(name, False, str(err), err.remedy)


async def _models(gateway: Callable[[], Awaitable[Gateway]]) -> tuple[Check, ...]:
    from reviewer.domain import Role

    try:
        opened = await gateway()
    except ReviewerError as err:
        return (Check("models", False, str(err), err.remedy),)
    try:
        models = {model.name: model for role in Role for model in opened.configured(role)}
        if not models:
            return (
                Check(
                    "models", True, "none configured and no Ollama on 127.0.0.1:11434: the rules run alone"
                ),
            )
        return tuple([check for model in models.values() for check in await model.check()])
    finally:
        await opened.aclose()
