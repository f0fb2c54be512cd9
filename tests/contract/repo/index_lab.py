"""What the tests of the symbol index share: files, and what an index says of all of them."""

from __future__ import annotations

from reviewer.repo.index import SymbolIndex

STORE = """\
class Store:
    def save(self, order):
        return order
"""
DESK = """\
from app.store import Store


def book(order):
    return Store().save(order)
"""
FILES = {"app/__init__.py": "", "app/store.py": STORE, "app/desk.py": DESK}

Said = tuple[tuple[str, ...], tuple[str, ...]]


def say(index: SymbolIndex, commit: str, name: str, asking: str | None = None) -> Said:
    """Return where a name is defined and who mentions it, as text."""
    defined = index.definitions(commit, name, asking, limit=10_000)
    mentioned = index.mentions(commit, name, asking, limit=10_000)
    return (
        tuple(f"{one.row.kind} {one.path}:{one.row.start_line} {one.how}" for one in defined.found),
        tuple(f"{one.kind} {one.path}:{one.line} {one.within} {one.how}" for one in mentioned.found),
    )
