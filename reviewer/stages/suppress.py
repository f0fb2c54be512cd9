"""Silence findings that people have answered: in the code, in a baseline file, or with a gesture in a
merge request that is remembered; and those that only moved.

Nothing else in the code under review silences anything, and whatever is silenced is listed.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import NamedTuple

from parsers.diff import Side
from reviewer.domain import ChangeSet, Dismissal, Finding, ReviewWarning, Suppressed
from reviewer.errors import ConfigError
from reviewer.stages.aside import Aside
from reviewer.stages.dismissed import Dismissals
from reviewer.stages.fingerprint import trace
from reviewer.stages.ignores import Ignore, added_ignores, read_ignores
from reviewer.stages.moved import Moves
from reviewer.stages.sides import numbered_lines

_UNPROVEN = ("guidelines", "model", "secret")  # what these would silence depends on who was asked


@dataclass(frozen=True, slots=True)
class Baseline:
    """Fingerprints of findings that were there when somebody drew the line."""

    fingerprints: frozenset[str] = frozenset()


class Silenced(NamedTuple):
    """Findings parted into those that stand and those that do not, and what is odd about the comments."""

    kept: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]
    warnings: tuple[ReviewWarning, ...]


def apply_suppressions(
    findings: Sequence[Finding],
    change: ChangeSet,
    baseline: Baseline | None = None,
    *,
    today: date,
    known: Collection[str] = (),
    aside: Aside | None = None,
    dismissals: Iterable[Dismissal] = (),
) -> Silenced:
    """Part the findings (with fingerprints) into those that stand and those that are silenced.

    `known` are the ids of all rules, or globs of them; empty where nobody knows. Code that moves from
    `aside` is new. `dismissals` are the project's.
    """
    accepted = baseline.fingerprints if baseline else frozenset()
    ignores = _read_ignores(findings, change)
    moves = Moves(change, aside)
    kept: list[Finding] = []
    suppressed: list[Suppressed] = []
    used: set[tuple[str, int]] = set()
    late: dict[ReviewWarning, None] = {}
    for finding in findings:
        ignore = _ignore_of(finding, ignores.get((finding.path, finding.side), {}))
        if ignore:
            used.add((finding.path, ignore.line))
        if ignore and ignore.holds(today):
            suppressed.append(Suppressed(finding, "inline", _note(ignore)))
            continue
        if finding.fingerprint in accepted:
            suppressed.append(Suppressed(finding, "baseline"))
        elif origin := moves.origin(finding):
            suppressed.append(Suppressed(finding, "moved", str(origin)))
        else:
            kept.append(finding)
            if ignore:
                late[_over(finding.path, ignore)] = None
    dismissed = _dismissed(kept, change, dismissals)
    standing = tuple(finding for finding in kept if finding.fingerprint not in dismissed)
    return Silenced(standing, (*suppressed, *dismissed.values()), (*late, *_odd(change, used, known)))


def _dismissed(
    findings: Sequence[Finding], change: ChangeSet, dismissals: Iterable[Dismissal]
) -> dict[str, Suppressed]:
    """Find the findings that people have dismissed before, by fingerprint."""
    made = tuple(dismissals)
    if not made:
        return {}
    remembered = Dismissals(made)
    matches = (
        (finding, remembered.match(left))
        for finding, left in zip(findings, trace(findings, change), strict=True)
    )
    return {
        finding.fingerprint: Suppressed(finding, "memory", match.note) for finding, match in matches if match
    }


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
) -> dict[tuple[str, Side], dict[int, Ignore]]:
    """Read the ignore comments of each side of a file that has findings."""
    files = {file.path: file for file in change.files}
    places = {(finding.path, finding.side) for finding in findings if finding.path in files}
    return {(path, side): read_ignores(path, numbered_lines(files[path], side)) for path, side in places}


def _ignore_of(finding: Finding, ignores: Mapping[int, Ignore]) -> Ignore | None:
    if finding.start_line is None or finding.end_line is None or not ignores:
        return None
    above = ignores.get(finding.start_line - 1)
    if above and above.alone and above.names(finding.rule_id):
        return above
    on_its_lines = (ignores.get(number) for number in range(finding.start_line, finding.end_line + 1))
    return next((ignore for ignore in on_its_lines if ignore and ignore.names(finding.rule_id)), None)


def _note(ignore: Ignore) -> str:
    return f"{ignore.reason} (until {ignore.until})".strip() if ignore.until else ignore.reason


def _over(path: str, ignore: Ignore) -> ReviewWarning:
    """Say why a comment no longer silences what it names."""
    if ignore.broken:
        message = (
            f"line {ignore.line}: until={ignore.broken} is no date (write 2026-12-31): nothing is silenced"
        )
    else:
        message = f"line {ignore.line}: what was silenced until {ignore.until} counts again"
    return ReviewWarning("suppression-over", message, path)


def _odd(change: ChangeSet, used: set[tuple[str, int]], known: Collection[str]) -> Iterator[ReviewWarning]:
    """Name the comments that the change adds for nothing: about no rule, or without such a finding."""
    for file in change.files:
        added = set(file.diff.added_lines)
        for ignore in added_ignores(file):
            strangers = [rule for rule in ignore.rules if known and not _exists(rule, known)]
            for rule in strangers:
                close = get_close_matches(rule, known, n=1)
                hint = f"; did you mean {close[0]}?" if close else ""
                message = f"line {ignore.line}: there is no rule {rule} here{hint}"
                yield ReviewWarning("suppression-unknown", message, file.path)
            covers = ignore.line + 1 if ignore.alone else ignore.line
            proven = all(rule.partition("/")[0] not in _UNPROVEN for rule in ignore.rules)
            if covers in added and proven and not strangers and (file.path, ignore.line) not in used:
                rules = ", ".join(ignore.rules)
                message = f"line {ignore.line}: there is nothing that ignore[{rules}] would silence"
                yield ReviewWarning("suppression-unused", message, file.path)


def _exists(name: str, known: Collection[str]) -> bool:
    if name.endswith("/*"):
        return any(rule.startswith(name[:-1]) for rule in known)
    return any(fnmatchcase(name, rule) for rule in known)
