"""`python -m tests.bench.quality`: how right the rules are, on labelled snippets and on real, reviewed code.

A labelled snippet counts as found where any rule matches it. A finding in a snippet that its own label calls
harmless counts as false, even if it is right about something else. Real code has no labels: what is found there
is listed, to be read by a person.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parsers.languages import detect
from reviewer.config import RulesSettings
from reviewer.domain import ChangeSet, Finding, Severity
from reviewer.forges.local import open_diff
from reviewer.scanners import rulebook
from reviewer.scanners.rules import RuleScanner

DATA = Path(os.environ.get("REVIEWER_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
LABELLED = ("gosec_samples", "bandit_examples", "ast_grep_essentials", "juice_shop_vulnlines")
HIGH = (Severity.HIGH, Severity.CRITICAL)
SUFFIXES = {
    **{
        "c": ".c",
        "cpp": ".cpp",
        "csharp": ".cs",
        "go": ".go",
        "html": ".html",
        "java": ".java",
        "kotlin": ".kt",
    },
    **{
        "javascript": ".js",
        "php": ".php",
        "python": ".py",
        "ruby": ".rb",
        "rust": ".rs",
        "typescript": ".ts",
    },
}


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of labelled code: `bad` says whether its label expects a finding in it."""

    name: str
    family: str
    language: str
    path: str
    text: str
    bad: bool


def main() -> None:
    """Print one table for each labelled set, and what is found in real code."""
    options = _options()
    scanner = RuleScanner(rulebook.load(RulesSettings(), tolerant=True), seconds=600)
    for name in LABELLED:
        snippets = [one for one in _snippets(name) if options.language in (None, one.language)]
        if snippets:
            _print_labelled(name, snippets, scanner, verbose=options.verbose)
    if not options.labelled_only:
        _print_real(scanner, options.language, hits=options.hits)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--language", help="only this language (python, java, go, ...)")
    parser.add_argument("--labelled-only", action="store_true", help="leave the real code out")
    parser.add_argument("--hits", metavar="SEVERITY|RULE", help="list the findings in real code")
    parser.add_argument("-v", "--verbose", action="store_true", help="list missed and false snippets")
    return parser.parse_args()


def _print_labelled(name: str, snippets: list[Snippet], scanner: RuleScanner, *, verbose: bool) -> None:
    found = scan(((one.path, one.text) for one in snippets), scanner)
    _write(f"\n== {name}: {len(snippets)} snippets, {sum(one.bad for one in snippets)} bad")
    for language in sorted({one.language for one in snippets}):
        for label, levels in (("any", tuple(Severity)), ("high", HIGH)):
            hit = [any(f.severity in levels for f in found[i]) for i in range(len(snippets))]
            chosen = [(one, hit[i]) for i, one in enumerate(snippets) if one.language == language]
            right = sum(ok and one.bad for one, ok in chosen)
            false = sum(ok and not one.bad for one, ok in chosen)
            bad = sum(one.bad for one, _ in chosen)
            _write(f"{language:<12}{label:<6} recall {_share(right, bad)}  precision {_share(right, right + false)}"
                   f"   true {right}  false {false}  missed {bad - right}")  # fmt: skip
    _print_families(snippets, found)
    _print_rules(snippets, found)
    if verbose:
        for index, one in enumerate(snippets):
            if one.bad != bool(found[index]):
                _write(
                    f"  {'missed' if one.bad else 'false '} {one.name} {[f.rule_id for f in found[index]]}"
                )


def _print_families(snippets: list[Snippet], found: dict[int, list[Finding]]) -> None:
    families = sorted({one.family for one in snippets})
    for family in families:
        chosen = [(one, bool(found[i])) for i, one in enumerate(snippets) if one.family == family]
        bad = sum(one.bad for one, _ in chosen)
        right = sum(ok and one.bad for one, ok in chosen)
        false = sum(ok and not one.bad for one, ok in chosen)
        _write(f"    {family:<52} found {right}/{bad}  false {false}/{len(chosen) - bad}")


