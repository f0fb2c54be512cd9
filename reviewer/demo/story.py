"""The flawed merge request of the demonstration: its two versions and its words."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable

PROJECT = "settlement/fees"
TITLE = "Minimum commission and upload of the settlement file"
DESCRIPTION = (
    "Orders pay at least five yuan now, and the daily settlement file goes to the clearing house by itself."
)

# Put together here, so that no scanner of secrets stumbles over this repository.
_TOKEN = "-".join(("glpat", "Zx81kQw7vTn3LmRb5YcE"))


def files(version: str) -> dict[str, str | bytes | None]:
    """Return the repository's files by path; `version` is before or after.

    They carry a further suffix in the package, so that no tool takes their flaws for ours.
    """
    root = resources.files("reviewer.demo") / "project" / version
    return {path.removesuffix(".txt"): text.replace("@TOKEN@", _TOKEN) for path, text in _walk(root, "")}


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            found += _walk(entry, f"{path}/")
        else:
            found.append((path, entry.read_text(encoding="utf-8")))
    return found
