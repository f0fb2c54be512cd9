"""A rule as a page for the terminal: what it says, how it matches, and its examples with the lines marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from reviewer.outputs.text import STYLES
from reviewer.outputs.wrapping import wrap
from reviewer.scanners import numbered
from reviewer.scanners.rulefile import Rule, TextLanguage
from reviewer.stages.guidelines import Guideline

_INDENT = "  "
_LEXERS = {"dockerfile": "docker", "vue": "html", "tsx": "typescript"}
_WORDS = {
    "en": ("What", "Why", "How it matches", "Found", "After the fix", "Fine", "To silence it in one place", "Settings"),
    "zh-CN": ("问题", "原因与改法", "匹配方式", "会报告", "修复后", "不会报告", "只在一处忽略", "设置"),
}  # fmt: skip


def print_rule(rule: Rule, language: TextLanguage, console: Console) -> None:
    """Print a rule's whole page."""
    for line in _page(rule, language):
        console.print(line)


def print_guideline(guideline: Guideline, language: TextLanguage, console: Console) -> None:
    """Print a rule in words, as the model gets it."""
    chinese = language == "zh-CN"
    title, text = guideline.title, guideline.text
    if chinese:
        title, text = guideline.title_zh or title, guideline.text_zh or text
    console.print(Text.assemble((guideline.id, "bold"), "  ", title))
    scope = ", ".join((*guideline.globs, *sorted(guideline.languages)))
    console.print(
        Text.assemble((guideline.severity.value, STYLES[guideline.severity]), f"  {scope}".rstrip())
    )
    console.print("")
    for line in text.splitlines():
        console.print(Text(f"{_INDENT}{line}"))


def _page(rule: Rule, language: TextLanguage) -> Iterator[Text]:
    what, why, how, found, fixed, fine, silence, settings = _WORDS[language]
    text, metadata = rule.text(language), rule.written.metadata
    yield Text.assemble((rule.id, "bold"), "  ", text.title)
    yield Text.assemble(
        (rule.severity.value, STYLES[rule.severity]),
        f" severity, {metadata.confidence.value} confidence, {metadata.category.value}",
        *(f", {cwe}" for cwe in metadata.cwe),
    )
    yield Text(f"{', '.join(rule.languages)}; {rule.file}:{rule.line}", style="dim")
    yield from _section(what, [Text(line) for line in wrap(text.message)])
    yield from _section(why, [Text(line) for line in wrap(text.why)])
    yield from _section(how, _highlighted(_matcher(rule), "yaml"))
    for example in metadata.invalid:
        yield from _section(found, _code(example.code, rule, set(example.lines)))
        if example.fix is not None:
            yield from _section(fixed, _code(example.fix, rule))
    for code in metadata.valid:
        yield from _section(fine, _code(code, rule))
    yield from _section(silence, [Text(f"reviewer: ignore[{rule.id}] reason")])
    toml = f'[rules]\ndisable = ["{rule.id}"]\n[rules.severity]\n"{rule.id}" = "low"'
    yield from _section(settings, _highlighted(toml, "toml"))


def _section(title: str, lines: Sequence[Text]) -> Iterator[Text]:
    yield Text("")
    yield Text(title, style="bold")
    for line in lines:
        yield Text.assemble(_INDENT, line)


def _code(code: str, rule: Rule, marked: set[int] | None = None) -> list[Text]:
    """Number the lines of an example, and mark those on which a finding starts."""
    lines = _highlighted(code.rstrip("\n"), rule.written.language)
    width = len(str(len(lines)))
    numbered_lines = []
    for number, line in enumerate(lines, 1):
        hit = marked is not None and number in marked
        margin = Text(f"{'>' if hit else ' '} {number:>{width}} ", style="bold red" if hit else "dim")
        numbered_lines.append(Text.assemble(margin, "| ", line))
    return numbered_lines


def _highlighted(code: str, language: str) -> list[Text]:
    text = Syntax(
        "", _LEXERS.get(language, language), theme="ansi_dark", background_color="default"
    ).highlight(code)
    text.rstrip()
    return list(text.split("\n", allow_blank=True))


def _matcher(rule: Rule) -> str:
    """Return the part of the file between what it is called and what is said about it."""
    node, tree = numbered.load(rule.file)
    lines = rule.file.read_text(encoding="utf-8").splitlines()
    places = {key: numbered.line_of(node, (key,)) or 1 for key in tree}
    others = {"id", "language", "message", "metadata"}
    kept = []
    for key, start in places.items():
        end = min((place for place in places.values() if place > start), default=len(lines) + 1)
        if key not in others:
            kept += lines[start - 1 : end - 1]
    return "\n".join(kept)
