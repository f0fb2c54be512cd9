"""Check requests against GitHub's own OpenAPI description, where it is at hand."""

from __future__ import annotations

import gzip
import json
import os
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

_ROOT = Path(__file__).resolve().parents[3]
_NAME = "urn:github"


class Schema:
    """The description of one GHES release; `refusals` is silent about what it does not describe."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._paths: dict[str, Any] = document["paths"]
        self._names = {_nameless(path): path for path in self._paths}
        self._registry: Registry[Any] = Registry().with_resource(_NAME, DRAFT202012.create_resource(document))

    @classmethod
    def find(cls) -> Schema | None:
        """Read the description from $REVIEWER_DATA or the shared folder beside the repository."""
        folder = Path(os.environ.get("REVIEWER_DATA", _ROOT.parent / "shared" / "data"))
        file = folder / "github-openapi-ghes319-subset.json.gz"
        if not file.is_file():
            return None
        return cls(json.loads(gzip.decompress(file.read_bytes())))

    def refusals(self, method: str, template: str, body: Any) -> list[str]:
        """List what is wrong with a request's body."""
        path = self._names.get(_nameless(template), "")
        operation = self._paths.get(path, {}).get(method.lower(), {})
        if "requestBody" not in operation or body is None:
            return []
        escaped = path.replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
        pointer = f"{_NAME}#/paths/{escaped}/{method.lower()}/requestBody/content/application~1json/schema"
        validator = Draft202012Validator({"$ref": pointer}, registry=self._registry)
        wrong = [error.message for error in validator.iter_errors(body)]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        return wrong + list(_unknown_keys(schema, body))


def _nameless(template: str) -> str:
    """Forget how a path's parameters are called."""
    return re.sub(r"\{\w+\}", "{}", template)


def _unknown_keys(schema: Any, body: Any) -> list[str]:
    """List keys that the description does not know; it does not forbid them, a typo hides in one."""
    if isinstance(body, list):
        return [said for item in body for said in _unknown_keys(schema.get("items", {}), item)]
    known = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(body, dict) or known is None:
        return []
    found = [f"unknown field {key}" for key in body if key not in known]
    return found + [said for key in body if key in known for said in _unknown_keys(known[key], body[key])]
