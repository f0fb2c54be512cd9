"""Martian's code-review benchmark (github.com/withmartian/code-review-benchmark): comments without places.

The files `offline/golden_comments/*.json` have, for each pull request, `pr_title`, `url` and
`comments` with `comment` and `severity`. They name neither files nor commits: only a judge can match
them, and the clone has to hold the pull request's two ends as `refs/pull/N/base` and
`refs/pull/N/head`. (GitHub serves the second under that name; the first is the commit that the pull
request started from.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reviewer.evaluation.dataset import Case, Clone, Golden
from reviewer.evaluation.imports.fields import list_field, read_pull, read_severity, text_field


def read_item(item: dict[str, Any], place: str, repos: Path) -> Case:
    """Read one pull request. Raises UsageError for a missing field."""
    name, number = read_pull(text_field(item, place, "url"), place)
    pull = f"refs/pull/{number}"
    comments = list_field(item, place, "comments")
    return Case(
        id=f"martian/{name}/{number}",
        title=str(item.get("pr_title") or ""),
        tags=("martian",),
        repository=Clone(path=repos / name, base=f"{pull}/base", head=f"{pull}/head"),
        findings=tuple(
            Golden(
                severity=read_severity(comment.get("severity")),
                text=text_field(comment, f"{place}, comment {at}", "comment"),
            )
            for at, comment in enumerate(comments, start=1)
        ),
    )
