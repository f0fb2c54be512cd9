"""Find, read and merge the configuration; every value knows where it came from.

Order, later wins: built-in defaults, one file, the environment (`REVIEWER_<SECTION>__<KEY>`), the
command line. Which file is looked for depends on the command: what reviews a checkout never reads
`./reviewer.toml`, because the author of a merge request could have written it.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from reviewer.config import Settings
from reviewer.domain import Role
from reviewer.errors import ConfigError

PREFIX = "REVIEWER_"
FILE_NAME = "reviewer.toml"
# Names that begin like a key and are none: where the file is, and what the test suite reads.
NOT_KEYS = frozenset({"REVIEWER_CONFIG", "REVIEWER_DATA", "REVIEWER_TEST_POSTGRES"})
PATH_KEYS = frozenset(
    {
        "data_dir",
        "secret_key_file",
        "tls_cert_file",
        "tls_key_file",
        "ca_file",
        "client_cert_file",
        "client_key_file",
        "token_file",
        "webhook_secret_file",
        "private_key_file",
        "api_key_file",
    }
)

Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, the file they came from (None: defaults) and the source of each dotted key."""

    settings: Settings
    file: Path | None
    origins: Mapping[str, str]

    def origin(self, key: str) -> str:
        """Say where a dotted key's value came from."""
        parts = key.split(".")
        known = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
        return next((self.origins[name] for name in known if name in self.origins), "default")


