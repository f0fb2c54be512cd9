"""Compare the definitions of a file's two sides: whose callers may no longer fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from parsers.outline import DefinitionRow, Outline

Part = Literal["name", "modifiers", "parameters", "result"]

_OPENING, _CLOSING = "([{", ")]}"


@dataclass(frozen=True, slots=True)
class SignatureChange:
    """A definition whose signature is another now, or that is gone (`new` is None).

    `parts` says what differs: its name, what stands before its parameters (modifiers, decorators, type
    parameters, in Java and its kin the result's type), the parameters (of a class in Python: its
    bases), or what comes after them.
    """

    old: DefinitionRow
    new: DefinitionRow | None
    parts: tuple[Part, ...]


def changed_signatures(old: Outline, new: Outline) -> tuple[SignatureChange, ...]:
    """Pair definitions by qualified name and return those that changed for whoever uses them.

    Overloads are paired in their order, alike ones first. One that is gone is paired with a new one
    beside it of the same signature but for the name. What is only new changes nothing for callers.
    """
    before, after = _by_name(old), _by_name(new)
    gone: list[DefinitionRow] = []
    coming: list[DefinitionRow] = []
    changes: list[SignatureChange] = []
    for name in dict.fromkeys((*before, *after)):
        olds, news = _without_alike(before.get(name, []), after.get(name, []))
        pairs = list(zip(olds, news, strict=False))
        changes += [SignatureChange(one, other, tuple(_compare(one, other))) for one, other in pairs]
        gone += olds[len(pairs) :]
        coming += news[len(pairs) :]
    for row in gone:
        renamed = next((other for other in coming if _is_renamed(row, other)), None)
        if renamed is not None:
            coming.remove(renamed)
        changes.append(SignatureChange(row, renamed, ("name",) if renamed else ()))
    return tuple(sorted(changes, key=lambda change: change.old.start_line))


def _by_name(outline: Outline) -> dict[str, list[DefinitionRow]]:
    found: dict[str, list[DefinitionRow]] = {}
    for row in outline.definitions:
        found.setdefault(row.qualified, []).append(row)
    return found


def _without_alike(
    olds: Sequence[DefinitionRow], news: Sequence[DefinitionRow]
) -> tuple[list[DefinitionRow], list[DefinitionRow]]:
    """Leave out the pairs whose signatures say the same."""
    left = list(news)
    changed = []
    for row in olds:
        alike = next((other for other in left if _plain(other.signature) == _plain(row.signature)), None)
        if alike is None:
            changed.append(row)
        else:
            left.remove(alike)
    return changed, left


def _compare(old: DefinitionRow, new: DefinitionRow) -> Iterator[Part]:
    names: tuple[Part, ...] = ("modifiers", "parameters", "result")
    for part, one, other in zip(names, _split(old), _split(new), strict=True):
        if one != other:
            yield part


def _is_renamed(old: DefinitionRow, new: DefinitionRow) -> bool:
    """Say whether two definitions beside each other differ in nothing but their name."""
    beside = old.qualified.removesuffix(old.name) == new.qualified.removesuffix(new.name)
    return beside and old.kind == new.kind and _split(old) == _split(new)


def _split(row: DefinitionRow) -> tuple[str, str, str]:
    """Split a signature at its name and its parentheses: what is before, inside and after."""
    named = re.search(rf"(?<!\w){re.escape(row.name)}(?!\w)", row.signature)
    start = named.end() if named else 0
    before = row.signature[: named.start()] if named else ""
    opening = row.signature.find("(", start)
    if opening < 0:
        return _plain(before), "", _plain(row.signature[start:])
    closing = _find_closing(row.signature, opening)
    before += row.signature[start:opening]  # type parameters, and `= async` in JavaScript
    inside, after = row.signature[opening + 1 : closing], row.signature[closing + 1 :]
    return _plain(before), _plain(inside), _plain(after)


def _find_closing(text: str, opening: int) -> int:
    """Return where the parenthesis that opens there closes; at the end of the text if nowhere."""
    depth = 0
    for at in range(opening, len(text)):
        depth += (text[at] in _OPENING) - (text[at] in _CLOSING)
        if depth == 0:
            return at
    return len(text)


def _plain(text: str) -> str:
    """Return a text without the blanks and commas that formatting adds."""
    return re.sub(r"\s*,?\s*([)\]}])", r"\1", " ".join(text.split())).rstrip(",").replace("( ", "(")
