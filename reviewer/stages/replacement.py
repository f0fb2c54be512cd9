"""Read a suggested replacement as it was meant: in the file's indentation, without the lines around it.

Models write new code with spaces where a file has tabs, without its indentation, or together with the
line above or below, which would then stand there twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_TAB_WIDTH = 4


def readings(text: str, lines: Mapping[int, str], start: int, end: int) -> Iterator[str]:
    """Yield what a replacement for lines start..end may mean, the likeliest first; whoever asks proves one."""
    original = lines[start]
    forms = list(dict.fromkeys(_indented(text, original)))
    for form in dict.fromkeys((*forms, text)):
        alone = _without_neighbours(form.split("\n"), lines, start, end)
        if alone and _indent(alone[0]) == _indent(original):
            yield "\n".join(alone)
    yield from forms


def _indented(text: str, original: str) -> Iterator[str]:
    """Put back the indentation that models take from the quoted lines: from the first, or from all."""
    first, *rest = text.split("\n")
    indent = _indent(original)
    if indent and ("\t" in indent) != ("\t" in _indent(first)) and first[:1].isspace():
        yield "\n".join(_rebased(line, _indent(first), indent) for line in (first, *rest))
    if not indent or first[:1].isspace():
        yield text
        return
    if all(line.startswith(indent) for line in rest if line.strip()):
        yield "\n".join((indent + first, *rest))
    if rest:
        yield "\n".join(indent + line if line.strip() else line for line in (first, *rest))


def _rebased(line: str, from_indent: str, to_indent: str) -> str:
    """Write a line's indentation in the file's manner: tabs for spaces, or spaces for tabs."""
    if not line.startswith(from_indent):
        return line
    rest = line[len(from_indent) :]
    deeper, code = _indent(rest), rest.lstrip()
    tabbed = "\t" in to_indent
    return (
        to_indent + ("\t" * (len(deeper) // _TAB_WIDTH) if tabbed else deeper.expandtabs(_TAB_WIDTH)) + code
    )


def _without_neighbours(
    written: list[str], lines: Mapping[int, str], start: int, end: int
) -> list[str] | None:
    """Leave out what only repeats the lines above and below; None where nothing does.

    Lines without a letter or a digit, such as braces, repeat nothing.
    """
    most = len(written) - 1
    above = [lines.get(number) for number in range(start - most, start)]
    below = [lines.get(number) for number in range(end + 1, end + 1 + most)]
    first = next((n for n in range(most, 0, -1) if _repeats(written[:n], above[-n:])), 0)
    last = next((n for n in range(most, 0, -1) if _repeats(written[-n:], below[:n])), 0)
    return written[first : len(written) - last] if 0 < first + last < len(written) else None


def _repeats(written: list[str], there: list[str | None]) -> bool:
    pairs = zip(written, there, strict=True)
    same = all(line is not None and own.rstrip() == line.rstrip() for own, line in pairs)
    return same and any(char.isalnum() for line in written for char in line)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
