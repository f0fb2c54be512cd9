"""TypeScript: JavaScript with types."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from parsers.languages import javascript
from parsers.languages.language import load_grammar

_BINDINGS = {
    kind: fields for kind, fields in javascript.LANGUAGE.bindings.items() if kind != "field_definition"
}

LANGUAGE = replace(
    javascript.LANGUAGE,
    name="typescript",
    suffixes=(".ts", ".mts", ".cts"),
    grammar=partial(load_grammar, "tree_sitter_typescript", "language_typescript"),
    scopes={
        **javascript.LANGUAGE.scopes,
        "abstract_class_declaration": "class",
        "interface_declaration": "interface",
        "enum_declaration": "enum",
        "type_alias_declaration": "type",
        "internal_module": "namespace",
        "module": "namespace",
        "function_signature": "function",
        "method_signature": "method",
        "abstract_method_signature": "method",
    },
    bodies=("object_type",),
    interpreters=("ts-node", "tsx", "deno", "bun"),
    bindings={**_BINDINGS, "public_field_definition": ("name", "value")},
    calls={"call_expression": "function", "new_expression": "constructor"},
    plain_calls=("call_expression",),
    types=("type_identifier", "extends_clause"),
    primitives=frozenset({"bigint"}),  # the others are words of the grammar
    fields=("public_field_definition", "assignment_expression", "required_parameter", "property_signature"),
)
