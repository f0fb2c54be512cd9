"""Match paths against patterns byte by byte as git does (wildmatch.c), without going back on itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

_CLASSES = {
    b"alnum": rb"0-9A-Za-z", b"alpha": rb"A-Za-z", b"blank": rb" \t", b"cntrl": rb"\x00-\x1f\x7f",
    b"digit": rb"0-9", b"graph": rb"!-~", b"lower": rb"a-z", b"print": rb" -~",
    b"punct": rb"!-/:-@\[-`{-~", b"space": rb"\t-\r ", b"upper": rb"A-Z", b"xdigit": rb"0-9A-Fa-f",
}  # fmt: skip
_NOTHING = rb"(?!)"
_STAR, _STARS, _SLASH = b"*", b"**", b"/"
_WILD = re.compile(rb"[*?\[\\]")
_PIECE = re.compile(
    rb"(?P<stars>\*+)|(?P<any>\?)|(?P<set>\[[!^]?+\]?+(?:\[:[a-z]*:\]|\\.|[^\]\\])*\])"
    rb"|\\(?P<escaped>.)|(?P<plain>[^*?\[\\])|(?P<broken>.)",
    re.DOTALL,
)
_MEMBER = re.compile(
    rb"\[:(?P<name>[a-z]*):\]|(?P<low>\\.|[^\\])-(?P<high>\\.|[^\]\\])|(?P<one>\\.|[^\\])", re.DOTALL
)

Matcher = Callable[[bytes], bool]


def compile_pattern(pattern: bytes) -> Matcher:
    """Turn a pattern into a predicate over paths relative to the folder that it was written in.

    Without a slash it is matched against the last part of a path alone; one that ends in a slash means
    folders and matches no file.
    """
    if pattern.endswith(b"/"):
        return lambda _path: False
    if b"/" not in pattern:
        name = _compile_part(list(_read_pieces(pattern)))
        return lambda path: name.fullmatch(path.rpartition(b"/")[2]) is not None
    # Git compares what stands before the first wildcard by itself, so that `a**` crosses slashes.
    anchored = pattern.removeprefix(b"/")
    plain = _WILD.split(anchored, maxsplit=1)[0]
    parts: list[list[bytes]] = [[]]
    for piece in _read_pieces(anchored[len(plain) :]):
        if piece is _SLASH:
            parts.append([])
        else:
            parts[-1].append(piece)
    compiled = [None if part == [_STARS] else _compile_part(part) for part in parts]
    return lambda path: path.startswith(plain) and _match_parts(compiled, path[len(plain) :].split(b"/"))


def _match_parts(pattern: Sequence[re.Pattern[bytes] | None], path: Sequence[bytes]) -> bool:
    """Match part by part; None stands for any number of parts, for one at least where it is the last."""
    reached = {0}  # how many parts of the path the pattern so far may take
    for number, part in enumerate(pattern):
        if part is None:
            least = min(reached, default=len(path) + 1) + (number == len(pattern) - 1)
            reached = set(range(least, len(path) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(path) and part.fullmatch(path[at])}
    return len(path) in reached


def _compile_part(pieces: Sequence[bytes]) -> re.Pattern[bytes]:
    """Compile what stands between slashes; between two stars the first fit is as good as any other."""
    runs = [b""]
    for piece in pieces:
        if piece in (_STAR, _STARS):
            runs.append(b"")
        else:
            runs[-1] += piece
    first, *others = runs
    middle = b"".join(b"(?>.*?" + run + b")" for run in others[:-1])
    last = b".*" + others[-1] if others else b""
    return re.compile(first + middle + last, re.DOTALL)


def _read_pieces(glob: bytes) -> Iterator[bytes]:
    """Yield the expressions of `re` for one character each, and stars and slashes as what they are."""
    for found in _PIECE.finditer(glob):
        match found.lastgroup:
            case "stars":
                yield _STAR if len(found["stars"]) == 1 else _STARS
            case "any":
                yield b"."
            case "set":
                yield _compile_set(found["set"])
            case "escaped" | "plain":
                one = found[found.lastgroup]
                yield _SLASH if one == b"/" else re.escape(one)
            case _:  # an open bracket, or a backslash at the end: git takes it for no match
                yield _NOTHING


def _compile_set(written: bytes) -> bytes:
    """Turn a set in brackets into one of `re`; a class that git does not know makes all of it match nothing."""
    inside = written[1:-1]
    negated = inside[:1] in (b"!", b"^")
    members = b""
    for member in _MEMBER.finditer(inside, int(negated)):
        if member["name"] is not None:
            if member["name"] not in _CLASSES:
                return _NOTHING
            members += _CLASSES[member["name"]]
        elif member["one"]:
            members += _escape(member["one"])
        else:
            low, high = member["low"][-1:], member["high"][-1:]
            members += _escape(low) + (b"-" + _escape(high) if low <= high else b"")
    return b"[" + (b"^" if negated else b"") + members + b"]"


def _escape(member: bytes) -> bytes:
    return b"\\x%02x" % member[-1]
