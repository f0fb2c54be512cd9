"""Leave alone what the operator says is no secret, or one that may be there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import re2

from reviewer.errors import ConfigError
from reviewer.stages.globs import Globs


class AllowList:
    """What `[secrets]` of the instance's configuration allows: files, values by their SHA-256, values by form.

    A hash is of the value alone, as UTF-8: `printf %s VALUE | sha256sum`. A pattern has to fit the whole
    value. Raises ConfigError for a glob or a pattern that is none.
    """

    def __init__(
        self, paths: Iterable[str] = (), hashes: Iterable[str] = (), patterns: Iterable[str] = ()
    ) -> None:
        try:
            self._paths = Globs(paths)
        except ValueError as err:
            raise ConfigError(f"not a glob: {err}", key="secrets.allow_paths") from err
        self._hashes = frozenset(hash_.lower() for hash_ in hashes)
        self._patterns = [_compile(pattern) for pattern in patterns]

    def allows(self, path: str, value: bytes) -> bool:
        """Say whether this value may be in this file."""
        return (
            self._paths.match(path)
            or bool(self._hashes and hashlib.sha256(value).hexdigest() in self._hashes)
            or any(pattern.fullmatch(value) for pattern in self._patterns)
        )


def _compile(pattern: str) -> Any:
    try:
        return re2.compile(pattern.encode())
    except re2.error as err:
        raise ConfigError(
            f"not a regular expression of RE2: {pattern}: {err}", key="secrets.allow_patterns"
        ) from err
