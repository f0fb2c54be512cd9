"""All configured models by role: which one serves, and which is skipped for a while.

Every call goes through one gateway: in its turn at its endpoint, within its errand's budget, on record
(`guarded`). A model that does not answer is left alone for a while (`circuit`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from types import MappingProxyType
from typing import cast

import httpx

from reviewer.config import ModelSettings, Settings
from reviewer.domain import Errand, Role
from reviewer.errors import ConfigError, ModelError, ModelUnavailable
from reviewer.models.checks import Reachable
from reviewer.models.circuit import Circuit, CircuitState
from reviewer.models.endpoints import Endpoint, endpoints
from reviewer.models.guarded import Account, GuardedModel, Member, Surroundings
from reviewer.models.slots import LocalSlots
from reviewer.models.token_budget import TokenBudget
from reviewer.ports import Gateway, Ledger, Model, ReplyCache, Slots

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
    slots: Slots | None = None,
    ledger: Ledger | None = None,
    replies: ReplyCache | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> ModelGateway:
    """Make the gateway of a configuration; nothing is connected to before it is asked for.

    It belongs to the event loop it is first used in. `slots` are the places at the endpoints (those of
    this gateway alone if left out), `ledger` hears of every call, `replies` keeps what was answered.
    `transport` takes the network's place. Raises ConfigError for a model that cannot be used as
    configured, and for a role that names none.
    """
    public = settings.service.public_models
    adapters = {
        name: open_model(name, model, public=public, transport=transport)
        for name, model in settings.models.items()
    }
    around = Surroundings(slots or LocalSlots(), ledger, replies, clock=clock)
    return assemble(settings, adapters, around)


def assemble(settings: Settings, adapters: Mapping[str, Reachable], around: Surroundings) -> ModelGateway:
    """Make the gateway over adapters that are there already, by the names of the configuration."""
    places = endpoints(settings.models)
    circuits: dict[tuple[str, str], Circuit] = {}
    members = {}
    for name, model in settings.models.items():
        # Two names for one model at one server stand and fall together; its neighbours do not.
        circuit = circuits.setdefault((places[name].name, model.model), Circuit(around.clock))
        members[name] = Member(adapters[name], model, places[name], circuit)
    roles = {role: _members(settings, role, members) for role in Role}
    return ModelGateway(members, roles, around, Account(Errand(), TokenBudget(None)))


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


def _members(settings: Settings, role: Role, members: Mapping[str, Member]) -> tuple[Member, ...]:
    try:
        return tuple(members[name] for name in settings.roles.names(role))
    except KeyError as err:
        key = f"roles.{role}"
        raise ConfigError(f"{key} names the undefined model {err.args[0]!r}", key=key) from err


@dataclass(frozen=True, slots=True)
class Standing:
    """How a configured model stands: where it is, which weights it has, whether it is skipped and why.

    `context` is what it will be asked with, `allocated` what the server has set aside, where it tells.
    """

    name: str
    roles: tuple[Role, ...]
    served: str
    digest: str
    endpoint: Endpoint
    profile: str
    context: int
    circuit: CircuitState
    reason: str
    allocated: int | None = None


class ModelGateway:
    """The models of a configuration; see `ports.Gateway`."""

    def __init__(
        self,
        members: Mapping[str, Member],
        roles: Mapping[Role, tuple[Member, ...]],
        around: Surroundings,
        account: Account,
    ) -> None:
        self._members = members
        self._roles = roles
        self._around = around
        self._account = account

    async def pick(self, role: Role, *, without: Collection[str] = ()) -> Model:
        """Return the first model of the role that answers, leaving some out by name.

        Raises ModelUnavailable naming every one tried.
        """
        refusals: list[ModelError] = []
        members = [member for member in self._roles[role] if member.model.name not in without]
        for member in members:
            refused = await member.refusal()
            if refused is None:
                return self._view(member, role)
            refusals.append(refused)
        nobody = "none is left to ask" if without else "none is configured"
        raise ModelUnavailable(
            f"no model for {role}: {'; '.join(map(str, refusals)) or nobody}",
            model=", ".join(member.model.name for member in members),
            remedy="; ".join(dict.fromkeys(refused.remedy for refused in refusals if refused.remedy)),
        )

    def configured(self, role: Role) -> tuple[Model, ...]:
        """Return the role's models in order, asked or not; empty if the role is switched off."""
        return tuple(self._view(member, role) for member in self._roles[role])

    def on_behalf_of(self, errand: Errand) -> Gateway:
        """Return the same models, whose calls are queued, bounded and recorded for one errand.

        Each view has the errand's whole budget; take one for all that an errand asks.
        """
        account = Account(errand, TokenBudget(errand.tokens))
        return ModelGateway(self._members, self._roles, self._around, account)

    async def standings(self, *, ask: bool = False) -> tuple[Standing, ...]:
        """Tell how every configured model stands; `ask` lets each endpoint be asked first."""
        found = []
        for name, member in self._members.items():
            allocated = await member.allocated() if ask else None
            found.append(replace(self._standing(name, member), allocated=allocated))
        return tuple(found)

    async def aclose(self) -> None:
        """Close all models."""
        for member in self._members.values():
            await member.model.aclose()

    def _view(self, member: Member, role: Role) -> GuardedModel:
        return GuardedModel(member, role, self._account, self._around)

    def _standing(self, name: str, member: Member) -> Standing:
        return Standing(
            name=name,
            roles=tuple(role for role, members in self._roles.items() if member in members),
            served=member.settings.model,
            digest=member.model.digest,
            endpoint=member.endpoint,
            profile=member.model.profile.family,
            context=member.model.context,
            circuit=member.circuit.state,
            reason=str(member.circuit.reason or ""),
        )
