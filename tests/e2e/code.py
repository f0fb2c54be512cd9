"""The change that the end-to-end tests review, and what a scripted model says of it."""

from __future__ import annotations

from typing import Any

from tests.fakes.models.script import Script

BASE: dict[str, str | bytes | None] = {
    "app/fees.py": "MINIMUM = 5\n\n\ndef fee(turnover):\n    rate = 0.00025\n    return turnover * rate\n\n\n"
    "def label(order):\n    return order.name\n",
    "README.md": "# Fees\n",
}
HEAD: dict[str, str | bytes | None] = {
    "app/fees.py": "MINIMUM = 5\n\n\ndef fee(turnover):\n    rate = 0.00025\n"
    "    return min(turnover * rate, MINIMUM)\n\n\ndef label(order, formula):\n"
    "    value = eval(formula)\n    text = order.name\n    return f'{text} {value}'\n",
}
MIN_LINE, EVAL_LINE = 6, 10


def draft(quote: str, **more: Any) -> dict[str, Any]:
    """Return a draft about `app/fees.py` as a model writes it."""
    return {
        "path": "app/fees.py",
        "quote": quote,
        "side": "new",
        "start_line": 6,
        "end_line": 6,
        "severity": "high",
        "category": "correctness",
        "title": "The minimum is a maximum",
        "message": "min() returns the smaller value, so nobody pays more than five.",
        "confidence": "high",
        "replacement": None,
        **more,
    }


def teach(script: Script, *drafts: dict[str, Any]) -> None:
    """Let the model talk freely first and list these drafts when it is asked to."""
    script.when(schema=True).reply({"findings": list(drafts)})
    script.when(schema=False, turn=1).reply("There is a problem with the minimum.")
