"""Keep rules that were read and checked, for the next start: to check 500 of them takes most of a second."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from reviewer import __version__
from reviewer.scanners import astgrep
from reviewer.scanners.rulefile import Rule, RuleFile


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True)

    file: Path
    line: int
    written: RuleFile


_ENTRIES = TypeAdapter(tuple[_Entry, ...])


class RuleCache:
    """One file of a folder of ours, with the rules of one set of rule files; None keeps nothing.

    It holds rules without fault only. Whatever is wrong with it makes it empty.
    """

    def __init__(self, folder: Path | None, files: Iterable[Path]) -> None:
        self._file: Path | None = None
        if folder is not None:
            names, contents = _digests(files)
            self._file = folder / f"{names}.json"
            self._head = contents.encode() + b"\n"

    def load(self) -> tuple[Rule, ...] | None:
        """Return the rules as they were kept, or None where a file was changed since, or nothing was kept."""
        if self._file is None:
            return None
        try:
            kept = self._file.read_bytes()
            if not kept.startswith(self._head):
                return None
            entries = _ENTRIES.validate_json(kept[len(self._head) :])
        except (OSError, ValidationError):
            return None
        return tuple(
            Rule(entry.written, entry.written.metadata.severity, entry.file, entry.line) for entry in entries
        )

    def keep(self, rules: Sequence[Rule]) -> None:
        """Write the rules down; where that is not possible, the next start reads them again."""
        if self._file is None:
            return
        entries = tuple(_Entry(file=rule.file, line=rule.line, written=rule.written) for rule in rules)
        draft = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft.write_bytes(self._head + _ENTRIES.dump_json(entries, by_alias=True))
            draft.replace(self._file)  # two processes that start at once write the same


def _digests(files: Iterable[Path]) -> tuple[str, str]:
    """Tell one set of rule files from another, and whether one of them, or the program, was changed."""
    names = hashlib.sha256()
    contents = hashlib.sha256(f"{__version__} {astgrep.find_binary()}".encode())
    for module in sorted(Path(__file__).parent.glob("*.py")):
        contents.update(f"{module.name} {module.stat().st_mtime_ns}\n".encode())
    for file in files:
        names.update(os.fsencode(file.absolute()) + b"\n")
        with contextlib.suppress(OSError):  # reading it as a rule says what is wrong
            contents.update(hashlib.sha256(file.read_bytes()).digest())
    return names.hexdigest()[:16], f"{names.hexdigest()} {contents.hexdigest()}"
