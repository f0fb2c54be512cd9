"""Read what a model has written: drafts, verdicts and summaries out of raw text.

The JSON is read once: no repair of broken text here, that is one more question to the model. Items are
judged one by one, so that a bad one costs itself only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from parsers.diff import Side
from reviewer.domain import Category, Confidence, Draft, Overview, Rejected, Severity
from reviewer.stages.prompt import MESSAGE_CHARS, NOTHING, QUOTE_CHARS, REPLACEMENT_CHARS, TITLE_CHARS
from reviewer.stages.reasoning import split

MAX_DRAFTS = 50
MAX_LABELS = 50
_LENIENCE = 4  # times the length that the schema asks for is still read
_REPLY_CHARS = 100_000
_PATH_CHARS = 4096
_OVERVIEW_CHARS = 4000
_LARGEST_LINE = 10_000_000
_GUIDELINE_CHARS = 200

_OPENING = re.compile(r'\{(?=\s*["}])|\[(?=\s*[{\]])')  # where an object, or a list of objects, may begin
_FENCE = re.compile(r"\A```[a-zA-Z]*\n(.*?)\n?```\Z", re.DOTALL)

_Object = dict[str, Any]
_Word = TypeVar("_Word", bound=StrEnum)


class ReplyUnreadable(ValueError):
    """Nothing of a reply could be read; the message tells the model why."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model reported, and the items of it that made no sense."""

    drafts: tuple[Draft, ...]
    malformed: tuple[Rejected, ...] = ()


class Opinion(StrEnum):
    """What a verifier thinks of a claim."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verifier's answer; `quote` is the code it rests on."""

    opinion: Opinion
    quote: str
    reason: str


def says_nothing(raw: str) -> bool:
    """Say whether a free answer ends with the line that means there is nothing to report."""
    lines = split(raw)[1].splitlines()
    return bool(lines) and lines[-1].strip(" \t*_`#>.。!\"'").upper() == NOTHING


def read_reply(raw: str, model: str) -> Reply:
    """Read the findings of a reply: an object with `findings`, alone, fenced or after prose; or a list.

    Of several such objects all count, for a model may quote one that stands in the code under review.
    Raises ReplyUnreadable if there is none.
    """
    found = [items for value in _values(raw) if (items := _items(value)) is not None]
    if not found:
        raise _unreadable(raw, 'no JSON object with a list "findings"')
    drafts: dict[Draft, None] = {}
    malformed: list[Rejected] = []
    for number, item in enumerate(item for items in found for item in items):
        try:
            if number >= MAX_DRAFTS:
                raise _Malformed(f"more than {MAX_DRAFTS} findings")  # noqa: TRY301
            drafts[_draft(item, model)] = None
        except _Malformed as err:
            path = _clean(item.get("path")) if isinstance(item, dict) else None
            malformed.append(Rejected("malformed", (path or "")[:_PATH_CHARS], str(err), model))
    return Reply(tuple(drafts), tuple(malformed))


def read_judgement(raw: str) -> Judgement:
    """Read a verifier's answer; the last object with a verdict counts. Raises ReplyUnreadable."""
    found = [value for value in _values(raw) if isinstance(value, dict) and "verdict" in value]
    if not found:
        raise _unreadable(raw, 'no JSON object with a "verdict"')
    try:
        opinion = _choice(Opinion, found[-1], "verdict")
    except _Malformed as err:
        raise ReplyUnreadable(str(err)) from err
    quote, reason = (_clean(found[-1].get(key)) or "" for key in ("quote", "reason"))
    return Judgement(
        opinion,
        _clip_lines(quote, _LENIENCE * QUOTE_CHARS),
        reason.strip()[: _LENIENCE * MESSAGE_CHARS],
    )


def read_summary(raw: str, labels: Collection[str] = ()) -> Overview:
    """Read a summary; the last object with an overview counts, and of its labels those that there are.

    Raises ReplyUnreadable.
    """
    found = [value for value in _values(raw) if isinstance(value, dict) and "overview" in value]
    text = (_clean(found[-1]["overview"]) or "").strip() if found else ""
    if not text:
        raise _unreadable(raw, 'no JSON object with a text "overview"')
    risk = str(found[-1].get("risk", "")).strip().lower()
    return Overview(
        text=text[:_OVERVIEW_CHARS],
        risk=risk if risk in {"low", "medium", "high"} else "",
        files_first=_texts(found[-1].get("files_first"), 3),
        missing_tests=_texts(found[-1].get("missing_tests"), 5),
        labels=tuple(label for label in labels if label in _texts(found[-1].get("labels"), MAX_LABELS)),
    )


# --- finding the JSON -----------------------------------------------------------------------------


