"""Turn blocks of a model into new texts of files, or say exactly why one cannot stand.

The old text of a block decides where it goes, compared with the lines as the prompt showed them. A
change keeps to the lines that were asked about, gives back indentation that was lost, holds no secret
but the file's own, and leaves a file that parses as well as before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from parsers import edits
from parsers.diff import Side
from parsers.edits import EditVerdict
from parsers.languages import detect
from parsers.python_version import Version
from parsers.source import decode
from reviewer.commands.blocks import Block
from reviewer.commands.indenting import reindent
from reviewer.commands.patch import changed_places
from reviewer.commands.subject import NewText, Span, selected_lines
from reviewer.domain import ChangedFile, Suggestion
from reviewer.stages.neutralise import visible
from reviewer.stages.quote import QuotableText, QuoteNotFound
from reviewer.stages.restoring import PLACEHOLDER, restore
from reviewer.stages.sides import numbered_lines

_PROVEN = (EditVerdict.CLEAN, EditVerdict.UNCHECKED)
_GB18030 = "gb18030"  # what the GBK of files is decoded as


class EditRefused(ValueError):
    """A change cannot be made; the message tells the model (or the user) why."""


@dataclass(frozen=True, slots=True)
class Edit:
    """New lines for lines start..end (1-based, inclusive), in the file's own words: nothing redacted."""

    start: int
    end: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return the lines as `parsers.edits` takes them, each with its end."""
        return "".join(f"{line}\n" for line in self.lines)


@dataclass(frozen=True, slots=True)
class Limits:
    """What edits may touch: with `wide` all of the files, else the lines that were asked about."""

    wide: bool
    redact: Callable[[str], str]
    python_version: Version | None = None


def make_edits(blocks: Iterable[Block], files: Sequence[ChangedFile], limits: Limits) -> tuple[NewText, ...]:
    """Return the new texts that blocks make of files; raises EditRefused, naming the block's trouble."""
    chosen: dict[str, list[Edit]] = {}
    for block in blocks:
        file = _file_of(block, files)
        if edit := _place(block, file, limits):
            chosen.setdefault(file.path, []).append(edit)
    made = (apply_edits(file, chosen[file.path], limits) for file in files if file.path in chosen)
    found = tuple(text for text in made if text.old != text.new)
    if not found:
        raise EditRefused("the blocks change nothing")
    return found


def from_suggestions(
    file: ChangedFile, suggestions: Iterable[Suggestion], limits: Limits
) -> tuple[NewText | None, int]:
    """Apply what rules propose themselves, as much of it as goes together; return how many did."""
    made: list[Edit] = []
    text: NewText | None = None
    for one in sorted(suggestions, key=lambda one: one.start_line):
        lines = tuple(one.replacement.split("\n")) if one.replacement else ()
        attempt = [*made, Edit(one.start_line, one.end_line, lines)]
        try:
            text = apply_edits(file, attempt, limits)
        except EditRefused:
            continue
        made = attempt
    return text, len(made)


def apply_edits(file: ChangedFile, chosen: Sequence[Edit], limits: Limits) -> NewText:
    """Make one new text of edits of one file, and prove it. Raises EditRefused."""
    source = file.new or b""
    ordered = sorted(chosen, key=lambda edit: edit.start)
    for before, after in pairwise(ordered):
        if after.start <= before.end:
            raise EditRefused(f"{file.path}: two blocks change line {after.start}")
    new = source
    for edit in reversed(ordered):
        _check_characters(file.path, source, edit)
        try:
            new = edits.apply(new, edit.start, edit.end, edit.text)
        except ValueError as err:
            raise EditRefused(f"{file.path}: {err}") from err
    _prove(file.path, source, ordered, limits)
    if not limits.wide:
        _check_lines(file, source, new)
    return NewText(file.path, source, new)


