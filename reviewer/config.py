"""The settings: typed, frozen, validated; `settings` (the sibling module) finds and reads them.

Field names are the keys of `reviewer.toml`. A secret is never a value here: only the name of the
environment variable or the file that holds it, read by `secret` when it is needed.
"""

from __future__ import annotations

import os
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from reviewer.domain import Confidence, Role, Severity
from reviewer.errors import ConfigError

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Label = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=r"^[^\r\n,]+$")
]
Posting = Literal["all", "summary", "off"]
FailOn = Literal["critical", "high", "medium", "low", "never"]
_OWN_FOLDERS = frozenset({"guidelines", "model", "reviewer", "secret"})  # of rule ids


class Section(BaseModel):
    """A frozen table that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ServiceSettings(Section):
    """How the service runs and where it keeps its state.

    `workers` is how many reviews one process runs at a time. Over `queue_limit` waiting jobs the service
    says so and looks for none itself; deliveries are still taken. It looks every `reconcile_s` (0:
    never) for open merge requests that the forges did not tell of. What ended more than
    `retention_days` ago is forgotten; mirrors beyond `mirror_quota_gb` go, those used longest ago first.
    `trusted_proxies` are the networks whose `X-Forwarded-For` is believed.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    database: str = "sqlite:///reviewer.db"
    data_dir: Path = Path("var")
    posting: bool = True
    public_models: bool = False
    secret_key_file: Path = Path("var/key")
    api_token_env: str | None = None
    workers: int = Field(default=4, ge=1, le=64)
    queue_limit: int = Field(default=1000, ge=1)
    retention_days: int = Field(default=90, ge=1)
    mirror_quota_gb: float = Field(default=20, gt=0)
    reconcile_s: float = Field(default=300, ge=0)
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    max_connections: int = Field(default=512, ge=16, le=65536)
    log_format: Literal["json", "console"] = "json"

    @model_validator(mode="after")
    def _certificate_and_key(self) -> ServiceSettings:
        if bool(self.tls_cert_file) != bool(self.tls_key_file):
            raise ValueError("tls_cert_file and tls_key_file go together")
        return self


class TlsSettings(Section):
    """What it takes to talk to a server inside a company."""

    ca_file: Path | None = None
    client_cert_file: Path | None = None
    client_key_file: Path | None = None

    @model_validator(mode="after")
    def _key_needs_certificate(self) -> TlsSettings:
        if self.client_key_file and not self.client_cert_file:
            raise ValueError("client_key_file needs client_cert_file beside it")
        return self


class ForgeSettings(TlsSettings):
    """One GitLab or GitHub instance; `post_overrides` maps project globs to posting modes.

    `rate_limit` is how many deliveries a minute one address may get refused; 0 is no bound.
    """

    id: Identifier
    kind: Literal["gitlab", "github"]
    url: str
    token_env: str | None = None
    token_file: Path | None = None
    webhook_secret_env: str | None = None
    webhook_secret_file: Path | None = None
    webhook_auth: Literal["token", "signature"] = "token"
    projects: tuple[str, ...] = ("*",)
    post: Posting = "all"
    post_overrides: dict[str, Posting] = Field(default_factory=dict)
    review_drafts: bool = False
    app_id: int | None = None
    private_key_file: Path | None = None
    bot_name: str | None = None
    rate_limit: int = Field(default=30, ge=0)


class ModelSettings(TlsSettings):
    """One model at one endpoint; `model` is the server's name for it, or a GGUF file for llamacpp."""

    backend: Literal["ollama", "openai", "llamacpp"]
    url: str = "http://127.0.0.1:11434"
    model: str
    context: int | None = Field(default=None, ge=1024)
    parallel: int = Field(default=1, ge=1, le=256)
    timeout_s: float = Field(default=300, gt=0)
    stall_s: float = Field(default=60, gt=0)
    profile: str | None = None
    api_key_env: str | None = None
    api_key_file: Path | None = None
    headers: dict[str, str] = Field(default_factory=dict)


class RoleSettings(Section):
    """Which models serve a role, in order; an empty list switches the role off."""

    review: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()
    assist: tuple[str, ...] = ()

    def names(self, role: Role) -> tuple[str, ...]:
        """Return the model names of a role."""
        names: tuple[str, ...] = getattr(self, role.value)
        return names


