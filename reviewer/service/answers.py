"""What the bot does when it is spoken to: it looks who speaks, then reviews, dismisses, or answers in words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType

from reviewer.checkpoint import Checkpoint
from reviewer.commands.dismissing import Handled
from reviewer.commands.verbs import AVAILABLE
from reviewer.domain import Command, Event
from reviewer.ports import Conversation, Json, Step
from reviewer.service.fence import Fence
from reviewer.service.worker import Work

Handler = Callable[[Event, Command, str], Handled]
"""Carries a command out and says what to answer; takes the event and what people call the bot. Blocks."""

_HANDLED = Checkpoint(Handled)
_HELP = {
    "en": "I understand, at the beginning of a line:\n\n"
    "- `{bot} review`: review all of this merge request anew\n"
    "- `{bot} ignore`, in reply to a finding, or with its fingerprint; then a reason: dismiss it, here and "
    "in the whole project\n"
    "- `{bot} resolve`, in reply to a finding: resolve its thread\n"
    "- `{bot} help`: this list",
    "zh-CN": "我能识别以下写在行首的命令：\n\n"
    "- `{bot} review`：重新完整评审此合并请求\n"
    "- `{bot} ignore`：在问题下回复，或附上其指纹，并说明原因：驳回该问题，对整个项目有效\n"
    "- `{bot} resolve`：在问题下回复，将其讨论标记为已解决\n"
    "- `{bot} help`：显示本列表",
}
_NOT_YET = {
    "en": "`{verb}` is not available yet. `{bot} help` lists what is.",
    "zh-CN": "`{verb}` 暂未提供。`{bot} help` 列出可用的命令。",
}


def with_commands(
    review: Work,
    conversations: Mapping[str, Conversation],
    names: Mapping[str, str],
    *,
    language: str,
    handlers: Mapping[str, Handler] = MappingProxyType({}),
) -> Work:
    """Return the work of a job: a review, or for a command what it asks for.

    `conversations` and `names`, what people call the bot, are by forge id, `handlers` by verb. Where one
    has changed what a review would say, the review follows. Whoever may not command gets no answer; the
    job's result says so.
    """

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        command = event.command
        if command is None:
            return await review(event, step, fence)
        conversation = conversations[event.forge]
        if not await _may_command(event, command, conversation, step):
            return {"command": command.verb, "refused": "the author may not command on this project"}
        if command.verb == "review":
            return await review(event, step, fence)
        bot = f"@{names[event.forge].removesuffix('[bot]')}"
        if command.verb in handlers:
            handled = await _handle(handlers[command.verb], event, command, bot, step)
        else:
            # In code marks a mention notifies nobody, and cannot set off another bot.
            words = (_HELP if command.verb in AVAILABLE else _NOT_YET)[language]
            handled = Handled(words.format(bot=bot, verb=command.verb), changed=False)
        answer = await _answer(event, command, conversation, step, handled.body)
        if handled.changed:
            return await review(event, step, fence)
        return {"command": command.verb, "answer": answer}

    return work


async def _may_command(event: Event, command: Command, conversation: Conversation, step: Step) -> Json:
    async def ask() -> Json:
        return await asyncio.to_thread(
            conversation.may_command, event.project, command.actor_id, command.actor
        )

    return await step("may-command", ask)


async def _handle(handler: Handler, event: Event, command: Command, bot: str, step: Step) -> Handled:
    async def handle() -> Handled:
        return await asyncio.to_thread(handler, event, command, bot)

    return await _HANDLED.run(step, command.verb, handle, preemptible=False)


async def _answer(event: Event, command: Command, conversation: Conversation, step: Step, body: str) -> Json:
    async def reply() -> Json:
        return await asyncio.to_thread(conversation.reply, event.project, event.number, command.thread, body)

    return await step("answer", reply, preemptible=False)
