"""Format suggestions as their files are formatted, where that changes nothing but the suggested lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from parsers.edits import apply
from parsers.python_version import Version
from parsers.source import decode, split_lines
from reviewer.domain import ChangedFile, ChangeSet, Finding, ReviewWarning, Suggestion
from reviewer.ports import Formatter
from reviewer.stages.suggestion import holds

_MOST_FORMATTED = 50
_MOST_FAILURES = 2  # a formatter that hangs costs its whole time limit


def format_suggestions(
    findings: Iterable[Finding], change: ChangeSet, formatter: Formatter
) -> tuple[tuple[Finding, ...], tuple[ReviewWarning, ...]]:
    """Return the findings with their suggestions formatted, and a warning for each that failed.

    A suggestion stays as it is where the formatter would change other lines of the file as well, or
    makes of it what may not be suggested. After two failures no more are tried.
    """
    done: list[Finding] = []
    warnings: list[ReviewWarning] = []
    tried = 0
    for finding in findings:
        file, suggestion = change.file(finding.path), finding.suggestion
        if file is None or suggestion is None or tried == _MOST_FORMATTED or len(warnings) == _MOST_FAILURES:
            done.append(finding)
            continue
        tried += 1
        formatted, problem = _format(file, suggestion, formatter, change.python_version)
        if problem:
            message = f"a suggestion stays unformatted: {problem}"
            warnings.append(ReviewWarning("formatter-failed", message, finding.path))
        done.append(replace(finding, suggestion=formatted))
    return tuple(done), tuple(warnings)


def _format(
    file: ChangedFile, suggestion: Suggestion, formatter: Formatter, version: Version | None
) -> tuple[Suggestion, str]:
    """Return the suggestion, formatted where that is possible, and what went wrong."""
    if file.new is None or not suggestion.replacement or decode(file.new).encoding != "utf-8":
        return suggestion, ""
    try:
        edited = apply(file.new, suggestion.start_line, suggestion.end_line, suggestion.replacement)
    except ValueError:
        return suggestion, ""
    outcome = formatter.format(file.path, edited)
    if outcome.text is None:
        return suggestion, outcome.problem
    before = suggestion.start_line - 1
    after = len(split_lines(file.new)) - suggestion.end_line
    lines = _between(split_lines(edited), split_lines(outcome.text), before, after)
    if lines is None:
        return suggestion, ""
    text = b"\n".join(line.removesuffix(b"\r") for line in lines).decode("utf-8", "replace")
    formatted = replace(suggestion, replacement=text)
    return (formatted if holds(file, formatted, version) else suggestion), ""


def _between(edited: list[bytes], formatted: list[bytes], before: int, after: int) -> list[bytes] | None:
    """Return the formatted lines but for so many at the start and the end; None if those are not as they were."""
    last = len(formatted) - after
    if last <= before or formatted[:before] != edited[:before]:
        return None
    return formatted[before:last] if formatted[last:] == edited[len(edited) - after :] else None
