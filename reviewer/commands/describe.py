"""`describe`: title, description, a walk through the files and the risk of a change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reviewer.commands.assistant import Assistant, Talk
from reviewer.commands.digest import Layout, Order, over
from reviewer.commands.reading import Reading, read
from reviewer.commands.subject import Answer, Request
from reviewer.domain import Message, ReviewWarning
from reviewer.errors import ModelReplyInvalid
from reviewer.ports import Model
from reviewer.stages.excerpt import printable

TITLE_CHARS = 72
RISKS = ("low", "medium", "high")
_TEXT_CHARS = 4000
_LINE_CHARS = 400
_SHOWN_BACK = 2000
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "title": {"type": "string", "maxLength": 100},
        "description": {"type": "string", "maxLength": 1500},
        "files": {
            "type": "array",
            "maxItems": 40,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "path": {"type": "string", "maxLength": 400},
                    "what": {"type": "string", "maxLength": 300},
                },
                "required": ["path", "what"],
            },
        },
        "risk_reason": {"type": "string", "maxLength": 400},
        "risk": {"type": "string", "enum": list(RISKS)},
    },
    "required": ["title", "description", "files", "risk_reason", "risk"],
}


@dataclass(frozen=True, slots=True)
class Description:
    """What a model says of a change; `files` maps paths of the change to a line each, in its order."""

    title: str
    description: str
    files: Mapping[str, str]
    risk: str
    risk_reason: str


class _Unreadable(ValueError):
    """An answer holds no description; the message tells the model why."""


async def run(request: Request, assistant: Assistant) -> Answer:
    """Describe a change, over notes on its portions where it is large. Raises ModelError."""
    reading = await read(request, assistant)
    wording = reading.briefing.wording
    order = Order(
        shared=(wording.write("role"), wording.write("notation"), reading.briefing.conventions),
        about=reading.about or reading.briefing.change,
        ask=wording.write("describe"),
        purpose="describe",
    )

    async def talk(model: Model) -> Answer:
        conversation = Talk(model, assistant)

        async def finish(layout: Layout) -> Answer:
            found = await _ask(layout.messages(order, conversation), reading, conversation)
            return _answer(found, reading, layout, conversation, assistant.settings.review.language)

        return await over(reading, order, conversation, assistant, finish)

    return await assistant.ask(talk)


def _answer(found: Description, reading: Reading, layout: Layout, talk: Talk, language: str) -> Answer:
    warnings = (*reading.warnings, *layout.unread, *_not_described(reading, found), *talk.warnings)
    return Answer(
        text=write_markdown(found, warnings, headings(language)),
        read=reading.read,
        facts={
            "title": found.title,
            "description": found.description,
            "walkthrough": [{"path": path, "what": what} for path, what in found.files.items()],
            "risk": found.risk,
            "risk_reason": found.risk_reason,
        },
        warnings=warnings,
        model=talk.model.name,
        usage=talk.usage,
    )


@dataclass(frozen=True, slots=True)
class Headings:
    """The words that a description is laid out with."""

    files: str
    risk: str
    unread: str
    risks: Mapping[str, str]


_HEADINGS = {
    "en": Headings("Walkthrough", "Risk", "Not read", {risk: risk for risk in RISKS}),
    "zh-CN": Headings("逐文件说明", "风险", "未读取", {"low": "低", "medium": "中", "high": "高"}),
}


def headings(language: str) -> Headings:
    """Return the words of a language."""
    return _HEADINGS[language]


def write_markdown(found: Description, warnings: Iterable[ReviewWarning], words: Headings) -> str:
    """Lay a description out as Markdown, with what was not read at its end."""
    parts = [f"# {found.title}", found.description]
    if found.files:
        rows = (f"- `{printable(path)}`: {what}" for path, what in found.files.items())
        parts.append("\n".join((f"## {words.files}", "", *rows)))
    reason = f": {found.risk_reason}" if found.risk_reason else ""
    parts.append(f"## {words.risk}\n\n**{words.risks[found.risk]}**{reason}")
    if unread := [f"- {_place(one)}{one.message}" for one in warnings]:
        parts.append("\n".join((f"## {words.unread}", "", *unread)))
    return "\n\n".join(parts) + "\n"


def write_text(facts: Mapping[str, Any], warnings: Iterable[ReviewWarning], words: Headings) -> str:
    """Lay a description out as a commit message is: title, empty line, body."""
    rows = [f"* {printable(row['path'])}: {row['what']}" for row in facts["walkthrough"]]
    reason = f": {facts['risk_reason']}" if facts["risk_reason"] else ""
    parts = [facts["title"], facts["description"], "\n".join(rows)]
    parts.append(f"{words.risk}: {words.risks[facts['risk']]}{reason}")
    unread = [f"* {_place(one)}{one.message}" for one in warnings]
    parts.append("\n".join([f"{words.unread}:", *unread]) if unread else "")
    return "\n\n".join(filter(None, parts)) + "\n"


def _place(warning: ReviewWarning) -> str:
    return f"{printable(warning.path)}: " if warning.path else ""


async def _ask(messages: tuple[Message, ...], reading: Reading, talk: Talk) -> Description:
    """Ask for a JSON object, once more under the schema where it cannot be read."""
    strategy = talk.model.profile.strategy
    first = SCHEMA if strategy == "constrained" else None
    told = await talk.tell(messages, purpose="describe", schema=first)
    paths = tuple(file.path for file in reading.files)
    try:
        return read_description(told, paths)
    except _Unreadable as err:
        error = reading.briefing.fence("error", str(err))
    later = (
        Message("assistant", told[:_SHOWN_BACK]),
        Message("user", reading.briefing.wording.write("describe-repair", error=error)),
    )
    schema = None if strategy == "free" else SCHEMA
    told = await talk.tell((*messages, *later), purpose="describe repair", schema=schema)
    try:
        return read_description(told, paths)
    except _Unreadable as err:
        raise ModelReplyInvalid(f"no description, twice: {err}", model=talk.model.name, reply=told) from err


def read_description(told: str, paths: Iterable[str]) -> Description:
    """Read an answer; files that are none of the change are left out. Raises a ValueError that says why not."""
    found = _last_object(told)
    title = _shorten_title(_text(found, "title", _LINE_CHARS))
    description = _text(found, "description", _TEXT_CHARS)
    if not title or not description:
        raise _Unreadable("title or description is empty")
    rows = found.get("files")
    said = {
        str(row.get("path", "")): " ".join(_text(row, "what", _LINE_CHARS).split())
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    }
    risk = _text(found, "risk", 20).lower()
    return Description(
        title=title,
        description=description,
        files={path: said[path] for path in dict.fromkeys(paths) if said.get(path)},
        risk=risk if risk in RISKS else "medium",
        risk_reason=" ".join(_text(found, "risk_reason", _LINE_CHARS).split()),
    )


def _last_object(told: str) -> dict[str, Any]:
    decoder = json.JSONDecoder(strict=False)
    position, found = 0, None
    try:
        while (position := told.find("{", position)) >= 0:
            try:
                value, position = decoder.raw_decode(told, position)
            except ValueError:
                position += 1
                continue
            found = value if isinstance(value, dict) and "title" in value else found
    except RecursionError:
        raise _Unreadable("the JSON is nested too deeply") from None
    if found is None:
        raise _Unreadable('no JSON object with a "title"')
    return found


def _text(found: Mapping[str, Any], key: str, most: int) -> str:
    value = found.get(key)
    return value.encode("utf-8", "replace").decode().strip()[:most] if isinstance(value, str) else ""


def _shorten_title(title: str) -> str:
    """Keep to the length of a commit's subject, between two words if there is a place."""
    line = " ".join(title.split()).strip("`*# ").removesuffix(".").removesuffix("。")
    if len(line) <= TITLE_CHARS:
        return line
    cut = line.rfind(" ", TITLE_CHARS // 2, TITLE_CHARS - 1)
    return line[: cut if cut > 0 else TITLE_CHARS - 1].rstrip(" ,;:") + "…"


def _not_described(reading: Reading, found: Description) -> Iterable[ReviewWarning]:
    """Name the files that the model passed over."""
    for path in dict.fromkeys(file.path for file in reading.files):
        if path not in found.files:
            yield ReviewWarning("not-described", "the model says nothing of it", path)
