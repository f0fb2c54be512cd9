"""Turn the addresses of a SARIF file into paths inside the repository. They are compared, never opened.

Tools write them as they like: relative or absolute, as `file:` URIs or as plain paths, with the separators
of Windows, percent-encoded, relative to a base that is named elsewhere (SARIF 2.1.0, 3.4 and 3.14.14).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from reviewer.scanners.sarif_nodes import Node, at, items, text

_DEEPEST_BASE = 8
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # of two characters at least: one is a drive
_DRIVE = re.compile(r"/?([A-Za-z]:/)")
_SOURCE_ROOTS = frozenset({"SRCROOT", "REPOROOT", "PROJECTROOT", "SOLUTIONDIR", "ROOT", "ROOTPATH"})


class Places:
    """The addresses of one run; `root` is where the repository lies on this machine."""

    def __init__(self, run: Node, root: Path | None) -> None:
        self._artifacts = items(run, "artifacts")
        bases = at(run, "originalUriBaseIds")
        self._bases: Mapping[str, Node] = bases if isinstance(bases, dict) else {}
        self._homes = tuple(self._find_homes(run, root))

    def path(self, location: Node) -> str | None:
        """Return the path that a location names: empty if it is outside, None if it names none."""
        artifact = at(location, "physicalLocation", "artifactLocation")
        index = at(artifact, "index")
        if not text(artifact, "uri") and isinstance(index, int) and 0 <= index < len(self._artifacts):
            artifact = at(self._artifacts[index], "location")
        uri = text(artifact, "uri")
        if not uri:
            return None
        path = _plain(uri)
        if path is None:
            return ""
        base, relative = self._base(text(artifact, "uriBaseId"))
        if _is_absolute(path):
            return self._inside(path)
        # A base elsewhere is the repository on the machine where the tool ran.
        here = self._inside(posixpath.join(base, relative, path)) if base else ""
        return here or _normal(posixpath.join(relative, path))

    def _base(self, name: str) -> tuple[str, str]:
        """Resolve a base by its name into an absolute folder (empty: unknown), and what is relative to it."""
        relative = ""
        for _ in range(_DEEPEST_BASE):
            base = self._bases.get(name)
            folder = _plain(text(base, "uri")) or ""
            if _is_absolute(folder):
                return folder, relative
            relative = posixpath.join(folder, relative)
            name = text(base, "uriBaseId")
            if not name:
                break
        return "", relative

    def _find_homes(self, run: Node, root: Path | None) -> Iterator[str]:
        """Yield the folders that stand for the repository: ours, and where the tool says that it ran."""
        if root is not None:
            yield root.absolute().as_posix()
            yield root.resolve().as_posix()
        named = (name for name in self._bases if name.strip("%").upper() in _SOURCE_ROOTS)
        folders = [self._base(name)[0] for name in named]
        folders += [_plain(text(call, "workingDirectory", "uri")) or "" for call in items(run, "invocations")]
        yield from (home for folder in folders if _is_absolute(folder) and (home := folder.rstrip("/")))

    def _inside(self, path: str) -> str:
        path = posixpath.normpath(path)
        for home in self._homes:
            start, rest = path[: len(home) + 1], path[len(home) + 1 :]
            same = start == f"{home}/" or (_DRIVE.match(home) and start.casefold() == f"{home}/".casefold())
            if same:
                return _normal(rest)
        return ""


def _plain(uri: str) -> str | None:
    """Return an address as a path with slashes; None for one that is no file's."""
    if uri[:5].lower() == "file:":
        try:
            parts = urlsplit(uri.replace("\\", "/"))
        except ValueError:  # brackets that are no IPv6 address
            return None
        host = parts.netloc if parts.netloc.lower() != "localhost" else ""
        path = (
            f"{host}{parts.path}" if host.endswith(":") else f"//{host}{parts.path}" if host else parts.path
        )
    elif _SCHEME.match(uri):
        return None
    else:
        path = uri
    path = unquote(path).replace("\\", "/")
    drive = _DRIVE.match(path)
    return drive[1] + path[drive.end() :] if drive else path


def _is_absolute(path: str) -> bool:
    return path.startswith("/") or _DRIVE.match(path) is not None


def _normal(path: str) -> str:
    """Return a relative path without detours; empty if it leaves the folder or names nothing in it."""
    path = posixpath.normpath(path)
    outside = path in {".", ".."} or path.startswith("../") or _is_absolute(path) or "\0" in path
    return "" if outside else path
