"""Match tree-sitter queries: for SQL, XML, Dockerfiles and whatever else ast-grep does not know.

All queries of a language are compiled and run as one: for a large grammar such as SQL's, it is making
a query that takes long (20 ms), and a further pattern in it costs next to nothing.
"""

from __future__ import annotations

import re
import time
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING

from parsers.languages import by_name
from parsers.source import SourceTooLarge, parse
from reviewer.scanners import predicates, querytext
from reviewer.scanners.matches import MAX_RESULTS, Match, Run, SourceText
from reviewer.scanners.querytext import AROUND, Part
from reviewer.scanners.sqltrees import read_statements

if TYPE_CHECKING:
    from tree_sitter import Tree

    from parsers.languages import Language
    from parsers.source import ParsedSource
    from reviewer.scanners.rulefile import RuleFile

Span = tuple[int, int]  # bytes of the file's UTF-8, the end exclusive
_MOST_AT_ONCE = 500  # twice what real files need; time grows with its square
_COMMENTS = Part("", "comments", 0, "")


@dataclass(frozen=True, slots=True)
class _Hit:
    """What a query's `@match` covers, and what its captures do."""

    span: Span
    captures: Mapping[str, Span]


_Hits = Mapping[Part, Sequence[_Hit]]


def run(rules: Mapping[str, RuleFile], files: Mapping[str, SourceText], *, seconds: float) -> Run:
    """Run rules (by key) over files (by name); takes about `seconds` at most.

    Never raises: a failure is in the run's `problem`. A file too large to parse is not in `scanned`.
    """
    deadline = time.monotonic() + seconds
    searches: dict[str, _Search | None] = {}
    matches: list[Match] = []
    scanned: set[str] = set()
    for name, file in files.items():
        if file.language not in searches:
            try:
                searches[file.language] = _open(rules, file.language)
            except ValueError as err:
                return Run(problem=f"a query for {file.language} cannot be used: {err}", bad_rule=True)
        search = searches[file.language]
        if search is None:
            continue
        if time.monotonic() > deadline:
            if not scanned:
                return Run(problem=f"the queries took longer than {seconds:g} s")
            break  # what was found stands; the files that are left are not in `scanned`
        try:
            matches += islice(search.run(name, file.utf8), MAX_RESULTS - len(matches))
        except SourceTooLarge:
            continue
        scanned.add(name)
    return Run(tuple(matches), frozenset(scanned), cut=len(matches) >= MAX_RESULTS)


def _open(rules: Mapping[str, RuleFile], name: str) -> _Search | None:
    language = by_name(name)
    chosen = {key: rule for key, rule in rules.items() if name in rule.languages}
    return _Search(chosen, language) if language is not None and chosen else None


class _Search:
    """The rules of one language that are queries."""

    def __init__(self, rules: Mapping[str, RuleFile], language: Language) -> None:
        self._rules = rules
        self._language = language
        everything = _Joined(rules, language)
        self._needs = everything.needs()
        self._joined = {frozenset(rules): everything}

    def run(self, name: str, utf8: bytes) -> Iterator[Match]:
        """Yield the matches of all rules in one file; raise SourceTooLarge for one that cannot be searched."""
        able = self._able(utf8)
        if not able:
            return
        if 2 * len(able) > len(self._rules):
            able = frozenset(self._rules)  # to search for a few in vain costs less than to join the others
        if able not in self._joined:
            self._joined[able] = _Joined({key: self._rules[key] for key in sorted(able)}, self._language)
        source = parse(utf8, self._language)
        hits = self._joined[able].search(source, list(read_statements(source, self._language)))
        file = _File(name, source.utf8, hits.get(_COMMENTS, ()))
        for key in sorted(able):
            yield from _judge(key, self._rules[key], hits, file)

    def _able(self, utf8: bytes) -> frozenset[str]:
        """Name the rules that may match in a file: it has the words that their queries need."""
        possible: dict[Part, bool] = {}
        for part, needs in self._needs:
            met = all(any(text in utf8 for text in texts) for texts in needs)
            possible[part] = possible.get(part, False) or met
        unable = {
            part.rule for part, met in possible.items() if not met and part.role not in {"outside", "lacks"}
        }
        return frozenset(self._rules.keys() - unable)


