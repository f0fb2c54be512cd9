"""`python -m tests.bench.secrets_quality`: how right the search for secrets is, and what redaction takes away.

A labelled text counts as found where anything in it is. Real code has no labels: what is found there is
listed, masked, to be read by a person.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from reviewer.domain import ChangeSet, Severity
from reviewer.forges.local import open_diff
from reviewer.scanners.secrets import SecretScanner
from reviewer.stages.redact import redact
from tests.bench.figures import median, rows
from tests.fakes.labelled_secrets import read_labelled


@dataclass(frozen=True, slots=True)
class Text:
    """A text and whether a secret is in it."""

    path: str
    text: str
    bad: bool


def main() -> None:
    """Print recall and precision for each labelled set, then what is found and redacted in real code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-v", "--verbose", action="store_true", help="list missed and false texts")
    parser.add_argument(
        "--redactions", type=int, metavar="N", help="show N lines of real code as a model sees them"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scanner = SecretScanner(Path(folder))
        for name, texts in _labelled():
            _print_labelled(name, texts, scanner, verbose=options.verbose)
        _print_real(scanner)
    _print_redactions(options.redactions or 0)


def _labelled() -> Iterable[tuple[str, list[Text]]]:
    lines = read_labelled()
    for name, held in (("labelled, used for tuning", False), ("labelled, held out", True)):
        yield name, [Text(one.path, one.text, one.bad) for one in lines if one.held is held]
    yield "unseen", [Text(one.path, one.text, one.bad) for one in read_labelled("unseen")]
    yield (
        "unit_payloads",
        [
            Text("a.txt", row["content"], any(label["kind"] == "positive" for label in row["expected"]))
            for row in rows("unit_payloads")
        ],
    )


def _print_labelled(name: str, texts: list[Text], scanner: SecretScanner, *, verbose: bool) -> None:
    found = {int(one.path.partition("/")[0]) for one in scanner.scan(_as_change(texts)).findings}
    right = sum(number in found for number, text in enumerate(texts) if text.bad)
    bad = sum(text.bad for text in texts)
    _write(
        f"{name:<28}{len(texts):>5} texts  {bad:>4} bad  recall {right / bad:.3f}  precision {right / len(found):.3f}"
    )
    for number, text in enumerate(texts):
        if verbose and text.bad != (number in found):
            shown = redact(text.text).text.strip().replace("\n", "⏎")[:140]
            _write(f"    {'missed' if text.bad else 'false '} {text.path}  {shown}")


def _print_real(scanner: SecretScanner) -> None:
    texts = _real_texts()
    change = _as_change(texts)
    findings = scanner.scan(change).findings
    lines = sum(text.text.count("\n") for text in texts)
    high = sum(one.severity in (Severity.HIGH, Severity.CRITICAL) for one in findings)
    size = sum(len(text.text.encode()) for text in texts) / 1e6
    speed = size / median(lambda: scanner.scan(change), times=3)
    _write(
        f"real code: {len(texts)} files, {lines} lines, {len(findings)} findings, {high} of them high "
        f"({1000 * high / lines:.3f} per 1,000 lines), {speed:.1f} MB/s"
    )
    for one in findings:
        _write(
            f"    {one.rule_id:<24}{one.severity:<9}{one.confidence:<7}{one.path}:{one.start_line}  "
            f"{one.evidence.strip()[:110]}"
        )


def _print_redactions(sample: int) -> None:
    kinds: Counter[str] = Counter()
    shown: list[str] = []
    texts = _real_texts()
    for text in texts:
        redacted = redact(text.text)
        if redacted.count:
            pairs = zip(text.text.split("\n"), redacted.text.split("\n"), strict=True)
            shown += [f"{text.path}  {new.strip()[:150]}" for old, new in pairs if old != new]
            kinds.update(name.split(":")[1] for name in redacted.placeholders)
    lines = sum(text.text.count("\n") for text in texts)
    _write(f"redaction: {len(shown)} lines changed, {1000 * len(shown) / lines:.3f} per 1,000; {dict(kinds)}")
    for line in random.Random(0).sample(shown, min(sample, len(shown))):
        _write(f"    {line}")


def _real_texts() -> list[Text]:
    return [
        Text(row["path"], row["new"], bad=False)
        for row in rows("file_pairs")
        if isinstance(row["new"], str) and row["new"]
    ]


def _as_change(texts: Iterable[Text]) -> ChangeSet:
    parts = []
    for number, text in enumerate(texts):
        lines = text.text.removesuffix("\n").split("\n")
        body = "".join(f"+{line}\n" for line in lines)
        parts.append(f"--- /dev/null\n+++ b/{number}/{text.path}\n@@ -0,0 +1,{len(lines)} @@\n{body}")
    return open_diff("".join(parts).encode("utf-8", "surrogatepass"))


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
