"""`ignore` and `resolve` in a merge request: somebody with rights dismisses a finding for the project."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from reviewer.domain import ChangeRef, Command, Discussion, Dismissal, Event, Gesture, Person, Trace
from reviewer.ports import Feedback, Forge, Memory
from reviewer.stages import marker
from reviewer.stages.dismissed import can_dismiss, is_secret
from reviewer.stages.neutralise import code_span, neutralise_line
from reviewer.stages.plan import threads_by_fingerprint
from reviewer.stages.redact import redact

SHORTEST_FINGERPRINT = 7
"""Digits that name a finding, if only one in the merge request begins with them."""

_WORDS_LIMIT = 300
_NAME = re.compile(rf"`?([0-9a-f]{{{SHORTEST_FINGERPRINT},64}})`?(?:\s+|$)", re.IGNORECASE)

_ANSWERS = {
    "en": {
        "ignored": "Dismissed: {title} ({name}). It is not reported in this project again, {by} said so.",
        "resolved": "Resolved for {by}: {title} ({name}). As long as its code stays it is not reported again.",
        "thread-open": "The thread stays open: the forge did not let the bot resolve it.",
        "secret": "A secret cannot be dismissed: {title}. Revoke it, or ask the operator to allow it.",
        "strict": "{title} is of high severity and was found by a rule: resolving it changes nothing of the "
        "verdict. Fix it, or write `{bot} ignore` with a reason.",
        "which": "Which finding? Write this in reply to one of its comments, or name its fingerprint.",
        "where": "Write this in reply to a finding's comment.",
        "unknown": "No finding of this merge request is known by that name. `{bot} review` looks again.",
        "several": "Several findings begin with {name}: write more of it.",
        "off": "Dismissals are switched off on this instance.",
    },
    "zh-CN": {
        "ignored": "已驳回：{title}（{name}）。{by} 确认后，本项目不再报告此问题。",
        "resolved": "已代 {by} 解决：{title}（{name}）。只要代码不变，就不再报告。",
        "thread-open": "讨论仍为打开状态：平台不允许机器人将其标记为已解决。",
        "secret": "密钥类问题不能驳回：{title}。请吊销该密钥，或请管理员加入允许列表。",
        "strict": "{title} 为规则发现的高级别问题：标记为已解决不影响结论。请修复，或使用 `{bot} ignore` 并说明原因。",
        "which": "请指明问题：在其评论下回复，或写出其指纹。",
        "where": "请在问题的评论下回复此命令。",
        "unknown": "此合并请求中没有该名称的问题。`{bot} review` 可重新评审。",
        "several": "有多个问题以 {name} 开头：请多写几位。",
        "off": "此实例已关闭驳回功能。",
    },
}


@dataclass(frozen=True, slots=True)
class Handled:
    """What to answer, and whether a review would say something else now."""

    body: str
    changed: bool


class _Unclear(Exception):
    """Why it cannot be told which finding is meant: the answer's kind, and the name that was written."""

    def __init__(self, kind: str, name: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.name = name


class Audience(Forge, Feedback, Protocol):
    """A forge whose threads can be resolved."""


@dataclass(frozen=True, slots=True)
class Dismissing:
    """Carries the two commands out; whether somebody may command is asked before.

    `audiences` are the forges by id, `memory` is None where the operator wants no dismissals, `clock`
    gives seconds since the epoch, `bot` is what people call us. Calls block and raise ForgeError and
    StoreError; done twice they do the same.
    """

    audiences: Mapping[str, Audience]
    memory: Memory | None
    key: bytes
    clock: Callable[[], float]
    language: str

    def ignore(self, event: Event, command: Command, bot: str) -> Handled:
        """Dismiss the finding of the thread, or the one whose fingerprint is named; what follows is the reason."""
        return self._dismiss(Gesture.IGNORE, event, command, bot)

    def resolve(self, event: Event, command: Command, bot: str) -> Handled:
        """Resolve the finding's thread as if the person had done it."""
        return self._dismiss(Gesture.RESOLVED, event, command, bot)

    def _dismiss(self, gesture: Gesture, event: Event, command: Command, bot: str) -> Handled:
        if self.memory is None:
            return self._say("off")
        forge = self.audiences[event.forge]
        ref = ChangeRef(event.forge, event.project, event.number, None, None, None)
        said = self.memory.recall(ref).said
        discussion = forge.discussion(forge.describe(ref.project, ref.number))
        try:
            finding, reason = self._find(gesture, said, self._thread(discussion, ref, command), command)
        except _Unclear as unclear:
            return self._say(unclear.kind, name=code_span(unclear.name), bot=bot)
        if not can_dismiss(gesture, finding):
            kind = "secret" if is_secret(finding) else "strict"
            return self._say(kind, title=neutralise_line(finding.title), bot=bot)
        by = Person(command.actor_id, command.actor)
        self.memory.dismiss([self._dismissal(ref, finding, gesture, by, reason)])
        threads = threads_by_fingerprint(discussion, self.key, ref).get(finding.fingerprint, [])
        resolved = [forge.resolve(ref.project, ref.number, one.id) for one in threads if not one.resolved]
        return self._confirm(gesture, finding, by, thread_open=not all(resolved))

    def _find(
        self, gesture: Gesture, said: Mapping[str, Trace], thread: str | None, command: Command
    ) -> tuple[Trace, str]:
        """Return the finding that is meant, and the reason given; `thread` is the fingerprint replied to."""
        if thread is not None:
            if thread not in said:
                raise _Unclear("unknown")
            return said[thread], command.text
        written = _NAME.match(command.text)
        if gesture is Gesture.RESOLVED or written is None:
            raise _Unclear("where" if gesture is Gesture.RESOLVED else "which")
        fitting = [name for name in said if name.startswith(written[1].lower())]
        if len(fitting) != 1:
            raise _Unclear("several" if fitting else "unknown", written[1])
        return said[fitting[0]], command.text[written.end() :]

    def _thread(self, discussion: Discussion, ref: ChangeRef, command: Command) -> str | None:
        """Return the fingerprint of the finding that a command replies to."""
        thread = next((one for one in discussion.threads if one.id == command.thread), None)
        opening = thread.notes[0] if thread and thread.notes else None
        found = marker.read(opening.body, self.key, ref) if opening and opening.by_bot else None
        return found.fingerprint if found and found.fingerprint != marker.SUMMARY else None

    def _dismissal(
        self, ref: ChangeRef, finding: Trace, gesture: Gesture, by: Person, reason: str
    ) -> Dismissal:
        words = redact(" ".join(reason.split())).text[:_WORDS_LIMIT]
        return Dismissal(ref.forge, ref.project, ref.number, finding, gesture, by, self.clock(), words)

    def _confirm(self, gesture: Gesture, finding: Trace, by: Person, *, thread_open: bool) -> Handled:
        # In code marks a mention notifies nobody.
        told = {
            "title": neutralise_line(finding.title),
            "name": code_span(finding.fingerprint[:12]),
            "by": code_span(by.name),
        }
        kind = "ignored" if gesture is Gesture.IGNORE else "resolved"
        lines = [self._say(kind, **told).body]
        if thread_open:
            lines.append(self._say("thread-open").body)
        return Handled("\n\n".join(lines), changed=True)

    def _say(self, kind: str, **told: str) -> Handled:
        return Handled(_ANSWERS[self.language][kind].format(**told), changed=False)
