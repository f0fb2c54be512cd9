"""Prove rules by their own examples: what they must find, what they must leave alone, what their fix makes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reviewer.scanners import engines
from reviewer.scanners.matches import MAX_RESULTS, Match, Run, SourceText
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
    language: str
    label: str
    file: str
    code: str
    lines: tuple[int, ...] = ()
    fix: str | None = None


def prove(rules: Sequence[Rule]) -> tuple[RuleProof, ...]:
    """Run every example of the rules, in each of the rule's languages; two runs in all.

    Valid examples must not match, invalid ones must match on exactly their lines (where a match
    starts). A fix must give the text that is written, and the rule must find nothing in it any more.
    """
    cases = [case for key, rule in enumerate(rules) for case in _cases(rule, str(key))]
    found = _run(rules, {case.file: SourceText(case.language, case.code.encode()) for case in cases})
    fixed = {
        case.file: SourceText(case.language, case.fix.encode()) for case in cases if case.fix is not None
    }
    left = _run(rules, fixed)
    failures: dict[str, list[str]] = {rule.id: [] for rule in rules}
    for case in cases:
        failures[case.rule.id] += _judge(case, found, left)
    return tuple(RuleProof(rule_id, tuple(texts)) for rule_id, texts in failures.items())


def _cases(rule: Rule, key: str) -> Iterable[_Case]:
    metadata = rule.written.metadata
    for language in rule.languages:
        for number, code in enumerate(metadata.valid, 1):
            name = f"{key}-{language}-valid-{number}"
            yield _Case(rule, key, language, f"valid {number} ({language})", name, code)
        for number, example in enumerate(metadata.invalid, 1):
            name = f"{key}-{language}-invalid-{number}"
            label = f"invalid {number} ({language})"
            yield _Case(rule, key, language, label, name, example.code, example.lines, example.fix)


def _run(rules: Sequence[Rule], files: dict[str, SourceText]) -> Run:
    return engines.run(rules, files, seconds=PROOF_SECONDS)


def _judge(case: _Case, found: Run, left: Run) -> Iterable[str]:
    if found.problem or left.problem:
        yield found.problem or left.problem
        return
    if found.cut or left.cut:
        yield f"more than {MAX_RESULTS} matches in the examples of all rules: some were not looked at"
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
