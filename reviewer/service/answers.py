"""What the bot does when it is spoken to: it looks who speaks, then reviews, or answers in words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from reviewer.commands.verbs import AVAILABLE
from reviewer.domain import Command, Event
from reviewer.ports import Conversation, Json, Step
from reviewer.service.fence import Fence
from reviewer.service.worker import Work

_HELP = {
    "en": "I understand, at the beginning of a line:\n\n"
    "- `{bot} review`: review this merge request again\n"
    "- `{bot} help`: this list",
    "zh-CN": "我能识别以下写在行首的命令：\n\n"
    "- `{bot} review`：重新评审此合并请求\n"
    "- `{bot} help`：显示本列表",
}
_NOT_YET = {
    "en": "`{verb}` is not available yet. `{bot} help` lists what is.",
    "zh-CN": "`{verb}` 暂未提供。`{bot} help` 列出可用的命令。",
}


def with_commands(
    review: Work, conversations: Mapping[str, Conversation], names: Mapping[str, str], *, language: str
) -> Work:
    """Return the work of a job: a review, or for a command what it asks for.

    `conversations` and `names`, what people call the bot, are by forge id. Whoever may not command
    gets no answer; the job's result says so.
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
        # In code marks a mention notifies nobody, and cannot set off another bot.
        words = (_HELP if command.verb in AVAILABLE else _NOT_YET)[language]
        body = words.format(bot=f"@{names[event.forge].removesuffix('[bot]')}", verb=command.verb)
        return {"command": command.verb, "answer": await _answer(event, command, conversation, step, body)}

    return work


async def _may_command(event: Event, command: Command, conversation: Conversation, step: Step) -> Json:
    async def ask() -> Json:
        return await asyncio.to_thread(
            conversation.may_command, event.project, command.actor_id, command.actor
        )

    return await step("may-command", ask)


async def _answer(event: Event, command: Command, conversation: Conversation, step: Step, body: str) -> Json:
    async def reply() -> Json:
        return await asyncio.to_thread(conversation.reply, event.project, event.number, command.thread, body)

    return await step("answer", reply, preemptible=False)
