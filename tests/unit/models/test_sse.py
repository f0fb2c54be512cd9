"""Server-sent events are read the same however the network cuts them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.models.sse import read_events

STREAM = (
    b': ping\n\ndata: {"a": 1}\n\nevent: x\nid: 7\ndata:two\ndata: lines\r\n\r\n'
    b'data: {"text": "\xe2\x80\xa8 \xe4\xb8\xad"}\n\ndata\n\ndata: [DONE]\n\ndata: cut off'
)
EVENTS = ['{"a": 1}', "two\nlines", '{"text": "\u2028 中"}', "", "[DONE]"]


async def chunked(stream: bytes, cuts: list[int]) -> AsyncIterator[bytes]:
    position = 0
    for cut in [*sorted(cuts), len(stream)]:
        yield stream[position:cut]
        position = cut


@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
async def test_chunks_do_not_matter(cuts: list[int]) -> None:
    assert [event async for event in read_events(chunked(STREAM, cuts))] == EVENTS


async def test_a_line_without_end_is_given_up() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1_000_000

    with pytest.raises(ValueError, match="never ends"):
        [event async for event in read_events(endless())]
