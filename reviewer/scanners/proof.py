"""Prove rules by their own examples: what they must find, what they must leave alone, what their fix makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reviewer.scanners import astgrep
from reviewer.scanners.astgrep import Match, Run
from reviewer.scanners.rulefile import Rule

PROOF_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class RuleProof:
    """What became of a rule's examples; passed if there are no failures."""

    rule_id: str
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Say whether every example came out as the rule file says."""
        return not self.failures


@dataclass(frozen=True, slots=True)
class _Case:
    """One example in one of the rule's languages; no `lines` for a valid one."""

    rule: Rule
    key: str
    label: str
    file: str
    code: str
    lines: tuple[int, ...] = ()
    fix: str | None = None


def prove(rules: Sequence[Rule]) -> tuple[RuleProof, ...]:
    """Run every example of the rules, in each of the rule's languages, through ast-grep; two runs in all.

    Valid examples must not match, invalid ones must match on exactly their lines (where a match
    starts). A fix must give the text that is written, and the rule must find nothing in it any more.
    """
    cases = [case for key, rule in enumerate(rules) for case in _cases(rule, str(key))]
    found = _run(rules, {case.file: case.code for case in cases})
    fixed = {case.file: case.fix for case in cases if case.fix is not None}
    left = _run(rules, fixed)
    failures: dict[str, list[str]] = {rule.id: [] for rule in rules}
    for case in cases:
        failures[case.rule.id] += _judge(case, found, left)
    return tuple(RuleProof(rule_id, tuple(texts)) for rule_id, texts in failures.items())


def _cases(rule: Rule, key: str) -> Iterable[_Case]:
    metadata = rule.written.metadata
    for language in rule.languages:
        suffix = astgrep.SUFFIXES[language]
        for number, code in enumerate(metadata.valid, 1):
            yield _Case(rule, key, f"valid {number} ({language})", f"{key}-valid-{number}{suffix}", code)
        for number, example in enumerate(metadata.invalid, 1):
            name = f"{key}-invalid-{number}{suffix}"
            label = f"invalid {number} ({language})"
            yield _Case(rule, key, label, name, example.code, example.lines, example.fix)


def _run(rules: Sequence[Rule], files: Mapping[str, str]) -> Run:
    documents = [document for key, rule in enumerate(rules) for document in rule.documents(str(key))]
    texts = {name: text.encode() for name, text in files.items()}
    return astgrep.run(documents, texts, seconds=PROOF_SECONDS)


def _judge(case: _Case, found: Run, left: Run) -> Iterable[str]:
    if found.problem or left.problem:
        yield found.problem or left.problem
        return
    matches = _of(case, found)
    lines = tuple(sorted({match.start_line for match in matches}))
    if lines != case.lines:
        yield f"{case.label}: found on lines {list(lines)}, expected {list(case.lines)}"
    if case.fix is None:
        return
    made = _apply(case.code, matches)
    if made != case.fix:
        yield f"{case.label}: the fix makes {made!r}, expected {case.fix!r}"
    if _of(case, left):
        yield f"{case.label}: still found after the fix"


def _of(case: _Case, run: Run) -> list[Match]:
    return [match for match in run.matches if match.file == case.file and match.rule == case.key]


def _apply(code: str, matches: Iterable[Match]) -> str:
    text = code.encode()
    for match in sorted(matches, key=lambda match: match.start, reverse=True):
        if match.replacement is not None:
            text = text[: match.start] + match.replacement.encode() + text[match.end :]
    return text.decode()
