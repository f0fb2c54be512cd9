"""The changes that are reviewed under load, one file each, and what the scripted model says of them.

Every change bears its number in its file's name, in its code and so in every prompt about it: that is
how calls and posts are told apart afterwards.
"""

from __future__ import annotations

import re
from typing import Any

from tests.fakes.models.script import Asked, Script

INLINE = 2  # the rule's finding and the model's

_NUMBER = re.compile(r"order_(\d+)")
_LINES = 12  # enough for the model to be asked for a summary too


def path_of(number: int) -> str:
    """Name the file that a change is about."""
    return f"app/order_{number}.py"


def code(number: int, version: int = 1, *, flawed: bool = True) -> str:
    """Write the file: line 2 is the model's, line 3 a rule's if it is flawed; the rest makes it long enough."""
    body = [
        f"def order_{number}(turnover, formula):",
        f"    least = min(turnover, {version})",
        f"    value = {'eval' if flawed else 'len'}(formula)",
        *(f"    step_{line} = value + {line}" for line in range(_LINES)),
        "    return least",
    ]
    return "\n".join(body) + "\n"


def number_in(asked: Asked) -> int | None:
    """Return the number of the change that a prompt is about."""
    found = _NUMBER.search(asked.prompt)
    return int(found[1]) if found else None


def teach(script: Script, *, delay_s: float = 0.0) -> None:
    """Let the model talk freely, then list its one draft, then sum up; `delay_s` lies between its words."""
    script.when(schema=True).reply(_list_or_sum_up, delay_s=delay_s)
    script.when(schema=False).reply("The least turnover is mistaken for the greatest.", delay_s=delay_s)


def _list_or_sum_up(asked: Asked) -> dict[str, Any]:
    if "overview" in ((asked.schema or {}).get("properties") or {}):
        return {"overview": "An order.", "risk": "low", "files_first": [], "missing_tests": []}
    number = number_in(asked)
    assert number is not None
    found = re.search(r"    least = min\(turnover, \d+\)", asked.prompt)
    assert found is not None
    draft = {
        "path": path_of(number),
        "quote": found[0],
        "side": "new",
        "start_line": 2,
        "end_line": 2,
        "severity": "high",
        "category": "correctness",
        "title": "The minimum is a maximum",
        "message": "min() returns the smaller value.",
        "confidence": "high",
        "replacement": None,
    }
    return {"findings": [draft]}