class _FromEnvironment(Settings, BaseSettings):
    """The same keys, read from the environment by pydantic-settings."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid"
    )


def load(
    environ: Mapping[str, str],
    *,
    config: Path | None = None,
    local_file: bool = False,
    overrides: Mapping[str, Any] = MappingProxyType({}),
) -> Loaded:
    """Read the configuration.

    `config` is the `--config` option; `local_file` allows `./reviewer.toml`; `overrides` are dotted
    keys from the command line. Raises ConfigError naming the file or variable, the key and, for an
    unknown one, the nearest key there is.
    """
    file = find_file(environ, config=config, local_file=local_file)
    tree: Tree = {}
    origins: dict[str, str] = {}
    if file is not None:
        _merge(tree, _absolute(_read(file), file.parent), origins, str(file))
    from_environment = _environment(environ, tree)
    _merge(tree, from_environment, origins, "environment")
    for key, value in overrides.items():
        _merge(tree, _nest(key, value), origins, "command line")
    _default_roles(tree)
    settings = _validate(tree, Loaded(Settings(), file, origins))
    return Loaded(settings, file, MappingProxyType(origins))


def find_file(
    environ: Mapping[str, str], *, config: Path | None = None, local_file: bool = False
) -> Path | None:
    """Return the configuration file that counts, or None; a named file that is missing is an error."""
    named = config or (Path(environ["REVIEWER_CONFIG"]) if environ.get("REVIEWER_CONFIG") else None)
    if named is not None:
        if not named.is_file():
            raise ConfigError(f"no such configuration file: {named}", source=str(named))
        return named.absolute()
    home = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "/nonexistent")) / ".config")
    candidates = [Path(FILE_NAME)] if local_file else []
    candidates.append(home / "reviewer" / FILE_NAME)
    return next((file.absolute() for file in candidates if file.is_file()), None)


def without_effect(settings: Settings) -> tuple[str, ...]:
    """Name the settings that this release takes and does not act on yet; none may be ignored in silence."""
    return ()


def flatten(settings: Settings) -> Iterator[tuple[str, Any]]:
    """Yield every dotted key with its value, tables opened, in the order of the schema."""
    yield from _leaves(settings.model_dump(mode="json"), "")


def nearest(key: str, known: list[str]) -> str | None:
    """Return the known key that is spelt most like this one, if any is close."""
    return next(iter(difflib.get_close_matches(key, known, n=1, cutoff=0.6)), None)


def explain(err: ValidationError, model: type[BaseModel], *, source: str) -> ConfigError:
    """Turn the first complaint of pydantic into an error that names key, source and nearest key."""
    first = err.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"]]
    key = ".".join(path)
    if first["type"] == "extra_forbidden":
        close = nearest(path[-1], _known_keys(model, path[:-1]))
        hint = f"; did you mean {'.'.join([*path[:-1], close])}?" if close else ""
        return ConfigError(f"{source}: unknown key {key}{hint}", key=key, source=source)
    message = first["msg"].removeprefix("Value error, ")
    return ConfigError(f"{source}: {key}: {message}", key=key, source=source)


def _read(file: Path) -> Tree:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise ConfigError(f"{file}: {err}", source=str(file)) from err
    except OSError as err:
        raise ConfigError(f"{file} cannot be read: {err.strerror}", source=str(file)) from err


def _absolute(tree: Tree, folder: Path) -> Tree:
    """Make every path of a file relative to that file."""
    for key, value in tree.items():
        if isinstance(value, dict):
            _absolute(value, folder)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    _absolute(item, folder)
        elif isinstance(value, str) and (
            key in PATH_KEYS or (key == "model" and tree.get("backend") == "llamacpp")
        ):
            tree[key] = str(folder / value)
        elif key == "database" and isinstance(value, str) and value.startswith("sqlite:///"):
            tree[key] = f"sqlite:///{folder / value.removeprefix('sqlite:///')}"
    rules = tree.get("rules")
    if isinstance(rules, dict) and isinstance(rules.get("paths"), list):
        rules["paths"] = [str(folder / path) if isinstance(path, str) else path for path in rules["paths"]]
    return tree


def _environment(environ: Mapping[str, str], tree: Tree) -> Tree:
    """Read `REVIEWER_...`; a name that is neither a key nor named by one is an error."""
    source = EnvSettingsSource(_FromEnvironment)
    source.env_vars = {name.lower(): value for name, value in environ.items()}
    try:
        read: Tree = source()
    except SettingsError as err:
        raise ConfigError(
            f"environment: {err}; lists and tables are written as JSON", source="environment"
        ) from err
    named = {value for key, value in _leaves([tree, read], "") if key.endswith("_env")}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in NOT_KEYS and name not in named:
            _known_variable(name)
    return read


def _known_variable(name: str) -> None:
    path = name.removeprefix(PREFIX).lower().split("__")
    for depth, part in enumerate(path):
        known = _known_keys(Settings, path[:depth])
        if known and part not in known:
            close = nearest(part, known)
            meant = "__".join([*path[:depth], close or "", *path[depth + 1 :]]).upper()
            hint = f"; did you mean {PREFIX}{meant}?" if close else ""
            raise ConfigError(
                f"environment: unknown variable {name}{hint}", key=".".join(path), source="environment"
            )


def _known_keys(model: type[BaseModel], path: list[str]) -> list[str]:
    """List the keys of the table at a path; empty where any key goes or nothing is known."""
    here: type[BaseModel] | None = model
    rest = list(path)
    while rest and here is not None:
        field = here.model_fields.get(rest.pop(0))
        if field is None:
            return []
        inner: Any = field.annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            tables = [arg for arg in get_args(inner) if isinstance(arg, type) and issubclass(arg, BaseModel)]
            inner = tables[0] if tables and rest else None
            rest = rest[1:]
        here = inner
    return list(here.model_fields) if here is not None else []


def _default_roles(tree: Tree) -> None:
    """Let every configured model review and assist, in order, where no role is spelt out.

    Who names models for `review` and none for `assist` leaves the latter unset: those of `review` do it.
    """
    models, roles = tree.get("models"), tree.get("roles", {})
    if isinstance(models, dict) and models and isinstance(roles, dict):
        if not roles.get(Role.REVIEW.value):
            roles.setdefault(Role.ASSIST.value, list(models))
        roles.setdefault(Role.REVIEW.value, list(models))
        tree["roles"] = roles


def _validate(tree: Tree, loaded: Loaded) -> Settings:
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as err:
        key = ".".join(str(part) for part in err.errors(include_url=False)[0]["loc"])
        raise explain(err, Settings, source=loaded.origin(key)) from err
    for role in Role:
        for name in settings.roles.names(role):
            if name not in settings.models:
                key = f"roles.{role}"
                close = nearest(name, list(settings.models))
                hint = f"; did you mean {close}?" if close else ""
                origin = loaded.origin(key)
                raise ConfigError(
                    f"{origin}: {key} names the undefined model {name!r}{hint}", key=key, source=origin
                )
    return settings


def _merge(tree: Tree, newer: Tree, origins: dict[str, str], source: str, prefix: str = "") -> None:
    for key, value in newer.items():
        dotted = f"{prefix}{key}"
        if isinstance(value, dict) and isinstance(tree.get(key, {}), dict):
            _merge(tree.setdefault(key, {}), value, origins, source, f"{dotted}.")
        else:
            tree[key] = value
            origins.update((leaf, source) for leaf, _ in _leaves(value, dotted))


def _nest(key: str, value: Any) -> Tree:
    head, _, rest = key.partition(".")
    return {head: _nest(rest, value) if rest else value}


def _leaves(value: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{prefix}.{number}" if prefix else str(number))
    else:
        yield prefix, value