def _values(raw: str) -> list[Any]:
    """Return every outermost JSON object or list of objects of an answer, in order."""
    answer = split(raw)[1][:_REPLY_CHARS]
    if fenced := _FENCE.match(answer):
        answer = fenced[1]
    try:
        return list(_decode(answer))
    except RecursionError:
        raise ReplyUnreadable("the JSON is nested too deeply") from None


def _decode(answer: str) -> Iterator[Any]:
    decoder = json.JSONDecoder(strict=False)  # models leave line ends and tabs in strings
    position = 0
    while opening := _OPENING.search(answer, position):
        try:
            value, position = decoder.raw_decode(answer, opening.start())
        except ValueError:  # no JSON begins here, or a number has too many digits
            position = opening.start() + 1
            continue
        # An empty list within other text may be a piece of code; alone it is an answer.
        if value or len(answer.strip()) == position - opening.start():
            yield value


def _items(value: Any) -> list[Any] | None:
    if isinstance(value, dict):
        findings = value.get("findings")
        return findings if isinstance(findings, list) else None
    return value if all(isinstance(item, dict) and "quote" in item for item in value) else None


def _unreadable(raw: str, missing: str) -> ReplyUnreadable:
    """Say what is missing, and where the JSON breaks if there is some."""
    answer = split(raw)[1]
    start = answer.find("{")
    if start < 0:
        return ReplyUnreadable(missing)
    try:
        json.loads(answer[start:], strict=False)
    except json.JSONDecodeError as err:
        return ReplyUnreadable(f"{missing}: {err.msg} at line {err.lineno} column {err.colno}")
    except (ValueError, RecursionError):
        pass
    return ReplyUnreadable(missing)


# --- reading an item ------------------------------------------------------------------------------


class _Malformed(ValueError):
    """An item cannot be a draft; the message says why."""


def _draft(item: Any, model: str) -> Draft:
    if not isinstance(item, dict):
        raise _Malformed("not an object")
    start, end = _line(item, "start_line"), _line(item, "end_line")
    if start is not None and end is not None and start > end:
        start, end = end, start
    replacement = item.get("replacement")
    if replacement is not None:
        replacement = _string(item, "replacement")
        if len(replacement) > _LENIENCE * REPLACEMENT_CHARS:
            replacement = None  # a piece of new code is worse than none
    return Draft(
        path=_string(item, "path")[:_PATH_CHARS],
        quote=_clip_lines(_string(item, "quote"), _LENIENCE * QUOTE_CHARS),
        side=_choice(Side, item, "side") if item.get("side") else Side.NEW,
        start_line=start,
        end_line=end if end is not None else start,
        severity=_choice(Severity, item, "severity"),
        category=_choice(Category, item, "category"),
        confidence=_choice(Confidence, item, "confidence"),
        title=" ".join(_string(item, "title").split())[:TITLE_CHARS],
        message=_string(item, "message").strip()[: _LENIENCE * MESSAGE_CHARS],
        replacement=replacement,
        model=model,
        guideline=(_clean(item.get("guideline")) or "").strip(" []")[:_GUIDELINE_CHARS],
    )


def _string(item: _Object, key: str) -> str:
    text = _clean(item.get(key))
    if text is None:
        raise _Malformed(f"{key} is no text")
    return text


def _choice(kind: type[_Word], item: _Object, key: str) -> _Word:
    word = str(item.get(key)).strip().lower().replace("_", "-").replace(" ", "-")
    try:
        return kind(word)
    except ValueError:
        raise _Malformed(f"{key} is not one of {', '.join(kind)}") from None


def _line(item: _Object, key: str) -> int | None:
    """Read a line number; null, missing or below 1 is unknown, for the quote says more anyway."""
    value = item.get(key)
    if value is None or value == "":
        return None
    try:
        whole = isinstance(value, int | str) or (isinstance(value, float) and value.is_integer())
        number = int(value) if whole and not isinstance(value, bool) else None
    except ValueError:
        number = None
    if number is None or number > _LARGEST_LINE:
        raise _Malformed(f"{key} is no line number")
    return number if number >= 1 else None


def _clean(value: Any) -> str | None:
    """Return a text without the lone surrogates that JSON can smuggle in; None for anything else."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None


def _clip_lines(text: str, limit: int) -> str:
    """Cut a quote between lines where it can, so that what is left still stands in the file."""
    if len(text) <= limit:
        return text
    return text[: text.rfind("\n", 0, limit)] if "\n" in text[:limit] else text[:limit]


def _texts(value: Any, most: int) -> tuple[str, ...]:
    """Return the texts of a list, those that are none left out."""
    texts = map(_clean, value) if isinstance(value, list) else ()
    return tuple(text.strip()[:_OVERVIEW_CHARS] for text in texts if text and text.strip())[:most]
