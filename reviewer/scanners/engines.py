"""Run rules over texts, each rule by the engine that it is written for: ast-grep or tree-sitter queries."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from reviewer.scanners import astgrep, queries, querytext
from reviewer.scanners.matches import Run, SourceText
from reviewer.scanners.querytext import BadQuery
from reviewer.scanners.rulefile import Rule

CHECK_SECONDS = 30.0


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
    second = queries.run(written, sources, seconds=max(0.0, deadline - time.monotonic()))
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
        left = max(0.0, deadline - time.monotonic())
        run = astgrep.run(documents, files, seconds=left, binary=binary)
        if run.problem:
            return run
        runs.append(run)
    return Run(
        tuple(match for run in runs for match in run.matches),
        frozenset().union(*(run.scanned for run in runs)),
        cut=any(run.cut for run in runs),
    )
