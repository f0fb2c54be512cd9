"""The languages we parse: one module each, one line in `LANGUAGES` each."""

from __future__ import annotations

import codecs
import re
from pathlib import PurePosixPath

from parsers.languages import (
    bash,
    c,
    cpp,
    csharp,
    css,
    dockerfile,
    go,
    html,
    java,
    javascript,
    json,
    kotlin,
    php,
    python,
    ruby,
    rust,
    sql,
    tsx,
    typescript,
    vue,
    xml,
    yaml,
)
from parsers.languages.headers import decide_header
from parsers.languages.language import Language

__all__ = ["LANGUAGES", "Language", "by_name", "detect"]

LANGUAGES = {
    "bash": bash.LANGUAGE,
    "c": c.LANGUAGE,
    "cpp": cpp.LANGUAGE,
    "csharp": csharp.LANGUAGE,
    "css": css.LANGUAGE,
    "dockerfile": dockerfile.LANGUAGE,
    "go": go.LANGUAGE,
    "html": html.LANGUAGE,
    "java": java.LANGUAGE,
    "javascript": javascript.LANGUAGE,
    "json": json.LANGUAGE,
    "kotlin": kotlin.LANGUAGE,
    "php": php.LANGUAGE,
    "python": python.LANGUAGE,
    "ruby": ruby.LANGUAGE,
    "rust": rust.LANGUAGE,
    "sql": sql.LANGUAGE,
    "tsx": tsx.LANGUAGE,
    "typescript": typescript.LANGUAGE,
    "vue": vue.LANGUAGE,
    "xml": xml.LANGUAGE,
    "yaml": yaml.LANGUAGE,
}

_HEAD = 8_192  # bytes
_BY_NAME = {name: language for language in LANGUAGES.values() for name in language.filenames}
_BY_SUFFIX = {suffix: language for language in LANGUAGES.values() for suffix in language.suffixes}
_BY_INTERPRETER = {name: language for language in LANGUAGES.values() for name in language.interpreters}

_DOCKERFILE = re.compile(
    r"(?:Docker|Container)file(?:[._-](?!dockerignore$|md$|txt$|tmpl$)[\w.-]+)?", re.IGNORECASE
)
_SHEBANG = re.compile(rb"#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+|\w+=\S*\s+)*(?:\S*/)?)?([a-z]+(?:-[a-z]+)*)")
_CONTENTS = (
    (re.compile(rb"<\?php\b|<\?="), php.LANGUAGE),
    (re.compile(rb"<\?xml\b|<!DOCTYPE\s+(?:mapper|sqlMap|TS)\b|<TS\b"), xml.LANGUAGE),
    (re.compile(rb"<!DOCTYPE\s+html\b|<html\b", re.IGNORECASE), html.LANGUAGE),
    (re.compile(rb'\{\s*(?:"(?:[^"\\\n]|\\.)*"\s*:|\}\s*\Z)'), json.LANGUAGE),
)
_SCRIPT_SUFFIXES = frozenset({"", ".cgi", ".command", ".fcgi", ".run", ".tool"})
_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)  # UTF-32 LE begins like UTF-16


def by_name(name: str) -> Language | None:
    """Return the language of that name."""
    return LANGUAGES.get(name)


def detect(path: str, head: bytes = b"") -> Language | None:
    """Recognise a file by its name, then by its shebang, then by its content; None if we do not parse it.

    `head` is the beginning of the file or all of it, of which 8 kB are looked at: it tells C++ from C
    headers, and TypeScript from the translations and the films that share its suffix. Binary
    content is in no language.
    """
    head = head[:_HEAD]
    if b"\0" in head and not head.startswith(_BOMS):
        return None
    pure = PurePosixPath(path)
    text = head.removeprefix(codecs.BOM_UTF8)
    suffix = pure.suffix.lower() if not pure.suffix[1:].isdigit() else ""
    known = _BY_NAME.get(pure.name) or _BY_SUFFIX.get(suffix)
    if suffix == ".h":
        return LANGUAGES[decide_header(head)]
    if suffix == ".ts":
        return LANGUAGES["xml"] if _by_content(text) is xml.LANGUAGE else known
    if known is None and _DOCKERFILE.fullmatch(pure.name):
        return dockerfile.LANGUAGE
    return known or _guess(suffix, text)


def _guess(suffix: str, text: bytes) -> Language | None:
    """Recognise what the name does not tell: a script by its first line, a page or data by its first words."""
    if suffix in _SCRIPT_SUFFIXES:
        return _by_shebang(text) or _by_content(text)
    found = _by_content(text)
    return found if found is xml.LANGUAGE or suffix == ".inc" else None


def _by_shebang(text: bytes) -> Language | None:
    shebang = _SHEBANG.match(text)
    return _BY_INTERPRETER.get(shebang[1].decode("ascii")) if shebang else None


def _by_content(text: bytes) -> Language | None:
    begin = text.lstrip()
    return next((language for pattern, language in _CONTENTS if pattern.match(begin)), None)
