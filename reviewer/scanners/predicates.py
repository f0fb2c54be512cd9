"""Predicates of tree-sitter queries: what they ask of the texts of nodes.

They are answered here. tree-sitter's own answers crash the process where a capture is empty, its
`#match?` can take for ever, and it leaks what it hands to a caller that answers them (release 0.26.1).
RE2's time grows no faster than the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from tree_sitter import Node

NAMES = ("eq?", "not-eq?", "any-eq?", "any-not-eq?", "any-of?", "not-any-of?",
         "match?", "not-match?", "any-match?", "any-not-match?")  # fmt: skip
STRING = r'"(?:[^"\\]|\\.)*"'

_PREFIX = "text-"
_OPENING = re.compile(rf"({STRING})|\(\s*#")
_PREDICATE = re.compile(rf"\(\s*#([\w.-]+[?!]?)((?:\s+(?:@[\w.-]+|{STRING}|[\w.-]+))*)\s*\)")
_ARGUMENT = re.compile(rf"@[\w.-]+|{STRING}|[\w.-]+")

Kind = Literal["capture", "string"]
Arguments = tuple[tuple[str, Kind], ...]


@dataclass(frozen=True, slots=True)
class Predicate:
    """One predicate: whether each node of a capture (or any) has one of `texts`, or matches `expression`.

    `others` are captures whose texts count as well.
    """

    capture: str
    wanted: bool
    any_node: bool
    texts: frozenset[bytes] = frozenset()
    others: tuple[str, ...] = ()
    expression: Any = None

    @property
    def is_one_of_texts(self) -> bool:
        """Say whether each node of the capture has to have one of the texts."""
        return bool(self.texts) and self.wanted and not self.others

    def holds(self, utf8: bytes, captures: Mapping[str, Sequence[Node]]) -> bool:
        """Answer for the nodes of one match in a file's text."""
        texts = self.texts
        for other in self.others:
            texts |= frozenset(_texts(utf8, captures.get(other, ())))
        for text in _texts(utf8, captures.get(self.capture, ())):
            found = bool(self.expression.search(text)) if self.expression is not None else text in texts
            if (found == self.wanted) == self.any_node:
                return self.any_node
        return not self.any_node


def _texts(utf8: bytes, nodes: Sequence[Node]) -> Iterator[bytes]:
    return (utf8[node.start_byte : node.end_byte] for node in nodes)


def read(name: str, arguments: Arguments) -> Predicate:
    """Take apart a predicate, its name as it is written or as `own` writes it; raise re2.error."""
    name = name.removeprefix(_PREFIX)
    (capture, _), *others = arguments
    wanted, any_node = "not-" not in name, name.startswith("any-") and name != "any-of?"
    if name.endswith("match?"):
        return Predicate(capture, wanted, any_node, expression=compile_expression(others[0][0]))
    texts = frozenset(value.encode() for value, kind in others if kind == "string")
    captures = tuple(value for value, kind in others if kind == "capture")
    return Predicate(capture, wanted, any_node, texts, captures)


def own(text: str) -> str:
    """Rename the predicates of a query, so that tree-sitter leaves them to its caller."""
    return _OPENING.sub(lambda found: found[1] or f"{found[0]}{_PREFIX}", text)


def find(text: str) -> Iterator[Predicate]:
    """Yield the predicates of a query without comments; raise re2.error."""
    return (read(name, arguments) for name, arguments in split(text))


def split(text: str) -> Iterator[tuple[str, Arguments]]:
    """Yield the predicates of a query without comments as names and arguments."""
    for name, arguments in _PREDICATE.findall(text):
        yield name, tuple(_argument(argument) for argument in _ARGUMENT.findall(arguments))


def _argument(written: str) -> tuple[str, Kind]:
    if written.startswith("@"):
        return written[1:], "capture"
    if written.startswith('"'):
        return re.sub(r"\\(.)", r"\1", written[1:-1]), "string"
    return written, "string"


def compile_expression(pattern: str) -> Any:
    """Compile a regular expression for bytes; raise re2.error."""
    import re2

    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)
