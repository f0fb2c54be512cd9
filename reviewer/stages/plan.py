"""Compare what should stand in a merge request with what does: posting is reconciliation.

What has been said is not said again, on no push; what a person has resolved stays resolved; nothing
is ever deleted. A comment is ours if the bot wrote it and its marker holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from parsers.diff import Side
from parsers.positions import pair_of, same_hunk
from reviewer.config import Posting
from reviewer.domain import (
    ChangedFile,
    ChangeRef,
    ChangeSet,
    Comment,
    Discussion,
    Finding,
    Plan,
    Receipt,
    Resolution,
    Review,
    Thread,
)
from reviewer.stages import marker
from reviewer.stages.comment import Dialect, render_finding
from reviewer.stages.fingerprint import model_fingerprints
from reviewer.stages.marker import Marker
from reviewer.stages.neutralise import code_span
from reviewer.stages.phrases import phrases


def reconcile(
    review: Review,
    discussion: Discussion,
    change: ChangeSet,
    *,
    key: bytes,
    run: str,
    dialect: Dialect,
    language: str,
    max_comments: int,
    post: Posting = "all",
) -> Plan:
    """Plan what to post.

    - The first `max_comments` findings, as ranked, get a comment each, unless a thread of theirs is
      there already. Only where all their threads were resolved by the bot itself is a new one
      opened: the problem had gone and has come back.
    - A thread whose finding is gone is answered and resolved, unless a person has written in it. A
      model's finding is gone only when its code is; and a review that could not see everything
      (a warning that is `undecided`) proves nothing gone.
    - A finding in a file whose name is no UTF-8 stands in the summary alone.
    - `post` = "summary" plans no comments and resolves nothing, "off" not even a summary.

    The same review against what it has posted plans nothing.
    """
    ours = threads_by_fingerprint(discussion, key, review.ref)
    everything = tuple(thread.id for threads in ours.values() for thread in threads)
    if post == "off":
        return Plan((), everything, (), None)
    summary = _summary_note(discussion, key, review.ref)
    if post == "summary":
        return Plan((), everything, (), summary)
    files = {file.path: file for file in change.files}
    writer = _Writer(review.ref, key, run, dialect, language)
    create = tuple(
        writer.comment(finding, files[finding.path])
        for finding in review.findings[:max_comments]
        if finding.path in files and _has_name(finding.path) and _may_open(ours.get(finding.fingerprint, []))
    )
    resolve = _resolutions(review, change, ours, language)
    resolved = {resolution.thread for resolution in resolve}
    return Plan(create, tuple(thread for thread in everything if thread not in resolved), resolve, summary)


def unplaced(review: Review, discussion: Discussion, receipt: Receipt, key: bytes) -> tuple[str, ...]:
    """Return the fingerprints of the findings that no comment shows, for the summary.

    Those beyond the cap, those the forge did not take, and all of them where nothing is posted
    inline. `discussion` is as it was before the receipt.
    """
    shown = {*threads_by_fingerprint(discussion, key, review.ref), *receipt.posted}
    return tuple(finding.fingerprint for finding in review.findings if finding.fingerprint not in shown)


def threads_by_fingerprint(discussion: Discussion, key: bytes, ref: ChangeRef) -> dict[str, list[Thread]]:
    """Collect the threads that open with a finding of ours."""
    ours: dict[str, list[Thread]] = {}
    for thread in discussion.threads:
        opening = thread.notes[0] if thread.notes else None
        found = marker.read(opening.body, key, ref) if opening and opening.by_bot else None
        if found and found.fingerprint != marker.SUMMARY:
            ours.setdefault(found.fingerprint, []).append(thread)
    return ours


def _summary_note(discussion: Discussion, key: bytes, ref: ChangeRef) -> str | None:
    """Return the oldest summary of ours."""
    for note in discussion.notes:
        found = marker.read(note.body, key, ref) if note.by_bot else None
        if found and found.fingerprint == marker.SUMMARY:
            return note.id
    return None


def _has_name(path: str) -> bool:
    """Say whether a forge can be told a path: bytes that are no UTF-8 have no place in its JSON."""
    return path == path.encode("utf-8", "replace").decode()


def _may_open(threads: Sequence[Thread]) -> bool:
    return all(thread.resolved and thread.resolved_by_bot for thread in threads)


# --- comments -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes the comments of one run."""

    ref: ChangeRef
    key: bytes
    run: str
    dialect: Dialect
    language: str

    def comment(self, finding: Finding, file: ChangedFile) -> Comment:
        placed, lines = _place(finding, file, self.dialect)
        hidden = marker.write(self.key, self.ref, Marker(finding.fingerprint, self.run))
        start, end = (pair_of(file.diff, finding.side, line) for line in lines) if lines else (None, None)
        return Comment(
            fingerprint=finding.fingerprint,
            body=render_finding(placed, self.dialect, self.language, hidden),
            path=file.path,
            old_path=file.diff.old_path,
            side=finding.side,
            start=start,
            end=end,
            in_one_hunk=lines is not None and same_hunk(file.diff, finding.side, *lines),
        )


def _place(finding: Finding, file: ChangedFile, dialect: Dialect) -> tuple[Finding, tuple[int, int] | None]:
    """Say on which lines a comment goes; with a suggestion on those that it replaces.

    GitHub replaces the lines of the comment, and takes comments within one hunk only: a suggestion
    that reaches out of it is left out there.
    """
    if finding.start_line is None or finding.end_line is None:
        return replace(finding, suggestion=None), None
    if finding.suggestion is not None and finding.side is Side.NEW:
        lines = finding.suggestion.start_line, finding.suggestion.end_line
        if dialect == "gitlab" or same_hunk(file.diff, Side.NEW, *lines):
            return finding, lines
    return replace(finding, suggestion=None), (finding.start_line, finding.end_line)


# --- what is gone ---------------------------------------------------------------------------------


def _resolutions(
    review: Review, change: ChangeSet, ours: dict[str, list[Thread]], language: str
) -> tuple[Resolution, ...]:
    words = phrases(language)
    silenced = {item.finding.fingerprint for item in review.suppressed}
    standing = {finding.fingerprint for finding in review.findings} | silenced
    gone: set[str] = set()
    if not any(warning.undecided for warning in review.warnings):
        gone = ours.keys() - standing
        gone -= model_fingerprints(change) if gone else frozenset()
    head = code_span((review.ref.head or "")[:12])
    return tuple(
        Resolution(thread.id, thread.notes[0].id, text.format(head=head))
        for text, fingerprints in ((words.gone, gone), (words.silenced, silenced))
        for fingerprint, threads in ours.items()
        if fingerprint in fingerprints
        for thread in threads
        if _may_resolve(thread)
    )


def _may_resolve(thread: Thread) -> bool:
    """Say whether nobody has answered yet: no person, nor we ourselves where resolving then failed."""
    return thread.resolvable and not thread.resolved and len(thread.notes) == 1
