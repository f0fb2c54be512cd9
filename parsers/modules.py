"""Read what import statements and package clauses name, by their text: one reading for every language."""

from __future__ import annotations

import re
from collections.abc import Iterator

_QUOTED = re.compile(r"""["'`<]([^"'`<>\n]+)["'`>]""")
_FROM = re.compile(r"\s*from\s+([\w.]+)\s+import\b")
_KEYWORDS = re.compile(
    r"\s*(?:(?:(?:import|using|use|static|global|type|crate|function|const)\b|pub\b(?:\([^)]*\))?)\s*)+"
)
_CUT = re.compile(r"\s+as\b.*|[\s;{(].*|(?:\.|::|\\)?\*.*", re.DOTALL)
_ALIASED = re.compile(r"(\w+)\s+as\s+\w")
_PACKAGE = re.compile(r"\b(?:package|namespace)\s+([\w.:\\]+)")
_SUFFIX = re.compile(r"/v\d+$|\.(?:h|hh|hpp|hxx|inc|[cm]?[jt]sx?|vue|json|s?css|php|rb)$")
_SEPARATOR = re.compile(r"[-.]|::|\\")


def find_modules(statement: str) -> tuple[str, ...]:
    """Return the modules, packages or files that an import names: what is quoted, else what is dotted.

    Of a module's members only the module is named; quotes and wildcards are gone.
    """
    if quoted := _QUOTED.findall(statement):
        return tuple(quoted)
    if found := _FROM.match(statement):
        return (found[1],)
    return tuple(dict.fromkeys(_plain_modules(_KEYWORDS.sub("", statement, count=1))))


def _plain_modules(listed: str) -> Iterator[str]:
    for part in listed.partition("{")[0].split(","):
        module = _CUT.sub("", part.rpartition("=")[2].strip()).strip(":\\")
        if module:
            yield module


def find_originals(statement: str) -> list[str]:
    """Return the names that an import gives an alias to: `save` of `from orders import save as keep`."""
    return _ALIASED.findall(statement)


def find_package(clause: str) -> str:
    """Return the package or namespace that a clause declares, dotted."""
    found = _PACKAGE.search(clause)
    return re.sub(r"::|\\", ".", found[1]).strip(".") if found else ""


def bound_names(written: str) -> tuple[str, ...]:
    """Return the names by which a module may go, given how an import writes it.

    A path goes by its last part; where that is no name, by one of the words of it: `go-redis/v9`.
    """
    last = _SUFFIX.sub("", written.strip("\"'`<>")).rpartition("/")[2]
    words = (last,) if last.isidentifier() else _SEPARATOR.split(last)
    return tuple(word for word in words if word.isidentifier())
