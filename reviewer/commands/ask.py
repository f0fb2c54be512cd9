"""`ask`: answer a question about code: that which was pointed at, else that which the question names."""

from __future__ import annotations

from dataclasses import replace

from reviewer.commands.assistant import Assistant
from reviewer.commands.digest import Order, tell
from reviewer.commands.naming import find_subject
from reviewer.commands.reading import read
from reviewer.commands.subject import Answer, Request, places
from reviewer.errors import NothingToReview


async def run(request: Request, assistant: Assistant) -> Answer:
    """Answer `request.question`.

    Without a subject the definitions are read that the question names. Raises NothingToReview if there
    are none, and ModelError.
    """
    if not request.subjects:
        request = _look_up(request, assistant)
    reading = await read(request, assistant)
    wording, conventions = reading.briefing.wording, reading.briefing.conventions
    question = reading.briefing.fence("question", request.question)
    order = Order(
        shared=(wording.write("role"), wording.write("words"), wording.write("notation"), conventions),
        about=reading.about,
        ask=wording.write("question", question=question),
        purpose="ask",
    )
    return await tell(reading, order, assistant)


def _look_up(request: Request, assistant: Assistant) -> Request:
    found = find_subject(request.question, assistant.library, project="repository")
    if found is None:
        why = "; ".join(warning.message for warning in assistant.library.warnings)
        raise NothingToReview(
            "no name in the question is defined in this repository" + (f" ({why})" if why else ""),
            remedy="name the files or the range that it is about",
        )
    assistant.say(f"reading {', '.join(map(places, found.change.files))}")
    return replace(request, subjects=(found,))
