"""Edits of real commits, written as a model writes them: every patch gives the commit's own text, byte for byte."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pytest

from reviewer.commands.blocks import read_blocks
from reviewer.commands.edits import Limits, make_edits
from reviewer.commands.patch import write_patch
from reviewer.commands.subject import select
from tests.contract.assist.lab import Desk, block
from tests.contract.gate.lab import Project

LANGUAGES = ("python", "java", "typescript", "go", "cpp", "sql", "csharp", "rust", "vue")
EACH = 20

Rows = Callable[[str], Iterator[dict[str, Any]]]


def pairs(rows: Rows, language: str) -> list[tuple[str, str, str]]:
    """Take real changes of one language: path, old and new text."""
    found = (
        (row["path"], row["old"], row["new"])
        for row in rows("file_pairs")
        if row["lang"] == language and isinstance(row["old"], str) and isinstance(row["new"], str)
    )
    return [pair for pair in found if pair[1] and pair[2] and len(pair[1]) < 60_000 and keeps_ends(*pair)][
        :EACH
    ]


def keeps_ends(_path: str, old: str, new: str) -> bool:
    """Leave out commits that change line ends: a fix keeps them."""
    return old.endswith("\n") == new.endswith("\n") and ("\r" in old) == ("\r" in new)


def as_blocks(path: str, old: str, new: str) -> str:
    """Write a change as blocks, with as many lines around each as make its old text unique."""
    before, after = old.split("\n"), new.split("\n")
    written = []
    for group in _groups(before, after):
        i1, i2, j1, j2 = group[0][1], group[-1][2], group[0][3], group[-1][4]
        written.append(block(path, "\n".join(before[i1:i2]), "\n".join(after[j1:j2])))
    return "\n".join(written)


def _groups(before: list[str], after: list[str]) -> list[Any]:
    for around in (3, 8, 30):
        groups = list(SequenceMatcher(a=before, b=after, autojunk=False).get_grouped_opcodes(around))
        texts = [before[group[0][1] : group[-1][2]] for group in groups]
        if all(_count(before, text) == 1 for text in texts):
            return groups
    return [[("replace", 0, len(before), 0, len(after))]]


def _count(lines: list[str], part: list[str]) -> int:
    return sum(lines[n : n + len(part)] == part for n in range(len(lines)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_real_changes_come_out_as_they_were_made(rows: Rows, tmp_path: Path, language: str) -> None:
    project = Project.create(tmp_path / "project")
    changes = pairs(rows, language)
    assert len(changes) >= 10
    limits = Limits(wide=False, redact=str)
    for number, (path, old, new) in enumerate(changes):
        name = f"{number}/{Path(path).name}"
        subject = select([(name, old.encode(), ())], project="p")
        answer = f"Here are the changes:\n\n{as_blocks(name, old, new)}"

        (made,) = make_edits(read_blocks(answer), subject.change.files, limits)

        assert made.new == new.encode(), name
        file = project.folder / name
        file.parent.mkdir()
        file.write_bytes(old.encode())
        patch = write_patch([made])
        run = subprocess.run(
            ["git", "apply", "--whitespace=nowarn"], cwd=project.folder, input=patch,
            capture_output=True, check=False,
        )  # fmt: skip
        assert run.returncode == 0, (name, run.stderr.decode())
        assert file.read_bytes() == new.encode()


@pytest.mark.parametrize("language", ["python", "java", "typescript", "go", "cpp", "sql"])
def test_fix_in_a_real_repository(desk: Desk, rows: Rows, language: str) -> None:
    path, old, new = pairs(rows, language)[0]
    for number, (other, text, _) in enumerate(pairs(rows, language)[1:4]):
        desk.write({f"beside/{number}/{Path(other).name}": text.encode()})
    desk.write({path: old.encode()})
    desk.server.script.when(turn=1).reply(lambda _: block(path, "no such line here", "nothing"))
    desk.server.script.when(turn=2).reply(lambda _: as_blocks(path, old, new))

    outcome = desk.run("fix", path, "--instruction", "Do what the commit did.")

    assert outcome.code == 0, outcome.err
    run = subprocess.run(
        ["git", "apply", "--whitespace=nowarn"], cwd=desk.project.folder, input=outcome.raw, check=True
    )
    assert run.returncode == 0
    assert (desk.project.folder / path).read_bytes() == new.encode()
