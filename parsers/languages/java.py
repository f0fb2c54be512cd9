"""Java."""

from __future__ import annotations

from functools import partial

from parsers.languages.language import Language, load_grammar

LANGUAGE = Language(
    name="java",
    suffixes=(".java",),
    grammar=partial(load_grammar, "tree_sitter_java"),
    scopes={
        "class_declaration": "class",
        "interface_declaration": "interface",
        "enum_declaration": "enum",
        "record_declaration": "record",
        "annotation_type_declaration": "annotation",
        "method_declaration": "method",
        "constructor_declaration": "constructor",
        "compact_constructor_declaration": "constructor",
    },
    line_comments=("//",),
    block_comments=(("/*", "*/"),),
    comments=("line_comment", "block_comment"),
    calls={"method_invocation": "name", "object_creation_expression": "type"},
    types=("type_identifier",),
    camel_types=True,
    members={
        "field_access": ("object", "field"),
        "method_invocation": ("object", "name"),
        "element_value_pair": ("", "key"),
    },
    imports=("import_declaration",),
    fields=("field_declaration", "formal_parameter", "constant_declaration", "enum_constant"),
    field_holders=("enum_body_declarations",),
    bare_fields=True,
)
