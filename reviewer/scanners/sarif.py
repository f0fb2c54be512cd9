"""Take in other tools' findings, from SARIF files, as far as the change touches them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path

from parsers.diff import Side
from reviewer.config import RulesSettings, Weight
from reviewer.domain import ChangedFile, ChangeSet, Finding, ReviewWarning, Severity, Source
from reviewer.ports import ScanReport
from reviewer.scanners.newside import NewSide, new_side
from reviewer.scanners.sarif_file import SarifReport, SarifResult, read
from reviewer.scanners.sarif_severity import weigh
from reviewer.stages.anchor import anchor
from reviewer.stages.redact import redact

MOST_FINDINGS = 1_000
"""Of one file, on the change: more are no help to anybody."""


class SarifScanner:
    """Finds what the files' tools found; `root` is the repository, for files with absolute paths.

    Raises UsageError from `scan` for a file that is not there, too large, or no SARIF at all.
    """

    name = "sarif"
    thorough = False

    def __init__(
        self,
        files: Sequence[Path],
        root: Path | None = None,
        *,
        weights: Sequence[Weight] = (),
        rules: RulesSettings | None = None,
    ) -> None:
        self._files = tuple(files)
        self._root = root
        self._weights = tuple(weights)
        self._rules = rules or RulesSettings()

    def scan(self, change: ChangeSet) -> ScanReport:
        """Keep the results that lie on changed lines."""
        findings: dict[Finding, None] = {}
        warnings: list[ReviewWarning] = []
        known: list[str] = []
        for file in self._files:
            report = read(file, self._root)
            known += [f"{tool}/*" for tool in report.tools]
            kept = take(report, change, file.name, weights=self._weights, rules=self._rules)
            findings |= dict.fromkeys(kept.findings)
            warnings += kept.warnings
        return ScanReport(tuple(findings), tuple(warnings), known=tuple(known))


def take(
    report: SarifReport,
    change: ChangeSet,
    name: str,
    *,
    weights: Sequence[Weight],
    rules: RulesSettings,
    required: bool = False,
) -> ScanReport:
    """Keep a report's results on changed lines, weighed, those disabled left out; `name` is for warnings.

    A tool that says that it failed leaves the verdict undecided if it is `required`.
    """
    warnings = list(_tell(report, name, undecided=required))
    findings = tuple(islice(_findings(report, change, weights, rules), MOST_FINDINGS + 1))
    if len(findings) > MOST_FINDINGS:
        message = (
            f"{name}: more than {MOST_FINDINGS} results lie on the change: the others were not looked at"
        )
        warnings.append(ReviewWarning("too-many-results", message, undecided=True))
    return ScanReport(findings[:MOST_FINDINGS], tuple(warnings))


def _findings(
    report: SarifReport, change: ChangeSet, weights: Sequence[Weight], rules: RulesSettings
) -> Iterator[Finding]:
    texts = {file.path: _FileText(file) for file in change.files if file.diff.added_lines}
    paths = {path: _match(path, texts) for path in {result.path for result in report.results}}
    for result in dict.fromkeys(report.results):
        text = texts.get(paths[result.path])
        lines = text.place(result) if text else None
        if text is None or lines is None:
            continue
        if any(fnmatchcase(result.rule_id, name) for name in rules.disable):
            continue
        severity = rules.severity.get(result.rule_id) or weigh(result.claim, weights)
        yield _finding(result, severity, text, *lines)


def _tell(report: SarifReport, name: str, *, undecided: bool) -> Iterator[ReviewWarning]:
    for failure in report.failures:
        yield ReviewWarning("tool-failed", f"{name}: {failure}", undecided=undecided)
    if report.malformed:
        yield ReviewWarning("sarif-malformed", f"{name}: {report.malformed} results could not be read")
    if report.outside:
        yield ReviewWarning("sarif-outside", f"{name}: {report.outside} results lie outside the repository")
    if report.silenced:
        yield ReviewWarning(
            "sarif-silenced",
            f"{name}: {report.silenced} results were left out that the tool calls suppressed",
        )


def _match(path: str, files: Collection[str]) -> str:
    """Return the changed file that a path means: that one, or the only one that ends in it.

    Tools that know packages and no folders (SpotBugs) name the end alone.
    """
    if path in files or "/" not in path:
        return path
    ends = [file for file in files if file.endswith(f"/{path}")]
    return ends[0] if len(ends) == 1 else path


class _FileText:
    """A changed file, laid out once for all results about it."""

    def __init__(self, file: ChangedFile) -> None:
        self.file = file
        self._added = sorted(file.diff.added_lines)
        self._side: NewSide | None = None

    def place(self, result: SarifResult) -> tuple[int | None, int | None] | None:
        """Return a result's lines on the change, None and None for the whole file; None if it lies beside."""
        if not result.start_line or not result.end_line:
            return None, None
        next_added = bisect_left(self._added, result.start_line)
        if next_added == len(self._added) or self._added[next_added] > result.end_line:
            return None
        return anchor(self.file, Side.NEW, result.start_line, result.end_line)

    def quote(self, start: int | None, end: int | None) -> str:
        """Quote lines; nothing for the whole file."""
        self._side = self._side or new_side(self.file)
        return self._side.quote(start, end) if self._side and start and end else ""


def _finding(
    result: SarifResult, severity: Severity, text: _FileText, start: int | None, end: int | None
) -> Finding:
    return Finding(
        rule_id=result.rule_id,
        source=Source.SARIF,
        severity=severity,
        confidence=result.confidence,
        category=result.category,
        path=text.file.path,
        side=Side.NEW,
        start_line=start,
        end_line=end,
        title=redact(result.title).text,
        message=redact(result.message).text,
        cwe=result.cwe,
        evidence=redact(text.quote(start, end)).text,
    )
