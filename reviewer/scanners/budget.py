"""Hold rules to a budget of work: none may cost many times what a plain one does on the same text.

The text is made of the rules' own examples, so it is full of what they look for: all of them one after
the other, and their statements once more in long functions. There, a rule that looks through the
function or the file again for every node of it costs hundreds of times a plain one. Work is processor
time beside a reference rule in the same run, the least of several runs, less what it takes to read the
rules: other programs hardly change it.
"""

from __future__ import annotations

import math
import resource
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import TYPE_CHECKING

from parsers.languages import Language, by_name
from parsers.source import parse
from reviewer.scanners import engines
from reviewer.scanners.matches import SourceText
from reviewer.scanners.rulefile import Rule

if TYPE_CHECKING:
    from tree_sitter import Node

LIMIT = 20.0  # times the reference
SIZE = 30_000  # bytes of each of the two texts
BLOCK = 6_000  # bytes of a function in the second
_TIMES = 3
_BEYOND_NOISE = 3
_TICK = 0.001  # seconds: nothing is cheaper than can be measured
_SECONDS = 60.0
_BLOCKS = frozenset(
    {"block", "body_statement", "compound_statement", "content", "statement_block", "statement_list"}
)


@dataclass(frozen=True, slots=True)
class Excess:
    """A rule over its budget: in one of its languages it costs `factor` times the reference."""

    rule_id: str
    language: str
    factor: float


def find_excesses(rules: Sequence[Rule], *, limit: float = LIMIT) -> Iterator[Excess]:
    """Yield the rules that cost more than `limit` times the reference rule of their engine."""
    for name in sorted({language for rule in rules for language in rule.languages}):
        language = by_name(name)
        its_rules = [rule for rule in rules if name in rule.languages]
        if language is None:
            continue
        texts = [SourceText(name, text) for text in write_texts(its_rules, language)]
        for matcher in ({"rule": {"kind": "ERROR"}}, {"query": "(ERROR) @match"}):
            same = [rule for rule in its_rules if getattr(rule.written, next(iter(matcher))) is not None]
            if same:
                unit = _cost([_reference(same[0], matcher)], texts)
                for rule, cost in _weigh(same, texts, limit * unit):
                    yield Excess(rule.id, name, cost / unit)


def _reference(like: Rule, matcher: Mapping[str, object]) -> Rule:
    """Make a rule that looks at every node once, and at nothing but its kind."""
    keys = ("rule", "query", "constraints", "utils", "transform", "find", "unless", "fix")
    nothing = {**dict.fromkeys(keys), **dict.fromkeys(("inside", "outside", "has", "lacks"), ())}
    return replace(like, written=like.written.model_copy(update={**nothing, **matcher}))


def _weigh(
    rules: Sequence[Rule], texts: Sequence[SourceText], allowed: float
) -> Iterator[tuple[Rule, float]]:
    """Yield the rules that cost more than is allowed, with what they cost.

    All are weighed together; only where they exceed what one of them may cost, by halves.
    """
    if not rules or (cost := _cost(rules, texts, enough=allowed)) <= allowed:
        return
    if len(rules) == 1:
        yield rules[0], cost
        return
    half = len(rules) // 2
    yield from _weigh(rules[:half], texts, allowed)
    yield from _weigh(rules[half:], texts, allowed)


def _cost(rules: Sequence[Rule], texts: Sequence[SourceText], *, enough: float = 0.0) -> float:
    """Return the least of several measurements, or the first that leaves no doubt on which side of `enough` it is."""
    nothing = [replace(text, utf8=b"\n") for text in texts]
    least = math.inf
    for _ in range(_TIMES):
        least = min(least, max(_time(rules, texts) - _time(rules, nothing), _TICK))
        if least <= enough or least > _BEYOND_NOISE * enough > 0:
            break
    return least


def _time(rules: Sequence[Rule], texts: Sequence[SourceText]) -> float:
    before = _processor_time()
    run = engines.run(rules, {str(number): text for number, text in enumerate(texts)}, seconds=_SECONDS)
    return math.inf if run.problem else _processor_time() - before


def _processor_time() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def write_texts(rules: Iterable[Rule], language: Language) -> tuple[bytes, ...]:
    """Write the examples of rules out one after the other, and their statements into long functions.

    Each text has SIZE bytes or a little more; there is no second one for a language without blocks.
    """
    examples = [code.rstrip().encode() + b"\n" for rule in rules for code in _examples(rule)]
    blocks = [(code, block) for code in examples for block in _blocks(code, language)]
    flat = b"".join(_repeat(cycle(examples), SIZE))
    if not blocks:
        return (flat,)
    code, deepest = max(blocks, key=lambda pair: _depth(pair[1]))
    column = b" " * deepest.named_children[0].start_point.column
    before, after = code[: deepest.named_children[0].start_byte], code[deepest.named_children[-1].end_byte :]
    statements = dict.fromkeys(text for own, block in blocks for text in _statements(own, block, column))
    fitting = cycle(text for text in statements if not parse(before + text + after, language).error_lines)
    functions = (before + b"".join(_repeat(fitting, BLOCK)) + after for _ in range(SIZE // BLOCK))
    return flat, b"".join(functions)


def _examples(rule: Rule) -> Iterator[str]:
    metadata = rule.written.metadata
    yield from metadata.valid
    yield from (example.code for example in metadata.invalid)


def _repeat(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    written = 0
    for piece in pieces:
        written += len(piece)
        yield piece
        if written >= size:
            return


def _blocks(code: bytes, language: Language) -> Iterator[Node]:
    pending = [parse(code, language).tree.root_node]
    while pending:
        node = pending.pop()
        if node.type in _BLOCKS and node.named_children:
            yield node
        pending.extend(node.named_children)


def _depth(node: Node) -> int:
    return 1 + _depth(node.parent) if node.parent else 0


def _statements(code: bytes, block: Node, column: bytes) -> Iterator[bytes]:
    """Yield the statements of a block as they stand in another one at that column."""
    for child in block.named_children:
        own = b"\n" + b" " * child.start_point.column
        yield code[child.start_byte : child.end_byte].replace(own, b"\n" + column) + b"\n" + column
