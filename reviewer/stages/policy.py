"""What counts: the order of findings, the verdict, and whose settings win.

The operator's settings are the floor. A repository may ask for more (a stricter `fail_on`, further
globs to ignore, path instructions), never for less of what protects the company.
"""

from __future__ import annotations

import fnmatch
import tomllib
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from pydantic import ValidationError

from reviewer.config import FailOn, PathSettings, ReviewSettings, RulesSettings, Section, Settings
from reviewer.domain import (
    ChangedFile,
    ChangeSet,
    Coverage,
    Finding,
    Review,
    ReviewWarning,
    Source,
    Verdict,
)
from reviewer.errors import ConfigError
from reviewer.settings import explain
from reviewer.stages.threshold import Bar, raise_bar

REPOSITORY_FILE = ".reviewer.toml"

_REPOSITORY_KEYS: Mapping[str, frozenset[str]] = {
    "review": frozenset({"language", "ignore", "paths", "max_comments", "fail_on"}),
    "rules": frozenset({"paths", "disable", "severity"}),
}
_STRICTNESS: tuple[FailOn, ...] = ("never", "critical", "high", "medium", "low")


class Effective(NamedTuple):
    """The settings that hold for one repository, and what of its wishes was not granted.

    `bar` is what a finding must reach to fail the gate: the operator's, with the repository's `fail_on`.
    """

    review: ReviewSettings
    rules: RulesSettings
    bar: Bar
    warnings: tuple[ReviewWarning, ...]


# --- findings -------------------------------------------------------------------------------------


def rank(findings: Iterable[Finding], said: Collection[str] = ()) -> tuple[Finding, ...]:
    """Order findings: severity, then confidence, then what is new; then what needs no model, then by place.

    `said` are the fingerprints of what earlier reviews of the merge request have found: of two findings
    that weigh the same, the one that nobody has been told of goes first.
    """
    return tuple(
        sorted(
            findings,
            key=lambda finding: (
                -finding.severity.rank,
                -finding.confidence.rank,
                finding.fingerprint in said,
                finding.source is Source.MODEL,
                finding.path,
                finding.start_line or 0,
                finding.rule_id,
                finding.fingerprint,
            ),
        )
    )


def judge(review: Review, bar: Bar) -> Verdict:
    """Make a verdict: FAIL for a blocking finding, else INCONCLUSIVE if something undecided was missed."""
    if bar.blocking(review.findings):
        return Verdict.FAIL
    if any(warning.undecided for warning in review.warnings):
        return Verdict.INCONCLUSIVE
    return Verdict.PASS


def coverage(change: ChangeSet, reviewable: Collection[ChangedFile], unseen_by_model: int) -> Coverage:
    """Count what was looked at; lines are changed lines of the reviewable files, both sides."""
    lines = sum(len(file.diff.added_lines) + len(file.diff.removed_lines) for file in reviewable)
    return Coverage(
        files=len(change.files),
        reviewed=len(reviewable),
        skipped=len(change.files) - len(reviewable),
        changed_lines=lines,
        changed_lines_seen_by_model=max(0, lines - unseen_by_model),
    )


# --- settings -------------------------------------------------------------------------------------


def effective(settings: Settings, repository_settings: bytes | None) -> Effective:
    """Merge the repository's `.reviewer.toml` (of the target branch) into the operator's settings.

    Raises ConfigError, naming file, key and the nearest known key, for what cannot be understood. A
    wish that would loosen what the operator has set is not granted, and said so in a warning.
    """
    if repository_settings is None:
        return Effective(
            settings.review, settings.rules, raise_bar(settings.gate, settings.review.fail_on), ()
        )
    repository = _read(repository_settings)
    review, refused_review = _merge_review(settings.review, repository.review)
    rules, refused_rules = _merge_rules(settings.rules, repository.rules)
    warnings = (
        ReviewWarning("setting-refused", f"{REPOSITORY_FILE}: {refused}", REPOSITORY_FILE)
        for refused in (*refused_review, *refused_rules)
    )
    return Effective(review, rules, raise_bar(settings.gate, review.fail_on), tuple(warnings))


