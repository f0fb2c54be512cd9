"""Read a change out of a repository: the diff between two commits, and both texts of every file.

The diff is git's plumbing (`diff-tree`), so that no `diff.*` setting and, in a bare repository, no
`.gitattributes` changes what it shows: an author cannot hide a file by calling it binary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from parsers.diff import DiffProblem, DiffSyntaxError, ParsedDiff, parse
from parsers.python_version import FILES as PYTHON_FILES
from parsers.python_version import Version, declared_version
from reviewer.domain import ChangedFile, ReviewWarning
from reviewer.repo.blobs import Blob, Limits, read_blobs
from reviewer.repo.git import Git, GitFailed

SETTINGS_FILE = ".reviewer.toml"
ATTRIBUTES_FILE = ".gitattributes"
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\n"

_DIFF = ("diff-tree", "-r", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none")
_PATCH = (*_DIFF, "-p", "-U3", "--full-index", "--no-color", "--submodule=short", "--no-relative")
_REGULAR = ("100644", "100755")
_MAX_NAMES = 500  # arguments of one command
_SUBMODULE = "160000"

RENAMES = "50%"  # how much alike two files are that git calls one renamed, unless a forge says otherwise

Prefetch = Callable[[Sequence[str]], None]


@dataclass(frozen=True, slots=True)
class Changes:
    """What was read; `repository_settings`, `attributes` and `python_version` as in ChangeSet."""

    files: tuple[ChangedFile, ...]
    warnings: tuple[ReviewWarning, ...]
    repository_settings: bytes | None = None
    attributes: Mapping[str, bytes] = field(default_factory=dict)
    python_version: Version | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    """One side of a changed file in its tree."""

    mode: str
    blob: str

    @property
    def readable(self) -> bool:
        return self.mode in _REGULAR


def read_changes(
    git: Git,
    base: str,
    head: str,
    *,
    settings_from: str | None = None,
    limits: Limits | None = None,
    renames: str = RENAMES,
    prefetch: Prefetch | None = None,
) -> Changes:
    """Read the change from `base` to `head` (any tree-ish), files in git's order.

    `.reviewer.toml`, `.gitattributes` and the Python version come from `settings_from`. `prefetch` is
    called once with all blob ids that will be read. Links, submodules and Git LFS pointers have no texts; what is
    left out for its size is a warning. Raises GitFailed.
    """
    limits = limits or Limits()
    old, new = _read_entries(git, base, head)
    policy = _read_policy_entries(git, settings_from, {*old, *new})
    ids = [entry.blob for side in (old, new, policy) for entry in side.values() if entry.readable]
    if prefetch is not None:
        # Links are read by the diff itself.
        prefetch(
            [entry.blob for side in (old, new, policy) for entry in side.values() if entry.mode != "160000"]
        )
    parsed = read_diff(git, base, head, limits=limits, renames=renames)
    blobs = read_blobs(git, ids, limits)
    warnings = [problem_warning(problem) for problem in parsed.problems]
    files = []
    for diff in parsed.files:
        before, said_before = _side(old.get(diff.old_path), blobs, diff.path)
        after, said_after = _side(new.get(diff.path), blobs, diff.path)
        files.append(ChangedFile(diff=diff, old=before, new=after))
        warnings.extend(dict.fromkeys((*said_before, *said_after)))
    read = ((path, blobs[entry.blob].content) for path, entry in policy.items() if entry.blob in blobs)
    texts = {path: content for path, content in read if content is not None}
    return Changes(
        files=tuple(files),
        warnings=tuple(warnings),
        repository_settings=texts.get(SETTINGS_FILE),
        attributes={_folder(path): text for path, text in texts.items() if path.endswith(ATTRIBUTES_FILE)},
        python_version=declared_version(texts),
    )


def read_diff(
    git: Git, base: str, head: str, *, limits: Limits | None = None, renames: str = RENAMES
) -> ParsedDiff:
    """Diff two tree-ishes with renames found and three lines of context; raises GitFailed."""
    limits = limits or Limits()
    # Git calls a file past this threshold binary instead of holding it in memory.
    quiet = replace(git, config={**git.config, "core.bigFileThreshold": str(limits.blob_bytes)})
    with quiet.stream(*_PATCH, f"--find-renames={renames}", base, head, "--") as output:
        text = output.read(limits.diff_bytes + 1)
        if len(text) > limits.diff_bytes:
            raise GitFailed(f"the diff is larger than {limits.diff_bytes:,} bytes")
    try:
        return parse(text)
    except DiffSyntaxError as err:
        raise GitFailed(f"the diff of {base} and {head} cannot be read: {err}") from err


def problem_warning(problem: DiffProblem) -> ReviewWarning:
    """Turn what a diff would not give into a warning: lines nobody saw leave the verdict open."""
    return ReviewWarning(problem.code, problem.message, path=problem.path, undecided=True)


def _read_entries(git: Git, base: str, head: str) -> tuple[dict[str, _Entry], dict[str, _Entry]]:
    """Read both sides of the raw diff by path; needs no file contents."""
    old: dict[str, _Entry] = {}
    new: dict[str, _Entry] = {}
    fields = iter(
        git.run(*_DIFF, "-z", "--raw", "--no-renames", "--no-abbrev", base, head, "--").split(b"\0")
    )
    for head_line, name in zip(fields, fields, strict=False):
        old_mode, new_mode, old_blob, new_blob, _status = head_line.decode("ascii").lstrip(":").split(" ")
        path = name.decode("utf-8", "surrogateescape")
        for side, mode, blob in ((old, old_mode, old_blob), (new, new_mode, new_blob)):
            if mode != "000000":
                side[path] = _Entry(mode, blob)
    return old, new


def _read_policy_entries(git: Git, commit: str | None, paths: Iterable[str]) -> dict[str, _Entry]:
    """Find what a commit says of itself at its root, and of the paths in the folders above them.

    Links are not followed.
    """
    if commit is None:
        return {}
    folders = {folder for path in paths for folder in _folders(path)}
    names = [SETTINGS_FILE, *PYTHON_FILES, *sorted(folder + ATTRIBUTES_FILE for folder in folders | {""})]
    entries = {}
    for at in range(0, len(names), _MAX_NAMES):
        some = names[at : at + _MAX_NAMES]
        listing = git.run("--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", *some)
        for line in listing.decode("utf-8", "surrogateescape").split("\0")[:-1]:
            facts, _, path = line.partition("\t")
            mode, _kind, blob = facts.split(" ")
            if mode in _REGULAR:
                entries[path] = _Entry(mode, blob)
    return entries


def _folders(path: str) -> Iterator[str]:
    """Yield the folders above a path, each with a slash at its end."""
    folder = _folder(path)
    while folder:
        yield folder + "/"
        folder = _folder(folder)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _side(
    entry: _Entry | None, blobs: Mapping[str, Blob], path: str
) -> tuple[bytes | None, tuple[ReviewWarning, ...]]:
    """Return one side's text and what there is to say of it."""
    if entry is None or not entry.readable:
        return None, ()
    blob = blobs.get(entry.blob)
    if blob is None:
        return None, (
            ReviewWarning("no-text", "the repository does not hold this file's content", path, True),
        )
    if blob.content is None:
        message = f"{blob.size:,} bytes are more than is read"
        return None, (ReviewWarning("file-too-large", message, path, undecided=not blob.binary),)
    if blob.content.startswith(LFS_POINTER):
        return None, (ReviewWarning("lfs-pointer", "kept in Git LFS: only its pointer was read", path),)
    return blob.content, ()
