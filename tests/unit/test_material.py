"""The material that ships with the package is found in a checkout."""

from __future__ import annotations

from reviewer.material import ci_dir, rules_dir


def test_the_rules_and_the_templates_are_found() -> None:
    assert (rules_dir() / "python" / "no-eval.yml").is_file()
    assert ci_dir().name == "ci"
