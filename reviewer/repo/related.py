"""Gather, for a prompt, what changed lines depend on elsewhere and what elsewhere depends on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from parsers.context import CodeContext
from parsers.signatures import SignatureChange
from reviewer.domain import Related, Relation
from reviewer.repo.git import Git
from reviewer.repo.index import SymbolIndex
from reviewer.repo.nearness import How

BODY_LINES = 12  # of a callee: its signature and how it begins
_NEAR_LINES = 2  # around a call
_SITES = 5  # of one changed definition
_SURE_OTHERS = 2  # found by name alone, with more candidates than that, it may be anybody's


@dataclass(frozen=True, slots=True)
class _Choice:
    relation: Relation
    name: str
    path: str
    start: int
    end: int
    how: How
    others: int
    cut: bool = False


def surroundings(
    index: SymbolIndex,
    git: Git,
    commit: str,
    path: str,
    context: CodeContext,
    *,
    changes: Iterable[SignatureChange] = (),
    max_lines: int = 120,
    body_lines: int = BODY_LINES,
) -> tuple[Related, ...]:
    """Return call sites of the definitions that `changes` name, then what the changed lines call and use.

    `commit` is indexed and holds the file at `path`; `context` is of its changed lines. The nearest
    come first, and at most `max_lines` lines in all, `body_lines` of one definition. Raises GitFailed and StoreError.
    """
    chosen = [
        *_call_sites(index, commit, path, changes),
        *_definitions(index, commit, path, context, body_lines),
    ]
    kept: list[_Choice] = []
    left = max_lines
    for choice in chosen:
        length = choice.end - choice.start + 1
        if length <= left:
            kept.append(choice)
            left -= length
    texts = index.excerpts(git, commit, [(one.path, one.start, one.end) for one in kept])
    return tuple(
        Related(one.relation, one.name, one.path, one.start, lines, one.how, one.others, one.cut)
        for one, lines in zip(kept, texts, strict=True)
        if lines
    )


def _call_sites(
    index: SymbolIndex, commit: str, path: str, changes: Iterable[SignatureChange]
) -> Iterator[_Choice]:
    seen: set[tuple[str, int]] = set()
    for change in changes:
        name = change.old.name
        answer = index.mentions(commit, name, path, kinds=("call", "type"), limit=_SITES)
        is_common = index.definitions(commit, name, path, limit=1).others > _SURE_OTHERS
        for mention in answer.found:
            unsure = is_common and mention.how is How.BY_NAME
            if not unsure and (mention.path, mention.line) not in seen:
                seen.add((mention.path, mention.line))
                start = max(1, mention.line - _NEAR_LINES)
                yield _Choice(
                    *(Relation.CALL_SITE, name, mention.path, start, mention.line + _NEAR_LINES),
                    *(mention.how, answer.candidates - len(answer.found)),
                )


def _definitions(
    index: SymbolIndex, commit: str, path: str, context: CodeContext, body_lines: int
) -> list[_Choice]:
    """Look up each name that the lines call or use; what encloses them is on show anyway."""
    shown = {(scope.qualified, scope.start_line) for chain in context.chains.values() for scope in chain}
    chosen: list[_Choice] = []
    for name in dict.fromkeys((*context.called, *context.types)):
        answer = index.definitions(commit, name, path, limit=1)
        if not answer.found:
            continue
        (best,) = answer.found
        row = best.row
        if best.path == path and (row.qualified, row.start_line) in shown:
            continue
        if best.how is How.BY_NAME and answer.others > _SURE_OTHERS:
            continue
        end = min(row.end_line, row.start_line + body_lines - 1)
        chosen.append(
            _Choice(
                *(Relation.DEFINITION, name, best.path, row.start_line, end, best.how, answer.others),
                cut=end < row.end_line,
            )
        )
    return sorted(chosen, key=lambda one: list(How).index(one.how))
