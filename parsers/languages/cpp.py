"""C++."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from parsers.languages import c
from parsers.languages.language import Language, load_grammar

LANGUAGE: Language = replace(
    c.LANGUAGE,
    name="cpp",
    suffixes=(
        ".cpp",
        ".cc",
        ".cxx",
        ".c++",
        ".hpp",
        ".hh",
        ".hxx",
        ".h++",
        ".ipp",
        ".tpp",
        ".inl",
        ".cu",
        ".cuh",
    ),
    grammar=partial(load_grammar, "tree_sitter_cpp"),
    scopes={
        **c.LANGUAGE.scopes,
        "class_specifier": "class",
        "field_declaration": "function",
        "namespace_definition": "namespace",
        "alias_declaration": "type",
        "concept_definition": "concept",
    },
    define=lambda node: c.define(node, LANGUAGE),
    wrappers=("template_declaration",),
    decorators=("template_parameter_list", "requires_clause"),
    bodies=(*c.LANGUAGE.bodies, "field_initializer_list"),
    bindings={"init_declarator": ("declarator", "value")},
    closures=("lambda_expression",),
    calls={**c.LANGUAGE.calls, "new_expression": "type"},
    camel_types=True,
    camel_members=False,
    members={**c.LANGUAGE.members, "qualified_identifier": ("scope", "name")},
    imports=("preproc_include", "using_declaration"),
    import_holders=(*c.LANGUAGE.import_holders, "namespace_definition"),
    field_holders=(*c.LANGUAGE.field_holders, "template_declaration"),
    bare_fields=True,
)
