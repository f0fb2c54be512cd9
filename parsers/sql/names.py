"""Find the tables that SQL text names and the routines that it calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from parsers.sql.tokens import Token, read_name

_BEFORE_TABLE = frozenset(
    {
        "FROM", "JOIN", "INTO", "UPDATE", "TABLE", "TRUNCATE", "REFERENCES", "USING", "MERGE", "DELETE",
        "ON", ",",
    }
)  # fmt: skip
_NOT_AFTER = {  # FOR UPDATE, ON DUPLICATE KEY UPDATE, AFTER UPDATE, IS DISTINCT FROM
    "UPDATE": frozenset({"FOR", "KEY", "ON", "OR", "AFTER", "BEFORE", "OF", "INSTEAD", ",", "GRANT"}),
    "DELETE": frozenset({"ON", "OR", "AFTER", "BEFORE", "INSTEAD", ",", "GRANT"}),
    "FROM": frozenset({"DISTINCT"}),
}
_FROM_OF_FUNCTION = frozenset({"EXTRACT", "TRIM", "SUBSTRING", "OVERLAY", "POSITION"})
_INSERTS = frozenset({"INSERT", "MERGE", "REPLACE", "IGNORE", "OVERWRITE", "DELAYED", "LOW_PRIORITY"})
_BEFORE_NAME = frozenset({"ONLY", "LATERAL", "IF", "NOT", "EXISTS", "IGNORE", "LOW_PRIORITY"})
_NO_TABLES = frozenset(
    {
        "SELECT", "SET", "OF", "VALUES", "DUAL", "WHERE", "FROM", "INTO", "TABLE", "CASCADE", "RESTRICT",
        "NO", "AS",
    }
)  # fmt: skip
_ENDS_LIST = frozenset(
    {
        "WHERE", "SET", "GROUP", "ORDER", "HAVING", "LIMIT", "UNION", "ON", "USING", "VALUES", "SELECT",
        "START", "CONNECT", "WINDOW", "FETCH", "FOR", "RETURNING", ";", "(", ")",
    }
)  # fmt: skip
_VERBS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "INDEX", "TRIGGER", "TABLE", "EXECUTE"})
_CALLERS = frozenset({"EXEC", "EXECUTE", "CALL"})
_NOT_CALLED = frozenset(  # words that brackets follow: keywords, types, and what takes a list of columns
    {
        "ALL", "AND", "ANY", "AS", "BETWEEN", "BY", "CASE", "CHECK", "ELSE", "END", "EXCEPT", "EXISTS",
        "FILTER", "FROM", "GROUP", "HAVING", "IF", "IN", "INTERSECT", "INTO", "IS", "JOIN", "KEY", "LIKE",
        "MATCHED", "NOT", "ON", "OR", "OVER", "PARTITION", "PRIMARY", "RANGE", "RETURN", "RETURNS", "ROWS",
        "SELECT", "SET", "SOME", "TABLE", "THEN", "TOP", "UNION", "UNIQUE", "USING", "VALUES", "WHEN",
        "WHERE", "WHILE", "WITH", "WITHIN", "INDEX", "FOREIGN", "OBJECT", "IDENTITY", "IMMEDIATE",
        "FUNCTION", "PROCEDURE", "REFERENCES", "LATERAL", "NULLS", "BIGINT", "BINARY", "BIT", "CHAR",
        "CHARACTER", "DATETIME", "DATETIME2", "DEC", "DECIMAL", "DOUBLE", "ENUM", "FLOAT", "INT", "INTEGER",
        "NCHAR", "NUMBER", "NUMERIC", "NVARCHAR", "NVARCHAR2", "RAW", "SMALLINT", "TIME", "TIMESTAMP",
        "TINYINT", "VARBINARY", "VARCHAR", "VARCHAR2", "VARYING",
    }
)  # fmt: skip
_DEFINES = frozenset(
    {
        "PROCEDURE", "PROC", "FUNCTION", "TABLE", "VIEW", "INDEX", "KEY", "CONSTRAINT", "TYPE", "CURSOR",
        "TRIGGER",
    }
)  # fmt: skip


class Mention(NamedTuple):
    """A table or a routine that is named; `name` is the last part, `at` the offset of its first."""

    kind: str
    name: str
    at: int


def find_mentions(tokens: Sequence[Token], text: str, *, in_routine: bool = False) -> Iterator[Mention]:
    """Yield the tables ("table") and the routines ("call") that the tokens of one statement name.

    `text` is what the tokens, comments apart, were cut from. Inside of routines, INTO of a query names
    variables. Names that a WITH defines are left out.
    """
    return _Reader(tokens, text, in_routine=in_routine).read()


class _Reader:
    """`lists` holds for each open bracket whether commas part tables in it, and the word before it.

    `verb` is the last word that began a query, or the kind of what is being created.
    """

    def __init__(self, tokens: Sequence[Token], text: str, *, in_routine: bool) -> None:
        self.tokens = tokens
        self.text = text
        self.words = [*(token.text for token in tokens), "", "", "", ""]  # the last ones lie before the first
        self.in_routine = in_routine
        self.defined: set[str] = set()
        self.lists: list[tuple[bool, str]] = [(False, "")]
        self.verb = ""

    def read(self) -> Iterator[Mention]:
        """Yield the mentions in order."""
        at, stop = 0, len(self.tokens)
        while at < stop:
            word, found, after = self.words[at], None, at + 1
            if word in _BEFORE_TABLE and self._expects_table(at):
                found, after = self._read_table(at)
            elif word in _ENDS_LIST:
                self._note_list(at)
            elif self.tokens[at].kind in ("word", "quoted"):
                found, after = self._read_called(at)
            if word in _VERBS:
                self.verb = word
            if found:
                yield found
            at = after

    def _note_list(self, at: int) -> None:
        word = self.words[at]
        if word == "(":
            self.lists.append((False, self.words[at - 1]))
        elif word == ")" and len(self.lists) > 1:
            self.lists.pop()
        else:
            self.lists[-1] = (False, self.lists[-1][1])

    def _expects_table(self, at: int) -> bool:
        word, before = self.words[at], self.words[at - 1]
        if before == "." or before in _NOT_AFTER.get(word, ()):
            return False
        in_list, opener = self.lists[-1]
        fits = {
            ",": in_list,
            "FROM": opener not in _FROM_OF_FUNCTION,
            "INTO": not self.in_routine or bool(_INSERTS & {before, self.words[at - 2]}),
            "DELETE": self.words[at + 2] in ("WHERE", ";", ""),  # Oracle and T-SQL do without FROM
            "USING": self.verb in ("MERGE", "DELETE"),
            "ON": self.verb in ("INDEX", "TRIGGER"),
        }
        return fits.get(word, True)

    def _read_table(self, at: int) -> tuple[Mention | None, int]:
        """Read the table after a word that one follows."""
        word, start = self.words[at], at + 1
        while self.words[start] in _BEFORE_NAME:
            start += 1
        name, after = read_name(self.tokens, start)
        self.lists[-1] = (word in ("FROM", "UPDATE", ","), self.lists[-1][1])
        if not name or self.words[start] in _NO_TABLES or self.words[start] in _BEFORE_TABLE:
            return None, start
        kind = "call" if self.words[after] == "(" and word in ("FROM", "JOIN", ",") else "table"
        if name.startswith("@") or name.lower() in self.defined:
            return None, after
        self.verb = "" if word == "ON" else self.verb
        return Mention(kind, name.rpartition(".")[2], self.tokens[start].start), after

    def _read_called(self, at: int) -> tuple[Mention | None, int]:
        """Read a name: what brackets follow is called, unless a WITH defines it or it takes columns."""
        before, word = self.words[at - 1], self.words[at]
        name, after = read_name(self.tokens, at)
        following = self.words[after]
        if self._is_defined(before, following, after):
            self.defined.add(name.lower())
            return None, after
        calls = before in _CALLERS or (before in ("FUNCTION", "PROCEDURE") and self.words[at - 2] in _CALLERS)
        calls = calls or (following == "(" and before not in _DEFINES and self._touches(after))
        if not calls or word in _NOT_CALLED or name.startswith("@"):
            return None, after
        return Mention("call", name.rpartition(".")[2], self.tokens[at].start), after

    def _touches(self, at: int) -> bool:
        """Say whether nothing, no operator above all, stands between a token and the one before it."""
        return not self.text[self.tokens[at - 1].end : self.tokens[at].start].strip()

    def _is_defined(self, before: str, following: str, after: int) -> bool:
        """Say whether a name is one that a WITH gives to a query."""
        if before == "WITH" and following == "(":
            return self.words[after - 2] == "WITH" and self.verb == ""
        query = following == "AS" and self.words[after + 1] in ("(", "NOT", "MATERIALIZED")
        return query and before in ("WITH", "RECURSIVE", ",")
