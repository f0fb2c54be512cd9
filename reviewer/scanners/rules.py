"""Match the rules against the new side of a change: ast-grep, once per change set.

The files are copies in a folder of our own: UTF-8, under names of ours, with the comments defused
that would silence ast-grep. So nothing in the code under review decides what is found in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from parsers.diff import Side
from parsers.languages import detect
from reviewer.domain import ChangedFile, ChangeSet, Finding, ReviewWarning, Source, Suggestion
from reviewer.ports import ScanReport
from reviewer.scanners import astgrep
from reviewer.scanners.astgrep import Match
from reviewer.scanners.newside import NewSide, new_side
from reviewer.scanners.rulebook import Rulebook
from reviewer.scanners.rulefile import TextLanguage
from reviewer.stages.anchor import anchor
from reviewer.stages.redact import redact

_SILENCER = b"ast-grep-ignore"
_DEFUSED = b"ast-grep-IGNORE"  # as long, so that columns stay; ast-grep looks for the lower-case one


@dataclass(frozen=True, slots=True)
class _Copy:
    """A file as ast-grep gets it; line n of `text` is line n of the file."""

    name: str
    file: ChangedFile
    side: NewSide
    text: bytes


class RuleScanner:
    """Finds what the rulebook knows; its words are in `language`, a scan takes at most `seconds`."""

    name = "rules"
    thorough = False

    def __init__(
        self,
        rulebook: Rulebook,
        language: TextLanguage = "en",
        *,
        seconds: float = 60.0,
        binary: str | None = None,
    ) -> None:
        self._rulebook = rulebook
        self._language = language
        self._seconds = seconds
        self._binary = binary

    def scan(self, change: ChangeSet) -> ScanReport:
        """Scan the changed files of the languages that have rules, in one run of ast-grep.

        Findings lie on changed lines of the new side. What could not be scanned is an undecided warning.
        """
        copies = {copy.name: copy for copy in self._copies(change)}
        warnings = [
            ReviewWarning("rule-broken", f"left out: {err}", undecided=True) for err in self._rulebook.broken
        ]
        if not copies:
            return ScanReport((), tuple(warnings))
        outcome = astgrep.run(
            self._rulebook.documents(),
            {copy.name: copy.text for copy in copies.values()},
            seconds=self._seconds,
            binary=self._binary,
        )
        if outcome.problem:
            failed = ReviewWarning(
                "scanner-failed", f"the rules did not run: {outcome.problem}", undecided=True
            )
            return ScanReport((), (*warnings, failed))
        if outcome.cut:
            message = f"more than {astgrep.MAX_RESULTS} matches in the changed files: some were not looked at"
            warnings.append(ReviewWarning("too-many-matches", message, undecided=True))
        for copy in copies.values():
            warnings.extend(_unseen(copy, scanned=copy.name in outcome.scanned))
        findings = (self._finding(match, copies[match.file]) for match in outcome.matches)
        return ScanReport(_distinct(finding for finding in findings if finding), tuple(warnings))

    def _copies(self, change: ChangeSet) -> Iterator[_Copy]:
        known = self._rulebook.languages
        for number, file in enumerate(change.files):
            side = new_side(file)
            if side is None:
                continue
            language = detect(file.path, side.lines[0].encode("utf-8", "replace"))
            if language is not None and language.name in known:
                yield _Copy(f"{number}{astgrep.SUFFIXES[language.name]}", file, side, _copy_text(side))

    def _finding(self, match: Match, copy: _Copy) -> Finding | None:
        lines = anchor(copy.file, Side.NEW, match.start_line, match.end_line)
        if lines is None:
            return None
        rule = self._rulebook.rules[int(match.rule)]
        text, metadata = rule.text(self._language), rule.written.metadata
        return Finding(
            rule_id=rule.id,
            source=Source.RULE,
            severity=rule.severity,
            confidence=metadata.confidence,
            category=metadata.category,
            path=copy.file.path,
            side=Side.NEW,
            start_line=lines[0],
            end_line=lines[1],
            title=text.title,
            message=text.message,
            why=text.why,
            cwe=metadata.cwe,
            suggestion=_suggestion(match, copy),
            evidence=redact(copy.side.quote(*lines)).text,
        )


def _copy_text(side: NewSide) -> bytes:
    """Write the UTF-8 copy. Over-long lines are blanked: ast-grep repeats a line for every match on it."""
    lines = (line if len(line) <= astgrep.MAX_LINE else "" for line in side.lines)
    return "\n".join(lines).encode("utf-8", "replace").replace(_SILENCER, _DEFUSED)


def _suggestion(match: Match, copy: _Copy) -> Suggestion | None:
    """Widen a fix to whole lines; None without a fix, without the whole file, or with a secret in it."""
    if match.replacement is None or not copy.side.whole:
        return None
    before = copy.text[: match.start].rpartition(b"\n")[2]
    after = copy.text[match.end :].partition(b"\n")[0]
    lines = before + match.replacement.encode() + after
    text = lines.replace(_DEFUSED, _SILENCER).replace(b"\r\n", b"\n").removesuffix(b"\r").decode()
    if redact(text).count:
        return None
    start = copy.text.count(b"\n", 0, match.start) + 1
    end = start + copy.text.count(b"\n", match.start, match.end)
    return Suggestion(start, end, text if text.strip() else "")


def _unseen(copy: _Copy, *, scanned: bool) -> Iterator[ReviewWarning]:
    path = copy.file.path
    if not scanned and copy.text.strip():
        yield ReviewWarning("file-not-scanned", "ast-grep left the file out", path, undecided=True)
    changed = copy.file.diff.added_lines
    long = [line for line in changed if len(copy.side.lines[line - 1]) > astgrep.MAX_LINE]
    if long:
        message = f"line {long[0]} is longer than {astgrep.MAX_LINE} characters: the rules did not see it"
        yield ReviewWarning("line-too-long", message, path, undecided=True)
    if not copy.side.whole:
        message = "only the lines of the diff were at hand: rules that look at the code around can err"
        yield ReviewWarning("partial-text", message, path)


def _distinct(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort, and keep one finding of a rule at a place: a pattern also matches inside its own match."""
    places: dict[tuple[str, int, int, str], Finding] = {}
    for finding in findings:
        places.setdefault(
            (finding.path, finding.start_line or 0, finding.end_line or 0, finding.rule_id), finding
        )
    return tuple(finding for _, finding in sorted(places.items()))
