"""Post a plan's comments and resolutions on a pull request, each at most once.

A review is all-or-nothing, and its 422 does not name the comment at fault: so lines are checked
before, one review carries everything, and a refused one is halved until the culprit stands alone. A
culprit goes to its file as a whole, which takes a call of its own, and if that fails to the summary.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from github.Commit import Commit
from github.PullRequest import ReviewComment

from parsers.diff import Side
from reviewer.domain import Comment, Plan, Receipt, Resolution, ReviewWarning
from reviewer.errors import ForgeAuth, ForgeNotFound, ForgeRefused
from reviewer.forges.github_api import translated
from reviewer.forges.github_desk import Desk, trace_of
from reviewer.forges.github_threads import Conversation, resolve_thread

Located = tuple[Comment, ReviewComment]


def carry_out(desk: Desk, head: str, plan: Plan) -> Receipt:
    """Post, then resolve; raise Superseded before anything is written if `head` is no longer the head."""
    if not plan.create and not plan.resolve:
        return Receipt()
    desk.check_head(head)
    placed = _post(desk, head, plan.create)
    resolved, unresolved = _resolve(desk, plan.resolve)
    return replace(placed, resolved=resolved, failures=placed.failures + unresolved)


def located_at(comment: Comment) -> ReviewComment | None:
    """Say how GitHub is told the place of a comment; None where only its file can be named.

    A range that does not lie within one hunk shrinks to its last line; a suggestion would then
    replace the wrong lines, so that it is shown as plain code.
    """
    lines = _lines(comment)
    if lines is None or (lines[0] == lines[1] and not comment.in_one_hunk):
        return None
    first, last = lines
    side = "RIGHT" if comment.side is Side.NEW else "LEFT"
    place: ReviewComment = {"path": comment.path, "body": comment.body, "line": last, "side": side}
    if first < last and comment.in_one_hunk:
        place |= {"start_line": first, "start_side": side}
    elif first != last:
        place["body"] = _without_suggestion(comment.body)
    return place


def _post(desk: Desk, head: str, comments: Sequence[Comment]) -> Receipt:
    located = [(comment, place) for comment in comments if (place := located_at(comment))]
    refused = _post_review(desk, head, located)
    in_review = {comment.fingerprint for comment, _ in located} - {comment.fingerprint for comment in refused}
    failures: dict[str, ReviewWarning] = {}
    for comment in comments:
        if comment.fingerprint not in in_review and (refusal := _post_on_file(desk, head, comment)):
            failures[comment.fingerprint] = ReviewWarning("not-placed", refusal, comment.path)
    return Receipt(
        posted=tuple(comment.fingerprint for comment in comments if comment.fingerprint not in failures),
        unplaced=tuple(failures),
        failures=tuple(failures.values()),
    )


def _post_review(desk: Desk, head: str, located: Sequence[Located]) -> list[Comment]:
    """Post everything in one review; return the comments that GitHub refused."""
    if not located or _create_review(desk, head, located):
        return []
    desk.check_head(head)  # against another head's diff, halving would only refuse them one by one
    return _post_halves(desk, head, located)


def _post_halves(desk: Desk, head: str, refused: Sequence[Located]) -> list[Comment]:
    if len(refused) == 1:
        return [refused[0][0]]
    middle = len(refused) // 2
    return [
        culprit
        for half in (refused[:middle], refused[middle:])
        if not _create_review(desk, head, half)
        for culprit in _post_halves(desk, head, half)
    ]


def _create_review(desk: Desk, head: str, located: Sequence[Located]) -> bool:
    """Post one review; False if GitHub did not take one of its comments, and therefore none."""
    places = [place for _, place in located]
    commit = Commit(desk.repository.requester, attributes={"sha": head}, completed=True)

    def write() -> None:
        with translated(f"review of #{desk.number}"):
            desk.pull.create_review(commit=commit, event="COMMENT", comments=places)

    try:
        desk.write_once(write, desk.said, [place["body"] for place in places])
    except ForgeRefused as err:
        if err.status != 422:
            raise
        return False
    return True


def _post_on_file(desk: Desk, head: str, comment: Comment) -> str:
    """Post a comment on its file as a whole; return why it was refused, or nothing."""
    body = _without_suggestion(_with_lines(comment))

    def write() -> None:
        with translated(f"comment on {comment.path}"):
            desk.pull.create_review_comment(body, head, comment.path, subject_type="file")

    try:
        desk.write_once(write, desk.said, [body])
    except ForgeRefused as err:
        return str(err)
    return ""


def _resolve(
    desk: Desk, resolutions: Sequence[Resolution]
) -> tuple[tuple[str, ...], tuple[ReviewWarning, ...]]:
    if not resolutions:
        return (), ()
    before = desk.conversation()
    resolved: list[str] = []
    failures: list[ReviewWarning] = []
    for resolution in resolutions:
        try:
            _resolve_one(desk, resolution, before)
        except (ForgeAuth, ForgeNotFound, ForgeRefused) as err:
            failures.append(ReviewWarning("not-resolved", str(err)))
        else:
            resolved.append(resolution.thread)
    return tuple(resolved), tuple(failures)


def _resolve_one(desk: Desk, resolution: Resolution, before: Conversation) -> None:
    """Reply, then resolve; where only the reply is possible it stands alone and the rest is raised."""
    thread = next((item for item in before.discussion.threads if item.id == resolution.thread), None)
    if thread is None:
        raise ForgeNotFound(f"thread {resolution.thread} is gone")
    if thread.resolved:
        return
    last = thread.notes[-1]
    if not (last.by_bot and trace_of(last.body) == trace_of(resolution.body)):
        desk.reply(resolution.thread, resolution.body)
    node = before.nodes.get(resolution.thread)
    if node is None:
        raise ForgeRefused("the forge's GraphQL API is out of reach, which alone resolves threads")
    resolve_thread(desk.repository, node)


def _with_lines(comment: Comment) -> str:
    """Name the lines in the text of a comment that can only stand on its file."""
    lines = _lines(comment)
    if lines is None:
        return comment.body
    named = "-".join(f"L{line}" for line in dict.fromkeys(lines))
    return f"`{named}`\n\n{comment.body}"


def _lines(comment: Comment) -> tuple[int, int] | None:
    """Number a comment's first and last line on its side."""
    if comment.start is None or comment.end is None:
        return None
    if comment.side is Side.NEW:
        first, last = comment.start.new, comment.end.new
    else:
        first, last = comment.start.old, comment.end.old
    return None if first is None or last is None else (first, last)


def _without_suggestion(body: str) -> str:
    """Turn a suggestion into plain code: applied from elsewhere than its lines it would replace others."""
    return re.sub(r"(?m)^(\s*(?:`{3,}|~{3,}))suggestion\b.*$", r"\1", body)
