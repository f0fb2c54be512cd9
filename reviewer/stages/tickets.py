"""Find the tickets that a description names, by number alone: an address in it is never followed."""

from __future__ import annotations

import re

MOST_TICKETS = 3
_REFERENCE = re.compile(r"(?<![\w/&#.])#(\d{1,9})(?![\w-])")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def find_references(description: str, most: int = MOST_TICKETS) -> tuple[int, ...]:
    """Return the numbers of the issues of the same project (`#12`), in order, each once, outside of code.

    A reference into another project (`group/app#12`) is none.
    """
    plain = _CODE.sub(" ", description)
    numbers = (int(found[1]) for found in _REFERENCE.finditer(plain))
    return tuple(dict.fromkeys(number for number in numbers if number))[:most]
