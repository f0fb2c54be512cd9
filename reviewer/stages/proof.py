"""Say whether a verifier quotes what it was shown: a judgement without its ground is an opinion."""

from __future__ import annotations

import re
from collections.abc import Iterable

from parsers.diff import Side
from reviewer.stages.quote import QuotableText, QuoteNotFound

# What stands before a line in the notation of the prompts: a number and a mark, a mark, a heading's sign.
_NOTATION = re.compile(r"^(?: *\d+ [+ ] |     - |\| |@@ |imports: |fields: )")


def is_shown(quote: str, shown: Iterable[str]) -> bool:
    """Say whether each quoted line stands in the texts that were shown, near enough; no quote is not."""
    quoted = [line for line in quote.splitlines() if line.strip()]
    lines = [_NOTATION.sub("", line, count=1) for text in shown for line in text.split("\n")]
    text = QuotableText(dict(enumerate(lines)), (), Side.NEW, str)
    return bool(quoted) and all(_stands_in(line, text) for line in quoted)


def _stands_in(line: str, text: QuotableText) -> bool:
    try:
        text.find(line, None)
    except QuoteNotFound as err:
        return err.reason == "quote-ambiguous"  # it stands there more than once
    return True
