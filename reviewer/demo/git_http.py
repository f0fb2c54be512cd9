"""Serve bare repositories over git's smart HTTP protocol, read-only, by `git http-backend`.

The CGI contract is git-http-backend(1). Reads blocks: call from a thread.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path

from starlette.responses import Response

from reviewer.repo.git import Git

_SERVICE = "git-upload-pack"
_PASSED_ON = {
    "content-type": "CONTENT_TYPE",
    "content-encoding": "HTTP_CONTENT_ENCODING",
    "git-protocol": "GIT_PROTOCOL",
}


def serve_repository(
    repository: Path, *, method: str, rest: str, query: str, headers: Mapping[str, str], body: bytes
) -> Response:
    """Answer one request; `rest` is the path below the repository (`info/refs`, `git-upload-pack`)."""
    asked = (method, rest, query)
    if asked not in (("GET", "info/refs", f"service={_SERVICE}"), ("POST", _SERVICE, "")):
        return Response("read only", status_code=403)
    environment = {
        "GIT_PROJECT_ROOT": str(repository.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{repository.name}/{rest}",
        "REQUEST_METHOD": method,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_USER": "",
    }
    environment |= {name: headers[key] for key, name in _PASSED_ON.items() if key in headers}
    return _to_response(Git(repository, environment=environment).run("http-backend", feed=body))


def basic_password(header: str | None) -> str | None:
    """Return the password of an `Authorization: Basic` header."""
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return decoded.partition(":")[2]


def ask_for_password() -> Response:
    """Return the 401 that makes git ask for credentials."""
    return Response(status_code=401, headers={"WWW-Authenticate": 'Basic realm="demo"'})


def _to_response(output: bytes) -> Response:
    head, _, content = output.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n"))
    status = int(headers.pop("Status", "200").split(" ")[0])
    return Response(content, status_code=status, headers=headers)
