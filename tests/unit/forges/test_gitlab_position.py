"""GitLab's names of lines, checked against git's own diff."""

from __future__ import annotations

from pathlib import Path

from parsers.diff import Side, parse
from parsers.positions import pair_of
from reviewer.demo.diff_places import find_places
from reviewer.demo.repository import Repository
from reviewer.forges.gitlab_position import line_code

OLD = "".join(f"{number}\n" for number in range(1, 41))
NEW = OLD.replace("3\n", "", 1).replace("20\n", "zwanzig\nund\n").replace("40\n", "40\nmore\n")


def test_every_line_of_both_sides_has_the_code_that_git_implies(tmp_path: Path) -> None:
    repository = Repository.create(tmp_path / "r.git")
    base = repository.commit("main", {"a.py": OLD, "gone.py": "1\n2\n"})
    head = repository.commit("main", {"a.py": NEW, "gone.py": None, "new.py": "eins\nzwei\n"})
    places = find_places(repository, base, head)

    for file in parse(repository.diff(base, head)).files:
        place = places[file.old_path, file.path]
        sides = [
            (Side.OLD, repository.read(base, file.old_path)),
            (Side.NEW, repository.read(head, file.path)),
        ]
        pairs = {
            pair_of(file, side, line)
            for side, text in sides
            for line in range(1, (text or b"").count(b"\n") + 1)
        }
        assert pairs == place.pairs
        assert {line_code(file, pair) for pair in pairs} == place.codes
