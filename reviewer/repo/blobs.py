"""Read file contents out of a repository, many in one go, within limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from reviewer.repo.git import Git, GitFailed

_SNIFF = 8000  # how far git itself looks for a NUL byte before it calls a file binary
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read: bytes of one file, of all files of a change, and of its diff."""

    blob_bytes: int = 5_000_000
    total_bytes: int = 300_000_000
    diff_bytes: int = 100_000_000


@dataclass(frozen=True, slots=True)
class Blob:
    """A file's content; `content` is None where it was left out for its size (bytes) or the total."""

    size: int
    content: bytes | None
    binary: bool


def list_absent(git: Git, ids: Iterable[str]) -> list[str]:
    """Return those of the object ids that the repository does not hold, without fetching them."""
    lines = git.text("cat-file", "--batch-check=%(objectname)", feed=_lines(ids)).splitlines()
    return [line.split(" ")[0] for line in lines if line.endswith(" missing")]


def read_blobs(git: Git, ids: Sequence[str], limits: Limits) -> dict[str, Blob]:
    """Read blobs by (perhaps abbreviated) id; what the repository does not hold is not in the answer."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    with git.stream("cat-file", "--batch", feed=_lines(wanted)) as output:
        return dict(_read_all(output, wanted, limits))


def _lines(ids: Iterable[str]) -> bytes:
    return "".join(f"{one}\n" for one in ids).encode()


def _read_all(output: IO[bytes], wanted: Sequence[str], limits: Limits) -> Iterator[tuple[str, Blob]]:
    left = limits.total_bytes
    for one in wanted:
        header = output.readline().split()
        if header[1:] in ([b"missing"], [b"ambiguous"]):
            continue
        if len(header) != 3:
            raise GitFailed(f"git cat-file gave no answer for {one}")
        size = int(header[2])
        blob = _read_one(output, size, keep=size <= min(limits.blob_bytes, left))
        left -= size if blob.content is not None else 0
        yield one, blob


def _read_one(output: IO[bytes], size: int, *, keep: bool) -> Blob:
    head = output.read(size if keep else min(size, _SNIFF))
    rest = size - len(head)
    while rest > 0:
        rest -= len(output.read(min(rest, _CHUNK))) or rest
    output.read(1)
    return Blob(size=size, content=head if keep else None, binary=b"\0" in head[:_SNIFF])