def _file_of(block: Block, files: Sequence[ChangedFile]) -> ChangedFile:
    """Return the file that a block's heading names: by its path, else by an end of it that only one has."""
    named = [file for file in files if _names(block.heading, file.path)]
    if named:
        return max(named, key=lambda file: len(file.path))
    word = next(iter(block.heading.split()), "").strip("`*:")
    ending = PurePosixPath(word).parts[-2:]
    near = [file for file in files if ending and PurePosixPath(file.path).parts[-len(ending) :] == ending]
    if len(near) == 1:
        return near[0]
    if len(files) == 1 and "/" not in word and "." not in word:
        return files[0]
    told = f"{word} is none of the files shown" if word else "a block names no file"
    raise EditRefused(f"{told}: {', '.join(file.path for file in files)}")


def _names(heading: str, path: str) -> bool:
    return re.search(rf"(?<![\w./-]){re.escape(path)}(?![\w/-]|\.\w)", heading) is not None


def _place(block: Block, file: ChangedFile, limits: Limits) -> Edit | None:
    """Find the lines that a block replaces, by the longest of its readings that stands in the file."""
    lines = numbered_lines(file, Side.NEW)
    shown = limits.redact("\n".join(lines.values())).split("\n")
    problem = f"{file.path}: a block has no old text; copy the lines that it replaces"
    for old, new in reversed(block.readings):
        wanted, becomes = _trim_blank(old.split("\n"), new.split("\n"))
        if not any(line.strip() for line in wanted):
            continue
        span = _exact(shown, wanted, selected_lines(file))
        if span is not None:
            return _edit(file, span, becomes, limits)
        text = QuotableText(lines, sorted(selected_lines(file)), Side.NEW, limits.redact)
        try:
            place = text.find("\n".join(wanted), None)
        except QuoteNotFound as err:
            first = next(line for line in wanted if line.strip()).strip()
            why = "stands there more than once" if err.reason == "quote-ambiguous" else "does not stand there"
            problem = f"{file.path}: the old text {why}: {first[:120]}"
            continue
        if not place.whole:
            piece = _piece(file, shown[place.start - 1], "\n".join(wanted), becomes)
            return _edit(file, (place.start, place.end), piece, limits)
        wanted = place.unmark(wanted) or wanted
        start, end = _with_blank(shown, (place.start, place.end), wanted)
        own = reindent(wanted, shown[start - 1 : end], place.unmark(becomes) or becomes)
        return _edit(file, (start, end), own, limits)
    raise EditRefused(problem)


def _exact(shown: Sequence[str], wanted: Sequence[str], preferred: frozenset[int]) -> Span | None:
    """Return the only place that has these very lines, else the only one on preferred lines."""
    count = len(wanted)
    starts = [n for n, line in enumerate(shown) if line == wanted[0] and [*shown[n : n + count]] == [*wanted]]
    if len(starts) > 1:
        starts = [n for n in starts if preferred.intersection(range(n + 1, n + count + 1))]
    return (starts[0] + 1, starts[0] + count) if len(starts) == 1 else None


def _with_blank(shown: Sequence[str], span: Span, wanted: Sequence[str]) -> Span:
    """Take the blank lines in that the old text has at its ends: a quote is compared without them."""
    start, end = span
    for line in wanted:
        if line.strip() or start < 2 or shown[start - 2].strip():
            break
        start -= 1
    for line in reversed(wanted):
        if line.strip() or end >= len(shown) or shown[end].strip():
            break
        end += 1
    return start, end


def _piece(file: ChangedFile, shown: str, old: str, becomes: Sequence[str]) -> list[str]:
    """Replace a piece of one line."""
    piece = old.strip()
    if shown.count(piece) != 1:
        raise EditRefused(f"{file.path}: copy whole lines: {piece[:120]}")
    return shown.replace(piece, "\n".join(becomes).strip()).split("\n")


