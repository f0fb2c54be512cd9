"""Decide which language a `.h` file is in: both C and C++ use the name."""

from __future__ import annotations

import re
from typing import Literal

_LITERALS = re.compile(rb"/\*.*?(?:\*/|\Z)|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"", re.DOTALL)
_FOR_CPP_ALONE = re.compile(
    rb"^[ \t]*#[ \t]*if(?:def)?[^\n]*__cplusplus.*?^[ \t]*#[ \t]*(?:else|endif)\b", re.DOTALL | re.MULTILINE
)
_CPP = re.compile(
    rb"\b(?:class|struct)\s+\w+(?:\s+\w+)?\s*:|\bclass\s+\w+|\benum\s+class\b|\bnamespace\s+[\w{]|\btemplate\s*<"
    rb"|\b(?:virtual|constexpr|nullptr|noexcept|override)\b|\b(?:public|private|protected)\s*:\s"
    rb"|\w::~?\w|\boperator\s*[^\w\s]|\busing\s+\w|\bconst\s+\w+\s*&"
    rb"|#[ \t]*include[ \t]*<[a-z_]+>",
)


def decide_header(head: bytes) -> Literal["c", "cpp"]:
    """Tell a C++ header by words, signs and includes that C does not have; the more text, the surer.

    Comments, strings and what stands between `#ifdef __cplusplus` and its end prove nothing. C where
    nothing is to be seen.
    """
    text = _FOR_CPP_ALONE.sub(b"", _LITERALS.sub(b" ", head))
    return "cpp" if _CPP.search(text) else "c"
