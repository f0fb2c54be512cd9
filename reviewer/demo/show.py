"""Show a merge request on a terminal as a developer sees it: comments under their lines, then the summary."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.markdown import Markdown
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from reviewer.demo import replies
from reviewer.demo.play import Scene, Stage
from reviewer.demo.records import Discussion, MergeRequest, Note

_MARKER = re.compile(r"<!-- reviewer:.*?-->", re.DOTALL)
_LINES_ABOVE = 2
_WIDTH = 100


def width() -> int:
    """Return how wide to print: what the terminal has, at most 100 columns, and 100 in a pipe."""
    return min(_WIDTH, shutil.get_terminal_size((_WIDTH, 24)).columns)


def show_scene(console: Console, stage: Stage, scene: Scene) -> None:
    """Print the merge request of an act and what the numbers were."""
    merge_request = scene.merge_request
    console.print(
        Text.assemble(
            (f"!{merge_request.iid} {merge_request.title}", "bold"),
            f"  {merge_request.author.username} wants to merge {merge_request.source} into {merge_request.target}",
        )
    )
    for path, discussions in _inline(merge_request).items():
        console.print()
        console.print(Rule(Text(path, style="bold"), align="left", style="dim"))
        text = stage.project.repository.git.run("show", f"{merge_request.latest.head}:{path}").decode()
        for discussion in discussions:
            console.print(_thread(discussion, path, text))
    console.print()
    console.print(Rule(Text("the summary note", style="bold"), align="left", style="dim"))
    for note in _summaries(merge_request):
        console.print(Padding(Markdown(_MARKER.sub("", note.body)), (0, 2)))
    console.print()
    console.print(_figures(scene))


def show_drafts(console: Console, scene: Scene) -> None:
    """Print what became of each draft that the hand-written model gave."""
    table = Table(title="What the model's drafts became", title_justify="left", expand=True, show_lines=False)
    for heading in ("draft", "line it named", "became"):
        table.add_column(heading, ratio=3 if heading == "draft" else 1 if heading == "line it named" else 3)
    for draft in replies.DRAFTS:
        table.add_row(Text(draft["title"]), str(draft["start_line"]), _fate(draft, scene.document))
    console.print(table)
    hostile = replies.DRAFTS[-1]["title"]
    posted = next(
        (note.body for note in scene.merge_request.notes() if note.position and hostile in note.body), ""
    )
    console.print()
    console.print("The hostile text as it was posted: nothing in it acts, mentions or loads anything.")
    console.print(Padding(Text(posted, style="dim"), (0, 2)))


def _fate(draft: dict[str, Any], document: dict[str, Any]) -> Text:
    found = next((item for item in document["findings"] if item["title"] == draft["title"]), None)
    reasons = [item["reason"] for item in document["rejected"] if item["message"] == draft["title"]]
    if found is None:
        return Text(f"rejected: {', '.join(reasons) or 'not asked about'}", style="red")
    words = f"a comment on line {found['start_line']}"
    if draft["start_line"] != found["start_line"]:
        words += ", where the quoted code is,"
    if reasons:
        return Text(f"{words.rstrip(',')}; its suggestion was dropped ({', '.join(reasons)})", style="yellow")
    return Text(f"{words} with a suggestion" if found["suggestion"] else words.rstrip(","), style="green")


def _inline(merge_request: MergeRequest) -> dict[str, list[Discussion]]:
    files: dict[str, list[Discussion]] = {}
    for discussion in merge_request.discussions:
        position = discussion.notes[0].position
        if position:
            files.setdefault(position["new_path"], []).append(discussion)
    return {
        path: sorted(files[path], key=lambda item: (item.notes[0].position or {}).get("new_line") or 0)
        for path in sorted(files)
    }


def _summaries(merge_request: MergeRequest) -> Iterator[Note]:
    yield from (item.notes[0] for item in merge_request.discussions if item.individual)


def _thread(discussion: Discussion, path: str, text: str) -> RenderableType:
    note = discussion.notes[0]
    line = (note.position or {}).get("new_line") or 1
    code = Syntax(
        text, path.rpartition(".")[2], line_numbers=True, theme="ansi_dark", background_color="default",
        line_range=(max(1, line - _LINES_ABOVE), line), highlight_lines=set(),
    )  # fmt: skip
    comment = Panel(
        Markdown(_MARKER.sub("", note.body)),
        title=f"@{note.author.username}",
        title_align="left",
        border_style="cyan",
    )
    return Group(code, Padding(comment, (0, 0, 1, 6)))


def _figures(scene: Scene) -> Text:
    found = Counter(item["source"] for item in scene.document["findings"])
    usage = scene.document["usage"]
    sources = ", ".join(f"{count} by {source}" for source, count in sorted(found.items())) or "none"
    parts = [f"verdict {scene.document['verdict'].upper()}", f"findings: {sources}", f"{scene.seconds:.1f} s"]
    if usage["model_calls"]:
        parts.append(f"{usage['model_calls']} model calls")
    parts.append(f"the second delivery added {scene.posted_again} notes")
    return Text("; ".join(parts), style="bold")
