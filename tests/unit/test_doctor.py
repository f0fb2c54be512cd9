"""The doctor over parts that work, parts that fail and parts that cannot be made."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pytest

from reviewer.config import Settings
from reviewer.doctor import examine
from reviewer.domain import Check, Errand, Role
from reviewer.errors import ConfigError, ForgeAuth, ModelUnavailable, ReviewerError
from reviewer.ports import Checkable, Gateway, Model
from reviewer.settings import Loaded


class Desk:
    """A forge that says what it is told to, or raises it."""

    def __init__(self, *checks: Check, raises: ReviewerError | None = None) -> None:
        self._checks = checks
        self._raises = raises

    def check(self) -> Sequence[Check]:
        if self._raises:
            raise self._raises
        return self._checks


class Voice:
    """A model of which only the checks are asked for."""

    def __init__(self, name: str, *checks: Check) -> None:
        self.name = name
        self.times = 0
        self._checks = checks

    async def check(self) -> Sequence[Check]:
        self.times += 1
        return self._checks


class Choir:
    """A gateway with the same models in every role; knows whether it was closed."""

    def __init__(self, *voices: Voice) -> None:
        self.closed = False
        self._voices = voices

    def configured(self, role: Role) -> tuple[Model, ...]:
        return self._voices  # type: ignore[return-value]  # only `name` and `check` are used

    async def pick(self, role: Role, *, without: Collection[str] = ()) -> Model:
        raise NotImplementedError

    def on_behalf_of(self, errand: Errand) -> Gateway:
        return self

    async def aclose(self) -> None:
        self.closed = True


def fine(name: str) -> Check:
    return Check(name, ok=True, detail="well")


def examined(
    settings: Mapping[str, object] = MappingProxyType({}),
    *,
    forges: Sequence[tuple[str, Checkable]] | ReviewerError = (),
    gateway: Gateway | ReviewerError | None = None,
    database: Check | None = None,
    free: int = 1 << 40,
) -> dict[str, Check]:
    def open_forges() -> Sequence[tuple[str, Checkable]]:
        if isinstance(forges, ReviewerError):
            raise forges
        return forges

    async def open_gateway() -> Gateway:
        if isinstance(gateway, ReviewerError):
            raise gateway
        return gateway or Choir()

    loaded = Loaded(Settings.model_validate(settings), Path("reviewer.toml"), {})
    checks = asyncio.run(
        examine(
            loaded,
            forges=open_forges,
            gateway=open_gateway,
            database=lambda address: database or Check("database", ok=True, detail=address),
            free_bytes=lambda folder: free,
        )
    )
    return {check.name: check for check in checks}


FORGE = {"id": "lab", "kind": "gitlab", "url": "https://gitlab.example.internal"}


def test_everything_well() -> None:
    checks = examined()

    assert [check.name for check in checks.values() if not check.ok] == []
    assert list(checks) == ["configuration", "git", "disk", "database", "forges", "models"]
    assert checks["configuration"].detail == "reviewer.toml"
    assert "rules run alone" in checks["models"].detail


def test_each_forge_speaks_under_its_name() -> None:
    denied = Check("rights", ok=False, detail="read only", remedy="make it a Developer")
    checks = examined({"forges": [FORGE]}, forges=[("lab", Desk(fine("version"), denied))])

    assert checks["lab: version"].ok
    assert checks["lab: rights"] == Check("lab: rights", False, "read only", "make it a Developer")


def test_a_forge_that_raises_stops_neither_the_next_nor_the_models() -> None:
    broken = Desk(raises=ForgeAuth("401 from the forge", remedy="renew the token"))
    voice = Voice("coder", fine("model coder: reachable"))
    checks = examined(
        {"forges": [FORGE]}, forges=[("lab", broken), ("hub", Desk(fine("version")))], gateway=Choir(voice)
    )

    assert checks["lab"] == Check("lab", ok=False, detail="401 from the forge", remedy="renew the token")
    assert checks["hub: version"].ok
    assert checks["model coder: reachable"].ok


def test_forges_that_cannot_be_made_are_one_failure() -> None:
    checks = examined(
        {"forges": [FORGE]}, forges=ConfigError("ca.pem cannot be read", remedy="see forges.0.ca_file")
    )

    assert checks["forges"] == Check(
        "forges", ok=False, detail="ca.pem cannot be read", remedy="see forges.0.ca_file"
    )
    assert checks["models"].ok


def test_a_failing_model_is_told_once_and_the_gateway_is_closed() -> None:
    away = Check("model coder: reachable", ok=False, detail="refused", remedy="start Ollama")
    voice = Voice("coder", away)
    choir = Choir(voice)

    assert examined(gateway=choir)["model coder: reachable"] == away
    assert (voice.times, choir.closed) == (1, True)


def test_a_gateway_that_cannot_be_made_is_told_with_its_remedy() -> None:
    checks = examined(gateway=ModelUnavailable("no GGUF file", model="coder", remedy="download it"))

    assert checks["models"] == Check("models", ok=False, detail="no GGUF file", remedy="download it")


def test_a_broken_database_is_told() -> None:
    broken = Check("database", ok=False, detail="locked", remedy="see service.database")

    assert examined(database=broken)["database"] == broken


def test_secrets_are_looked_for_and_never_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LAB_TOKEN", "glpat-verysecret")
    (tmp_path / "empty").touch()
    forge = {**FORGE, "token_env": "LAB_TOKEN", "webhook_secret_file": str(tmp_path / "empty")}
    checks = examined({"forges": [forge, {**FORGE, "id": "hub", "webhook_secret_env": "NOT_SET"}]})

    assert checks["lab: token"] == Check("lab: token", ok=True, detail="set")
    assert (checks["lab: webhook secret"].ok, "is empty" in checks["lab: webhook secret"].detail) == (
        False,
        True,
    )
    assert checks["hub: token"].remedy == "set forges.1.token_env"
    assert checks["hub: webhook secret"].remedy == "export NOT_SET=..."
    assert "verysecret" not in str(checks)


def test_an_app_needs_no_token() -> None:
    forge = {"id": "hub", "kind": "github", "url": "https://github.example.internal", "app_id": 5}

    assert examined({"forges": [forge]})["hub: token"].ok


def test_a_folder_that_is_not_there_yet_is_no_failure(tmp_path: Path) -> None:
    checks = examined({"service": {"data_dir": tmp_path / "not" / "yet"}})

    assert checks["disk"] == Check(
        "disk", True, f"1024.0 GiB free for {tmp_path}/not/yet", "free some space, or move service.data_dir"
    )


def test_a_full_disk_is_told_with_what_to_do() -> None:
    disk = examined(free=(1 << 30) - 1)["disk"]

    assert not disk.ok
    assert "move service.data_dir" in disk.remedy
