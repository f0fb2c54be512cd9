"""The second opinion: each finding of a model goes to the verifiers, who must quote what they go by."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from reviewer import conversation
from reviewer.checkpoint import Checkpoint
from reviewer.conversation import VerifierReply
from reviewer.domain import Confidence, Finding, Rejected, ReviewWarning, Role, Usage
from reviewer.errors import ModelBudget, ModelError
from reviewer.panel import Asked, Panel, with_fallback
from reviewer.ports import Model
from reviewer.stages.prompt import Briefing, verify_prompt
from reviewer.stages.reply import Opinion
from reviewer.stages.units import UnitPlan


@dataclass(frozen=True, slots=True)
class _Judged:
    model: str = ""
    problem: str = ""
    code: str = "verifier-failed"
    reply: VerifierReply | None = None
    spent: Usage = field(default_factory=Usage)


_JUDGED = Checkpoint(_Judged)


async def verify_findings(panel: Panel, briefing: Briefing, plan: UnitPlan, asked: Asked) -> Asked:
    """Send each finding to the verifiers, if there are any, and keep what is not refuted."""
    if not panel.gateway.configured(Role.VERIFY) or not asked.findings:
        return asked
    total = len(asked.findings)
    panel.progress("verifying", 0, total)
    judged = await asyncio.gather(
        *(
            _judge(panel, briefing, plan, finding, f"verify {number}")
            for number, finding in enumerate(asked.findings, start=1)
        )
    )
    panel.progress("verifying", total, total)
    kept: list[Finding] = []
    rejected: list[Rejected] = []
    for finding, verdict in zip(asked.findings, judged, strict=True):
        outcome = weigh(finding, verdict.reply)
        (rejected if isinstance(outcome, Rejected) else kept).append(outcome)  # type: ignore[arg-type]
    problems = dict.fromkeys(
        ReviewWarning(verdict.code, verdict.problem, undecided=panel.required)
        for verdict in judged
        if verdict.problem
    )
    notes = (warning for verdict in judged if verdict.reply for warning in verdict.reply.warnings)
    return replace(
        asked,
        findings=tuple(kept),
        rejected=(*asked.rejected, *rejected),
        warnings=(*asked.warnings, *problems, *notes),
        usage=sum((verdict.spent for verdict in judged), asked.usage),
        models=tuple(dict.fromkeys((*asked.models, *(verdict.model for verdict in judged if verdict.reply)))),
    )


def weigh(finding: Finding, reply: VerifierReply | None) -> Finding | Rejected:
    """Make of a verifier's answer what it is worth; no answer is unsure, and unsure is never a yes."""
    opinion = reply.judgement.opinion if reply else Opinion.UNSURE
    if opinion is Opinion.CONFIRMED:
        return replace(finding, confidence=Confidence.HIGH)
    if opinion is Opinion.REFUTED:
        reason = reply.judgement.reason if reply else ""
        return Rejected("refuted", finding.path, f"{finding.title}: {reason}", finding.model)
    if finding.confidence is Confidence.LOW:
        return Rejected("low-confidence", finding.path, finding.title, finding.model)
    return replace(finding, confidence=Confidence.LOW)


async def _judge(panel: Panel, briefing: Briefing, plan: UnitPlan, finding: Finding, name: str) -> _Judged:
    unit = plan.units[plan.showing(finding) or 0]
    spent: list[Usage] = []

    async def judge(model: Model) -> _Judged:
        prompt = verify_prompt(briefing, unit, finding, model.profile)
        reply = await conversation.verify_finding(model, prompt, purpose=name, on_usage=spent.append)
        return _Judged(model.name, reply=reply)

    async def talk() -> _Judged:
        try:
            judged = await with_fallback(panel, Role.VERIFY, judge)
        except ModelError as err:
            code = "budget" if isinstance(err, ModelBudget) else "verifier-failed"
            judged = _Judged(model=err.model, problem=f"no verification: {err}", code=code)
        return replace(judged, spent=sum(spent, Usage()))

    return await _JUDGED.run(panel.step, name, talk)
