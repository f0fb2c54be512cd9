"""The JSON schema of rule files, for editors: `rules/schema.json`, made of the model that reads them."""

from __future__ import annotations

import json
from typing import Any

from reviewer.scanners.rulefile import RuleFile

FILE = "schema.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_MATCHER = {"$ref": "#/$defs/Matcher"}
_MATCHERS = {"type": "array", "items": _MATCHER, "minItems": 1}
_RELATED = {
    "allOf": [_MATCHER],
    "properties": {
        "field": {"type": "string", "description": "Only what stands in this field of its parent."},
        "stopBy": {"description": "How far to look: neighbor (the default), end, or up to a match."},
    },
}
_KEYS: dict[str, Any] = {
    "pattern": {"description": "Code with $ONE and $$$MANY for what may stand there."},
    "kind": {"type": "string", "description": "A node kind of the language's tree-sitter grammar."},
    "regex": {"type": "string", "description": "A Rust regular expression over the node's text."},
    "nthChild": {"description": "The node's place among its named siblings, 1-based."},
    "range": {"type": "object", "description": "Where the node starts and ends."},
    "inside": {**_RELATED, "description": "What the node stands in."},
    "has": {**_RELATED, "description": "What stands in the node."},
    "precedes": {**_RELATED, "description": "What comes after the node."},
    "follows": {**_RELATED, "description": "What comes before the node."},
    "all": {**_MATCHERS, "description": "All of them match the node, in this order."},
    "any": {**_MATCHERS, "description": "One of them matches the node."},
    "not": {**_MATCHER, "description": "It does not match the node."},
    "matches": {"description": "The name of one of `utils` that matches the node."},
}


def write_schema() -> str:
    """Write the schema as JSON text."""
    schema = RuleFile.model_json_schema(by_alias=True)
    schema["$defs"]["Matcher"] = {
        "type": "object",
        "description": "A matcher of ast-grep: all of its keys hold for one node.",
        "properties": _KEYS,
    }
    properties = schema["properties"]
    properties["rule"] = _MATCHER
    for key in ("constraints", "utils"):
        properties[key] = {"type": "object", "additionalProperties": _MATCHER, **_said(properties[key])}
    whole = {"$schema": _DIALECT, **schema, "oneOf": [{"required": ["rule"]}, {"required": ["query"]}]}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _said(written: dict[str, Any]) -> dict[str, Any]:
    return {"description": written["description"]} if "description" in written else {}