class _RepositoryFile(Section):
    review: ReviewSettings = ReviewSettings()
    rules: RulesSettings = RulesSettings()


def _read(content: bytes) -> _RepositoryFile:
    try:
        document = tomllib.loads(content.decode("utf-8"))
        for table in sorted((document.keys() - _REPOSITORY_KEYS.keys()) & Settings.model_fields.keys()):
            raise _for_the_operator(table)
        file = _RepositoryFile.model_validate(document)
    except ValidationError as err:
        raise explain(err, _RepositoryFile, source=REPOSITORY_FILE) from err
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as err:
        raise ConfigError(f"{REPOSITORY_FILE}: {err}", source=REPOSITORY_FILE) from err
    for table, section in (("review", file.review), ("rules", file.rules)):
        for key in sorted(section.model_fields_set - _REPOSITORY_KEYS[table]):
            raise _for_the_operator(f"{table}.{key}")
    for folder in file.rules.paths:
        if folder.is_absolute() or ".." in folder.parts:
            raise ConfigError(
                f"{REPOSITORY_FILE}: rules.paths leaves the repository: {folder}",
                key="rules.paths",
                source=REPOSITORY_FILE,
            )
    return file


def _for_the_operator(key: str) -> ConfigError:
    return ConfigError(
        f"{REPOSITORY_FILE}: {key} can only be set by the operator of this instance",
        key=key,
        source=REPOSITORY_FILE,
        remedy="remove it from the repository, and ask the operator",
    )


def _merge_review(operator: ReviewSettings, repository: ReviewSettings) -> tuple[ReviewSettings, list[str]]:
    changes: dict[str, object] = {
        key: getattr(repository, key) for key in repository.model_fields_set & {"language", "max_comments"}
    }
    changes["ignore"] = (*operator.ignore, *repository.ignore)
    changes["paths"] = _merge_paths(operator.paths, repository.paths)
    refused = []
    if "fail_on" in repository.model_fields_set:
        if _STRICTNESS.index(repository.fail_on) < _STRICTNESS.index(operator.fail_on):
            refused.append(f"review.fail_on stays {operator.fail_on}: a repository may only be stricter")
        else:
            changes["fail_on"] = repository.fail_on
    return operator.model_copy(update=changes), refused


def _merge_paths(
    operator: Mapping[str, PathSettings], repository: Mapping[str, PathSettings]
) -> dict[str, PathSettings]:
    """Let the repository add to what the operator says of a glob, not replace it."""
    merged = {**operator, **repository}
    for glob in operator.keys() & repository.keys():
        texts = (operator[glob].instructions, repository[glob].instructions)
        merged[glob] = PathSettings(instructions="\n".join(text for text in texts if text))
    return merged


def _merge_rules(operator: RulesSettings, repository: RulesSettings) -> tuple[RulesSettings, list[str]]:
    refused = ["rules.paths: rule folders of a repository are not read"] if repository.paths else []
    disable = list(operator.disable)
    for rule in repository.disable:
        if _hides_secrets(rule):
            refused.append(f"rules.disable: {rule} stays on: secrets are always looked for")
        else:
            disable.append(rule)
    severity = dict(operator.severity)
    for rule, level in repository.severity.items():
        if rule in severity and level.rank < severity[rule].rank:
            refused.append(f"rules.severity: {rule} stays {severity[rule]}, as the operator has set it")
        elif _hides_secrets(rule):
            refused.append(f"rules.severity: {rule} stays as it is: secrets are not weighed down")
        else:
            severity[rule] = level
    merged = operator.model_copy(update={"disable": tuple(disable), "severity": severity})
    return merged, refused


def _hides_secrets(rule: str) -> bool:
    """Say whether a rule id or glob reaches into the folder of secrets."""
    return fnmatch.fnmatchcase(Source.SECRET.value, rule.partition("/")[0])
