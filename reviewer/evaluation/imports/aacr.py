"""AACR-Bench (github.com/alibaba/aacr-bench): review comments with places, changes by commit.

Its README has the fields: `githubPrUrl`, `source_commit` (the base), `target_commit` (the head),
`project_main_language`, and `comments` with `note`, `path`, `side` (left, right), `from_line`,
`to_line`, `category`. The set gives no severity. Assumed here: sides and line numbers are those of
the whole files, and a comment without usable lines is about its file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from parsers.diff import Side
from reviewer.evaluation.dataset import Case, Clone, Golden
from reviewer.evaluation.imports.fields import line_field, list_field, read_category, read_pull, text_field


def read_item(item: dict[str, Any], place: str, repos: Path) -> Case:
    """Read one pull request. Raises UsageError for a missing field."""
    name, number = read_pull(text_field(item, place, "githubPrUrl", "github_pr_url", "url"), place)
    base, head = (text_field(item, place, key) for key in ("source_commit", "target_commit"))
    comments = list_field(item, place, "comments")
    return Case(
        id=f"aacr/{name}/{number}",
        language=str(item.get("project_main_language") or "unknown").lower(),
        tags=("aacr",),
        repository=Clone(path=repos / name, base=base, head=head),
        findings=tuple(
            _golden(comment, f"{place}, comment {at}") for at, comment in enumerate(comments, start=1)
        ),
    )


def _golden(comment: dict[str, Any], place: str) -> Golden:
    start, end = line_field(comment, "from_line"), line_field(comment, "to_line")
    start, end = start or end, end or start
    if start is not None and end is not None and start > end:
        start, end = end, start
    return Golden(
        path=text_field(comment, place, "path"),
        side=Side.OLD if str(comment.get("side", "")).lower() in {"left", "old"} else Side.NEW,
        start_line=start,
        end_line=end,
        category=read_category(comment.get("category")),
        text=text_field(comment, place, "note", "comment"),
    )
