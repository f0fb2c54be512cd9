"""SQL. The grammar knows few dialects, so scopes, tables and calls are read from the words of the text."""

from __future__ import annotations

from functools import partial

from parsers.languages.language import Language, load_grammar
from parsers.sql.sections import read_sections

LANGUAGE = Language(
    name="sql",
    suffixes=(
        *(".sql", ".ddl", ".dml", ".hql", ".mysql", ".pgsql", ".psql", ".tsql"),
        *(".pck", ".pkb", ".pks", ".plb", ".pls", ".plsql", ".prc"),  # PL/SQL
    ),
    grammar=partial(load_grammar, "tree_sitter_sql"),
    scopes={},
    line_comments=("--",),
    block_comments=(("/*", "*/"),),
    comments=("comment", "marginalia"),
    read_sections=read_sections,
    tolerant=True,
)
