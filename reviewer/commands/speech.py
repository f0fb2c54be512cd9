"""Show an answer while it is written: without the reasoning before it and without what a terminal obeys."""

from __future__ import annotations

import re
from collections.abc import Callable

from reviewer.stages.neutralise import visible

_OPENING = "<think"
_CLOSE = re.compile(r"</think(?:ing)?>", re.IGNORECASE)


class Speech:
    """Passes an answer on, piece by piece.

    A model that `thinks` may begin in the middle of its reasoning, with nothing but a closing tag to
    show for it: then nothing is shown before that tag, or before the end.
    """

    def __init__(self, show: Callable[[str], None], *, thinks: bool) -> None:
        self._show = show
        self._held = ""
        self._state = "reasoning" if thinks else "unknown"
        self._shown = False

    def hear(self, piece: str) -> None:
        """Take the next piece."""
        if self._state == "answer":
            self._pass_on(piece)
            return
        self._held += piece
        begin = self._held.lstrip().lower()
        if self._state == "unknown" and begin and not _OPENING.startswith(begin[: len(_OPENING)]):
            self._begin(self._held.lstrip())
        elif begin.startswith(_OPENING):
            self._state = "reasoning"
        if self._state == "reasoning" and (close := _CLOSE.search(self._held)):
            self._begin(self._held[close.end() :].lstrip())

    def end(self, answer: str) -> None:
        """End with the whole answer: shown now if nothing of it was."""
        if not self._shown:
            self._pass_on(answer)
        self._show("\n")
        self._state, self._held, self._shown = "unknown", "", False

    def _begin(self, text: str) -> None:
        self._state, self._held = "answer", ""
        self._pass_on(text)

    def _pass_on(self, text: str) -> None:
        text = visible(text)
        if text := text if self._shown else text.lstrip():
            self._shown = True
            self._show(text)
