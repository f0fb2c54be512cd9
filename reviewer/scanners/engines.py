"""Run rules over texts, each rule by the engine that it is written for: ast-grep or tree-sitter queries."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from reviewer.scanners import astgrep, queries, querytext
from reviewer.scanners.matches import Run, SourceText
from reviewer.scanners.querytext import BadQuery
from reviewer.scanners.rulefile import Rule

CHECK_SECONDS = 30.0
_MOST_RUNS = 24  # of ast-grep for one language: enough to find two bad files among a thousand
_SHARE = 0.6  # of the time that is left
_FOR_QUERIES = 2.0  # seconds at least, however long ast-grep took


def run(
    rules: Sequence[Rule], sources: Mapping[str, SourceText], *, seconds: float, binary: str | None = None
) -> Run:
    """Match rules against texts by name; a rule's key in the matches is its index here.

    Only the rules of languages that occur are looked at. Takes about `seconds` at most and never
    raises: a failure is in the run's `problem`.
    """
    deadline = time.monotonic() + seconds
    languages = {source.language for source in sources.values()}
    keyed = {str(key): rule for key, rule in enumerate(rules) if not languages.isdisjoint(rule.languages)}
    first = _run_ast_grep(keyed, sources, seconds=seconds, binary=binary)
    if first.problem:
        return first
    written = {key: rule.written for key, rule in keyed.items() if rule.written.query is not None}
    second = queries.run(written, sources, seconds=max(_FOR_QUERIES, deadline - time.monotonic()))
    if second.problem:
        return second
    kept = (
        match
        for match in (*first.matches, *second.matches)
        if keyed[match.rule].written.metadata.embedded or not sources[match.file].embedded
    )
    return Run(tuple(kept), first.scanned | second.scanned, cut=first.cut or second.cut)


def find_problems(rules: Sequence[Rule]) -> dict[str, tuple[str, BadQuery | None]]:
    """Say of each rule (by id) that its engine refuses what is wrong; of a query, also where."""
    asked = [rule for rule in rules if rule.written.rule is not None]
    refused: dict[str, tuple[str, BadQuery | None]] = {}
    for language in sorted({language for rule in asked for language in rule.languages}):
        group = [rule for rule in asked if language in rule.languages]
        if _problem(group):  # one run if all are well, else one for each
            refused |= {rule.id: (problem, None) for rule in group if (problem := _problem([rule]))}
    bad = querytext.check({rule.id: rule.written for rule in rules if rule.written.query is not None})
    return refused | {rule_id: (str(err), err) for rule_id, err in bad.items()}


def _problem(rules: Sequence[Rule]) -> str:
    """Say what ast-grep has against rules; one that cannot run at all is the scan's to report."""
    documents = [document for rule in rules for document in rule.documents(rule.id)]
    outcome = astgrep.run(documents, {}, seconds=CHECK_SECONDS)
    return outcome.problem if outcome.bad_rule else ""


def _run_ast_grep(
    rules: Mapping[str, Rule], sources: Mapping[str, SourceText], *, seconds: float, binary: str | None
) -> Run:
    """Run ast-grep once for each language: a process holds 250 kB for every rule that it is given."""
    deadline = time.monotonic() + seconds
    runs: list[Run] = []
    for language in sorted({source.language for source in sources.values()}):
        documents = [
            document
            for key, rule in rules.items()
            for document in rule.documents(key)
            if document["language"] == language
        ]
        if not documents:
            continue
        files = {name: source for name, source in sources.items() if source.language == language}
        run = _search(documents, files, deadline, binary)
        if run.problem:
            return run
        runs.append(run)
    return _joined(runs)


def _search(
    documents: Sequence[Mapping[str, Any]],
    files: Mapping[str, SourceText],
    deadline: float,
    binary: str | None,
) -> Run:
    """Search files at once; where one of them is too much for ast-grep, find it by halves and leave it out.

    A run that fails as a whole has found nothing.
    """
    waiting = [sorted(files)]
    runs: list[Run] = []
    failed: Run | None = None
    for _ in range(_MOST_RUNS):
        if not waiting:
            break
        names = waiting.pop()
        left = max(0.0, deadline - time.monotonic())
        # What is left over is for the others, should there be a file among these that takes all it gets.
        share = left if not waiting and len(names) == 1 else left * _SHARE
        run = astgrep.run(documents, {name: files[name] for name in names}, seconds=share, binary=binary)
        if not run.problem:
            runs.append(run)
        elif not run.overcome:
            return run
        else:
            failed = failed or run
            middle = len(names) // 2
            waiting += [half for half in (names[middle:], names[:middle]) if half and half != names]
    return failed if failed is not None and not runs else _joined(runs)


def _joined(runs: Sequence[Run]) -> Run:
    return Run(
        tuple(match for run in runs for match in run.matches),
        frozenset().union(*(run.scanned for run in runs)),
        cut=any(run.cut for run in runs),
    )
