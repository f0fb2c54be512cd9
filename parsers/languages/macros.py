"""Blank what a C grammar cannot read before it parses: macros that stand where the language has no place.

A class behind an export macro would be read as a function, its methods as statements. What is blanked
keeps its bytes' places, so that every line and column of the tree is one of the source.
"""

from __future__ import annotations

import re

_UPPER = rb"[A-Z][A-Z0-9_]+"
_EXTERN_C = re.compile(
    rb"^[ \t]*#[ \t]*if[^\n]*__cplusplus[^\n]*\n\s*(?:extern[ \t]*\"C\"\s*\{|\})[^\n]*\n\s*#[ \t]*endif\b",
    re.MULTILINE,
)
_EXPORTED = re.compile(
    rb"\b(?:class|struct|union|enum)[ \t]+(" + _UPPER + rb"(?:[ \t]*\([^()\n]*\))?)"
    rb"(?=\s+[A-Za-z_][\w:]*\s*(?:final\s*)?[:{])"
)
_CONVENTION = re.compile(rb"\b(\w+)[ \t]*[*&>]?[ \t]+(" + _UPPER + rb")(?=[ \t]+[A-Za-z_~][\w:~]*[ \t]*\()")
_NO_TYPES = frozenset(
    (
        *(b"static", b"inline", b"extern", b"const", b"constexpr", b"virtual", b"explicit", b"friend"),
        *(
            b"typedef",
            b"struct",
            b"class",
            b"enum",
            b"union",
            b"return",
            b"else",
            b"case",
            b"goto",
            b"define",
        ),
        *(
            b"new",
            b"delete",
            b"throw",
            b"using",
            b"operator",
            b"typename",
            b"volatile",
            b"register",
            b"defined",
        ),
    )
)
_TYPE_IN_MACRO = re.compile(
    rb"^[ \t]*(?:(?:static|extern|inline)[ \t]+)*(" + _UPPER + rb"[ \t]*\()[\w \t*]+(\))"
    rb"(?=[ \t]+[A-Za-z_~][\w:~]*[ \t]*\()",
    re.MULTILINE,
)
_ALONE = re.compile(rb"^[ \t]*(" + _UPPER + rb")[ \t]*(\([^(){};\n]*\))?[ \t]*\r?$", re.MULTILINE)
_GOES_ON = re.compile(rb"\s*(?:[A-Za-z_~#/\[@]|\Z)")
_IS_NAMED = re.compile(rb"\s*(?!" + _UPPER + rb"[ \t]*\()\w+[ \t]*\(")
_ENDS_BEFORE = re.compile(rb"(?:[;{}]|\*/|\b(?:public|private|protected|signals|slots)[ \t]*:)\s*\Z")
_LINE_BEFORE = re.compile(rb"^[ \t]*(?://|#)[^\n]*\n\s*\Z", re.MULTILINE)
_NEAR = 400  # bytes before a macro that are looked at


def blank_macros(utf8: bytes) -> bytes:
    """Return the text with such macros as blanks; calling conventions, export macros, `Q_OBJECT` and the like."""
    text = bytearray(utf8)
    guards = list(_EXTERN_C.finditer(utf8))
    if len(guards) == 2:
        for guard in guards:
            _blank(text, *guard.span())
    for found in _EXPORTED.finditer(utf8):
        _blank(text, *found.span(1))
    for found in _CONVENTION.finditer(utf8):
        if found[1] not in _NO_TYPES:
            _blank(text, *found.span(2))
    for found in _TYPE_IN_MACRO.finditer(utf8):
        _blank(text, *found.span(1))
        _blank(text, *found.span(2))
    for found in _ALONE.finditer(utf8):
        if _stands_alone(text, found):
            _blank(text, *found.span())
    return bytes(text)


def _blank(text: bytearray, start: int, end: int) -> None:
    text[start:end] = re.sub(rb"[^\r\n]", b" ", text[start:end])


def _stands_alone(text: bytearray, found: re.Match[bytes]) -> bool:
    """Say whether a macro is a statement without its semicolon: nothing before or after it needs it."""
    if not _GOES_ON.match(text, found.end()):
        return False
    if found[2] is None and _IS_NAMED.match(text, found.end()):
        return False  # the type of a function whose name stands on the next line
    before = bytes(text[max(0, found.start() - _NEAR) : found.start()])
    return not before.strip() or bool(_ENDS_BEFORE.search(before) or _LINE_BEFORE.search(before))
