"""The second opinion: each finding of a model goes to the verifiers, who must quote what they go by.

A quote that is not in what they were shown makes a judgement an opinion, and that is doubt. Doubt lowers
the confidence; what was less sure than the reviewing family must be is then rejected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from reviewer.asking import conversation
from reviewer.asking.conversation import VerifierReply
from reviewer.asking.panel import Asked, Panel, with_fallback
from reviewer.asking.surroundings import Surroundings
from reviewer.checkpoint import Checkpoint
from reviewer.domain import Confidence, Finding, Rejected, ReviewWarning, Role, Source, Usage
from reviewer.errors import ModelBudget, ModelError
from reviewer.ports import Model
from reviewer.stages.prompt import Briefing, verify_prompt
from reviewer.stages.proof import is_shown
from reviewer.stages.reply import Opinion
from reviewer.stages.units import UnitPlan, text_of


@dataclass(frozen=True, slots=True)
class _Judged:
    model: str = ""
    problem: str = ""
    code: str = "verifier-failed"
    reply: VerifierReply | None = None
    spent: Usage = field(default_factory=Usage)


_JUDGED = Checkpoint(_Judged)
_REASON_CHARS = 300
_DOUBTED = {
    "en": "A model that was shown the code doubts this: {reason}",
    "zh-CN": "一个看过代码的模型对此存疑：{reason}",
}


async def verify_findings(
    panel: Panel, briefing: Briefing, plan: UnitPlan, asked: Asked, around: Surroundings
) -> Asked:
    """Send each finding to the verifiers, if there are any, and keep what is not refuted."""
    if not panel.gateway.configured(Role.VERIFY) or not asked.findings:
        return asked
    desk = _Desk(panel, briefing, plan, around)
    judged = await desk.judge(asked.findings, "verify")
    outcomes = [
        weigh(finding, verdict.reply, needs=_needs(panel, finding))
        for finding, verdict in zip(asked.findings, judged, strict=True)
    ]
    return replace(
        _note(panel, asked, judged),
        findings=tuple(outcome for outcome in outcomes if isinstance(outcome, Finding)),
        rejected=(*asked.rejected, *(outcome for outcome in outcomes if isinstance(outcome, Rejected))),
    )


async def verify_rules(
    panel: Panel, briefing: Briefing, plan: UnitPlan, asked: Asked, around: Surroundings
) -> Asked:
    """Send what rules found with medium confidence, where `review.verify_rules` asks for it.

    A rule has its own proof: what is refuted is less sure and says so, and stays.
    """
    if not (panel.settings.verify_rules and panel.gateway.configured(Role.VERIFY) and plan.units):
        return asked
    doubtful = [one for one in asked.known if _is_doubtful(one) and plan.showing(one) is not None]
    judged = await _Desk(panel, briefing, plan, around).judge(doubtful, "verify rule")
    lowered = {
        finding: _lower(finding, verdict.reply.judgement.reason, panel.settings.language)
        for finding, verdict in zip(doubtful, judged, strict=True)
        if verdict.reply and verdict.reply.judgement.opinion is Opinion.REFUTED
    }
    known = tuple(lowered.get(finding, finding) for finding in asked.known)
    return replace(_note(panel, asked, judged), known=known)


def weigh(
    finding: Finding, reply: VerifierReply | None, *, needs: Confidence = Confidence.MEDIUM
) -> Finding | Rejected:
    """Make of a verifier's answer what it is worth; no answer is unsure, and unsure is never a yes.

    In doubt a finding of at least `needs` stays, with low confidence.
    """
    opinion = reply.judgement.opinion if reply else Opinion.UNSURE
    if opinion is Opinion.CONFIRMED:
        return replace(finding, confidence=Confidence.HIGH)
    reason = reply.judgement.reason if reply else ""
    told = f"{finding.title}: {reason}" if reason else finding.title
    if opinion is Opinion.REFUTED:
        return Rejected("refuted", finding.path, told, finding.model)
    if finding.confidence.rank < needs.rank:
        return Rejected("low-confidence", finding.path, told, finding.model)
    return replace(finding, confidence=Confidence.LOW)


class _Desk:
    """Has findings judged, each in a conversation of its own that is one step."""

    def __init__(self, panel: Panel, briefing: Briefing, plan: UnitPlan, around: Surroundings) -> None:
        self._panel = panel
        self._briefing = briefing
        self._plan = plan
        self._around = around
        # An eighth of the smallest window at most, as the related code's share of half of it.
        self._room = min(model.context for model in panel.gateway.configured(Role.VERIFY)) // 2

    async def judge(self, findings: Sequence[Finding], name: str) -> list[_Judged]:
        """Return what the verifiers say of each finding."""
        self._panel.progress("verifying", 0, len(findings))
        numbered = enumerate(findings, start=1)
        judged = await asyncio.gather(*(self._judge(one, f"{name} {number}") for number, one in numbered))
        self._panel.progress("verifying", len(findings), len(findings))
        return judged

    async def _judge(self, finding: Finding, name: str) -> _Judged:
        unit = self._plan.units[self._plan.showing(finding) or 0]
        spent: list[Usage] = []

        async def talk() -> _Judged:
            related = await self._around.behind(finding, unit, self._room) or unit.related

            async def judge(model: Model) -> _Judged:
                prompt = verify_prompt(self._briefing, unit, finding, model.profile, related=related)
                reply = await conversation.verify_finding(model, prompt, purpose=name, on_usage=spent.append)
                return _Judged(model.name, reply=_grounded(reply, [text_of(unit.parts), related]))

            try:
                judged = await with_fallback(self._panel, Role.VERIFY, judge)
            except ModelError as err:
                code = "budget" if isinstance(err, ModelBudget) else "verifier-failed"
                judged = _Judged(model=err.model, problem=f"no verification: {err}", code=code)
            return replace(judged, spent=sum(spent, Usage()))

        return await _JUDGED.run(self._panel.step, name, talk)


def _grounded(reply: VerifierReply, shown: Sequence[str]) -> VerifierReply:
    """Take a judgement that quotes nothing of what was shown for doubt."""
    judgement = reply.judgement
    if judgement.opinion is Opinion.UNSURE or is_shown(judgement.quote, shown):
        return reply
    return replace(reply, judgement=replace(judgement, opinion=Opinion.UNSURE))


def _note(panel: Panel, asked: Asked, judged: Sequence[_Judged]) -> Asked:
    """Add up what judging has cost, and what went wrong."""
    problems = dict.fromkeys(
        ReviewWarning(verdict.code, verdict.problem, undecided=panel.required)
        for verdict in judged
        if verdict.problem
    )
    notes = (warning for verdict in judged if verdict.reply for warning in verdict.reply.warnings)
    return replace(
        asked,
        warnings=(*asked.warnings, *problems, *notes),
        usage=sum((verdict.spent for verdict in judged), asked.usage),
        models=tuple(dict.fromkeys((*asked.models, *(verdict.model for verdict in judged if verdict.reply)))),
    )


def _needs(panel: Panel, finding: Finding) -> Confidence:
    """Return the confidence that a finding of its model's family needs to outlive a doubt."""
    models = panel.gateway.configured(Role.REVIEW)
    found = (model.profile.outlives_doubt for model in models if model.name == finding.model)
    return next(found, Confidence.MEDIUM)


def _is_doubtful(finding: Finding) -> bool:
    return finding.source is Source.RULE and finding.confidence is Confidence.MEDIUM


def _lower(finding: Finding, reason: str, language: str) -> Finding:
    note = _DOUBTED[language].format(reason=" ".join(reason.split())[:_REASON_CHARS] or "-")
    return replace(finding, confidence=Confidence.LOW, why="\n\n".join(filter(None, (finding.why, note))))