def _print_rules(snippets: list[Snippet], found: dict[int, list[Finding]]) -> None:
    right: Counter[str] = Counter()
    false: Counter[str] = Counter()
    for index, one in enumerate(snippets):
        (right if one.bad else false).update({finding.rule_id for finding in found[index]})
    for rule_id in sorted(right | false):
        _write(f"    {rule_id:<52} in bad {right[rule_id]:>4}  in harmless {false[rule_id]:>4}")


def _print_real(scanner: RuleScanner, language: str | None, *, hits: str | None) -> None:
    files = [(path, text) for path, text in _real_files() if _is_of(path, text, language)]
    found = scan(files, scanner)
    lines = sum(text.count("\n") for _, text in files)
    high = sum(finding.severity in HIGH for some in found.values() for finding in some)
    per_thousand = 1000 * high / max(lines, 1)
    _write(
        f"\n== real code: {len(files)} files, {lines} lines, {high} high findings, {per_thousand:.3f} per 1,000 lines"
    )
    counted = Counter((f.rule_id, str(f.severity)) for some in found.values() for f in some)
    for (rule_id, severity), count in sorted(counted.items()):
        _write(f"    {rule_id:<52} {severity:<9} {count:>5}")
    if hits:
        for index, some in found.items():
            for finding in some:
                if hits in (finding.rule_id, str(finding.severity)):
                    _write(f"  {finding.rule_id}  {files[index][0]}:{finding.start_line}")
                    _write(f"      {finding.evidence.strip()[:300]}")


def scan(files: Iterable[tuple[str, str]], scanner: RuleScanner) -> dict[int, list[Finding]]:
    """Scan whole files as if each were new; give the findings by the file's number in the order given."""
    found: dict[int, list[Finding]] = defaultdict(list)
    report = scanner.scan(_as_change(files))
    for warning in report.warnings:
        sys.stderr.write(f"{warning.code}: {warning.path}: {warning.message}\n")
    for finding in report.findings:
        found[int(finding.path.partition("/")[0])].append(finding)
    return found


def _as_change(files: Iterable[tuple[str, str]]) -> ChangeSet:
    parts = []
    for number, (path, text) in enumerate(files):
        lines = text.removesuffix("\n").split("\n")
        body = "".join(f"+{line}\n" for line in lines)
        parts.append(f"--- /dev/null\n+++ b/{number}/{path}\n@@ -0,0 +1,{len(lines)} @@\n{body}")
    return open_diff("".join(parts).encode("utf-8", "surrogatepass"))


def _snippets(name: str) -> Iterator[Snippet]:
    for row in _rows(name):
        if name == "juice_shop_vulnlines":
            yield from _juice_lines(row)
            continue
        label = row["expected"][0]
        bad = any(one["kind"] == "positive" and _expects_any(one) for one in row["expected"])
        suffix = SUFFIXES.get(row["language"], ".txt")
        path = row["path"] if row["path"].endswith(suffix) else f"snippet{suffix}"
        path = path.replace("_test.go", ".go").replace("testutils/", "")
        yield Snippet(row["id"], label["rule"], row["language"], path, row["content"], bad)


def _expects_any(label: dict[str, Any]) -> bool:
    """Say whether a positive label counts anything at all: bandit's own clean examples expect zero findings."""
    return any(label["severity_counts"].values()) if "severity_counts" in label else True


def _juice_lines(row: dict[str, Any]) -> Iterator[Snippet]:
    bad = any(one["kind"] == "positive" for one in row["expected"])
    yield Snippet(row["id"], row["path"], row["language"], row["path"], row["content"], bad)


def _real_files() -> Iterator[tuple[str, str]]:
    for row in _rows("file_pairs"):
        new = row.get("new")
        if isinstance(new, dict):
            new = base64.b64decode(next(iter(new.values()))).decode("utf-8", "replace")
        if new:
            yield row["path"], new


def _is_of(path: str, text: str, language: str | None) -> bool:
    detected = detect(path, text[:4000].encode("utf-8", "replace"))
    return detected is not None and language in (None, detected.name)


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2f}" if whole else "  - "


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
