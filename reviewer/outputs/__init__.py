"""Report formats: one module and one line in `FORMATS` each, imported when asked for."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from reviewer.ports import Output

FORMATS = {
    "text": "reviewer.outputs.text",
    "markdown": "reviewer.outputs.markdown",
    "json": "reviewer.outputs.document",
    "sarif": "reviewer.outputs.sarif",
    "codequality": "reviewer.outputs.codequality",
    "junit": "reviewer.outputs.junit",
}


def make(name: str, *, colored: bool = False) -> Output:
    """Return the writer of a format; only `text` knows colour. Raises KeyError for an unknown name."""
    return cast("Output", import_module(FORMATS[name]).make(colored=colored))
