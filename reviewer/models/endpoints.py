"""Which configured models stand at one endpoint, and how many calls it takes at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from reviewer.config import ModelSettings


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model server: its name, what it takes at once, and the models that say so differently."""

    name: str
    limit: int
    overruled: tuple[str, ...] = ()


def endpoint_of(name: str, settings: ModelSettings) -> str:
    """Name the server behind a configured model: its URL without what tells its two APIs apart.

    `http://host:11434` and `http://host:11434/v1` are one server; `https://gw/a` and `https://gw/b` are
    two, for a gateway's paths lead to different machines. An embedded model is a server of its own.
    """
    if settings.backend == "llamacpp":
        return f"embedded:{name}"
    try:
        url = httpx.URL(settings.url)
    except httpx.InvalidURL:
        return settings.url  # the adapter says what is wrong with it
    path = url.path.rstrip("/").removesuffix("/v1")
    return str(url.copy_with(path=path or "/", query=None, fragment=None)).rstrip("/")


def endpoints(models: Mapping[str, ModelSettings]) -> dict[str, Endpoint]:
    """Return the endpoint of each configured model, by the model's name.

    The smallest `parallel` that is written down for any model of an endpoint holds for all of it: the
    server has to bear what they ask together. A model that leaves it out follows the others.
    """
    named = {name: endpoint_of(name, settings) for name, settings in models.items()}
    return {name: _endpoint(server, named, models) for name, server in named.items()}


def _endpoint(server: str, named: Mapping[str, str], models: Mapping[str, ModelSettings]) -> Endpoint:
    written = {
        name: models[name].parallel
        for name, other in named.items()
        if other == server and "parallel" in models[name].model_fields_set
    }
    limit = min(written.values(), default=1)
    return Endpoint(server, limit, tuple(name for name, parallel in written.items() if parallel > limit))
