"""Write the prompts: shared parts first, byte for byte the same over one merge request, the unit last.

Servers reuse what they have computed for a prefix that two prompts share, so the order is: rules and
form of the reply, conventions of the repository, the merge request, the unit. The texts are the files
in `prompts/`, one per turn and language. This is the only place that fences what strangers wrote: each
such text stands between two lines that carry a code made from the text and the instance's key. Nobody
without the key can predict it, and a text that held it would have another one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from string import Template
from typing import Any

from reviewer.config import ReviewSettings
from reviewer.domain import (
    Category,
    ChangedFile,
    ChangeSet,
    Confidence,
    Finding,
    Message,
    Profile,
    ReviewUnit,
    Severity,
)
from reviewer.errors import ConfigError
from reviewer.stages.excerpt import printable
from reviewer.stages.globs import Globs
from reviewer.stages.guidelines import Told
from reviewer.stages.units import text_of

NOTHING = "NOTHING TO REPORT"
MAX_FINDINGS = 10
QUOTE_CHARS = 600
TITLE_CHARS = 160
MESSAGE_CHARS = 900
REPLACEMENT_CHARS = 1200

# Characters; every unit's call carries these texts, and in a window of 4,096 tokens they cost code.
_TITLE_LIMIT = 300
_DESCRIPTION_LIMIT = 1200
_FILES_LIMIT = 1200
_TICKET_LIMIT = 600  # of a ticket, of which there are three at most
_PROBLEMS_LIMIT = 2000
_CUT = "…[cut]"


def _text(limit: int) -> dict[str, Any]:
    return {"type": "string", "maxLength": limit}


def _one_of(values: Iterable[str]) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


def _object(properties: dict[str, Any], optional: frozenset[str] = frozenset()) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }


# Limits stay below what llama.cpp's grammars take (2,000 repetitions); no patterns, for look-ahead in
# them is silently ignored. A grammar keeps the order of the keys: grounds come before judgements.
_LINE = {"type": ["integer", "null"], "minimum": 1}


def reply_schema(guidelines: Sequence[str] = ()) -> dict[str, Any]:
    """Return the form of a review's findings; with guidelines, each may name the one that is broken."""
    finding = {
        "path": _text(400),
        "quote": _text(QUOTE_CHARS),
        "side": _one_of(("new", "old")),
        "start_line": _LINE,
        "end_line": _LINE,
        **({"guideline": _one_of(guidelines)} if guidelines else {}),
        "severity": _one_of(Severity),
        "category": _one_of(Category),
        "title": _text(TITLE_CHARS),
        "message": _text(MESSAGE_CHARS),
        "confidence": _one_of(Confidence),
        "replacement": {"type": ["string", "null"], "maxLength": REPLACEMENT_CHARS},
    }
    items = _object(finding, optional=frozenset({"side", "guideline"}))
    return _object({"findings": {"type": "array", "maxItems": MAX_FINDINGS, "items": items}})


REPLY_SCHEMA = reply_schema()
VERIFY_SCHEMA: dict[str, Any] = _object(
    {
        "quote": _text(QUOTE_CHARS),
        "reason": _text(MESSAGE_CHARS),
        "verdict": _one_of(("confirmed", "refuted", "unsure")),
    }
)


def summary_schema(labels: Sequence[str] = ()) -> dict[str, Any]:
    """Return the form of a summary; with labels, it may suggest some of them and no others."""
    suggested = {"type": "array", "maxItems": len(labels), "items": _one_of(labels)}
    return _object(
        {
            "overview": _text(1200),
            "risk": _one_of(("low", "medium", "high")),
            "files_first": {"type": "array", "maxItems": 3, "items": _text(400)},
            "missing_tests": {"type": "array", "maxItems": 5, "items": _text(200)},
            **({"labels": suggested} if labels else {}),
        }
    )


SUMMARY_SCHEMA = summary_schema()


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of one language, by the names of their files."""

    texts: Mapping[str, Template]

    def write(self, name: str, **values: str) -> str:
        """Fill a text's gaps; values are taken as they are. Raises KeyError for a gap without a value."""
        return self.texts[name].substitute(values)

    @property
    def fields(self) -> str:
        """Describe the keys of a reply."""
        return self._fields("")

    @property
    def fields_with_guideline(self) -> str:
        """Describe the keys of a reply where there are guidelines to name."""
        return self._fields("\n" + self.write("guideline"))

    def _fields(self, guideline: str) -> str:
        return self.write(
            "fields", categories=", ".join(Category), most=str(MAX_FINDINGS), guideline=guideline
        )


