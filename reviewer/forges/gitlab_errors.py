"""Translate python-gitlab's exceptions into ours."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from gitlab.exceptions import GitlabError

from reviewer.errors import ForgeAuth, ForgeError, ForgeNotFound, ForgeRefused


@contextlib.contextmanager
def translated(subject: str) -> Iterator[None]:
    """Raise what the library raises as ForgeError subclasses; `subject` is what the call was about.

    An answer of another shape than GitLab's (a login page, a portal) is ForgeRefused too.
    """
    try:
        yield
    except GitlabError as err:
        raise _translate(subject, err) from err
    except (KeyError, TypeError, ValueError) as err:
        raise ForgeRefused(f"{subject}: this is not GitLab's answer ({type(err).__name__}: {err})") from err


def _translate(subject: str, err: GitlabError) -> ForgeError:
    status = err.response_code
    if status is None:
        return ForgeRefused(f"{subject}: this is not GitLab's answer: {str(err.error_message)[:300]}")
    message = f"{subject}: GitLab answers {status}: {str(err.error_message)[:300]}"
    if status == 401:
        return ForgeAuth(message, status=status, remedy="the token is unknown, expired or revoked")
    if status == 403:
        return ForgeAuth(message, status=status, remedy="the bot needs scope `api` and the role Developer")
    if status == 404:
        return ForgeNotFound(message, status=status, remedy="not there, or hidden from this token")
    return ForgeRefused(message, status=status)
