"""Match the rules against the new side of a change.

The engines get copies: UTF-8, under names of ours, with the comments defused that would silence
ast-grep. So nothing in the code under review decides what is found in it. A file that holds other
languages (a Vue component its scripts, a MyBatis mapper its SQL) has one more copy for each, with all
the rest blanked: lines and columns are those of the file.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from parsers.diff import Side
from parsers.languages import Language, detect
from parsers.source import SourceTooCostly, SourceTooLarge, check_cost, parse
from reviewer.domain import ChangedFile, ChangeSet, Finding, ReviewWarning, Source, Suggestion
from reviewer.ports import ScanReport
from reviewer.scanners import astgrep, engines, matches
from reviewer.scanners.matches import Match, SourceText
from reviewer.scanners.newside import new_side
from reviewer.scanners.rulebook import Rulebook
from reviewer.scanners.rulefile import TextLanguage
from reviewer.stages.anchor import anchor
from reviewer.stages.redact import redact

_SILENCER = b"ast-grep-ignore"
_DEFUSED = b"ast-grep-IGNORE"  # as long, so that columns stay; ast-grep looks for the lower-case one
_HEAD = 4_096  # characters: enough to tell what a file is


@dataclass(frozen=True, slots=True)
class _Target:
    """A changed file as it is searched: `utf8` is all of it, and line n of every copy is line n of it."""

    file: ChangedFile
    whole: bool
    utf8: bytes
    copies: dict[str, SourceText]

    def blanked_lines(self) -> list[int]:
        """Return the changed lines that no copy shows as they are."""
        if all(len(copy.utf8) >= len(self.utf8) for copy in self.copies.values()):
            return []
        rows = self.utf8.split(b"\n")
        shown = [copy.utf8.split(b"\n") for copy in self.copies.values()]
        long = (line for line in self.file.diff.added_lines if len(rows[line - 1]) > astgrep.MAX_LINE)
        return [line for line in long if not any(copy[line - 1] == rows[line - 1] for copy in shown)]


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
        self._for_ast_grep = {
            name for rule in rulebook.rules if rule.written.rule is not None for name in rule.languages
        }

    def scan(self, change: ChangeSet) -> ScanReport:
        """Scan the changed files of the languages that have rules, each file once.

        Findings lie on changed lines of the new side. What could not be scanned is an undecided warning.
        """
        warnings = [
            ReviewWarning("rule-broken", f"left out: {err}", undecided=True) for err in self._rulebook.broken
        ]
        targets = list(self._targets(change, warnings))
        if not targets:
            return ScanReport((), tuple(warnings))
        outcome = engines.run(
            self._rulebook.rules,
            {name: copy for target in targets for name, copy in target.copies.items()},
            seconds=self._seconds,
            binary=self._binary,
        )
        if outcome.problem:
            failed = ReviewWarning(
                "scanner-failed", f"the rules did not run: {outcome.problem}", undecided=True
            )
            return ScanReport((), (*warnings, failed))
        if outcome.cut:
            message = f"more than {matches.MAX_RESULTS} matches in the changed files: some were not looked at"
            warnings.append(ReviewWarning("too-many-matches", message, undecided=True))
        for target in targets:
            warnings.extend(_unseen(target, outcome.scanned))
        by_copy: dict[str, list[Match]] = defaultdict(list)
        for match in outcome.matches:
            by_copy[match.file].append(match)
        findings = (finding for target in targets for finding in self._findings(target, by_copy))
        return ScanReport(_distinct(findings), tuple(warnings))

    def _targets(self, change: ChangeSet, warnings: list[ReviewWarning]) -> Iterator[_Target]:
        """Yield the files to search; add a warning for each that nobody should parse."""
        known = self._rulebook.languages
        deadline = time.monotonic() + self._seconds
        for number, file in enumerate(change.files):
            side = new_side(file)
            if side is None:
                continue
            text = "\n".join(side.lines)
            language = detect(file.path, text[:_HEAD].encode("utf-8", "replace"))
            if language is None:
                continue
            utf8 = text.encode("utf-8", "replace").replace(_SILENCER, _DEFUSED)
            utf8 = file.new if file.new == utf8 else utf8  # most files need no copy
            try:
                read = list(_copies(language, utf8, in_time=time.monotonic() < deadline))
            except SourceTooCostly as err:
                message = f"the file was read without its syntax and not searched: {err}"
                warnings.append(ReviewWarning("too-costly", message, file.path, undecided=True))
                continue
            copies = {
                f"{number}-{part}": self._shortened(copy)
                for part, copy in enumerate(read)
                if copy.language in known
            }
            if copies:
                yield _Target(file, side.whole, utf8, copies)

    def _shortened(self, copy: SourceText) -> SourceText:
        """Blank over-long lines for ast-grep, which repeats a line for every match on it."""
        if copy.language not in self._for_ast_grep or len(copy.utf8) <= astgrep.MAX_LINE:
            return copy
        lines = (line if len(line) <= astgrep.MAX_LINE else b"" for line in copy.utf8.split(b"\n"))
        return replace(copy, utf8=b"\n".join(lines))

    def _findings(self, target: _Target, by_copy: Mapping[str, Sequence[Match]]) -> Iterator[Finding]:
        found = [match for name in target.copies for match in by_copy.get(name, ())]
        side = new_side(target.file) if found else None  # laid out again: most files have no match
        if side is None:
            return
        for match in found:
            lines = anchor(target.file, Side.NEW, match.start_line, match.end_line)
            if lines is not None:
                evidence = redact(side.quote(*lines)).text
                yield self._finding(match, target, lines, evidence)

    def _finding(self, match: Match, target: _Target, lines: tuple[int, int], evidence: str) -> Finding:
        rule = self._rulebook.rules[int(match.rule)]
        text, metadata = rule.text(self._language), rule.written.metadata
        return Finding(
            rule_id=rule.id,
            source=Source.RULE,
            severity=rule.severity,
            confidence=metadata.confidence,
            category=metadata.category,
            path=target.file.path,
            side=Side.NEW,
            start_line=lines[0],
            end_line=lines[1],
            title=text.title,
            message=text.message,
            why=text.why,
            cwe=metadata.cwe,
            suggestion=_suggestion(match, target),
            evidence=evidence,
        )


def _copies(language: Language, utf8: bytes, *, in_time: bool) -> Iterator[SourceText]:
    """Yield a file as what it is, and as what it holds of other languages; raise SourceTooCostly.

    With no time left the engines alone find out, under their own limits, whether a file is too much.
    """
    yield SourceText(language.name, utf8)
    if not in_time:
        if language.embed is not None:
            raise SourceTooCostly("others before it took all the time")
        return
    try:
        if language.embed is None:
            check_cost(utf8, language)
            return
        embedded = parse(utf8, language).embedded
    except SourceTooCostly:
        raise
    except SourceTooLarge:
        return  # nor can the file itself be read, and that is said
    for part in embedded:
        yield SourceText(part.language.name, part.source.utf8, embedded=True)


def _suggestion(match: Match, target: _Target) -> Suggestion | None:
    """Widen a fix to whole lines; None without a fix, without the whole file, or with a secret in it."""
    if match.replacement is None or not target.whole:
        return None
    searched = target.copies[match.file].utf8
    before = searched[: match.start].rpartition(b"\n")[2]
    after = searched[match.end :].partition(b"\n")[0]
    start = searched.count(b"\n", 0, match.start) + 1
    replaced = (before + searched[match.start : match.end] + after).split(b"\n")
    end = start + len(replaced) - 1
    if replaced != target.utf8.split(b"\n")[start - 1 : end]:
        return None  # the copy left something out on these lines
    lines = before + match.replacement.encode() + after
    text = lines.replace(_DEFUSED, _SILENCER).replace(b"\r\n", b"\n").removesuffix(b"\r").decode()
    if redact(text).count:
        return None
    return Suggestion(start, end, text if text.strip() else "")


def _unseen(target: _Target, scanned: frozenset[str]) -> Iterator[ReviewWarning]:
    path = target.file.path
    if any(name not in scanned and copy.utf8.strip() for name, copy in target.copies.items()):
        message = "the file could not be searched: too large or too slow to parse"
        yield ReviewWarning("file-not-scanned", message, path, undecided=True)
    if long := target.blanked_lines():
        message = f"line {long[0]} is longer than {astgrep.MAX_LINE} bytes: the rules did not see it"
        yield ReviewWarning("line-too-long", message, path, undecided=True)
    if not target.whole:
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
