"""All the rules that run: the built-in folder, the operator's, and what the operator says about them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from reviewer.config import RulesSettings
from reviewer.errors import ConfigError, RuleError
from reviewer.material import rules_dir
from reviewer.scanners import engines, numbered, rulefile
from reviewer.scanners.querytext import BadQuery
from reviewer.scanners.rulecache import RuleCache
from reviewer.scanners.rulefile import Rule

GUIDELINES = "guidelines"  # rules in words, for the model; no rules for a scanner in there
_OTHERS = ("secret/", "guidelines/", "reviewer/")  # the folders of what is found by others than these rules


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


def load(settings: RulesSettings, *, tolerant: bool = False, cache_dir: Path | None = None) -> Rulebook:
    """Load the built-in rules and those of the settings, as the settings want them.

    Raises as `load_all` does.
    """
    return configure(load_all(settings, tolerant=tolerant, cache_dir=cache_dir), settings)


def load_all(settings: RulesSettings, *, tolerant: bool = False, cache_dir: Path | None = None) -> Rulebook:
    """Load the built-in rules and those of the settings, disabled ones too: a repository may add to that.

    A rule of a later folder replaces an earlier one of the same id. Raises RuleError for the first
    file that cannot be used, or, if tolerant, leaves such files out and lists them in `broken`.
    Raises ConfigError for a folder that is not there, and for the settings naming an unknown rule.
    What was read and found good is kept in `cache_dir` for the next time.
    """
    rulebook = read((rules_dir(), *settings.paths), cache_dir=cache_dir)
    if rulebook.broken and not tolerant:
        raise rulebook.broken[0]
    configure(rulebook, settings)
    return rulebook


def read(folders: Sequence[Path], *, cache_dir: Path | None = None) -> Rulebook:
    """Read every rule of the folders and have its engine check it; never raises RuleError."""
    found = [(file, folder) for folder in folders for file in _files(folder)]
    cache = RuleCache(cache_dir, [file for file, _ in found])
    if (kept := cache.load()) is not None:
        return Rulebook(kept)
    rules: dict[str, Rule] = {}
    broken: list[RuleError] = []
    for file, folder in found:
        try:
            rule = rulefile.read(file, folder)
        except RuleError as err:
            broken.append(err)
        else:
            rules[rule.id] = rule
    refused = _refused(rules.values())
    good = tuple(
        sorted((rule for rule in rules.values() if rule.id not in refused), key=lambda rule: rule.id)
    )
    if not broken and not refused:
        cache.keep(good)
    return Rulebook(good, (*broken, *refused.values()))


def configure(rulebook: Rulebook, settings: RulesSettings) -> Rulebook:
    """Leave out the rules that are disabled (ids or globs, `python/*`) and set the severities asked for.

    Raises ConfigError, naming the nearest rule, where the settings name none of the rulebook.
    """
    ids = [rule.id for rule in rulebook.rules]
    others = (*_OTHERS, *(f"{tool.name}/" for tool in settings.tools))
    for key, names in (("rules.disable", settings.disable), ("rules.severity", settings.severity)):
        for name in names:
            if not any(fnmatchcase(rule_id, name) for rule_id in ids) and not name.startswith(others):
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


def _refused(rules: Iterable[Rule]) -> dict[str, RuleError]:
    """Find the rules that their engine refuses, by id."""
    known = {rule.id: rule for rule in rules}
    problems = engines.find_problems(list(known.values()))
    return {rule_id: _as_error(known[rule_id], *problem) for rule_id, problem in problems.items()}


def _as_error(rule: Rule, message: str, query: BadQuery | None) -> RuleError:
    line = rule.line
    if query is not None:
        line = (numbered.text_line(rule.file, query.place) or line) + query.row
    return numbered.rule_error(message, rule.file, line)
