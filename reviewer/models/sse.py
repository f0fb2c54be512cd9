"""Read server-sent events (WHATWG HTML, section 9.2) out of a byte stream."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable

_LONGEST_LINE = 4 * 1024 * 1024


async def read_events(chunks: AsyncIterable[bytes]) -> AsyncGenerator[str, None]:
    """Yield the data of each event, however the bytes are chunked; comments and other fields are dropped.

    Lines end with LF or CRLF; a lone CR, which the standard allows and no model server sends, ends none.
    An event that the end of the stream cut off is dropped. Raises ValueError for a line beyond 4 MiB.
    """
    # Not httpx's aiter_lines: it also breaks at U+2028 and its like, which stand raw in JSON strings.
    data: list[str] = []
    async for line in _lines(chunks):
        if not line:
            if data:
                yield "\n".join(data)
            data = []
        elif line == "data" or line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))


async def _lines(chunks: AsyncIterable[bytes]) -> AsyncGenerator[str, None]:
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r").decode("utf-8", "replace")
        if len(rest) > _LONGEST_LINE:
            raise ValueError("a line of the event stream never ends")
