"""The first draft of a rule: a file that is valid and proves itself before a word of it was changed."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from reviewer.scanners import astgrep

_DEFAULT_CODE = "forbidden({});"


@dataclass(frozen=True, slots=True)
class _Sample:
    """Code of a language around a call, and the matcher that finds the call of `forbidden`."""

    code: str = _DEFAULT_CODE
    matcher: str = "rule:\n  pattern: forbidden($VALUE)"


_C_CALL = """\
rule:
  pattern:
    context: void f() { forbidden($VALUE); }
    selector: call_expression"""
_GO_CALL = """\
rule:
  pattern:
    context: func f() { forbidden($VALUE) }
    selector: call_expression"""
_SAMPLES = {
    "bash": _Sample("forbidden {}", "rule:\n  pattern: forbidden $VALUE"),
    "c": _Sample("void f(void) {{ forbidden({}); }}", _C_CALL),
    "cpp": _Sample("void f() {{ forbidden({}); }}", _C_CALL),
    "css": _Sample("p {{ forbidden: {}; }}", "rule:\n  kind: property_name\n  regex: ^forbidden$"),
    "dockerfile": _Sample(
        "FROM debian:12.5\nRUN forbidden {}",
        "query: (run_instruction) @match\nfind: \\bforbidden\\b.*",
    ),
    "go": _Sample("package a\n\nfunc f() {{ forbidden({}) }}", _GO_CALL),
    "html": _Sample('<p forbidden="{}"></p>', "rule:\n  kind: attribute_name\n  regex: ^forbidden$"),
    "java": _Sample("class A {{ void f() {{ forbidden({}); }} }}"),
    "json": _Sample('{{"forbidden": "{}"}}', "rule:\n  kind: pair\n  has: {field: key, regex: forbidden}"),
    "kotlin": _Sample("fun f() {{ forbidden({}) }}"),
    "php": _Sample("<?php\nforbidden({});", "rule:\n  pattern: forbidden($VALUE)"),
    "python": _Sample("forbidden({})"),
    "ruby": _Sample("forbidden({})"),
    "rust": _Sample("fn f() {{ forbidden({}); }}"),
    "sql": _Sample(
        "SELECT forbidden({});",
        'query: |\n  ((invocation (object_reference name: (identifier) @name)) @match (#eq? @name "forbidden"))',
    ),
    "vue": _Sample(
        '<template><p forbidden="{}" /></template>',
        'query: |\n  ((attribute (attribute_name) @name) @match (#eq? @name "forbidden"))',
    ),
    "xml": _Sample(
        '<a forbidden="{}"/>', 'query: |\n  ((Attribute (Name) @name) @match (#eq? @name "forbidden"))'
    ),
    "yaml": _Sample("forbidden: {}", "rule:\n  pattern: 'forbidden: $VALUE'"),
}
_TEMPLATE = """\
# yaml-language-server: $schema=../schema.json
# Replace what is below by your rule, then run: reviewer rules test --path {folder}
# Keys and more examples: reviewer rules show <id>, and the README of the built-in rules.
id: {id}
language: {language}
message: Say in one sentence what is wrong here.
# {hint}
{matcher}
metadata:
  # How bad it is if it is right (critical, high, medium, low), and how sure the rule is (high, medium, low).
  severity: medium
  confidence: medium
  # security, correctness, concurrency, performance, resource, error-handling, maintainability, testing,
  # finance, privacy
  category: correctness
  # cwe: [CWE-000]
  title: A few words that name the problem
  title-zh: 用几个字说出问题
  message-zh: 用一句话说明这里哪里不对。
  why: Say what goes wrong, when, and what to write instead.
  why-zh: 说明会出什么问题、在什么情况下，以及应该怎么写。
  # Code that must not be found: at least two, the tempting look-alikes before all.
  valid:
{valid}
  # Code that must be found, with the lines on which a finding starts: at least two.
  invalid:
{invalid}
"""
_HINTS = {
    True: "How ast-grep rules are written: https://ast-grep.github.io",
    False: "A tree-sitter query; the finding lies where @match does. More keys: inside, outside, has, lacks, find.",
}


def write_draft(rule_id: str, language: str, folder: str) -> str:
    """Write the file of a new rule for a language that rules can be written for."""
    sample = _SAMPLES.get(language, _Sample())
    invalid = (
        textwrap.indent(f"- code: |\n{textwrap.indent(code, '    ')}\n  lines: [{line}]", "    ")
        for code, line in (_found(sample, "first"), _found(sample, "second"))
    )
    valid = (sample.code.format("first").replace("forbidden", name) for name in ("allowed", "harmless"))
    return _TEMPLATE.format(
        id=rule_id,
        language=language,
        folder=folder,
        hint=_HINTS[language in astgrep.SUFFIXES],
        matcher=sample.matcher,
        valid="\n".join(textwrap.indent(f"- |\n{textwrap.indent(code, '  ')}", "    ") for code in valid),
        invalid="\n".join(invalid),
    )


def _found(sample: _Sample, value: str) -> tuple[str, int]:
    code = sample.code.format(value)
    return code, code[: code.index("forbidden")].count("\n") + 1
