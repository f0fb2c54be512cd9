"""Count tokens without a tokenizer: characters per token, corrected by what the server counts itself."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from reviewer.domain import Message
from reviewer.errors import ModelOverflow
from reviewer.ports import ModelRequest

# Measured per class, as shares of a model's characters per token of code (3.0): English prose 4.0,
# JSON, minified text and CJK 1.8.
_PROSE = 4.0 / 3.0
_DENSE = 1.8 / 3.0
_CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U000323af]")
_OTHER = re.compile(r"[^\x00-\x7f]")
_DIGIT = re.compile(r"\d", re.ASCII)
_CODE = re.compile(r"[][(){}<>=;_|&+*/\\]")
_WORDS = str.maketrans("", "", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ,.'\n")

_MARGIN = 1.1  # estimates err by a few per cent once calibrated; too long a prompt may be cut silently
_PER_MESSAGE = 8  # what a chat template puts around one message
_TELLING = 256  # tokens; the template's share of a shorter prompt is too large to learn from
_CALIBRATING_CALLS = 3
_WHOLE_SHARE = 0.85  # a count below this share of what was expected is short ...
_CACHED_SHARE = 0.5  # ... and below this one no error of the estimate explains it
_ERROR = 1.5  # by which a prompt may be longer than its estimate
_SMALLEST_REPLY = 128  # with less room than this there is no point in asking


def estimate(text: str, chars_per_token: float) -> float:
    """Estimate the tokens of a text by the class of each of its lines, on the safe side."""
    return sum(_line_tokens(line, chars_per_token) for line in text.splitlines(keepends=True))


def _line_tokens(line: str, chars_per_token: float) -> float:
    tokens = 0.0
    if not line.isascii():
        line, cjk = _CJK.subn("", line)
        tokens += cjk / (chars_per_token * _DENSE)
        # Rare scripts and symbols fall back to bytes in every vocabulary.
        tokens += sum(len(char.encode("utf-8", "replace")) for char in _OTHER.findall(line))
        line = _OTHER.sub("", line)
    line, digits = _DIGIT.subn("", line)  # Qwen spends one token per digit, DeepSeek one per three
    return tokens + digits + len(line) / (chars_per_token * _class_of(line))


def _class_of(line: str) -> float:
    if line.count(" ") * 12 >= len(line) > 24 and not _CODE.search(line):
        return _PROSE
    marks = len(line.translate(_WORDS))
    if marks * 6 >= len(line) or (len(line) > 60 and line.count(" ") * 25 < len(line)):
        return _DENSE
    return 1.0


class TokenMeter:
    """Estimates for one model at one endpoint, calibrated by a moving average of the server's counts."""

    def __init__(self, chars_per_token: float) -> None:
        self._chars_per_token = chars_per_token
        self._factor = 1.0
        self._calls = 0
        self._server_counts_whole = True

    def count(self, text: str) -> int:
        """Estimate the tokens of a text, on the safe side."""
        return math.ceil(estimate(text, self._chars_per_token) * self._factor * _MARGIN)

    def estimate(self, text: str) -> int:
        """Estimate as `count` does, but without what was learnt: the same on every run."""
        return math.ceil(estimate(text, self._chars_per_token) * _MARGIN)

    def raw(self, messages: Sequence[Message]) -> float:
        """Estimate a prompt before calibration; what `learn` and `was_cut` compare the server's count to."""
        return sum(estimate(message.content, self._chars_per_token) + _PER_MESSAGE for message in messages)

    def reply_tokens(self, request: ModelRequest, context: int, model: str) -> int:
        """Return how many tokens of the reply fit beside the prompt, at most what is asked for.

        Raises ModelOverflow where too little is left for any reply.
        """
        prompt = math.ceil(self.raw(request.messages) * self._factor * _MARGIN)
        room = context - prompt
        if room < min(request.max_tokens, _SMALLEST_REPLY):
            raise ModelOverflow(
                f"the prompt of about {prompt} tokens does not fit into the {context} tokens of {model}",
                model=model,
                prompt_tokens=prompt,
                context=context,
            )
        return min(request.max_tokens, room)

    def learn(self, raw: float, counted: int) -> None:
        """Take a server's count of a prompt into the average; implausible ones are left out."""
        ratio = counted / raw if raw else 0.0
        if raw < _TELLING or not 0.5 <= ratio <= 3.0:
            return
        self._calls += 1
        weight = 1 / min(self._calls, 5)
        # Not below 0.7: what is typical of a model's prompts so far must not make the next one, of
        # another kind of text, look shorter than it is.
        self._factor = max(0.7, self._factor + weight * (ratio - self._factor))

    def was_cut(self, raw: float, counted: int, window: int) -> bool:
        """Say whether a server's count shows that it cut the prompt to fit it into its window.

        Judged only once calibrated, and only where the prompt may have been too long. A server that
        counts far too few where nothing can have been cut (older Ollama leaves out what it had cached)
        is not believed again.
        """
        expected = raw * self._factor
        if not counted or self._calls < _CALIBRATING_CALLS or raw < _TELLING:
            return False
        if expected * _ERROR < window:
            self._server_counts_whole &= counted >= _CACHED_SHARE * expected
            return False
        return self._server_counts_whole and counted < _WHOLE_SHARE * expected
