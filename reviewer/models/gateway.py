"""All configured models by role: which one serves, which is skipped for a while, how many calls at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import cast

import httpx

from reviewer.config import ModelSettings, Settings
from reviewer.domain import Check, Completion, Errand, Profile, Role
from reviewer.errors import ConfigError, ModelError, ModelTimeout, ModelUnavailable
from reviewer.models.checks import Reachable
from reviewer.models.circuit import Circuit
from reviewer.ports import Gateway, Model, ModelRequest

# Add a backend: a module whose class is constructed as OllamaModel is, one line here, and its name in
# `config.ModelSettings.backend`. Imported only where configured: each brings its own SDK.
BACKENDS: Mapping[str, str] = MappingProxyType(
    {
        "ollama": "reviewer.models.ollama:OllamaModel",
        "openai": "reviewer.models.openai:OpenAiModel",
        "llamacpp": "reviewer.models.llamacpp:LlamaCppModel",
    }
)


def build(
    settings: Settings,
    transport: httpx.AsyncBaseTransport | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Gateway:
    """Make the gateway of a configuration; nothing is connected to before it is asked for.

    It belongs to the event loop it is first used in. `transport` takes the network's place. Raises
    ConfigError for a model that cannot be used as configured, and for a role that names none.
    """
    public = settings.service.public_models
    models = {
        name: GuardedModel(open_model(name, model, public=public, transport=transport), model.parallel, clock)
        for name, model in settings.models.items()
    }
    return ModelGateway(models, {role: _members(settings, role, models) for role in Role})


def open_model(
    name: str,
    settings: ModelSettings,
    *,
    public: bool = False,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Reachable:
    """Make the adapter of one model, without cap and without memory; `public` as `service.public_models`."""
    module, _, adapter = BACKENDS[settings.backend].partition(":")
    make = getattr(import_module(module), adapter)
    return cast("Reachable", make(name, settings, public=public, transport=transport))


def _members(settings: Settings, role: Role, models: Mapping[str, GuardedModel]) -> tuple[GuardedModel, ...]:
    try:
        return tuple(models[name] for name in settings.roles.names(role))
    except KeyError as err:
        key = f"roles.{role}"
        raise ConfigError(f"{key} names the undefined model {err.args[0]!r}", key=key) from err


class ModelGateway:
    """The models of a configuration; see `ports.Gateway`."""

    def __init__(
        self, models: Mapping[str, GuardedModel], roles: Mapping[Role, tuple[GuardedModel, ...]]
    ) -> None:
        self._models = models
        self._roles = roles

    async def pick(self, role: Role, *, without: Collection[str] = ()) -> Model:
        """Return the first model of the role that answers, leaving some out by name.

        Raises ModelUnavailable naming every one tried.
        """
        refusals: list[ModelError] = []
        members = [model for model in self._roles[role] if model.name not in without]
        for model in members:
            refused = await model.refusal()
            if refused is None:
                return model
            refusals.append(refused)
        nobody = "none is left to ask" if without else "none is configured"
        raise ModelUnavailable(
            f"no model for {role}: {'; '.join(map(str, refusals)) or nobody}",
            model=", ".join(model.name for model in members),
            remedy="; ".join(dict.fromkeys(refused.remedy for refused in refusals if refused.remedy)),
        )

    def configured(self, role: Role) -> tuple[Model, ...]:
        """Return the role's models in order, asked or not; empty if the role is switched off."""
        return self._roles[role]

    def on_behalf_of(self, errand: Errand) -> Gateway:
        """Return the same models for one errand."""
        return self

    async def aclose(self) -> None:
        """Close all models."""
        for model in self._models.values():
            await model.aclose()


class GuardedModel:
    """A model with a cap on calls at once and a memory of whether its endpoint answers."""

    def __init__(self, model: Reachable, parallel: int, clock: Callable[[], float]) -> None:
        self.name: str = model.name
        self.profile: Profile = model.profile
        self.context: int = model.context
        self._model = model
        self._slots = asyncio.Semaphore(parallel)
        self._circuit = Circuit(clock)

    async def refusal(self) -> ModelError | None:
        """Return why the model cannot serve now, None if it can; ask its endpoint only now and then."""
        if self._circuit.reason or self._circuit.healthy:
            return self._circuit.reason
        try:
            await self._model.reach()
        except ModelError as err:
            self._circuit.open(err)
            return err
        self.context = self._model.context  # the server may have less than was configured
        self._circuit.answered()
        return None

    async def complete(
        self, request: ModelRequest, on_text: Callable[[str], None] | None = None
    ) -> Completion:
        """Wait for a free slot, then stream a reply; see `ports.Model`."""
        async with self._slots:
            if self._circuit.reason:
                raise ModelUnavailable(
                    f"{self.name} is left alone for a while: {self._circuit.reason}", model=self.name
                ) from self._circuit.reason
            try:
                completion = await self._model.complete(request, on_text)
            except (ModelUnavailable, ModelTimeout) as err:
                self._circuit.failed(err)
                raise
            finally:
                self.context = self._model.context
            self._circuit.succeeded()
            return completion

    def count(self, text: str) -> int:
        """Estimate the tokens of a text, on the safe side."""
        return self._model.count(text)

    def estimate(self, text: str) -> int:
        """Estimate without the server's corrections: the same on every run."""
        return self._model.estimate(text)

    async def check(self) -> Sequence[Check]:
        """Look at the endpoint and the model; never raise."""
        return await self._model.check()

    async def aclose(self) -> None:
        """Close connections."""
        await self._model.aclose()
