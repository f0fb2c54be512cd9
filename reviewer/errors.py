"""The exceptions of the house.

ReviewerError
  ConfigError(file, key, source)                                       exit 2
  RuleError(file)                                                      exit 2
  UsageError                                                           exit 2 (an unknown range, no repository)
  WebhookRejected(status)                                              HTTP 401, 404 or 413
  ForgeError                                                           exit 1
    ForgeAuth | ForgeNotFound | ForgeRefused(status)                   permanent
    ForgeTransient: ForgeRateLimited(retry_after), ForgeUnavailable    retried where that is safe
      ForgeAway                                                        a kind of ForgeUnavailable: waited for
  ModelError
    ModelUnavailable (ModelMissing) | ModelTimeout                     transient
    ModelOverflow(prompt_tokens, context)                              the prompt did not fit or was cut
    ModelReplyInvalid(reply)                                           after one repair round
    ModelBudget                                                        the errand's tokens are spent
  StoreError                                                           exit 1, HTTP 503
  NothingToReview                                                      exit 3
  Superseded                                                           a newer head took over; never an exit code

Adapters translate their SDK's exceptions at the seam (`raise ... from err`). They are caught in
three places: `cli.main`, the job worker, and per unit in `pipeline`. The parsers raise ValueErrors
and know nothing of these.
"""

from __future__ import annotations

from pathlib import Path


class ReviewerError(Exception):
    """Anything this program can say about why it stopped; `remedy` tells what to do about it."""

    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class ConfigError(ReviewerError):
    """A configuration value cannot be used; names its key and where it came from."""

    exit_code = 2

    def __init__(self, message: str, *, key: str = "", source: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.key = key
        self.source = source


class RuleError(ReviewerError):
    """A rule file cannot be used; names the file and, if known, the 1-based line."""

    exit_code = 2

    def __init__(self, message: str, *, file: Path, line: int | None = None) -> None:
        super().__init__(message)
        self.file = file
        self.line = line


class UsageError(ReviewerError):
    """The command line asks for something that is not there."""

    exit_code = 2


class WebhookRejected(ReviewerError):
    """A delivery is refused before anything of it is believed; `status` is the HTTP answer."""

    def __init__(self, message: str, *, status: int = 401) -> None:
        super().__init__(message)
        self.status = status


class ForgeError(ReviewerError):
    """A forge did not do what it was asked; `status` is its HTTP answer, if there was one."""

    def __init__(self, message: str, *, status: int | None = None, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.status = status


class ForgeAuth(ForgeError):
    """The forge refused our credentials (401) or our rights (403)."""


class ForgeNotFound(ForgeError):
    """The project, merge request or ref is not there, or hidden from this token."""


class ForgeRefused(ForgeError):
    """The forge understood and refused (400, 409, 422, ...)."""


class ForgeTransient(ForgeError):
    """The same call may succeed later."""


class ForgeRateLimited(ForgeTransient):
    """Too many calls; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: float, status: int | None = 429) -> None:
        super().__init__(message, status=status)
        self.retry_after = retry_after


class ForgeUnavailable(ForgeTransient):
    """No connection, a timeout, a 5xx, or not ready yet."""


class ForgeAway(ForgeUnavailable):
    """Nobody answers for the forge at all: no connection, a timeout, a 502, 503 or 504."""


class ModelError(ReviewerError):
    """A model gave no usable answer; `model` is its configured name."""

    def __init__(self, message: str, *, model: str, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.model = model


class ModelUnavailable(ModelError):
    """The endpoint cannot be reached, refuses us, or lacks the model."""


class ModelMissing(ModelUnavailable):
    """The endpoint answers and has no such model."""


class ModelTimeout(ModelError):
    """No token came in time: stalled, too slow, or cut off in the middle."""


class ModelOverflow(ModelError):
    """The prompt did not fit into the context, or the server cut it; counts in tokens."""

    def __init__(self, message: str, *, model: str, prompt_tokens: int, context: int) -> None:
        super().__init__(message, model=model)
        self.prompt_tokens = prompt_tokens
        self.context = context


class ModelReplyInvalid(ModelError):
    """The reply stayed unreadable after one repair round; `reply` holds it for the log's hash only."""

    def __init__(self, message: str, *, model: str, reply: str) -> None:
        super().__init__(message, model=model)
        self.reply = reply


class ModelBudget(ModelError):
    """The tokens that an errand may cost are spent; nothing was sent."""


class StoreError(ReviewerError):
    """The database did not take or give what it was asked for."""


class NothingToReview(ReviewerError):
    """The change is empty."""

    exit_code = 3


class Superseded(ReviewerError):
    """The merge request has moved on to a newer head; this review must not be posted."""
