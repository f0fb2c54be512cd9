"""The budget of work: built-in rules keep to it, and a rule that does not is named."""

from __future__ import annotations

from pathlib import Path

from parsers.languages import by_name
from parsers.source import parse
from reviewer.material import rules_dir
from reviewer.scanners import rulebook
from reviewer.scanners.budget import LIMIT, SIZE, find_excesses, write_texts
from tests.unit.scanners.test_rulebook import RULE, folder

# For every assignment, all of the file is looked through for what is not there.
WASTEFUL = """\
  any:
    - pattern: time.sleep($SECONDS)
    - kind: assignment
      inside:
        kind: module
        stopBy: end
        has: {stopBy: end, regex: ^neverThere$}
"""


def test_built_in_rules_keep_to_the_budget() -> None:
    rules = rulebook.read([rules_dir()]).rules
    assert [(one.rule_id, one.language, round(one.factor)) for one in find_excesses(rules)] == []


def test_a_rule_over_the_budget_is_named_with_its_factor(tmp_path: Path) -> None:
    folder(tmp_path)
    text = RULE.replace("no-sleep", "wasteful").replace("  pattern: time.sleep($SECONDS)\n", WASTEFUL)
    book = rulebook.read([folder(tmp_path, text, "python/wasteful.yml")])
    assert book.broken == ()
    [excess] = find_excesses(book.rules)
    assert (excess.rule_id, excess.language) == ("python/wasteful", "python")
    assert excess.factor > LIMIT


def test_the_text_holds_every_example_and_long_functions(tmp_path: Path) -> None:
    code = "def run(job):\n    if job:\n        time.sleep(1)\n    return job\n"
    text = RULE.replace('{code: "time.sleep(1)", lines: [1]}', f"{{code: {code!r}, lines: [3]}}").replace(
        "'", '"'
    )
    python = by_name("python")
    assert python is not None
    flat, deep = write_texts(rulebook.read([folder(tmp_path, text)]).rules, python)
    assert len(flat) >= SIZE
    assert len(deep) >= SIZE
    assert code.encode() in flat
    assert deep.startswith(b"def run(job):\n    if job:\n        if job:\n            time.sleep(1)\n")
    assert deep.count(b"\n        return job\n") > 100
    assert deep.count(b"\ndef run(job):\n") > 2
    assert parse(deep, python).error_lines == ()
