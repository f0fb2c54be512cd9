"""Find the oldest Python that a project says it runs on: its files must parse there."""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterator, Mapping

Version = tuple[int, int]

FILES = ("pyproject.toml", "setup.cfg", ".python-version")

_LOWER_BOUND = re.compile(r"(?:>=|>|~=|={2,3}|\^|~|)\s*v?(\d{1,3})\.(\d{1,3})")
_PINNED = re.compile(r"\s*(?:cpython-|pypy)?(\d{1,3})\.(\d{1,3})")


def declared_version(files: Mapping[str, bytes]) -> Version | None:
    """Return (major, minor) of the oldest Python, None where the project names none.

    `files` are those of `FILES` that lie at the project's root. The first that says something counts:
    `requires-python` or Poetry's `python`, then `python_requires`, then the oldest in
    `.python-version`. A bare `>=3` says nothing of the grammar, and a file that cannot be read
    neither.
    """
    texts = {name: content.decode("utf-8", "replace") for name, content in files.items()}
    for requirement in (*_in_pyproject(texts.get(FILES[0], "")), *_in_setup_cfg(texts.get(FILES[1], ""))):
        if version := _lower_bound(requirement):
            return version
    pinned = [
        _as_version(match) for match in map(_PINNED.match, texts.get(FILES[2], "").split("\n")) if match
    ]
    return min(pinned, default=None)


def _in_pyproject(text: str) -> Iterator[str]:
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    for path in (("project", "requires-python"), ("tool", "poetry", "dependencies", "python")):
        value: object = tables
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str):
            yield value


def _in_setup_cfg(text: str) -> Iterator[str]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    if value := parser.get("options", "python_requires", fallback=None):
        yield value


def _lower_bound(requirement: str) -> Version | None:
    """Return the oldest version that a specifier takes: its alternatives' least, their clauses' greatest."""
    bounds = [
        max(
            (_as_version(match) for match in map(_LOWER_BOUND.match, _clauses(alternative)) if match),
            default=None,
        )
        for alternative in requirement.split("|")
    ]
    return min((bound for bound in bounds if bound), default=None)


def _clauses(alternative: str) -> list[str]:
    return [clause.strip() for clause in alternative.split(",")]


def _as_version(match: re.Match[str]) -> Version:
    return int(match[1]), int(match[2])
