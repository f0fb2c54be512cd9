"""Give new lines the indentation of the file, where a model wrote old and new lines with another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def reindent(quoted: Sequence[str], found: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return the `new` lines with indentation as the file has it.

    `quoted` are the old lines as they were written, `found` those that they turned out to be. What one
    of the former begins with stands for what the latter begins with, in the new lines too.
    """
    pairs: dict[str, str] = {}
    matched = zip(_filled(quoted), _filled(found), strict=False)
    for written, own in matched:
        pairs.setdefault(_indent(written), _indent(own))
    if all(written == own for written, own in pairs.items()):
        return list(new)
    tabs = any("\t" in own for own in pairs.values())
    return [_line(line, pairs, tabs=tabs) for line in new]


def _line(line: str, pairs: Mapping[str, str], *, tabs: bool) -> str:
    if not line.strip():
        return ""
    indent = _indent(line)
    known = max((written for written in pairs if indent.startswith(written)), key=len, default=None)
    if known is None:
        shortest = min(pairs, key=len)
        return pairs[shortest].removesuffix(shortest[len(indent) :]) + line.lstrip()
    deeper = indent[len(known) :]
    return pairs[known] + (_to_tabs(deeper, pairs) if tabs else deeper) + line.lstrip()


def _to_tabs(deeper: str, pairs: Mapping[str, str]) -> str:
    """Write spaces as tabs, as many to one as the old lines had."""
    width = next(
        (
            len(written) // len(own)
            for written, own in pairs.items()
            if own and set(own) == {"\t"} and written
        ),
        4,
    )
    return deeper if "\t" in deeper else "\t" * round(len(deeper) / max(width, 1))


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _filled(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if line.strip()]
