"""The sentences of comments and summaries, in English and Chinese.

`{names}` are filled in with `str.format`; what fills them has been neutralised before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reviewer.domain import Severity, Verdict


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language's words; a language without one of them does not type-check."""

    severities: Mapping[Severity, str]
    verdicts: Mapping[Verdict, str]
    reasons: Mapping[str, str]
    colon: str
    comma: str
    silence: str
    low_confidence: str
    no_suggestion: str
    gone: str
    silenced: str
    no_findings: str
    columns: tuple[str, str, str]
    more: str
    elsewhere: str
    undecided: str
    not_reviewed: str
    how: str
    missing_tests: str
    untested: str
    labels: str
    read_first: str
    risk: str
    rules_alone: str
    by_rules: str
    by_model: str
    drafts: str
    coverage: str
    remembered: str
    suppressed: str
    usage: str
    head: str


ENGLISH = Phrases(
    severities={
        Severity.CRITICAL: "Critical",
        Severity.HIGH: "High",
        Severity.MEDIUM: "Medium",
        Severity.LOW: "Low",
    },
    verdicts={
        Verdict.PASS: "✅ Passed",
        Verdict.FAIL: "❌ Not passed (at or above “{threshold}”: {blocking})",
        Verdict.INCONCLUSIVE: "⚠️ Inconclusive: not everything could be reviewed",
    },
    reasons={
        "quote-not-found": "quoted code that is not there",
        "quote-ambiguous": "quoted code that stands in several places",
        "outside-diff": "about code that was not changed",
        "unknown-path": "about a file that was not changed",
        "duplicate": "said already",
        "refuted": "refuted by the second look",
        "low-confidence": "unsure",
        "malformed": "unreadable",
        "empty": "without code or message",
        "suggestion-invalid": "suggestion that did not fit (finding kept)",
        "inline": "in the code",
        "baseline": "in the baseline",
        "moved": "moved, not new",
        "memory": "dismissed before",
    },
    colon=": ",
    comma=", ",
    silence="To silence: comment {example} here or on the line above.",
    low_confidence="Not certain; it does not count against the merge.",
    no_suggestion="A suggested change cannot be shown here as it stands.",
    gone="No longer found at {head}.",
    silenced="Silenced at {head}.",
    no_findings="Nothing to object to.",
    columns=("Severity", "Finding", "Place"),
    more="and {count} more",
    elsewhere="Not commented inline ({count})",
    undecided="Could not be reviewed",
    not_reviewed="Not reviewed, or with limits ({count})",
    how="How this was reviewed",
    missing_tests="Tests that are missing",
    untested="No test mentions",
    labels="Suggested labels",
    read_first="Read first",
    risk="Risk",
    rules_alone="The rules ran alone, without a model.",
    by_rules="Findings of rules and other tools: {count}.",
    by_model="Drafts of the model ({models}): {drafts}, of which {admitted} became findings.",
    drafts="Rejected: {reasons}.",
    coverage="Files reviewed: {reviewed} of {files}; changed lines seen by a model: {seen} of {lines}.",
    remembered="Pieces unchanged since an earlier review, whose answers were kept: {count}.",
    suppressed="Silenced ({count})",
    usage="Model calls: {calls}; tokens in: {prompt} ({cached} cached), out: {completion}; {seconds} s.",
    head="Reviewed at {head}",
)

CHINESE = Phrases(
    severities={
        Severity.CRITICAL: "致命",
        Severity.HIGH: "高",
        Severity.MEDIUM: "中",
        Severity.LOW: "低",
    },
    verdicts={
        Verdict.PASS: "✅ 通过",
        Verdict.FAIL: "❌ 未通过（“{threshold}”级及以上问题：{blocking}）",
        Verdict.INCONCLUSIVE: "⚠️ 无法判定：部分内容未能完成评审",
    },
    reasons={
        "quote-not-found": "引用的代码不存在",
        "quote-ambiguous": "引用的代码出现在多处",
        "outside-diff": "针对未改动的代码",
        "unknown-path": "针对未改动的文件",
        "duplicate": "重复",
        "refuted": "复核不成立",
        "low-confidence": "把握不足",
        "malformed": "无法解析",
        "empty": "缺少代码或说明",
        "suggestion-invalid": "修改建议不可用（问题保留）",
        "inline": "代码注释",
        "baseline": "基线",
        "moved": "移动而来，并非新增",
        "memory": "此前已驳回",
    },
    colon="：",
    comma="、",
    silence="如需忽略：在此处或上一行添加注释 {example}。",
    low_confidence="尚不确定，不影响合并结论。",
    no_suggestion="修改建议的内容无法在此安全显示。",
    gone="在 {head} 中已不再出现。",
    silenced="在 {head} 中已被忽略。",
    no_findings="未发现问题。",
    columns=("级别", "问题", "位置"),
    more="另有 {count} 项",
    elsewhere="未在行内评论（{count}）",
    undecided="未能完成评审",
    not_reviewed="未评审或受限的内容（{count}）",
    how="评审方式",
    missing_tests="缺少的测试",
    untested="没有测试提及",
    labels="建议的标签",
    read_first="建议先读",
    risk="风险",
    rules_alone="仅运行规则，未使用模型。",
    by_rules="规则及其他工具发现的问题：{count}。",
    by_model="模型（{models}）草稿：{drafts}，采纳：{admitted}。",
    drafts="未采纳：{reasons}。",
    coverage="已评审文件：{reviewed}/{files}；模型看过的改动行：{seen}/{lines}。",
    remembered="自上次评审以来未改动、沿用此前结果的代码块：{count}。",
    suppressed="已忽略（{count}）",
    usage="模型调用：{calls}；读取 token：{prompt}（缓存：{cached}），生成：{completion}；{seconds} 秒。",
    head="评审版本 {head}",
)

_LANGUAGES = {"en": ENGLISH, "zh-CN": CHINESE}


def phrases(language: str) -> Phrases:
    """Return the words of a language of the settings; English for any other."""
    return _LANGUAGES.get(language, ENGLISH)
