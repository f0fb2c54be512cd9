"""`explain`: what code does and how, and where its traps are; or what a change does."""

from __future__ import annotations

from reviewer.commands.assistant import Assistant
from reviewer.commands.digest import Order, tell
from reviewer.commands.reading import read
from reviewer.commands.subject import Answer, Request


async def run(request: Request, assistant: Assistant) -> Answer:
    """Explain the lines that were pointed at, or a change. Raises ModelError."""
    reading = await read(request, assistant)
    wording, conventions = reading.briefing.wording, reading.briefing.conventions
    about_change = any(not subject.selected for subject in request.subjects)
    task = wording.write("explain-change" if about_change else "explain-code")
    order = Order(
        shared=(wording.write("role"), wording.write("words"), wording.write("notation"), conventions),
        about=reading.about,
        ask=task,
        purpose="explain",
    )
    return await tell(reading, order, assistant)
