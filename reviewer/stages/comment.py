"""Write what stands in a merge request: a finding's comment and the one summary.

Every text that is not ours is neutralised here; suggestions alone are posted byte by byte, in a
block that they cannot break out of, or not at all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Literal

from reviewer.domain import (
    Confidence,
    Finding,
    Overview,
    Review,
    ReviewWarning,
    Severity,
    Source,
    Suggestion,
    Suppressed,
    Verdict,
)
from reviewer.stages.neutralise import (
    code_span,
    fence_for,
    holds_quick_action,
    is_postable,
    neutralise,
    neutralise_line,
)
from reviewer.stages.phrases import Phrases, phrases
from reviewer.stages.threshold import Bar

Dialect = Literal["gitlab", "github"]

BODY_LIMIT = 65_000
"""Characters of a comment: GitHub takes 65,536, GitLab a million."""

_MESSAGE_LIMIT = 1_200
_NAME_DIGITS = 12  # of a fingerprint: enough to name one
_USUAL_BAR = Bar()
_GITLAB_LINES_ABOVE = 100


def render_finding(finding: Finding, dialect: Dialect, language: str, marker: str) -> str:
    """Write an inline comment.

    A suggestion is written for a comment on exactly the lines that it replaces; drop it from the
    finding where the comment cannot be placed so.
    """
    words = phrases(language)
    parts = [
        f"**{words.severities[finding.severity]}** · {neutralise_line(finding.title)}",
        *_explanation(finding),
    ]
    if finding.suggestion is not None:
        parts.append(suggestion_block(finding.suggestion, dialect) or words.no_suggestion)
    parts.append(f"<sub>{_small_print(finding, words)}</sub>")
    parts.append(marker)
    return "\n\n".join(parts)


def suggestion_block(suggestion: Suggestion, dialect: Dialect) -> str | None:
    """Write a committable block for a comment on the suggestion's own lines.

    None if it cannot be posted as it is, or not safely: GitLab replaces at most 100 lines above the
    comment's, silently fewer than asked for, and looks for quick actions in fences longer than three.
    """
    code = suggestion.replacement
    above = suggestion.end_line - suggestion.start_line
    fence = fence_for(code)
    if not is_postable(code):
        return None
    if dialect == "gitlab" and (above > _GITLAB_LINES_ABOVE or (len(fence) > 3 and holds_quick_action(code))):
        return None
    title = f"suggestion:-{above}+0" if dialect == "gitlab" else "suggestion"
    body = f"{code}\n" if code else ""
    return f"{fence}{title}\n{body}{fence}"


def render_summary(
    review: Review,
    verdict: Verdict,
    unplaced: Collection[str],
    language: str,
    marker: str,
    *,
    bar: Bar = _USUAL_BAR,
) -> str:
    """Write the summary note; `unplaced` are the fingerprints of findings without an inline comment.

    Long lists are cut, with what was left out counted, until the note fits a forge's limit.
    """
    words = phrases(language)
    head = [f"### {_verdict(review, verdict, words, bar)}"]
    for most in (50, 20, 8, 3):
        body = "\n\n".join((*head, *_sections(review, unplaced, words, most), marker))
        if len(body) <= BODY_LIMIT:
            break
    return body


def _explanation(finding: Finding) -> Iterator[str]:
    for text in (finding.message, finding.why):
        if text.strip() and text.strip() != finding.title.strip():
            yield neutralise(text.strip(), _MESSAGE_LIMIT)


def _small_print(finding: Finding, words: Phrases) -> str:
    names = [*finding.cwe, *([finding.model] if finding.model else [])]
    parts = [code_span(name) for name in names]
    if finding.confidence is Confidence.LOW:
        parts.append(words.low_confidence)
    if finding.start_line is None:
        parts.append(code_span(finding.rule_id))
    else:
        parts.append(words.silence.format(example=code_span(f"reviewer: ignore[{finding.rule_id}]")))
    return " · ".join(parts)


# --- the summary ----------------------------------------------------------------------------------


def _sections(review: Review, unplaced: Collection[str], words: Phrases, most: int) -> Iterator[str]:
    """Write what stands between the verdict and the marker, lists cut after `most` rows."""
    if undecided := [warning for warning in review.warnings if warning.undecided]:
        yield f"**{words.undecided}**"
        yield _listed((_warning(warning) for warning in undecided), len(undecided), most, words)
    if review.overview:
        yield from _overview(review.overview, words)
    yield _table(review.findings, words, most) if review.findings else words.no_findings
    if elsewhere := [finding for finding in review.findings if finding.fingerprint in unplaced]:
        rows = (_in_full(finding, words) for finding in elsewhere)
        yield f"**{words.elsewhere.format(count=len(elsewhere))}**"
        yield _listed(rows, len(elsewhere), most, words)
    if others := [warning for warning in review.warnings if not warning.undecided]:
        rows = (_warning(warning) for warning in others)
        title = words.not_reviewed.format(count=len(others))
        yield _folded(title, _listed(rows, len(others), most, words))
    if review.suppressed:
        rows = (_silenced(item, words) for item in review.suppressed)
        title = words.suppressed.format(count=len(review.suppressed))
        yield _folded(title, _listed(rows, len(review.suppressed), most, words))
    yield _folded(words.how, "\n".join(f"- {line}" for line in _how(review, words)))
    if review.ref.head:
        yield f"<sub>{words.head.format(head=code_span(review.ref.head))}</sub>"


def _verdict(review: Review, verdict: Verdict, words: Phrases, bar: Bar) -> str:
    threshold = words.severities[Severity(bar.fail_on)].lower() if bar.fail_on != "never" else bar.fail_on
    count = len(bar.blocking(review.findings))
    return words.verdicts[verdict].format(blocking=count, threshold=threshold)


def _overview(overview: Overview, words: Phrases) -> Iterator[str]:
    yield neutralise(overview.text, _MESSAGE_LIMIT)
    risk = next((level for level in Severity if level.value == overview.risk), None)
    lines = [f"**{words.risk}**{words.colon}{words.severities[risk].lower()}"] if risk else []
    if overview.files_first:
        files = words.comma.join(code_span(path) for path in overview.files_first[:5])
        lines.append(f"**{words.read_first}**{words.colon}{files}")
    if overview.missing_tests:
        tests = words.comma.join(neutralise_line(test) for test in overview.missing_tests[:5])
        lines.append(f"**{words.missing_tests}**{words.colon}{tests}")
    if overview.untested:
        names = words.comma.join(code_span(name) for name in overview.untested)
        lines.append(f"**{words.untested}**{words.colon}{names}")
    if overview.labels:
        labels = words.comma.join(code_span(label) for label in overview.labels)
        lines.append(f"**{words.labels}**{words.colon}{labels}")
    if lines:
        yield "\n".join(f"- {line}" for line in lines)


def _table(findings: Sequence[Finding], words: Phrases, most: int) -> str:
    rows = [words.columns, ("---", "---", "---")]
    rows += [
        (words.severities[finding.severity], neutralise_line(finding.title), _place(finding))
        for finding in findings[:most]
    ]
    lines = ["| " + " | ".join(_cell(text) for text in row) + " |" for row in rows]
    if len(findings) > most:
        lines.append("\n" + words.more.format(count=len(findings) - most))
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Keep a text inside its cell: even in code, a bare pipe would end it."""
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def _place(finding: Finding) -> str:
    return code_span(finding.path if finding.start_line is None else f"{finding.path}:{finding.start_line}")


