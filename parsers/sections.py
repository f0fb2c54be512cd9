"""What is read from a text where its tree does not tell: scopes that no node encloses, and names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from parsers.scopes import Scope


class Named(NamedTuple):
    """A name where it is used; `line` is 1-based."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Sections:
    """All scopes of a text, outer ones first, and the names that some of its lines call or use as types."""

    scopes: tuple[Scope, ...] = ()
    called: tuple[Named, ...] = ()
    types: tuple[Named, ...] = ()
