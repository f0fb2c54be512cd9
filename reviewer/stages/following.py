"""Follow findings into files that were renamed within a merge request.

A file that the target branch has keeps its name there in fingerprints, whatever it is called now. One that
the merge request itself brought, or changed beyond recognition, has no such name: when a later push renames
it, its findings would be new ones. So a finding goes on under the name of one that was said before, if
that one's file is gone, rule (any of a model's for a model's), definition and line are the same, and no
other finding could be meant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from parsers.diff import FileStatus
from reviewer.domain import ChangeSet, Finding, Source, Trace
from reviewer.stages.fingerprint import trace

_Place = tuple[str, str, str, str]


def follow(findings: Sequence[Finding], change: ChangeSet, said: Mapping[str, Trace]) -> tuple[Finding, ...]:
    """Return the findings (with fingerprints), in the same order, under the names that they had before."""
    present = {finding.fingerprint for finding in findings}
    files = [file.diff for file in change.files if file.diff.status is not FileStatus.DELETED]
    paths = {path for file in files for path in (file.path, file.old_path)}
    lost: defaultdict[_Place, list[str]] = defaultdict(list)
    for name, left in said.items():
        if left.code and name not in present:
            # One that was followed before has its file's present name.
            lost[_place(left, left.path if left.path in paths else "")].append(name)
    if not lost:
        return tuple(findings)
    found: defaultdict[_Place, list[int]] = defaultdict(list)
    for index, left in enumerate(trace(findings, change)):
        if left.fingerprint not in said and left.source is not Source.SECRET:
            here = _place(left, left.path)
            found[here if here in lost else _place(left, "")].append(index)
    followed = list(findings)
    for place, indexes in found.items():
        names = lost.get(place, [])
        if len(indexes) == len(names) == 1:
            followed[indexes[0]] = replace(findings[indexes[0]], fingerprint=names[0])
    return tuple(followed)


def _place(left: Trace, path: str) -> _Place:
    return "" if left.source is Source.MODEL else left.rule_id, path, left.scope, left.code
