"""Read `.gitattributes` as git does: nested files, macros, precedence (gitattributes(5), git's attr.c)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reviewer.stages.wildmatch import Matcher, compile_pattern

_MACRO = b"[attr]"
_BUILT_IN = b"[attr]binary -diff -merge -text\n"
_MAX_LINE = 2_048  # bytes; git passes over longer ones
_NAME = re.compile(rb"[A-Za-z0-9_.][-A-Za-z0-9_.]*")
_QUOTED = re.compile(rb'"((?:[^"\\]|\\(?:[abfnrtv"\\]|[0-3][0-7]{2}))*)"')
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)")
_ESCAPED = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}

State = bool | bytes | None
"""Set, unset, a value; None is what `!name` makes it: as if nothing were said."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that speaks of paths, or (without `matches`) says what the macro `macro` stands for."""

    states: tuple[tuple[bytes, State], ...]
    matches: Matcher | None = None
    macro: bytes = b""


class Attributes:
    """The attributes of a tree; `files` are the texts of its `.gitattributes` by folder ("" is the root)."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._lines = {folder: tuple(_read(text, root=not folder))[::-1] for folder, text in files.items()}
        self._macros: dict[bytes, tuple[tuple[bytes, State], ...]] = {}
        for line in (*_read(_BUILT_IN, root=True), *self._lines.get("", ())[::-1]):
            if line.matches is None:
                self._macros[line.macro] = line.states

    def of(self, path: str) -> Mapping[str, State]:
        """Return what is said of a path; what nothing is said of is not in it."""
        found: dict[bytes, State] = {}
        for folder in _folders(path):
            relative = path[len(folder) + 1 if folder else 0 :].encode("utf-8", "surrogateescape")
            for line in self._lines.get(folder, ()):
                if line.matches and line.matches(relative):
                    self._fill(found, line.states)
        return {name.decode("ascii"): state for name, state in found.items() if state is not None}

    def _fill(self, found: dict[bytes, State], states: tuple[tuple[bytes, State], ...]) -> None:
        """Note what was not said by a line that counts for more; of one line, what stands last does."""
        pending = list(states)
        while pending:
            name, state = pending.pop()
            if name not in found:
                found[name] = state
                if state is True:
                    pending.extend(self._macros.get(name, ()))


def _folders(path: str) -> Iterator[str]:
    """Yield the folders around a path, the innermost first."""
    folder = path
    while folder:
        folder = folder.rpartition("/")[0]
        yield folder


def _read(text: bytes, *, root: bool) -> Iterator[_Line]:
    for line in text.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        written = line.strip(b" \t\r")
        if len(line) <= _MAX_LINE and written and not written.startswith(b"#"):
            yield from _read_line(written, root=root)


def _read_line(line: bytes, *, root: bool) -> Iterator[_Line]:
    """Read a line; one that git refuses yields nothing, neither does a macro outside of the root."""
    quoted = _QUOTED.match(line)
    pattern, rest = (_unquote(quoted[1]), line[quoted.end() :]) if quoted else _split(line)
    words = [word for word in re.split(rb"[ \t\r]+", rest) if word]
    if pattern.startswith(_MACRO) and pattern != _MACRO:
        name, states = pattern[len(_MACRO) :], _read_states(words)
        if root and states is not None and _NAME.fullmatch(name):
            yield _Line(states, macro=name)
    elif not pattern.startswith(b"!") and (states := _read_states(words)) is not None:
        yield _Line(states, compile_pattern(pattern))


def _split(line: bytes) -> tuple[bytes, bytes]:
    pattern, *rest = re.split(rb"[ \t\r]", line, maxsplit=1)
    return pattern, rest[0] if rest else b""


def _unquote(text: bytes) -> bytes:
    def plain(escape: re.Match[bytes]) -> bytes:
        one = escape[1]
        return bytes((int(one, 8),)) if len(one) == 3 else _ESCAPED.get(one, one)

    return _ESCAPE.sub(plain, text)


def _read_states(words: list[bytes]) -> tuple[tuple[bytes, State], ...] | None:
    """Read `name`, `-name`, `!name` and `name=value`; None if a name is none, which voids the line."""
    states: list[tuple[bytes, State]] = []
    for word in words:
        name, equals, value = word.partition(b"=")
        state: State = value if equals else True
        if name.startswith((b"-", b"!")):
            name, state = name[1:], False if name.startswith(b"-") else None
        if not _NAME.fullmatch(name):
            return None
        states.append((name, state))
    return tuple(states)
