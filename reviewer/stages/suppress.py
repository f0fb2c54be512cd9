"""Silence findings that people have answered: in the code, or in a baseline file.

In the code it is `reviewer: ignore[rule-id, other/*] reason` at the start of a comment, on a line of
the finding or alone on the line above. At least one rule is named; `python/*` means all rules of
that folder. Nothing else in the code under review silences anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parsers.diff import Side
from parsers.languages import detect
from reviewer.domain import ChangeSet, Finding, Suppressed
from reviewer.errors import ConfigError
from reviewer.stages.sides import numbered_lines

_OPENERS = ("#", "//", "--", "/*", "<!--")
_CLOSERS = ("*/", "-->")
_RULE_ID = re.compile(r"[\w.-]+(?:/[\w.-]+)*(?:/\*)?")


@dataclass(frozen=True, slots=True)
class Baseline:
    """Fingerprints of findings that were there when somebody drew the line."""

    fingerprints: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Ignore:
    """One `reviewer: ignore[...]`; `alone` if nothing but the comment is on its line."""

    rules: tuple[str, ...]
    reason: str
    alone: bool

    def names(self, rule_id: str) -> bool:
        return any(
            rule_id.startswith(rule[:-1]) if rule.endswith("/*") else rule_id == rule for rule in self.rules
        )


def apply_suppressions(
    findings: Sequence[Finding], change: ChangeSet, baseline: Baseline | None = None
) -> tuple[tuple[Finding, ...], tuple[Suppressed, ...]]:
    """Part the findings (with fingerprints) into those that stand and those that are silenced."""
    accepted = baseline.fingerprints if baseline else frozenset()
    ignores = _read_ignores(findings, change)
    kept, suppressed = [], []
    for finding in findings:
        ignore = _ignore_of(finding, ignores.get((finding.path, finding.side), {}))
        if ignore:
            suppressed.append(Suppressed(finding, "inline", ignore.reason))
        elif finding.fingerprint in accepted:
            suppressed.append(Suppressed(finding, "baseline"))
        else:
            kept.append(finding)
    return tuple(kept), tuple(suppressed)


def write_baseline(findings: Iterable[Finding]) -> str:
    """Write a baseline file (JSON, in a stable order) that accepts these findings."""
    unique = {finding.fingerprint: finding for finding in findings}.values()
    rows = [
        {"fingerprint": one.fingerprint, "rule_id": one.rule_id, "path": one.path, "message": one.title}
        for one in sorted(unique, key=lambda one: (one.path, one.rule_id, one.fingerprint))
    ]
    return json.dumps({"version": 1, "findings": rows}, indent=2) + "\n"


def read_baseline(content: bytes, source: str) -> Baseline:
    """Read a baseline file; raise ConfigError, naming `source`, for anything else."""
    try:
        document = json.loads(content)
        if document["version"] != 1:
            raise ConfigError(
                f"{source} is a baseline of another version: {document['version']}", source=source
            )
        return Baseline(frozenset(str(row["fingerprint"]) for row in document["findings"]))
    except (ValueError, TypeError, KeyError, RecursionError) as err:
        raise ConfigError(
            f"{source} is not a baseline file: {err}",
            source=source,
            remedy="write one with --write-baseline",
        ) from err


def _read_ignores(
    findings: Iterable[Finding], change: ChangeSet
) -> dict[tuple[str, Side], dict[int, _Ignore]]:
    """Read the ignore comments of each side of a file that has findings."""
    files = {file.path: file for file in change.files}
    places = {(finding.path, finding.side) for finding in findings if finding.path in files}
    return {(path, side): _ignores_in(path, numbered_lines(files[path], side)) for path, side in places}


def _ignores_in(path: str, lines: dict[int, str]) -> dict[int, _Ignore]:
    comment = _comment_pattern(path, lines.get(1, ""))
    found: dict[int, _Ignore] = {}
    for number, line in lines.items():
        match = comment.search(line) if "reviewer:" in line else None
        if match is None:
            continue
        rules = tuple(rule.strip() for rule in match["rules"].split(","))
        if all(_RULE_ID.fullmatch(rule) for rule in rules):
            found[number] = _Ignore(rules, _reason(match["rest"]), alone=not line[: match.start()].strip())
    return found


def _comment_pattern(path: str, first_line: str) -> re.Pattern[str]:
    language = detect(path, first_line.encode("utf-8", "surrogatepass"))
    openers: tuple[str, ...] = _OPENERS
    if language:
        openers = (*language.line_comments, *(opener for opener, _ in language.block_comments))
    starts = "|".join(re.escape(opener) for opener in openers)
    return re.compile(rf"(?:{starts})\s*reviewer:\s*ignore\[(?P<rules>[^\]]*)\](?P<rest>.*)")


def _reason(rest: str) -> str:
    for closer in _CLOSERS:
        rest = rest.partition(closer)[0]
    return rest.strip(" \t:-–—")


def _ignore_of(finding: Finding, ignores: dict[int, _Ignore]) -> _Ignore | None:
    if finding.start_line is None or finding.end_line is None or not ignores:
        return None
    above = ignores.get(finding.start_line - 1)
    if above and above.alone and above.names(finding.rule_id):
        return above
    on_its_lines = (ignores.get(number) for number in range(finding.start_line, finding.end_line + 1))
    return next((ignore for ignore in on_its_lines if ignore and ignore.names(finding.rule_id)), None)
