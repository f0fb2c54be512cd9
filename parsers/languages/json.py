"""JSON, with the comments that configuration files of editors and compilers may have."""

from __future__ import annotations

from functools import partial

from parsers.languages.language import Language, load_grammar
from parsers.languages.yaml import define_pair

LANGUAGE = Language(
    name="json",
    suffixes=(".json", ".jsonc", ".json5", ".geojson", ".webmanifest"),
    filenames=(".babelrc", ".eslintrc", ".prettierrc", ".stylelintrc", ".swcrc"),
    grammar=partial(load_grammar, "tree_sitter_json"),
    scopes={"pair": "key"},
    line_comments=("//",),
    block_comments=(("/*", "*/"),),
    define=define_pair,
)
