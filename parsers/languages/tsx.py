"""TypeScript with JSX: a grammar of its own, because casts and elements look alike."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from parsers.languages import javascript, typescript
from parsers.languages.language import load_grammar

LANGUAGE = replace(
    typescript.LANGUAGE,
    name="tsx",
    suffixes=(".tsx",),
    grammar=partial(load_grammar, "tree_sitter_typescript", "language_tsx"),
    interpreters=(),
    calls=javascript.LANGUAGE.calls,
    plain_calls=javascript.LANGUAGE.plain_calls,
)
