"""JUnit XML for CI pages that read nothing else: one failed test case per finding, whatever its severity."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from reviewer.domain import Finding, Review, Verdict

# XML 1.0, production 2: everything outside these ranges must not appear, not even as a reference.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class JUnitOutput:
    """Write the findings as a JUnit test suite."""

    def render(self, review: Review, verdict: Verdict) -> str:
        """Write the whole report; a passing review is one passing case."""
        failures = len(review.findings)
        errors = int(verdict is Verdict.INCONCLUSIVE)
        suite = ET.Element(
            "testsuite", name="reviewer", tests=str(failures + 1), failures=str(failures), errors=str(errors)
        )
        for finding in review.findings:
            suite.append(_case(finding))
        summary = ET.SubElement(suite, "testcase", classname="reviewer", name=f"verdict: {verdict.value}")
        if errors:
            blocking = [item.message for item in review.warnings if item.undecided]
            ET.SubElement(summary, "error", message="the review is incomplete").text = _clean(
                "\n".join(blocking)
            )
        root = ET.Element("testsuites")
        root.append(suite)
        ET.indent(root)
        # Written out: the standard library would declare the locale's encoding, and reports are UTF-8.
        return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def make(*, colored: bool) -> JUnitOutput:
    """Return the writer."""
    return JUnitOutput()


def _case(finding: Finding) -> ET.Element:
    place = f"{finding.path}:{finding.start_line}" if finding.start_line else finding.path
    case = ET.Element(
        "testcase",
        classname=_clean(finding.rule_id),
        name=_clean(f"{place} {finding.title}"),
        file=_clean(finding.path),
    )
    failure = ET.SubElement(case, "failure", message=_clean(finding.title), type=finding.severity.value)
    parts = (place, finding.evidence, finding.message, finding.why)
    failure.text = _clean("\n".join(part for part in parts if part and part != finding.title))
    return case


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
