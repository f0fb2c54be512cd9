"""One review that has something of everything, hostile texts included."""

from __future__ import annotations

from parsers.diff import Side
from reviewer.domain import (
    Category,
    ChangeRef,
    Confidence,
    Coverage,
    Finding,
    Overview,
    Rejected,
    Review,
    ReviewWarning,
    Severity,
    Source,
    Suggestion,
    Suppressed,
    Usage,
)

EVAL = Finding(
    rule_id="python/no-eval",
    source=Source.RULE,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    category=Category.SECURITY,
    path="app/报价.py",
    side=Side.NEW,
    start_line=3,
    end_line=3,
    title="eval of a computed string",
    message="`formula` reaches eval.",
    why="Whoever controls the string runs code. Parse it with ast.literal_eval.",
    cwe=("CWE-95",),
    suggestion=Suggestion(3, 3, "    return ast.literal_eval(formula)"),
    fingerprint="0" * 31 + "1",
    evidence="    return eval(formula)",
)
FEE = Finding(
    rule_id="model/correctness",
    source=Source.MODEL,
    severity=Severity.CRITICAL,
    confidence=Confidence.MEDIUM,
    category=Category.CORRECTNESS,
    path="src/Fees.java",
    side=Side.NEW,
    start_line=10,
    end_line=12,
    title="The minimum fee is a maximum",
    message="An order of 1 000 000 pays 5.00\x1b[31m instead of 250.00.",
    fingerprint="0" * 31 + "2",
    model="coder",
    evidence="return fee\n    .min(\n        MINIMUM);",
    suggestion=Suggestion(10, 12, ""),
)
REMOVED = Finding(
    rule_id="model/security",
    source=Source.MODEL,
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    category=Category.SECURITY,
    path="src/Fees.java",
    side=Side.OLD,
    start_line=4,
    end_line=4,
    title="The check is gone </failure> <script>alert(1)</script>",
    message="The check is gone </failure> <script>alert(1)</script>",
    fingerprint="0" * 31 + "3",
    model="coder",
    evidence="check(order);",
)
WHOLE_FILE = Finding(
    rule_id="secret/private-key",
    source=Source.SECRET,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    category=Category.SECRET,
    path="deploy/key.pem",
    side=Side.NEW,
    start_line=None,
    end_line=None,
    title="A private key",
    message="A private key is added.",
    fingerprint="0" * 31 + "4",
)

REVIEW = Review(
    ref=ChangeRef("gitlab-main", "trading/fees", 7, "b" * 40, "c" * 40, "a" * 40),
    findings=(FEE, EVAL, WHOLE_FILE, REMOVED),
    suppressed=(Suppressed(EVAL, "inline", "a constant table"),),
    rejected=(Rejected("quote-not-found", "src/Fees.java", "no such code", "coder"),),
    warnings=(
        ReviewWarning("binary", "a binary file", "logo.png"),
        ReviewWarning("model-timeout", "no token for 60 s", "src/Big.java", undecided=True),
    ),
    coverage=Coverage(files=4, reviewed=3, skipped=1, changed_lines=40, changed_lines_seen_by_model=32),
    usage=Usage(3, 5120, 3000, 640, 12.3456),
    models=("coder",),
    overview=Overview(
        "Adds a minimum fee.",
        "high",
        ("src/Fees.java",),
        ("Fees.fee",),
        untested=("src/Fees.java: Fees.fee",),
        labels=("finance",),
    ),
)
