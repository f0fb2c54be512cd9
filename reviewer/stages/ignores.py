"""Read `reviewer: ignore[rule-id, other/*] until=2026-12-31 reason` out of the comments of the code.

It stands at the start of a comment, on a line of the finding or alone on the line above. At least one
rule is named; `python/*` means all rules of that folder. The date is the last day on which it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

from parsers.diff import LineKind, Side
from parsers.languages import detect
from reviewer.config import RulesSettings
from reviewer.domain import Category, ChangedFile, ChangeSet, Confidence, Finding, Severity, Source
from reviewer.stages.sides import numbered_lines

WITHOUT_REASON = "reviewer/ignore-without-reason"

_OPENERS = ("#", "//", "--", "/*", "<!--")
_CLOSERS = ("*/", "-->")
_RULE_ID = re.compile(r"[\w.@:+-]+(?:/[\w.@:+-]+)*(?:/\*)?")
_UNTIL = re.compile(r"^[\s:–—-]*until\s*=\s*(\S*)")
_TEXTS = {
    "en": (
        "Finding silenced without a reason",
        "This comment silences a rule and does not say why.",
        "Whoever reads the code later cannot tell a decision from a shortcut. Write the reason behind the bracket, "
        "and `until=YYYY-MM-DD` if it is for a time.",
    ),
    "zh-CN": (
        "未说明理由就忽略规则",
        "这条注释忽略了规则，却没有写明理由。",
        "之后读代码的人分不清这是决定还是图省事。请在方括号后写明理由；若只是暂时的，加上 `until=YYYY-MM-DD`。",
    ),
}


@dataclass(frozen=True, slots=True)
class Ignore:
    """One such comment; `alone` if nothing else is on its line.

    `until` is its last day, None where it holds for ever; `broken` quotes a date that is none.
    """

    line: int
    rules: tuple[str, ...]
    reason: str
    alone: bool
    until: date | None = None
    broken: str = ""

    def names(self, rule_id: str) -> bool:
        """Say whether it speaks of a rule."""
        return any(
            rule_id.startswith(rule[:-1]) if rule.endswith("/*") else rule_id == rule for rule in self.rules
        )

    def holds(self, today: date) -> bool:
        """Say whether it silences anything today."""
        return not self.broken and (self.until is None or today <= self.until)


def read_ignores(path: str, lines: Mapping[int, str]) -> dict[int, Ignore]:
    """Return the ignore comments among numbered lines of a file, by their line."""
    if not any("reviewer:" in line for line in lines.values()):
        return {}
    comment = _comment_pattern(path, lines.get(1, ""))
    found: dict[int, Ignore] = {}
    for number, line in lines.items():
        match = comment.search(line) if "reviewer:" in line else None
        if match is None:
            continue
        rules = tuple(rule.strip() for rule in match["rules"].split(","))
        if all(_RULE_ID.fullmatch(rule) for rule in rules):
            found[number] = _read(number, rules, match["rest"], alone=not line[: match.start()].strip())
    return found


def without_reason(change: ChangeSet, settings: RulesSettings, language: str) -> tuple[Finding, ...]:
    """Find the ignore comments that the change adds and that do not say why.

    `settings` may disable the rule, or weigh it otherwise than low.
    """
    if any(fnmatchcase(WITHOUT_REASON, name) for name in settings.disable):
        return ()
    severity = settings.severity.get(WITHOUT_REASON, Severity.LOW)
    return tuple(
        _finding(file.path, ignore, severity, language)
        for file in change.files
        for ignore in added_ignores(file)
        if not ignore.reason
    )


def added_ignores(file: ChangedFile) -> Iterator[Ignore]:
    """Yield the ignore comments on a file's added lines."""
    added = (line for hunk in file.diff.hunks for line in hunk.lines if line.kind is LineKind.ADDED)
    if any(b"reviewer:" in line.text for line in added):
        lines = set(file.diff.added_lines)
        ignores = read_ignores(file.path, numbered_lines(file, Side.NEW))
        yield from (ignore for number, ignore in ignores.items() if number in lines)


def _finding(path: str, ignore: Ignore, severity: Severity, language: str) -> Finding:
    title, message, why = _TEXTS[language]
    return Finding(
        rule_id=WITHOUT_REASON,
        source=Source.RULE,
        severity=severity,
        confidence=Confidence.HIGH,
        category=Category.MAINTAINABILITY,
        path=path,
        side=Side.NEW,
        start_line=ignore.line,
        end_line=ignore.line,
        title=title,
        message=message,
        why=why,
        evidence=f"reviewer: ignore[{', '.join(ignore.rules)}]",
    )


def _comment_pattern(path: str, first_line: str) -> re.Pattern[str]:
    language = detect(path, first_line.encode("utf-8", "surrogatepass"))
    openers: tuple[str, ...] = _OPENERS
    if language:
        openers = (*language.line_comments, *(opener for opener, _ in language.block_comments)) or _OPENERS
    starts = "|".join(re.escape(opener) for opener in openers)
    return re.compile(rf"(?:{starts})\s*reviewer:\s*ignore\[(?P<rules>[^\]]*)\](?P<rest>.*)")


def _read(line: int, rules: tuple[str, ...], rest: str, *, alone: bool) -> Ignore:
    for closer in _CLOSERS:
        rest = rest.partition(closer)[0]
    dated = _UNTIL.match(rest)
    until, broken = _day(dated[1]) if dated else (None, "")
    reason = rest[dated.end() :] if dated else rest
    return Ignore(line, rules, reason.strip(" \t:-–—"), alone, until, broken)


def _day(text: str) -> tuple[date | None, str]:
    try:
        return date.fromisoformat(text), ""
    except ValueError:
        return None, text or "nothing"
