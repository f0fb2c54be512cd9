"""Say how near a file is to the one that asks: itself, imported, of one package, or only of that name.

Nothing is resolved as a compiler would. A file counts as imported where its path, or its package,
ends in the words of an import; an answer claims no more than that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from parsers.outline import ImportRow

_SEPARATORS = re.compile(r"[./:\\]+")
_SUFFIX = re.compile(r"\.(?:[cm]?[jt]sx?|vue|h|hh|hpp|hxx|inc|rb|php)$")
_FOLDER_FILES = frozenset({"__init__", "index", "mod", "lib", "package-info"})  # stand for their folder
_FAMILIES = (
    frozenset({"javascript", "typescript", "tsx", "vue"}),
    frozenset({"java", "kotlin"}),
    frozenset({"c", "cpp"}),
    frozenset({"sql", "xml"}),
)

_Parts = tuple[str, ...]


class How(StrEnum):
    """How an answer was found, the surest first."""

    SAME_FILE = "same-file"
    IMPORTED = "imported"
    SAME_PACKAGE = "same-package"
    BY_NAME = "by-name"


def are_related(language: str, other: str) -> bool:
    """Say whether code of one language calls that of the other by its names."""
    return language == other or any({language, other} <= family for family in _FAMILIES)


def closeness(path: str, other: str) -> int:
    """Count the folders that two paths share from the top."""
    shared = 0
    for one, two in zip(path.split("/")[:-1], other.split("/")[:-1], strict=False):
        if one != two:
            break
        shared += 1
    return shared


class Target(NamedTuple):
    """A name, and the file that defines it: by its folders, its name without suffix, its package."""

    path: str
    folder: _Parts
    stem: str
    package: _Parts
    name: str

    @classmethod
    def of(cls, path: str, package: str, name: str) -> Target:
        """Take a path and a dotted package (empty for none) apart."""
        *folder, file = path.split("/")
        return cls(path, tuple(folder), file.rpartition(".")[0] or file, _words(package), name)

    @property
    def modules(self) -> Iterator[_Parts]:
        """Yield the paths by which the file may be imported as a whole."""
        yield (*self.folder, self.stem)
        if self.stem in _FOLDER_FILES:
            yield self.folder

    @property
    def clues(self) -> _Parts:
        """Return the words of which an import must have one to reach the target."""
        stem = self.stem.rpartition(".")[2]
        return (stem, self.name, *self.folder[-1:], *self.package[-1:])


class Asker:
    """A file whose names are looked up: its path, its dotted package (empty for none), its imports."""

    def __init__(self, path: str, package: str = "", imports: Sequence[ImportRow] = ()) -> None:
        self.path = path
        self.package = package
        self._imports = imports
        said = " ".join(word for one in imports for word in (*one.modules, *one.names))
        self._said = f" {_SEPARATORS.sub(' ', said)} "
        self._reach: list[_Reach] | None = None

    def how(self, target: Target) -> How:
        """Say how this file gets at a name that another, or itself, defines; an empty path is near nothing."""
        if not self.path or not target.path:
            return How.BY_NAME
        if target.path == self.path:
            return How.SAME_FILE
        if any(f" {clue} " in self._said for clue in target.clues) and self._reaches(target):
            return How.IMPORTED
        if target.path.rpartition("/")[0] == self.path.rpartition("/")[0]:
            return How.SAME_PACKAGE
        return How.SAME_PACKAGE if target.package and target.package == _words(self.package) else How.BY_NAME

    def _reaches(self, target: Target) -> bool:
        if self._reach is None:
            self._reach = [
                _Reach.of(module, one.names, self.path) for one in self._imports for module in one.modules
            ]
        return any(one.is_at(target) if one.exact else one.ends_in(target) for one in self._reach)


class _Reach(NamedTuple):
    """What one import may reach: a place counted from the top where `exact`, else the end of one."""

    words: _Parts
    names: _Parts
    exact: bool

    @classmethod
    def of(cls, module: str, names: _Parts, asking: str) -> _Reach:
        if module.startswith("."):
            return cls(_resolve(module, asking), names, exact=True)
        return cls(_words(_SUFFIX.sub("", module)), names, exact=False)

    def is_at(self, target: Target) -> bool:
        """Say whether the place is the file, one that a bound name adds, or a folder that hands it on."""
        places = {self.words, *((*self.words, name) for name in self.names)}
        if not places.isdisjoint(target.modules):
            return True
        return target.name in self.names and target.folder[: len(self.words)] == self.words

    def ends_in(self, target: Target) -> bool:
        """Say whether the words, alone or with a bound name, are the end of the file's path or package."""
        words = self.words
        if not words or {*target.clues, target.stem}.isdisjoint((words[-1], *self.names)):
            return False
        member = words[-1] in (target.name, target.stem)
        if target.package and (target.package == words or (member and target.package == words[:-1])):
            return True
        wanted = [words, *((*words, name) for name in self.names)]
        if words[-1] == target.name and len(words) > 1:
            wanted.append(words[:-1])  # a member of a module or of a class
        if any(_ends(module, some) or _ends(some, module) for module in target.modules for some in wanted):
            return True
        # A folder is the package (Go), or hands on what its files define.
        return bool(target.folder) and (
            _ends(words, target.folder) or (target.name in self.names and _ends(target.folder, words))
        )


def _words(module: str) -> _Parts:
    return tuple(filter(None, _SEPARATORS.split(module)))


def _resolve(module: str, asking: str) -> _Parts:
    """Return where a relative import points, from the top: dots climb in Python, `../` elsewhere."""
    folder = asking.split("/")[:-1]
    if "/" not in module:
        dots = len(module) - len(module.lstrip("."))
        return (*folder[: max(0, len(folder) - dots + 1)], *_words(module))
    for part in _SUFFIX.sub("", module).split("/"):
        if part == "..":
            folder = folder[:-1]
        elif part not in (".", ""):
            folder.append(part)
    return tuple(folder)


def _ends(parts: _Parts, tail: _Parts) -> bool:
    return bool(tail) and parts[-len(tail) :] == tail
