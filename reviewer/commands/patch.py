"""Write new texts of files as one patch that `git apply` takes, byte for byte what the files hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from parsers.source import split_lines
from reviewer.commands.subject import NewText

_CONTEXT = 3
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def write_patch(files: Iterable[NewText]) -> bytes:
    """Return a patch of all files, with `a/` and `b/` before their names."""
    return b"".join(_file(file) for file in files)


def changed_places(old: bytes, new: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield where two texts differ: first line and end (exclusive, both from 0) in the old and the new one."""
    for tag, *place in _compare(split_lines(old), split_lines(new)):
        if tag != "equal":
            first, end, new_first, new_end = place
            yield first, end, new_first, new_end


def _file(file: NewText) -> bytes:
    old, new = _lines(file.old or b""), _lines(file.new)
    name_a, name_b = _name(f"a/{file.path}"), _name(f"b/{file.path}")
    head = [b"diff --git " + name_a + b" " + name_b + b"\n"]
    if file.old is None:
        head += [b"new file mode 100644\n", b"--- /dev/null\n"]
    else:
        head.append(b"--- " + name_a + _tab(file.path) + b"\n")
    head.append(b"+++ " + name_b + _tab(file.path) + b"\n")
    return b"".join([*head, *_hunks(old, new)])


def _hunks(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[bytes]:
    for group in _group(_compare(old, new)):
        first, last = group[0], group[-1]
        yield b"@@ -%s +%s @@\n" % (_span(first[1], last[2]), _span(first[3], last[4]))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (_row(b" ", line) for line in old[i1:i2])
            else:
                yield from (_row(b"-", line) for line in old[i1:i2])
                yield from (_row(b"+", line) for line in new[j1:j2])


_Opcode = tuple[str, int, int, int, int]


def _compare(old: Sequence[bytes], new: Sequence[bytes]) -> list[_Opcode]:
    """Compare what lies between the common beginning and the common end: the rest need not be looked at."""
    most = min(len(old), len(new))
    head = next((n for n in range(most) if old[n] != new[n]), most)
    tail = next((n for n in range(most - head) if old[-1 - n] != new[-1 - n]), most - head)
    middle = SequenceMatcher(a=old[head : len(old) - tail], b=new[head : len(new) - tail])
    found: list[_Opcode] = [("equal", 0, head, 0, head)] if head else []
    found += [
        (tag, i1 + head, i2 + head, j1 + head, j2 + head) for tag, i1, i2, j1, j2 in middle.get_opcodes()
    ]
    if tail:
        found.append(("equal", len(old) - tail, len(old), len(new) - tail, len(new)))
    return found


def _group(opcodes: list[_Opcode]) -> Iterator[list[_Opcode]]:
    """Part what is changed into hunks, with three lines around each."""
    group: list[_Opcode] = []
    for tag, i1, i2, j1, j2 in opcodes:
        if tag != "equal":
            group.append((tag, i1, i2, j1, j2))
            continue
        if group:
            if i2 - i1 <= 2 * _CONTEXT and (i2, j2) != opcodes[-1][2::2]:
                group.append((tag, i1, i2, j1, j2))
                continue
            group.append((tag, i1, min(i2, i1 + _CONTEXT), j1, min(j2, j1 + _CONTEXT)))
            yield group
        group = [(tag, max(i1, i2 - _CONTEXT), i2, max(j1, j2 - _CONTEXT), j2)]
    if any(tag != "equal" for tag, *_ in group):
        yield group


def _span(first: int, end: int) -> bytes:
    """Write a hunk's place; without lines it names the line before it, as git does."""
    return b"%d,%d" % (first + (end > first), end - first)


def _row(mark: bytes, line: bytes) -> bytes:
    return mark + line if line.endswith(b"\n") else mark + line + b"\n\\ No newline at end of file\n"


def _lines(text: bytes) -> list[bytes]:
    lines = [line + b"\n" for line in split_lines(text)]
    if lines and not text.endswith(b"\n"):
        lines[-1] = lines[-1][:-1]
    return lines


def _name(path: str) -> bytes:
    if any(char in _ESCAPES or not char.isprintable() for char in path):
        path = "".join(_escape(char) for char in path)
        return f'"{path}"'.encode("utf-8", "surrogateescape")
    return path.encode("utf-8", "surrogateescape")


def _escape(char: str) -> str:
    if char in _ESCAPES or char.isprintable():
        return _ESCAPES.get(char, char)
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))


def _tab(path: str) -> bytes:
    return b"\t" if " " in path else b""  # so that the name's end is known, as git does it
