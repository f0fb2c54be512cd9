"""Lay a case out as a real repository and read its change the way every other change is read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from parsers.diff import Side
from reviewer.domain import ChangeSet
from reviewer.errors import UsageError
from reviewer.evaluation.dataset import Case, CaseFile
from reviewer.evaluation.places import Span, new_side_span
from reviewer.forges.local import open_diff, open_range
from reviewer.repo.git import Git, GitFailed

_WHO = b"Case Author <author@example.invalid> 1760000000 +0000"  # one date: the same case, the same SHAs


def open_case(case: Case, folder: Path) -> ChangeSet:
    """Read the change of a case; `folder` is empty and takes its repository.

    Raises UsageError, naming the case, for a diff that does not apply and a clone that lacks a revision.
    """
    try:
        return replace(_open(case, folder), title=case.title, description=case.description)
    except (UsageError, GitFailed) as err:
        raise UsageError(f"case {case.id}: {err}") from err


def locate(case: Case) -> tuple[Span | None, ...]:
    """Return where the case's goldens lie on the new side; see `places.new_side_span`.

    Its repository is laid out only where a golden lies on removed lines. Raises as `open_case` does.
    """
    if all(golden.side is Side.NEW for golden in case.findings):
        ends = ((golden.start_line, golden.end_line) for golden in case.findings)
        return tuple(None if start is None or end is None else (start, end) for start, end in ends)
    with tempfile.TemporaryDirectory(prefix="reviewer-eval-") as folder:
        change = open_case(case, Path(folder))
    return tuple(
        new_side_span(change, golden.path, golden.side, golden.start_line, golden.end_line)
        for golden in case.findings
    )


def _open(case: Case, folder: Path) -> ChangeSet:
    if case.repository is not None:
        clone = case.repository
        return open_range(clone.path, f"{clone.base}...{clone.head}")
    if case.diff is not None and not case.files:
        return open_diff(case.diff.encode())
    git = Git(folder, git_dir=folder)
    git.run("init", "--quiet", "--bare", "--template=", ".")
    if case.diff is not None:
        head = _apply(git, case.files, case.diff)
    else:
        head = _import(git, _tree(case.files, "old"), _tree(case.files, "new"))
    return open_range(folder, f"refs/heads/base..{head}")


def _tree(files: Iterable[CaseFile], side: str) -> dict[str, str]:
    return {file.path: text for file in files if (text := getattr(file, side)) is not None}


def _import(git: Git, *trees: dict[str, str]) -> str:
    """Commit one tree after the other on the branch `base`; leave it at the first, return the last."""
    feed = b"\n".join(line for number, tree in enumerate(trees, start=1) for line in _commit(number, tree))
    shas = git.text("fast-import", "--quiet", feed=feed + b"\n").split()
    git.run("update-ref", "refs/heads/base", shas[0])
    return shas[-1]


def _commit(number: int, tree: dict[str, str]) -> Iterator[bytes]:
    yield b"commit refs/heads/case\nmark :%d\ncommitter %s\ndata 4\ncase" % (number, _WHO)
    if number > 1:
        yield b"from :%d" % (number - 1)
    yield b"deleteall"
    for path, text in tree.items():
        content = text.encode()
        yield b'M 100644 inline "%s"' % _quote(path)
        yield b"data %d\n%s" % (len(content), content)
    yield b"get-mark :%d" % number


def _quote(path: str) -> bytes:
    return path.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")


def _apply(git: Git, files: Iterable[CaseFile], diff: str) -> str:
    """Commit the old texts, and return the tree that the diff makes of them."""
    base = _import(git, _tree(files, "old"))
    index = replace(git, environment={"GIT_INDEX_FILE": str(git.folder / "case-index")})
    index.run("read-tree", base)
    index.run("apply", "--cached", "--unidiff-zero", "-", feed=diff.encode())
    tree = index.text("write-tree")
    who = dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "Case Author")
    mail = dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "author@example.invalid")
    date = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "1760000000 +0000")
    return replace(git, environment=who | mail | date).text("commit-tree", tree, "-p", base, "-m", "case")