class PathSettings(Section):
    """What holds for files that match one glob."""

    instructions: str = ""


def check_program(program: str) -> None:
    """Raise ValueError for a program that would be looked for where the process happens to run."""
    if not program or ("/" in program and not program.startswith("/")):
        raise ValueError("the command begins with the name of a program on PATH, or an absolute path")


class FormatterSettings(Section):
    """A program that formats the files which `paths` (globs) fit: the whole file in, the whole file out.

    `command` is run without a shell. `{name}` in it is a file name of ours with the suffix of the file, for
    programs that go by it.
    """

    paths: tuple[str, ...] = Field(min_length=1)
    command: tuple[str, ...] = Field(min_length=1)
    timeout_s: float = Field(default=10, gt=0, le=600)

    @model_validator(mode="after")
    def _is_not_of_the_repository(self) -> FormatterSettings:
        check_program(self.command[0])
        return self


class ReviewSettings(Section):
    """What is reviewed and how; `fail_on` is a severity or never.

    `token_budget` bounds what the model calls of one review cost: uncached prompt and written tokens.
    An `incremental` review of the service asks models only about what has changed since the last one.
    A `summary` may suggest some of the `labels`; they are shown, and never set on the forge.
    Models see the `tickets` of the project that a description names.
    `index_budget_s` is how long a review may work on the symbol index, 0 for reviews without it.
    """

    language: Literal["en", "zh-CN"] = "en"
    passes: int = Field(default=1, ge=1, le=9)
    incremental: bool = True
    max_comments: int = Field(default=8, ge=0, le=100)
    fail_on: FailOn = "high"
    time_budget_s: float = Field(default=600, gt=0)
    token_budget: int | None = Field(default=None, ge=1000)
    verify_rules: bool = False
    summary: bool = True
    tickets: bool = True
    labels: tuple[Label, ...] = Field(default=(), max_length=50)
    index_budget_s: float = Field(default=5, ge=0, le=600)
    max_file_bytes: int = Field(default=1_000_000, ge=1)
    ignore: tuple[str, ...] = ()
    paths: dict[str, PathSettings] = Field(default_factory=dict)
    formatters: tuple[FormatterSettings, ...] = ()


class ToolSettings(Section):
    """Another program that looks at the changed files; `name` is the folder of its rule ids.

    `command` is run without a shell, once or, where `{files}` in it makes it too long, several times.
    `{output}` is a file that it may write to instead of stdout. It gets the files that `paths` (globs;
    none: all) fit. One that is `required` leaves the verdict undecided where it fails.
    """

    name: Identifier
    command: tuple[str, ...] = Field(min_length=1)
    format: Literal["sarif"] = "sarif"
    paths: tuple[str, ...] = ()
    timeout_s: float = Field(default=60, gt=0, le=3600)
    required: bool = False

    @model_validator(mode="after")
    def _is_not_of_the_repository(self) -> ToolSettings:
        check_program(self.command[0])
        if any("{files}" in word and word != "{files}" for word in self.command):
            raise ValueError("{files} is a word of its own in the command")
        return self


class RulesSettings(Section):
    """Which rules run, from where, and with what severity; `tools` are further programs that find things."""

    paths: tuple[Path, ...] = ()
    disable: tuple[str, ...] = ()
    severity: dict[str, Severity] = Field(default_factory=dict)
    tools: tuple[ToolSettings, ...] = ()

    @model_validator(mode="after")
    def _tools_have_names_of_their_own(self) -> RulesSettings:
        names = [tool.name for tool in self.tools]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two tools are called {twice}")
        if taken := next((name for name in names if name in _OWN_FOLDERS), None):
            raise ValueError(f"a tool cannot be called {taken}: findings of this program have that folder")
        return self


