"""All the rules that run: the built-in folder, the operator's, and what the operator says about them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from reviewer.config import RulesSettings
from reviewer.errors import ConfigError, RuleError
from reviewer.material import rules_dir
from reviewer.scanners import astgrep, rulefile
from reviewer.scanners.rulefile import Rule

GUIDELINES = "guidelines"  # rules in words, for the model; no ast-grep rules in there
CHECK_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Rules in the order of their ids; `broken` are files that could not be used."""

    rules: tuple[Rule, ...]
    broken: tuple[RuleError, ...] = ()

    def find(self, rule_id: str) -> Rule | None:
        """Return the rule of that id."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)

    @property
    def languages(self) -> frozenset[str]:
        """Name the languages that any rule reads."""
        return frozenset(language for rule in self.rules for language in rule.languages)

    def documents(self) -> Iterator[dict[str, Any]]:
        """Write all rules as ast-grep takes them; a rule's key is its index here."""
        for index, rule in enumerate(self.rules):
            yield from rule.documents(str(index))


def load(settings: RulesSettings, *, tolerant: bool = False) -> Rulebook:
    """Load the built-in rules and those of the settings, as the settings want them.

    A rule of a later folder replaces an earlier one of the same id. Raises RuleError for the first
    file that cannot be used, or, if tolerant, leaves such files out and lists them in `broken`.
    Raises ConfigError for a folder that is not there, and for the settings naming an unknown rule.
    """
    folders = (rules_dir(), *settings.paths)
    rulebook = read(folders)
    if rulebook.broken and not tolerant:
        raise rulebook.broken[0]
    return configure(rulebook, settings)


def read(folders: Sequence[Path]) -> Rulebook:
    """Read every rule of the folders and have ast-grep check them; never raises RuleError."""
    rules: dict[str, Rule] = {}
    broken: list[RuleError] = []
    for folder in folders:
        for file in _files(folder):
            try:
                rule = rulefile.read(file, folder)
            except RuleError as err:
                broken.append(err)
            else:
                rules[rule.id] = rule
    refused = _refused(rules.values())
    kept = (rule for rule in rules.values() if rule.id not in refused)
    return Rulebook(tuple(sorted(kept, key=lambda rule: rule.id)), (*broken, *refused.values()))


def configure(rulebook: Rulebook, settings: RulesSettings) -> Rulebook:
    """Leave out the rules that are disabled (ids or globs, `python/*`) and set the severities asked for.

    Raises ConfigError, naming the nearest rule, where the settings name none of the rulebook.
    """
    ids = [rule.id for rule in rulebook.rules]
    for key, names in (("rules.disable", settings.disable), ("rules.severity", settings.severity)):
        for name in names:
            if not any(fnmatchcase(rule_id, name) for rule_id in ids) and not name.startswith("secret/"):
                close = difflib.get_close_matches(name, ids, n=1)
                hint = f"; did you mean {close[0]}?" if close else ""
                raise ConfigError(f"{key} names the unknown rule {name!r}{hint}", key=key)
    rules = (
        replace(rule, severity=settings.severity.get(rule.id, rule.severity))
        for rule in rulebook.rules
        if not any(fnmatchcase(rule.id, name) for name in settings.disable)
    )
    return replace(rulebook, rules=tuple(rules))


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ConfigError(f"the rule folder {folder} is not there", key="rules.paths", source=str(folder))
    found = (*folder.glob("*/*.yml"), *folder.glob("*/*.yaml"))
    return sorted(file for file in found if file.parent.name != GUIDELINES)


def _refused(rules: Iterable[Rule]) -> Mapping[str, RuleError]:
    """Find the rules that ast-grep refuses: one run if all are well, else one for each."""
    rules = list(rules)
    if not _problem(rules):
        return {}
    problems = ((rule, _problem([rule])) for rule in rules)
    return {
        rule.id: RuleError(f"{rule.file}:{rule.line}: {problem}", file=rule.file, line=rule.line)
        for rule, problem in problems
        if problem
    }


def _problem(rules: Sequence[Rule]) -> str:
    """Say what ast-grep has against rules; one that cannot run at all is the scan's to report."""
    documents = [document for rule in rules for document in rule.documents(rule.id)]
    outcome = astgrep.run(documents, {}, seconds=CHECK_SECONDS)
    return outcome.problem if outcome.bad_rule else ""
