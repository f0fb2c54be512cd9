"""Tell code that was moved from code that is new: what a moved line has wrong with it, it had before.

A finding counts as moved where its lines stand in a block of added lines that the same change removed
elsewhere. Another file is enough of a move; within one file at least three lines have to go together, or
the swap of two statements, which can be a defect of its own, would pass for one. Where it stood it has to
have been code of the same language, and code that is looked at: what leaves the tests, the examples, a
folder of others' code or a path that is not reviewed, is new where it arrives.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from parsers.diff import LineKind, Side
from parsers.source import decode
from reviewer.domain import ChangedFile, ChangeSet, Finding, Source
from reviewer.stages.aside import Aside, family

_FEWEST_CHARACTERS = 20  # letters and digits in a block, as `git diff --color-moved` asks for
_FEWEST_LINES = 3  # of a block that stays in its file


@dataclass(frozen=True, slots=True)
class Origin:
    """Where moved lines stood before: the old path, and the first line there."""

    path: str
    line: int

    def __str__(self) -> str:
        """Write `path:line`."""
        return f"{self.path}:{self.line}"


class Moves:
    """The blocks that a change removed, looked up by what it added; each absolves as often as it was there."""

    def __init__(self, change: ChangeSet, aside: Aside | None = None) -> None:
        self._aside = aside or Aside()
        self._removed: defaultdict[str, list[tuple[_Run, int]]] = defaultdict(list)
        for file in change.files:
            for run in _runs(file, Side.OLD):
                for index, text in enumerate(run.texts):
                    if text:
                        self._removed[text].append((run, index))
        self._added = (
            {file.path: tuple(_runs(file, Side.NEW)) for file in change.files} if self._removed else {}
        )
        self._used: Counter[tuple[str, str, int]] = Counter()

    def origin(self, finding: Finding) -> Origin | None:
        """Return where a finding's lines came from; None if they are new. A model's findings always are."""
        if finding.source is Source.MODEL or finding.side is Side.OLD or finding.start_line is None:
            return None
        for run in self._added.get(finding.path, ()):
            if run.first <= finding.start_line and (finding.end_line or 0) <= run.first + len(run.texts) - 1:
                return self._find(finding, run, finding.start_line - run.first)
        return None

    def _find(self, finding: Finding, run: _Run, start: int) -> Origin | None:
        end = start + (finding.end_line or 0) - (finding.start_line or 0)
        for removed, index in self._removed.get(run.texts[start], ()):
            block = _common(run.texts, start, removed.texts, index)
            if block.stop <= end or not self._is_move(run, removed, run.texts[block.start : block.stop]):
                continue
            key = (finding.rule_id, removed.path, removed.first + index)
            if not self._used[key]:
                self._used[key] += 1
                return Origin(removed.path, removed.first + index)
        return None

    def _is_move(self, run: _Run, removed: _Run, block: Sequence[str]) -> bool:
        if self._aside.is_left(removed.path, run.path) or removed.language != run.language:
            return False
        if sum(character.isalnum() for text in block for character in text) < _FEWEST_CHARACTERS:
            return False
        return run.path != removed.new_path or sum(map(bool, block)) >= _FEWEST_LINES


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring changed lines of one side, their spacing taken out; `new_path` names the file today.

    `language` is one for languages between which code moves as it is.
    """

    path: str
    new_path: str
    language: str
    first: int
    texts: tuple[str, ...]


def _runs(file: ChangedFile, side: Side) -> Iterator[_Run]:
    kind = LineKind.ADDED if side is Side.NEW else LineKind.REMOVED
    path = file.path if side is Side.NEW else file.diff.old_path
    language = family(path, file.new if side is Side.NEW else file.old)
    for hunk in file.diff.hunks:
        lines: list[tuple[int, str]] = []
        for line in hunk.lines:
            number = line.new_line if side is Side.NEW else line.old_line
            if line.kind is kind and number is not None:
                if lines and number != lines[-1][0] + 1:
                    yield _run(path, file.path, language, lines)
                    lines = []
                lines.append((number, " ".join(decode(line.text).text.split())))
        if lines:
            yield _run(path, file.path, language, lines)


def _run(path: str, new_path: str, language: str, lines: Iterable[tuple[int, str]]) -> _Run:
    numbers, texts = zip(*lines, strict=True)
    return _Run(path, new_path, language, numbers[0], texts)


def _common(new: Sequence[str], start: int, old: Sequence[str], index: int) -> range:
    """Return the indexes in `new` of the longest block around `start` that is also in `old` around `index`."""
    before = 0
    while start - before > 0 and index - before > 0 and new[start - before - 1] == old[index - before - 1]:
        before += 1
    after = 0
    while start + after < len(new) and index + after < len(old) and new[start + after] == old[index + after]:
        after += 1
    return range(start - before, start + after)
