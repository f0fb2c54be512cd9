"""Write the catalogue of rules, `rules/README.md`, out of the rules themselves."""

from __future__ import annotations

from itertools import groupby

from reviewer.material import rules_dir
from reviewer.scanners.rulebook import Rulebook, read
from reviewer.scanners.rulefile import Rule

_HEAD = """\
# Rules

One file is one rule: `<language>/<name>.yml`, and `<language>/<name>` is its id. There is nothing to
register. A file is an [ast-grep](https://ast-grep.github.io) rule whose `metadata` says how bad it is,
why, in English and Chinese, and proves it: code that must not be found (`valid`) and code that must be,
with its lines and what the fix makes of it (`invalid`). `reviewer rules test` runs all of that.

A rule stays quiet where the value is a literal, and is written to be right rather than to find all.
`severity` is how bad it is if it is right, `confidence` how sure it is. Code is silenced by
`reviewer: ignore[rule-id] reason` in a comment, a rule by `rules.disable` in the configuration; no
other comment has any effect.

`guidelines/` is the place for rules in words, for the model.

The list below is written by `python -m reviewer.scanners.catalogue`; a test keeps it up to date.
"""


def catalogue(rulebook: Rulebook) -> str:
    """Write the whole README: how a rule is made, then all rules by folder."""
    parts = [_HEAD, f"{len(rulebook.rules)} rules.\n"]
    for folder, rules in groupby(rulebook.rules, key=lambda rule: rule.id.partition("/")[0]):
        parts += [f"## {folder}\n", _table(list(rules))]
    return "\n".join(parts)


def _table(rules: list[Rule]) -> str:
    lines = [
        "| rule | severity | confidence | category | what | CWE | fix |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_row(rule) for rule in rules]
    return "\n".join(lines) + "\n"


def _row(rule: Rule) -> str:
    metadata = rule.written.metadata
    file = f"[`{rule.id}`]({rule.id}.yml)"
    what = f"{metadata.title} / {metadata.title_zh}".replace("|", "\\|")
    fix = "yes" if rule.written.fix is not None else ""
    cells = (file, rule.severity, metadata.confidence, metadata.category, what, ", ".join(metadata.cwe), fix)
    return f"| {' | '.join(cells)} |"


def write() -> None:
    """Write the README of the built-in rules anew."""
    folder = rules_dir()
    (folder / "README.md").write_text(catalogue(read([folder])), encoding="utf-8")


if __name__ == "__main__":
    write()