def _in_full(finding: Finding, words: Phrases) -> str:
    title = f"**{words.severities[finding.severity]}** · {neutralise_line(finding.title)} · {_place(finding)}"
    if finding.fingerprint:  # by which it can be dismissed: there is no comment to reply to
        title = f"{title} · {code_span(finding.fingerprint[:_NAME_DIGITS])}"
    message = (
        neutralise_line(finding.message, 400) if finding.message.strip() != finding.title.strip() else ""
    )
    return f"{title}{words.colon}{message}" if message else title


def _warning(warning: ReviewWarning) -> str:
    place = f"{code_span(warning.path)} " if warning.path else ""
    return f"{place}{neutralise_line(warning.message, 300)}"


def _silenced(item: Suppressed, words: Phrases) -> str:
    reason = words.reasons.get(item.reason, item.reason)
    note = words.colon + neutralise_line(item.note) if item.note.strip() else ""
    return f"{_place(item.finding)} {code_span(item.finding.rule_id)} · {reason}{note}"


def _listed(rows: Iterable[str], count: int, most: int, words: Phrases) -> str:
    lines = [f"- {row}" for row, _ in zip(rows, range(most), strict=False)]
    if count > most:
        lines.append(f"- {words.more.format(count=count - most)}")
    return "\n".join(lines)


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"


def _how(review: Review, words: Phrases) -> Iterator[str]:
    every = [*review.findings, *(item.finding for item in review.suppressed)]
    admitted = sum(finding.source is Source.MODEL for finding in every)
    yield words.by_rules.format(count=len(every) - admitted)
    if review.models:
        drafts = admitted + sum(item.reason != "suggestion-invalid" for item in review.rejected)
        models = words.comma.join(code_span(name) for name in review.models)
        yield words.by_model.format(models=models, admitted=admitted, drafts=drafts)
    else:
        yield words.rules_alone
    if review.rejected:
        reasons = Counter(words.reasons.get(item.reason, item.reason) for item in review.rejected)
        yield words.drafts.format(reasons=_counted(reasons, words))
    yield words.coverage.format(
        reviewed=review.coverage.reviewed,
        files=review.coverage.files,
        seen=review.coverage.changed_lines_seen_by_model,
        lines=review.coverage.changed_lines,
    )
    if review.remembered:
        yield words.remembered.format(count=review.remembered)
    if review.usage.model_calls:
        yield words.usage.format(
            calls=review.usage.model_calls,
            prompt=review.usage.prompt_tokens,
            cached=review.usage.cached_tokens,
            completion=review.usage.completion_tokens,
            seconds=f"{review.usage.seconds:.1f}",
        )


def _counted(counts: Counter[str], words: Phrases) -> str:
    return words.comma.join(f"{what} ({count})" for what, count in counts.most_common())
