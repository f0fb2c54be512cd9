"""Edits that people really made, and the same with one bracket lost: what `check` says of them by language."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from parsers.diff import FileDiff, LineKind, parse
from parsers.edits import EditVerdict, check
from parsers.embedded import Part, parts
from parsers.languages import detect
from parsers.source import SourceTooLarge, decode, split_lines
from parsers.source import parse as parse_source
from tests.unit.parsers.truth import Rows, diff_of, text_of

_BRACKETS = b"()[]{}"


@dataclass
class EditRow:
    """What became of a language's edits; `wrong` names the real ones that were not accepted."""

    language: str
    files: int = 0
    edits: int = 0
    accepted: int = 0
    broken: int = 0
    rejected: int = 0
    wrong: tuple[str, ...] = ()


class Edit(NamedTuple):
    """One hunk of a real change: the file with it undone, and the lines that it puts in.

    `text` is in UTF-8, and begins at byte `offset` of the file in UTF-8.
    """

    before: bytes
    end_before: int
    start: int
    end: int
    text: bytes
    offset: int


def measure_edits(rows: Rows) -> list[EditRow]:
    """Try every hunk of every file that parses, in languages where a syntax error proves something."""
    found: dict[str, EditRow] = {}
    chance = random.Random(20)
    for path, file, after, whole in parsing_files(rows):
        row = found.setdefault(whole[0].language.name, EditRow(whole[0].language.name))
        row.files += 1
        for edit in edits_of(file, after, whole[0].source.utf8):
            row.edits += 1
            verdict = check(path, edit.before, edit.start, edit.end_before, edit.text.decode()).verdict
            if verdict in (EditVerdict.CLEAN, EditVerdict.NO_OP):
                row.accepted += 1
            else:
                row.wrong += (f"{path}:{edit.start}: {verdict}",)
            if (broken := _lose_a_bracket(edit, whole, chance)) is not None:
                row.broken += 1
                verdict = check(path, after, edit.start, edit.end, broken.decode()).verdict
                row.rejected += verdict is EditVerdict.BREAKS_SYNTAX
    return sorted(found.values(), key=lambda row: row.language)


def parsing_files(rows: Rows) -> Iterator[tuple[str, FileDiff, bytes, tuple[Part, ...]]]:
    """Yield path, diff, new text and trees of every file that parses without an error."""
    wanted = {pair["diff"] for pair in rows("file_pairs")}
    files = {
        (row["id"], file.path): file
        for row in rows("real_diffs")
        if row["id"] in wanted
        for file in parse(diff_of(row)).files
    }
    for pair in rows("file_pairs"):
        path, after = pair["path"], text_of(pair["new"])
        language = detect(path, after[:4_096])
        if language is None or language.tolerant:
            continue
        try:
            source = parse_source(after, language)
        except SourceTooLarge:
            continue
        if not source.error_lines and decode(after).lossless:
            yield path, files[pair["diff"], path], after, parts(source, language)


def edits_of(file: FileDiff, after: bytes, utf8: bytes) -> Iterator[Edit]:
    """Yield every hunk that replaces lines as an edit of the file without it."""
    lines, texts = split_lines(after), split_lines(utf8)
    for hunk in file.hunks:
        old = [line.text for line in hunk.lines if line.kind is not LineKind.ADDED]
        start, end = hunk.new_start, hunk.new_start + hunk.new_count - 1
        if old and hunk.new_count:
            before = b"\n".join([*lines[: start - 1], *old, *lines[end:]]) + b"\n"
            offset = sum(len(text) + 1 for text in texts[: start - 1])
            text = b"\n".join(texts[start - 1 : end])
            yield Edit(before, start + len(old) - 1, start, end, text, offset)


def _lose_a_bracket(edit: Edit, whole: tuple[Part, ...], chance: random.Random) -> bytes | None:
    """Return the lines without one bracket that is a token of its own, None if they have none."""
    text = edit.text
    brackets = (at for at, byte in enumerate(text) if byte in _BRACKETS)
    tokens = [at for at in brackets if _is_token(chr(text[at]), edit.offset + at, whole)]
    if not tokens:
        return None
    at = chance.choice(tokens)
    return text[:at] + text[at + 1 :]


def _is_token(bracket: str, at: int, whole: tuple[Part, ...]) -> bool:
    """Say whether a bracket stands for itself in one of the trees that prove something."""
    trees = (part.source.tree for part in whole if not part.language.tolerant)
    nodes = (tree.root_node.descendant_for_byte_range(at, at + 1) for tree in trees)
    return any(node is not None and node.type == bracket for node in nodes)
