"""The languages we parse: one module each, one line in `LANGUAGES` each."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from parsers.languages import go, java, javascript, python, tsx, typescript
from parsers.languages.language import Language

__all__ = ["LANGUAGES", "Language", "by_name", "detect"]

LANGUAGES = {
    "go": go.LANGUAGE,
    "java": java.LANGUAGE,
    "javascript": javascript.LANGUAGE,
    "python": python.LANGUAGE,
    "tsx": tsx.LANGUAGE,
    "typescript": typescript.LANGUAGE,
}

_SHEBANG = re.compile(rb"#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+)*)?([a-z]+)")


def by_name(name: str) -> Language | None:
    """Return the language of that name."""
    return LANGUAGES.get(name)


def detect(path: str, head: bytes = b"") -> Language | None:
    """Recognise a file by its name, then by its shebang; None if we do not parse its language."""
    pure = PurePosixPath(path)
    for language in LANGUAGES.values():
        if pure.name in language.filenames or pure.suffix.lower() in language.suffixes:
            return language
    return _by_shebang(head) if not pure.suffix else None


def _by_shebang(head: bytes) -> Language | None:
    if not (shebang := _SHEBANG.match(head)):
        return None
    interpreter = shebang[1].decode("ascii")
    return next((language for language in LANGUAGES.values() if interpreter in language.interpreters), None)
