"""Run the operator's formatters, so that a suggestion looks as its repository wants it.

Which, and how, is said by the instance's configuration alone. A formatter reads the file on stdin in an
empty folder of its own: nothing of the repository tells it what to do.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from reviewer.config import FormatterSettings
from reviewer.errors import ConfigError
from reviewer.ports import Formatted
from reviewer.scanners import toolrun
from reviewer.scanners.toolrun import ToolFailed
from reviewer.scanners.tools import absolute
from reviewer.stages.globs import Globs
from reviewer.stages.redact import redact

_MOST_BYTES = 4_000_000  # as much again as the largest file that is reviewed, and more
_NAME = "{name}"
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,12}")


class ToolFormatter:
    """Formats files with the first of `[[review.formatters]]` that is for them.

    Raises ConfigError for a path glob that is none.
    """

    def __init__(self, formatters: Sequence[FormatterSettings], *, search_path: str | None = None) -> None:
        self._search_path = absolute(
            os.environ.get("PATH", os.defpath) if search_path is None else search_path
        )
        self._formatters = [(each, _globs(each, number)) for number, each in enumerate(formatters, start=1)]

    def format(self, path: str, text: bytes) -> Formatted:
        """Format a file's text; never raise."""
        chosen = next((each for each, globs in self._formatters if globs.match(path)), None)
        if chosen is None:
            return Formatted()
        try:
            return Formatted(self._run(chosen, path, text))
        except ToolFailed as err:
            # What a program says on its way out may quote the code that it looked at.
            return Formatted(problem=redact(f"{chosen.command[0]}: {err}").text)

    def _run(self, formatter: FormatterSettings, path: str, text: bytes) -> bytes:
        program = shutil.which(formatter.command[0], path=self._search_path)
        if program is None:
            raise ToolFailed("it is not on PATH")
        arguments = [word.replace(_NAME, _name(path)) for word in formatter.command[1:]]
        with tempfile.TemporaryDirectory(prefix="reviewer-formatter-") as made:
            home = Path(made).resolve()
            folder = home / "empty"
            folder.mkdir()
            feed = home / "text"
            feed.write_bytes(text)
            printed = toolrun.run(
                (program, *arguments),
                folder=folder,
                home=home,
                search_path=self._search_path,
                seconds=formatter.timeout_s,
                most_bytes=_MOST_BYTES,
                feed=feed,
            )
        if printed.status != 0:
            said = f": {printed.said}" if printed.said else ""
            raise ToolFailed(f"it ended with {printed.status}{said}")
        return printed.output


def _name(path: str) -> str:
    """Return a name that says what kind of file it is; the path itself was written by a stranger."""
    suffix = PurePosixPath(path).suffix
    return f"file{suffix}" if _SUFFIX.fullmatch(suffix) else "file"


def _globs(formatter: FormatterSettings, number: int) -> Globs:
    try:
        return Globs(formatter.paths)
    except ValueError as err:
        key = f"review.formatters[{number}].paths"
        raise ConfigError(f"{key}: {err}", key=key) from err