class _Joined:
    """Queries of some rules as one, with what each of its patterns is: whose, and what it asks of texts."""

    def __init__(self, rules: Mapping[str, RuleFile], language: Language) -> None:
        parts = [part for key, rule in rules.items() for part in querytext.parts(key, rule)]
        texts = [predicates.own(querytext.without_comments(part.text)) for part in parts]
        if language.comments:
            parts.append(_COMMENTS)
            texts.append(f"[{' '.join(f'({kind})' for kind in language.comments)}] @match")
        whole = "\n".join(texts)
        self._query = querytext.compile_query(whole, language)
        starts = [0]
        for text in texts:
            starts.append(starts[-1] + len(text.encode()) + 1)
        patterns = range(self._query.pattern_count)
        begins = [self._query.start_byte_for_pattern(pattern) for pattern in patterns]
        self._owners = [parts[bisect_right(starts, begin) - 1] for begin in begins]
        ends = [self._query.end_byte_for_pattern(pattern) for pattern in patterns]
        spans = zip(begins, ends, strict=True)
        self._asked = [tuple(predicates.find(whole.encode()[slice(*span)].decode())) for span in spans]

    def search(self, source: ParsedSource, trees: Sequence[Tree]) -> _Hits:
        """Return what each query matches in a source: in its own tree, and in those of its statements.

        What stands in a statement is matched in the statement's own tree alone. Raises SourceTooLarge.
        """
        hits: dict[Part, list[_Hit]] = defaultdict(list)
        statements = [(tree.root_node.start_byte, tree.root_node.end_byte) for tree in trees]
        for part, hit in self._search(source.tree, source.utf8):
            if not _stands_in(hit.span, statements):
                hits[part].append(hit)
        for tree in trees:
            for part, hit in self._search(tree, source.utf8):
                hits[part].append(hit)
        return hits

    def _search(self, tree: Tree, utf8: bytes) -> Iterator[tuple[Part, _Hit]]:
        """Match in one tree, without tree-sitter's callbacks: for progress it crashes, for predicates it leaks."""
        from tree_sitter import QueryCursor

        cursor = QueryCursor(self._query)
        cursor.match_limit = _MOST_AT_ONCE
        found = cursor.matches(tree.root_node)
        if cursor.did_exceed_match_limit:
            raise SourceTooLarge(f"more than {_MOST_AT_ONCE} matches begin in one place")
        for pattern, captures in found:
            if all(predicate.holds(utf8, captures) for predicate in self._asked[pattern]):
                spans = {name: (nodes[0].start_byte, nodes[-1].end_byte) for name, nodes in captures.items()}
                yield self._owners[pattern], _Hit(spans["match"], spans)

    def needs(self) -> list[tuple[Part, tuple[Set[bytes], ...]]]:
        """Return for each pattern sets of texts: where a file lacks all of one, it cannot match there."""
        captures = {self._query.capture_name(number): number for number in range(self._query.capture_count)}
        return [
            (
                part,
                tuple(
                    predicate.texts
                    for predicate in asked
                    if predicate.is_one_of_texts
                    # there in every match
                    and self._query.capture_quantifier(pattern, captures[predicate.capture]) in {"", "+"}
                ),
            )
            for pattern, (part, asked) in enumerate(zip(self._owners, self._asked, strict=True))
        ]


def _stands_in(span: Span, statements: Sequence[Span]) -> bool:
    """Say whether a stretch begins in one of the statements (in order) and does not hold the whole of it."""
    at = bisect_right(statements, span[0], key=itemgetter(0)) - 1
    if at < 0:
        return False
    start, end = statements[at]
    return span[0] < end and not (span[0] == start and span[1] >= end)


def _judge(key: str, rule: RuleFile, hits: _Hits, file: _File) -> Iterator[Match]:
    conditions = []
    found: Sequence[_Hit] = ()
    for part in querytext.parts(key, rule):
        its_hits = hits.get(part, ())
        if part.role == "query":
            found = its_hits
        elif found:
            conditions.append((part.role, _Spans(hit.span for hit in its_hits)))
    for hit in {hit.span: hit for hit in found}.values():
        if all(_holds(role, spans, hit.span) for role, spans in conditions):
            yield from _places(key, rule, hit, file)


def _holds(role: str, spans: _Spans, span: Span) -> bool:
    if role in AROUND:
        return spans.any_around(span) == (role == "inside")
    return spans.any_within(span) == (role == "has")


def _places(key: str, rule: RuleFile, hit: _Hit, file: _File) -> Iterator[Match]:
    replacement = None
    if isinstance(rule.fix, str):
        texts = {name: file.utf8[start:end].decode() for name, (start, end) in hit.captures.items()}
        replacement = querytext.fill(rule.fix, texts)
    first, last = hit.span
    spans: Iterable[Span] = (hit.span,)
    if rule.find is not None:
        spans = (
            (first + start, first + end) for start, end in _find(rule, file.without_comments[first:last])
        )
    for start, end in spans:
        yield Match(key, file.name, file.line(start), file.line(max(start, end - 1)), replacement, start, end)


def _find(rule: RuleFile, text: bytes) -> Iterator[Span]:
    """Yield where the rule's expression matches; two matches may share what stands around their groups."""
    expression = predicates.compile_expression(rule.find or "")
    unless = predicates.compile_expression(rule.unless) if rule.unless else None
    start = 0
    while found := expression.search(text, start):
        groups = (found.span(number) for number in range(1, expression.groups + 1))
        span = next((span for span in groups if span != (-1, -1)), found.span())
        if span[0] < span[1] and not (unless and unless.search(text[slice(*span)])):
            yield span
        start = max(span[1], start + 1)


class _File:
    """One file while it is searched."""

    def __init__(self, name: str, utf8: bytes, comments: Iterable[_Hit]) -> None:
        self.name = name
        self.utf8 = utf8
        self._comments = comments
        self._starts = [0, *(found.end() for found in re.finditer(rb"\n", utf8))]

    def line(self, offset: int) -> int:
        """Return the 1-based line of a byte."""
        return bisect_right(self._starts, offset)

    @cached_property
    def without_comments(self) -> bytes:
        """Return the text, as long, with its comments blanked."""
        text = bytearray(self.utf8)
        for start, end in (hit.span for hit in self._comments):
            text[start:end] = re.sub(rb"[^\n]", b" ", self.utf8[start:end])
        return bytes(text)


class _Spans:
    """Stretches of a tree's nodes, of which any two lie apart or one in the other."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._spans = sorted(set(spans))
        self._starts = [start for start, _ in self._spans]
        self._reach: list[int] = []  # the furthest end of those that start no later
        for _, end in self._spans:
            self._reach.append(max(end, self._reach[-1] if self._reach else 0))

    def any_around(self, span: Span) -> bool:
        """Say whether any of them encloses a stretch, or is the same."""
        known = bisect_right(self._starts, span[0])
        return known > 0 and self._reach[known - 1] >= span[1]

    def any_within(self, span: Span) -> bool:
        """Say whether any of them lies in a stretch, or is the same."""
        first, last = bisect_left(self._starts, span[0]), bisect_right(self._starts, span[1])
        return any(self._spans[index][1] <= span[1] for index in range(first, last))
