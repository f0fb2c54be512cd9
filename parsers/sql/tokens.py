"""Cut SQL into the tokens that tell its structure: words, names, brackets, ends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

_DELIMITER = re.compile(r"^[ \t]*DELIMITER[ \t]+(\S+)[^\n]*", re.IGNORECASE | re.MULTILINE)
_PIECES = r"""
  (?P<word> (?![qQ]') [^\W\d][\w$\#]* | [@\#]{1,2}\w+ )
| (?P<mark> [();,.] )
| (?P<comment> --[^\n]* | /\*.*?(?:\*/|\Z) | ^[ \t]*\#[^\n]* )
| (?P<batch> ^[ \t]*+/[ \t]*+(?:;[ \t]*+)?\r?$ )
| (?P<string>
    [qQ]'(?: (?P<fence>[^\s\w\[{(<'])(?: (?!(?P=fence)').)*+ (?:(?P=fence)'|\Z)
      | \[(?: [^\]]++ | \](?!') )*+ (?:\]'|\Z) | \{(?: [^}]++ | }(?!') )*+ (?:}'|\Z)
      | \((?: [^)]++ | \)(?!') )*+ (?:\)'|\Z) | <(?: [^>]++ | >(?!') )*+ (?:>'|\Z) )
  | '(?: [^'\\]++ | '' | \\(?:'(?!\s*[,;)]))? )*+ (?:'|\Z) )
| (?P<quoted> "[^"]*+"? | `[^`]*+`? | \[[^\W\d][^][\n]*\] )
| (?P<dollar> \$(?:[^\W\d]\w*)?\$ )
"""  # a quote after a backslash ends a text where nothing but its end can follow: 'C:\'
_ALONE = re.compile(r"GO(?:[ \t]++\d++)?[ \t]*+(?:;[ \t]*+)?\r?$", re.IGNORECASE | re.MULTILINE)


class Token(NamedTuple):
    """A piece of SQL from offset `start` to `end`: `text` with words in upper case, `name` as it is written.

    Names lack the marks that quote them.
    """

    kind: str
    text: str
    name: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """Cut a text; a client's DELIMITER is obeyed, and what ends a batch has the kind `batch`."""
    tokens: list[Token] = []
    start, delimiter = 0, ""
    for found in _DELIMITER.finditer(text):
        tokens.extend(_cut(text, start, found.start(), delimiter))
        tokens.append(Token("batch", "", "", *found.span()))
        start, delimiter = found.end(), "" if found[1] == ";" else found[1]
    tokens.extend(_cut(text, start, len(text), delimiter))
    return tokens


def _cut(text: str, start: int, end: int, delimiter: str) -> list[Token]:
    """Cut a stretch; tokens are made past their constructor, which takes as long as all the rest."""
    tokens: list[Token] = []
    add, make = tokens.append, Token._make
    for found in _pattern(delimiter).finditer(text, start, end):
        kind, written = found.lastgroup or "", found[0]
        first, last = found.span()
        if kind == "word":
            word = written.upper()
            kind = "batch" if word == "GO" and _stands_alone(text, first) else kind
            add(make((kind, word, written, first, last)))
        elif kind == "quoted":
            add(make((kind, written, written.strip('"`[]'), first, last)))
        else:
            add(make(("batch" if kind == "delimiter" else kind, written, "", first, last)))
    return tokens


def _stands_alone(text: str, start: int) -> bool:
    return bool(_ALONE.match(text, start)) and not text[text.rfind("\n", 0, start) + 1 : start].strip()


@lru_cache(maxsize=16)
def _pattern(delimiter: str) -> re.Pattern[str]:
    own = rf"(?P<delimiter>{re.escape(delimiter)})|" if delimiter else ""
    return re.compile(own + _PIECES, re.VERBOSE | re.DOTALL | re.MULTILINE)


def read_name(tokens: Sequence[Token], at: int) -> tuple[str, int]:
    """Read a dotted name that begins at an index, as it is written; return it and the index after it."""
    parts: list[str] = []
    while at < len(tokens) and tokens[at].kind in ("word", "quoted"):
        parts.append(tokens[at].name)
        at += 1
        if at >= len(tokens) or tokens[at].text != ".":
            break
        at += 1
    return ".".join(parts), at