@dataclass(frozen=True, slots=True)
class Prompt:
    """The first turn of a conversation, and the texts for its later turns.

    `listing` is the turn that asks for a review's findings as JSON, `schema` the form of that answer.
    """

    messages: tuple[Message, ...]
    wording: Wording
    listing: str = ""
    schema: dict[str, Any] = field(default_factory=reply_schema)


@dataclass(frozen=True, slots=True)
class Briefing:
    """What all prompts about one merge request share.

    `change` is fenced already; `conventions` come from people we trust, and may be empty. `guidelines`
    are those among them whose ids a finding may name, `labels` those that a summary may suggest.
    """

    wording: Wording
    conventions: str
    change: str
    key: bytes
    redact: Callable[[str], str]
    guidelines: tuple[Told, ...] = ()
    labels: tuple[str, ...] = ()

    def fence(self, kind: str, text: str) -> str:
        """Take the secrets out of a stranger's text and put it between two lines that it cannot forge."""
        return _fence(self.key, kind, self.redact(text))


def read_wording(language: str, package: str = "reviewer.stages") -> Wording:
    """Read the texts of a language (`en`, `zh-CN`) in the folder `prompts` of a package."""
    suffix = f".{language}.md"
    files = (resources.files(package) / "prompts").iterdir()
    return Wording(
        {
            file.name.removesuffix(suffix): Template(file.read_text(encoding="utf-8").strip())
            for file in files
            if file.name.endswith(suffix)
        }
    )


def brief(
    change: ChangeSet,
    files: Sequence[ChangedFile],
    settings: ReviewSettings,
    *,
    key: bytes,
    redact: Callable[[str], str],
    guidelines: Sequence[Told] = (),
) -> Briefing:
    """Prepare what the prompts about a change share; `files` are the reviewable ones.

    `key` is the instance's secret; `guidelines` are those for these files. Of the configured
    instructions only those for these files are taken. Raises ConfigError for a path glob that is none.
    """
    wording = read_wording(settings.language)
    told = "\n".join(_instructions(files, settings))
    conventions = [wording.write("conventions", conventions=told)] if told else []
    if guidelines:
        conventions.append(_tell(wording, guidelines))
    described = _fence(key, "change", redact(_describe(change, redact)))
    return Briefing(
        wording=wording,
        conventions=_join(conventions),
        change=wording.write("change", change=described),
        key=key,
        redact=redact,
        guidelines=tuple(guidelines),
        labels=settings.labels,
    )


def review_prompt(briefing: Briefing, unit: ReviewUnit, profile: Profile) -> Prompt:
    """Ask for the defects of a unit: in prose for the two-turn strategy, else as JSON at once."""
    wording = briefing.wording
    return _prompt(
        briefing,
        profile,
        shared=[_rules(briefing, profile), briefing.conventions],
        # The code first: the summary, and a claim about it, begin with the same.
        rest=[briefing.change, _code(briefing, unit), _related(briefing, unit.related), wording.write("ask")],
    )


def verify_prompt(
    briefing: Briefing, unit: ReviewUnit, finding: Finding, profile: Profile, *, related: str = ""
) -> Prompt:
    """Ask whether a finding is right, given the unit that it was found in and `related` code, if any."""
    wording = briefing.wording
    broken = [one for one in briefing.guidelines if one.guideline.id == finding.rule_id]
    lines = dict.fromkeys((finding.start_line, finding.end_line))
    place = "" if None in lines else f":{'-'.join(map(str, lines))} ({finding.side})"
    claim = f"{printable(finding.path)}{place}\n{finding.evidence}\n\n{finding.title}\n{finding.message}"
    return _prompt(
        briefing,
        profile,
        shared=[wording.write("verify", notation=wording.write("notation")), _tell(wording, broken)],
        rest=[
            _code(briefing, unit),
            _related(briefing, related),
            wording.write("claim", claim=briefing.fence("claim", claim)),
        ],
    )


