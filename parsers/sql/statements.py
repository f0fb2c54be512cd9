"""Find the statements of SQL text, and the routines around them, in any dialect."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parsers.sql.tokens import Token, read_name

ROUTINES = frozenset({"procedure", "function", "trigger", "package", "event"})
_OBJECTS = {
    **{word.upper(): word for word in ("procedure", "function", "trigger", "package", "event", "view")},
    **{word.upper(): word for word in ("table", "index", "type", "sequence", "synonym")},
    "PROC": "procedure",
}
_BEFORE_NAME = frozenset({"BODY", "IF", "NOT", "EXISTS", "CONCURRENTLY", "ONLY"})
_MAX_BEFORE_OBJECT = 12  # tokens: OR REPLACE, DEFINER = `root`@`%`, GLOBAL TEMPORARY

_MAX_DEPTH = 16  # routines inside routines

_QUERIES = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "WITH"})
_NESTED = frozenset({"PROCEDURE", "FUNCTION"})  # in packages
_MAKERS = frozenset({"CREATE", "ALTER", "DROP", "TRUNCATE"})
# Words that begin a statement at the start of a line, even where nothing ends the one before (T-SQL) ...
_STARTERS = frozenset(
    {
        "ALTER", "BEGIN", "COMMIT", "CREATE", "DECLARE", "DELETE", "DROP", "EXEC", "EXECUTE", "IF",
        "INSERT", "MERGE", "PRINT", "RAISERROR", "RETURN", "ROLLBACK", "THROW", "TRUNCATE", "UPDATE",
        "WHILE",
    }
)  # fmt: skip
# ... save after these, and in statements that have such words of their own.
_GOES_ON = frozenset(
    {
        "AFTER", "AND", "AS", "BEFORE", "CONFLICT", "DO", "FOR", "INSTEAD", "KEY", "OF", "ON", "OR", "THEN",
        ",", "(", ".",
    }
)  # fmt: skip
_NEVER_CUT = _MAKERS | {"MERGE", "GRANT", "REVOKE"}
_OPENERS = frozenset(
    {
        "BEGIN", "THEN", "ELSE", "LOOP", "DO", "AS", "IS", "TRY", "CATCH", "ATOMIC", "REPEAT", ";",
    }
)  # fmt: skip
_CLOSERS = frozenset({"END", "ELSE", "ELSIF", "ELSEIF", "EXCEPTION", "UNTIL"})
_NO_BLOCK = frozenset({"TRAN", "TRANSACTION", "WORK", "DISTRIBUTED", ";"})  # after a BEGIN
_ENDS_NO_BLOCK = frozenset({"IF", "LOOP", "WHILE", "REPEAT", "FOR"})  # after an END
_INTRODUCERS = frozenset({"AS", "IS", "DECLARE"})
_AFTER_HEAD = {
    **{kind: frozenset({"AS", "IS", "BEGIN", "DECLARE"}) for kind in ROUTINES},
    "table": frozenset({"AS"}),
    "view": frozenset({"AS"}),
    "merge": frozenset({"WHEN"}),
}
_CLAUSES = frozenset({"WHERE", "SET", "VALUES", "GROUP", "ORDER", "HAVING", "LIMIT", "UNION"})


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement or a routine, as indexes of its first and last token and of the one after its head.

    `kind` is what it makes (table, procedure) or does (update), `name` the dotted name of what it
    makes, empty for queries. `depth` counts the statements around it.
    """

    kind: str
    name: str
    first: int
    last: int
    body: int
    depth: int


def find_statements(tokens: Sequence[Token], text: str) -> Iterator[Statement]:
    """Yield the statements of the text that the tokens (comments apart) were cut from, outer ones first."""
    return _Splitter(tokens, text).split()


@dataclass(frozen=True, slots=True)
class _Head:
    """What a statement begins with; `after` is the index of the token after its name."""

    kind: str
    name: str
    after: int


