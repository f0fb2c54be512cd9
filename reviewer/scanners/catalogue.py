"""Write the catalogue of rules, `rules/README.md`, and their schema, out of the rules themselves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from reviewer.material import rules_dir
from reviewer.scanners import guidelinefile, schema
from reviewer.scanners.rulebook import Rulebook, read
from reviewer.scanners.rulefile import Rule
from reviewer.stages.guidelines import Guideline

_HEAD = """\
# Rules

One file is one rule: `<language>/<name>.yml`, and `<language>/<name>` is its id. There is nothing to
register. `reviewer rules new <language>/<name>` writes the first draft, `reviewer rules test` proves it,
`reviewer rules show <id>` shows it as a page. [schema.json](schema.json) tells editors the keys.

The matcher is an [ast-grep](https://ast-grep.github.io) `rule`, or, for SQL, XML, Dockerfiles and other
languages that ast-grep does not know, a tree-sitter `query`. The `metadata` say how bad it is, why, in
English and Chinese, and prove it: code that must not be found (`valid`) and code that must be, with its
lines and what the fix makes of it (`invalid`).

A rule stays quiet where the value is a literal, and is written to be right rather than to find all.
`severity` is how bad it is if it is right, `confidence` how sure it is. Code is silenced by
`reviewer: ignore[rule-id] reason` in a comment, a rule by `rules.disable` in the configuration; no
other comment has any effect.

## A query

```yaml
query: |                  # the finding lies where @match does
  (element (STag (Name) @tag) (#any-of? @tag "update" "delete")) @match
inside:                   # each of these lies around it, with its own @match
  - '(element (STag (Name) @root (#eq? @root "mapper"))) @match'
lacks:                    # and none of these in it; there are `outside` and `has` too
  - '((CharData) @match (#match? @match "(?i)\\\\bwhere\\\\b"))'
find: (?i)>\\s*(delete\\s+from\\s+\\w+)   # RE2, over its text without comments: the finding is the group
unless: (?i)_tmp$         # no finding where what was found matches this
```

Predicates: `#eq?`, `#match?` (RE2), `#any-of?`, each also with `not-`, the first two also with `any-`.
A rule of one language also reads it inside files of another (a Vue component's scripts, a page's, the SQL
of a MyBatis mapper), unless it says `embedded: false`.

A rule may cost twenty times what a plain one does on the same text, no more: `reviewer rules test --budget`.

The lists below are written by `python -m reviewer.scanners.catalogue`; a test keeps them up to date.
"""


_GUIDELINES = """\
Rules in words, one Markdown file each: they go to the model for the files that they are about, and what it
finds then has their id.
"""


def catalogue(rulebook: Rulebook, guidelines: Sequence[Guideline] = ()) -> str:
    """Write the whole README: how a rule is made, then all rules by folder, then the rules in words."""
    parts = [_HEAD, f"{len(rulebook.rules)} rules.\n"]
    for folder, rules in groupby(rulebook.rules, key=lambda rule: rule.id.partition("/")[0]):
        parts += [f"## {folder}\n", _table(list(rules))]
    if guidelines:
        parts += ["## guidelines\n", _GUIDELINES, _table_of(guidelines)]
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


def _table_of(guidelines: Sequence[Guideline]) -> str:
    lines = ["| guideline | severity | for | what |", "|---|---|---|---|"]
    for guideline in guidelines:
        scope = ", ".join((*(f"`{glob}`" for glob in guideline.globs), *sorted(guideline.languages)))
        what = f"{guideline.title} / {guideline.title_zh}" if guideline.title_zh else guideline.title
        cells = (f"[`{guideline.id}`]({guideline.id}.md)", guideline.severity, scope or "every file", what)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def write() -> None:
    """Write the README and the schema of the built-in rules anew."""
    folder = rules_dir()
    text = catalogue(read([folder]), guidelinefile.read_folders([folder]).known)
    (folder / "README.md").write_text(text, encoding="utf-8")
    (folder / schema.FILE).write_text(schema.write_schema(), encoding="utf-8")


if __name__ == "__main__":
    write()