def summary_prompt(
    briefing: Briefing, units: Iterable[ReviewUnit], findings: Iterable[Finding], profile: Profile
) -> Prompt:
    """Ask what the change does; it begins as the review of the first unit did."""
    problems = "\n".join(f"- {printable(item.path)}: {item.title} ({item.severity})" for item in findings)
    told = _clip(briefing.redact(problems), _PROBLEMS_LIMIT) or "-"
    code = [_code(briefing, unit) for unit in units]
    wording = briefing.wording
    labels = ",\n " + wording.write("labels", labels=", ".join(briefing.labels)) if briefing.labels else ""
    request = wording.write("summary", problems=briefing.fence("problems", told), labels=labels)
    prompt = _prompt(
        briefing,
        profile,
        shared=[_rules(briefing, profile), briefing.conventions],
        rest=[briefing.change, *code, request],
    )
    return replace(prompt, schema=summary_schema(briefing.labels))


def _rules(briefing: Briefing, profile: Profile) -> str:
    wording = briefing.wording
    if profile.strategy == "two-turn":
        form = wording.write("prose", nothing=NOTHING, most=str(MAX_FINDINGS))
    else:
        form = wording.write("object", fields=_fields(briefing))
    return wording.write("review", notation=wording.write("notation"), form=form)


def _related(briefing: Briefing, text: str) -> str:
    return briefing.wording.write("related", related=briefing.fence("related code", text)) if text else ""


def _code(briefing: Briefing, unit: ReviewUnit) -> str:
    return briefing.wording.write("code", unit=briefing.fence("code", text_of(unit.parts)))


def _prompt(briefing: Briefing, profile: Profile, *, shared: list[str], rest: list[str]) -> Prompt:
    """Put what is shared into a system prompt, or first into the user's turn where there may be none."""
    if profile.system_prompt:
        messages: tuple[Message, ...] = (Message("system", _join(shared)), Message("user", _join(rest)))
    else:
        messages = (Message("user", _join([*shared, *rest])),)
    listing = briefing.wording.write("list", fields=_fields(briefing))
    return Prompt(
        messages, briefing.wording, listing, reply_schema([one.guideline.id for one in briefing.guidelines])
    )


def _tell(wording: Wording, guidelines: Sequence[Told]) -> str:
    lines = "\n".join(one.line for one in guidelines)
    return wording.write("guidelines", guidelines=lines) if lines else ""


def _fields(briefing: Briefing) -> str:
    """Describe the keys of a finding, that for guidelines only where there are any."""
    return briefing.wording.fields_with_guideline if briefing.guidelines else briefing.wording.fields


def _join(texts: Iterable[str]) -> str:
    return "\n\n".join(text for text in texts if text)


def _fence(key: bytes, kind: str, text: str) -> str:
    code = hmac.new(key, f"fence\0{kind}\0{text}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:16]
    return f"[[BEGIN {kind} {code}]]\n{text.replace(code, '')}\n[[END {kind} {code}]]"


def _instructions(files: Sequence[ChangedFile], settings: ReviewSettings) -> Iterable[str]:
    for glob, entry in settings.paths.items():
        try:
            spec = Globs([glob])
        except ValueError as err:
            raise ConfigError(f"{err}", key=f'review.paths."{glob}"') from err
        if entry.instructions.strip() and any(spec.match(file.path) for file in files):
            yield f"- {glob}: {entry.instructions.strip()}"


def _describe(change: ChangeSet, redact: Callable[[str], str]) -> str:
    """Write title, description and file list, each up to a limit; what is cut says so."""
    title, description = redact(change.title.strip()), redact(change.description.strip())
    lines = [f"title: {_clip(title, _TITLE_LIMIT)}"] if title else []
    if description:
        lines.append(f"description: {_clip(description, _DESCRIPTION_LIMIT)}")
    for ticket in change.tickets:
        told = f"{redact(ticket.title.strip())}\n{redact(ticket.text.strip())}".strip()
        lines.append(f"ticket #{ticket.number}: {_clip(told, _TICKET_LIMIT)}")
    files = "\n".join(f"- {printable(file.path)} ({_counts(file)})" for file in change.files)
    return "\n".join([*lines, f"files ({len(change.files)}):", _clip(redact(files), _FILES_LIMIT)])


def _counts(file: ChangedFile) -> str:
    return f"{file.diff.status}, +{len(file.diff.added_lines)} -{len(file.diff.removed_lines)}"


def _clip(text: str, limit: int) -> str:
    """Cut a text that is redacted already: half a secret would no longer be known as one."""
    return text if len(text) <= limit else text[:limit] + _CUT
