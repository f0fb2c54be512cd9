"""Readers of public benchmarks: their files in, cases out, over clones that lie on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from reviewer.errors import UsageError
from reviewer.evaluation.dataset import Case

# Add a format: a module with `read_item(item, place, repos)` and a line here.
FORMATS: Mapping[str, str] = MappingProxyType(
    {"aacr": "reviewer.evaluation.imports.aacr", "martian": "reviewer.evaluation.imports.martian"}
)
ReadItem = Callable[[dict[str, Any], str, Path], Case]


def read(name: str, files: Sequence[Path], repos: Path) -> tuple[Case, ...]:
    """Read a benchmark's files; `repos` is where the clones lie, as OWNER/NAME.

    Raises UsageError for an unknown format, and for what a file lacks, naming the item.
    """
    if name not in FORMATS:
        raise UsageError(f"unknown format {name!r}; there are {', '.join(FORMATS)}")
    read_item: ReadItem = import_module(FORMATS[name]).read_item
    cases: dict[str, Case] = {}
    for file in files:
        for number, item in enumerate(_items(file), start=1):
            place = f"{file}, item {number}"
            if not isinstance(item, dict):
                raise UsageError(f"{place}: not an object")
            case = read_item(item, place, repos)
            if case.id in cases:
                raise UsageError(f"{place}: {case.id} comes twice")
            cases[case.id] = case
    return tuple(cases.values())


def _items(file: Path) -> list[Any]:
    """Read a JSON array, or JSON Lines."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise UsageError(f"{file} cannot be read: {err}") from err
    try:
        if text.lstrip().startswith("["):
            return list(json.loads(text))
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as err:
        raise UsageError(f"{file}: neither a JSON array nor JSON Lines: {err}") from err
