"""Read blobs out of a repository and outline them, portion by portion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from parsers.languages import LANGUAGES, detect
from parsers.outline import Outline, outline
from parsers.source import SourceTooLarge, parse
from reviewer.repo.blobs import Blob, Limits, read_blobs
from reviewer.repo.changes import LFS_POINTER
from reviewer.repo.git import Git
from reviewer.repo.index_rows import BlobKey
from reviewer.repo.tree import TreeFile
from reviewer.stages.generated import GENERATED_NAMES, MINIFIED_NAMES, VENDOR_FOLDERS

_BY_SHEBANG = ""  # the language that an executable without a suffix claims
_PORTION = 256  # blobs read, outlined and written down at once
LIMITS = Limits(blob_bytes=1_000_000, total_bytes=64_000_000)
_MAX_SECONDS = 2.0  # processor time for one blob's tree, and again for its outline
# Keys and elements are definitions too, but nobody calls them by their names.
_OUTLINED = frozenset(
    language.name for language in LANGUAGES.values() if language.calls or language.name in {"vue", "sql"}
)


def claimed_language(file: TreeFile) -> str | None:
    """Return the language that a file claims by its name; None if it is not worth an outline.

    That is one without calls, like YAML, or code that nobody here wrote.
    """
    path = PurePosixPath(file.path)
    if VENDOR_FOLDERS & set(path.parts[:-1]) or GENERATED_NAMES.match(file.path):
        return None
    if MINIFIED_NAMES.match(file.path):
        return None
    if (language := detect(file.path)) is not None:
        return language.name if language.name in _OUTLINED else None
    return _BY_SHEBANG if file.executable and not path.suffix else None


def outline_blobs(
    git: Git, paths: Mapping[BlobKey, str], *, limits: Limits = LIMITS
) -> Iterator[dict[BlobKey, Outline | str | None]]:
    """Yield outlines portion by portion; `paths` names a path for each blob, `limits` are for one portion.

    For what has no outline there is the reason, for what the repository does not hold None. Raises
    GitFailed.
    """
    waiting = list(paths)
    while waiting:
        portion, waiting = waiting[:_PORTION], waiting[_PORTION:]
        blobs = read_blobs(git, [key.oid for key in portion], limits)
        put_off = [key for key in portion if _is_put_off(blobs.get(key.oid), limits)]
        waiting = put_off + waiting
        yield {
            key: _outline(blobs[key.oid], paths[key]) if key.oid in blobs else None
            for key in portion
            if key not in put_off
        }


def _is_put_off(blob: Blob | None, limits: Limits) -> bool:
    """Say whether a blob was left out only because those before it filled the portion."""
    return blob is not None and blob.content is None and blob.size <= limits.blob_bytes


def _outline(blob: Blob, path: str) -> Outline | str:
    """Outline a blob, or say in a word or two why not."""
    if blob.binary:
        return "binary"
    if blob.content is None:
        return "too large"
    if blob.content.startswith(LFS_POINTER):
        return "lfs pointer"
    language = detect(path, blob.content)
    if language is None:
        return "unknown language"
    try:
        return outline(parse(blob.content, language), language)
    except SourceTooLarge:
        return "too slow"