class SecretsSettings(Section):
    """What is no secret, or may be there: files (globs), values by SHA-256, values by form (RE2, the whole value)."""

    allow_paths: tuple[str, ...] = ()
    allow_hashes: tuple[Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{64}$")], ...] = ()
    allow_patterns: tuple[str, ...] = ()


class Weight(Section):
    """What severity another tool's result has: the first weight that fits it decides.

    `tool` and `rules` are globs, of the tool's name and of its rule ids; `level` is SARIF's; `score` is
    the least `security-severity`. What is left out fits everything.
    """

    severity: Severity
    tool: str = "*"
    rules: tuple[str, ...] = ()
    level: Literal["error", "warning", "note", "none"] | None = None
    score: float | None = Field(default=None, ge=0, le=10)


class SarifSettings(Section):
    """How other tools' findings are taken."""

    severity: tuple[Weight, ...] = ()


class Threshold(Section):
    """What fails the gate in some paths (globs) or for some rules (ids or globs); unset keys as elsewhere."""

    paths: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    fail_on: FailOn | None = None
    confidence: Confidence | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Threshold:
        if not (self.paths or self.rules):
            raise ValueError("a threshold needs paths or rules; for all of them there is review.fail_on")
        if self.fail_on is None and self.confidence is None:
            raise ValueError("a threshold needs fail_on or confidence")
        return self


class GateSettings(Section):
    """How strict the gate is; a finding of less than `confidence` is shown and fails nothing."""

    require_model: bool = True
    set_commit_status: bool = False
    confidence: Confidence = Confidence.MEDIUM
    thresholds: tuple[Threshold, ...] = ()


class PrivacySettings(Section):
    """What may leave the process, and what is kept."""

    redact: bool = True
    keep_prompts_days: int = Field(default=0, ge=0, le=3650)
    prompts_key_env: str | None = None


class AuditSettings(Section):
    """The audit log: `required` posts nothing while it cannot be written; `keep_days` 0 keeps it for ever."""

    required: bool = True
    keep_days: int = Field(default=0, ge=0)


class CacheSettings(Section):
    """Whether models' replies are kept for the next time the same is asked, how long and how many."""

    replies: bool = True
    max_age_days: float = Field(default=14, gt=0)
    max_mb: float = Field(default=200, ge=1)


class MemorySettings(Section):
    """What is remembered between reviews of the service, how long (days, 0: for ever) and how much.

    `max_per_project` bounds the rows of each kind: dismissals, findings, answers of models.
    """

    dismissals: bool = True
    max_age_days: int = Field(default=365, ge=0, le=36_500)
    max_per_project: int = Field(default=10_000, ge=1, le=1_000_000)


class TracingSettings(Section):
    """Where traces are sent to (OTLP over HTTP, at a private address); nowhere if left out."""

    endpoint: str | None = None

    @model_validator(mode="after")
    def _is_an_address(self) -> TracingSettings:
        parts = urlsplit(self.endpoint or "http://unused")
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
            raise ValueError("endpoint is an http or https address, without a password")
        return self


class Settings(Section):
    """Everything an operator can say."""

    service: ServiceSettings = ServiceSettings()
    forges: tuple[ForgeSettings, ...] = ()
    models: dict[str, ModelSettings] = Field(default_factory=dict)
    roles: RoleSettings = RoleSettings()
    review: ReviewSettings = ReviewSettings()
    rules: RulesSettings = RulesSettings()
    secrets: SecretsSettings = SecretsSettings()
    sarif: SarifSettings = SarifSettings()
    gate: GateSettings = GateSettings()
    privacy: PrivacySettings = PrivacySettings()
    cache: CacheSettings = CacheSettings()
    memory: MemorySettings = MemorySettings()
    audit: AuditSettings = AuditSettings()
    tracing: TracingSettings = TracingSettings()

    def forge(self, forge_id: str) -> ForgeSettings | None:
        """Return the forge of that id."""
        return next((forge for forge in self.forges if forge.id == forge_id), None)


def secret(env: str | None, file: Path | None, *, key: str) -> str | None:
    """Read a secret from the environment or a file; None if neither is configured.

    Raises ConfigError, naming the key, if what is configured is not there or empty.
    """
    if env:
        value = os.environ.get(env, "")
        if not value.strip():
            raise ConfigError(
                f"the environment variable {env} is not set or empty", key=key, remedy=f"export {env}=..."
            )
        return value.strip()
    if file:
        try:
            value = file.read_text(encoding="utf-8")
        except OSError as err:
            raise ConfigError(f"{file} cannot be read: {err.strerror}", key=key) from err
        if not value.strip():
            raise ConfigError(f"{file} is empty", key=key)
        return value.strip()
    return None