class _Splitter:
    """Walks over tokens; `batches`, `blocks` and `routines` are the indexes of what ends or begins them."""

    def __init__(self, tokens: Sequence[Token], text: str) -> None:
        self.tokens = tokens
        self.text = text
        self.words = [*(token.text for token in tokens), "", ""]  # the last one lies before the first
        self.batches = [at for at, token in enumerate(tokens) if token.kind == "batch"]
        self.blocks = [at for at, token in enumerate(tokens) if token.text == "BEGIN"]
        self.routines = [
            at
            for at, token in enumerate(tokens)
            if token.text in ("CREATE", "ALTER") and self._read_head(at).kind in ROUTINES
        ]

    def split(self) -> Iterator[Statement]:
        """Yield the statements of the whole text."""
        at, stop = 0, len(self.tokens)
        while at < stop:
            if self.tokens[at].kind != "word":
                at += 1
                continue
            head = self._read_head(at)
            if head.kind in ROUTINES or self._opens_block(at):
                end = self._end_of_batch(at)
                if end is None:
                    end = self._end_of_routine(at, head, self._next(self.routines, at))
                yield from self._routine(at, end, head, 0)
            else:
                end = self._end_of_query(at, stop)
                yield from self._query(at, end, head, 0)
            at = end + 1

    def _next(self, places: list[int], at: int) -> int:
        found = bisect_right(places, at)
        return places[found] if found < len(places) else len(self.tokens)

    def _read_head(self, at: int) -> _Head:
        verb = self.words[at]
        if verb in _QUERIES:
            return _Head(verb.lower(), "", at + 1)
        near = range(at, min(at + _MAX_BEFORE_OBJECT, len(self.tokens)))
        made = next((near_by for near_by in near if self.words[near_by] in _OBJECTS), None)
        if made is None or (verb not in _MAKERS and verb not in _NESTED):
            return _Head("", "", at + 1)
        kind, start = _OBJECTS[self.words[made]], made + 1
        while self.words[start] in _BEFORE_NAME:
            start += 1
        name, after = read_name(self.tokens, start)
        if verb in _MAKERS and verb != "CREATE" and (verb != "ALTER" or kind not in ROUTINES):
            kind = verb.lower()
        return _Head(kind, name, after)

    def _opens_block(self, at: int) -> bool:
        following = self.words[at + 1]
        if self.words[at] == "DECLARE":
            return not following.startswith("@")
        return self.words[at] == "BEGIN" and following not in _NO_BLOCK

    def _end_of_batch(self, at: int) -> int | None:
        """Return the last token of the batch that a routine fills: nothing else tells where it ends in T-SQL."""
        batch = self._next(self.batches, at)
        return batch - 1 if batch < self._next(self.routines, at) else None

    def _end_of_routine(self, at: int, head: _Head, stop: int) -> int:
        """Return the last token of a routine that ends by its END or, having no block, by a semicolon."""
        depth, opened, introduced = 0, False, False
        for here in self._plain(at, stop):
            word = self.words[here]
            if self.tokens[here].kind == "dollar":
                opened = True
            elif word == "CASE" and self.words[here - 1] != "END":
                depth += 1
            elif word == "BEGIN" and self._opens_block(here):
                depth, opened = depth + 1, True
            elif word == "END" and self.words[here + 1] not in _ENDS_NO_BLOCK:
                depth -= 1
            elif word in _INTRODUCERS and not introduced:
                introduced, opened = True, self._is_text(here + 1)
                depth, opened = (1, True) if head.kind == "package" else (depth, opened)
            elif word == ";" and depth <= 0 and (opened or not (introduced and self._has_block(here, stop))):
                return here
        return stop - 1

    def _has_block(self, at: int, stop: int) -> bool:
        return self._next(self.blocks, at) < stop

    def _is_text(self, at: int) -> bool:
        return at < len(self.tokens) and self.tokens[at].kind == "string"

    def _end_of_query(self, at: int, stop: int) -> int:
        """Return the last token of a statement without a block of its own."""
        verb, cases = self.words[at], 0
        for here in self._plain(at + 1, stop):
            word = self.words[here]
            if self.tokens[here].kind == "batch":
                return here - 1
            if word == ";":
                return here
            if word == "CASE":
                cases += 1
            elif word == "END" and cases:
                cases -= 1
            elif verb == "WITH" and word in _QUERIES:
                verb = word
            elif (word in _CLOSERS and not cases) or self._cuts(here, verb):
                return here - 1
        return stop - 1

    def _cuts(self, at: int, verb: str) -> bool:
        """Say whether a word begins the statement after one of `verb` that nothing ends."""
        word = self.words[at]
        starts = word in _STARTERS or (word == "SELECT" and verb in ("UPDATE", "DELETE"))
        return starts and verb not in _NEVER_CUT and self._begins_line(at)

    def _plain(self, at: int, stop: int) -> Iterator[int]:
        """Yield the tokens outside of brackets and dollar quotes; of a quote its end alone."""
        brackets, quote = 0, ""
        for here in range(at, stop):
            kind, word = self.tokens[here].kind, self.tokens[here].text
            if kind == "batch":
                yield here
            elif kind == "dollar":
                if quote == word:
                    yield here
                quote = "" if quote == word else quote or word
            elif quote:
                continue
            elif word in ("(", ")"):
                brackets = max(0, brackets + (1 if word == "(" else -1))
            elif not brackets:
                yield here

    def _begins_line(self, at: int) -> bool:
        """Say whether a word is the first of a line and does not go on with what stands before it."""
        before = self.tokens[at - 1]
        return before.text not in _GOES_ON and "\n" in self.text[before.end : self.tokens[at].start]

    def _routine(self, first: int, last: int, head: _Head, depth: int) -> Iterator[Statement]:
        body = self._find_body(head, last)
        if head.name:
            yield Statement(head.kind, head.name, first, last, body, depth)
            depth += 1
        at = body if depth < _MAX_DEPTH else last + 1
        while at <= last:
            if not self._is_statement(at):
                at += 1
                continue
            inner = self._read_head(at)
            if self.words[at] in _NESTED:
                end = self._end_of_routine(at, inner, last + 1)
                yield from self._routine(at, end, inner, depth)
            else:
                end = self._end_of_query(at, last + 1)
                yield from self._query(at, end, inner, depth)
            at = end + 1

    def _is_statement(self, at: int) -> bool:
        """Say whether a token inside a routine begins a statement that we tell of."""
        word, before = self.words[at], self.tokens[at - 1]
        if word not in _QUERIES and word not in _MAKERS and word not in _NESTED:
            return False
        return before.text in _OPENERS or before.kind == "dollar" or self._begins_line(at)

    def _query(self, first: int, last: int, head: _Head, depth: int) -> Iterator[Statement]:
        if head.kind:
            kind = self._main_verb(first, last) if head.kind == "with" else head.kind
            yield Statement(kind, head.name, first, last, self._find_body(head, last), depth)

    def _main_verb(self, first: int, last: int) -> str:
        """Return what a WITH is for: the first verb outside of its brackets."""
        words = (self.words[at] for at in self._plain(first + 1, last + 1))
        return next((word.lower() for word in words if word in _QUERIES), "with")

    def _find_body(self, head: _Head, last: int) -> int:
        """Return the index of the token after the head."""
        ends, stop = _AFTER_HEAD.get(head.kind, _CLAUSES), last + 1
        start = min(head.after, stop)
        if head.kind == "table" and self.words[start] == "(":
            return start
        body = next((at for at in self._plain(start, stop) if self.words[at] in ends), stop)
        return next((at for at in range(start, body) if self.tokens[at].kind == "dollar"), body)