def _edit(file: ChangedFile, span: Span, becomes: Sequence[str], limits: Limits) -> Edit | None:
    """Put the file's own secrets back, and leave out the lines at both ends that stay as they are."""
    lines, (start, end) = numbered_lines(file, Side.NEW), span
    restored = restore("\n".join(becomes), "\n".join(lines.values()), limits.redact)
    if restored is None or PLACEHOLDER.search(restored):
        raise EditRefused(f"{file.path}: a placeholder <redacted:...> that does not stand for one value here")
    new = restored.split("\n") if becomes else []
    while new and end >= start and new[-1] == lines[end]:
        new.pop()
        end -= 1
    while new and end >= start and new[0] == lines[start]:
        new.pop(0)
        start += 1
    if end >= start:
        return Edit(start, end, tuple(new))
    if not new:
        return None
    # Lines are only inserted: before `start`, or behind the last line, whose own text goes along.
    if start in lines:
        return Edit(start, start, (*new, lines[start]))
    return Edit(start - 1, start - 1, (lines[start - 1], *new))


def _trim_blank(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """Take off both ends the blank lines that old and new text have in common."""
    for end in (0, -1):
        while len(old) > 1 and new and not old[end].strip() and not new[end].strip():
            old.pop(end)
            new.pop(end)
    return old, ([] if new == [""] else new)


def _check_characters(path: str, source: bytes, edit: Edit) -> None:
    """Refuse what nobody can see, what would change a file's encoding, and a damaged character written anew."""
    found, text = decode(source), edit.text
    if any(visible(line) != line and line not in found.text for line in edit.lines):
        raise EditRefused(f"{path}: the new text holds characters that cannot be seen")
    if not found.lossless and "\N{REPLACEMENT CHARACTER}" in text:
        raise EditRefused(f"{path}: a line with damaged characters cannot be written again")
    if found.encoding == _GB18030:
        try:
            source.decode("gbk")
            text.encode("gbk")
        except UnicodeDecodeError:
            return
        except UnicodeEncodeError as err:
            raise EditRefused(f"{path} is GBK, which has no {text[err.start : err.end]!r}") from err


def _prove(path: str, source: bytes, ordered: Sequence[Edit], limits: Limits) -> None:
    """Have all edits together parsed, as one replacement of the lines that they lie on."""
    start, end, text = ordered[0].start, ordered[-1].end, _together(source, ordered)
    found = edits.check(path, source, start, end, text, python_version=limits.python_version)
    if found.verdict is EditVerdict.NO_OP:
        return
    if found.verdict not in _PROVEN:
        where = f", line {found.line} of the changed file" if found.line else ""
        raise EditRefused(f"{path}: {found.detail}{where}")
    known = found.verdict is EditVerdict.UNCHECKED and detect(path, source) is not None
    if known and _loses_bracket(source, start, end, text):
        raise EditRefused(f"{path}: the brackets no longer pair up")


def _loses_bracket(source: bytes, start: int, end: int, text: str) -> bool:
    """Say whether round brackets went in pairs on these lines and no longer do: all that dialects agree on."""
    old = "\n".join(decode(source).text.split("\n")[start - 1 : end])
    return old.count("(") == old.count(")") and text.count("(") != text.count(")")


def _together(source: bytes, ordered: Sequence[Edit]) -> str:
    lines = [line.removesuffix("\r") for line in decode(source).text.split("\n")]
    made: list[str] = []
    position = ordered[0].start
    for edit in ordered:
        made += lines[position - 1 : edit.start - 1]
        made += edit.lines
        position = edit.end + 1
    return "".join(f"{line}\n" for line in made)


def _check_lines(file: ChangedFile, source: bytes, new: bytes) -> None:
    """Refuse a change of lines that were not asked about; lines may be put in beside those that were."""
    allowed = selected_lines(file)
    outside = [line for line in _touched(source, new, allowed) if line not in allowed]
    if outside:
        raise EditRefused(
            f"{file.path}: line {outside[0]} was not to be changed: change only lines marked + in the code"
        )


def _touched(source: bytes, new: bytes, allowed: frozenset[int]) -> Iterator[int]:
    for first, end, _, _ in changed_places(source, new):
        if first == end and not {first, first + 1} & allowed:
            yield first + 1
        yield from range(first + 1, end + 1)
