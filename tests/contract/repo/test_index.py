"""The symbol index over real repositories: what it finds, and that each blob is outlined once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parsers.outline import Outline
from reviewer.demo.repository import Repository
from reviewer.repo.blobs import Limits
from reviewer.repo.git import GitFailed
from reviewer.repo.index import SymbolIndex
from reviewer.repo.index_rows import BlobKey, NotIndexed
from reviewer.repo.outlining import outline_blobs
from reviewer.repo.tree import list_files
from tests.contract.repo.index_lab import DESK, FILES, STORE, say


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.create(tmp_path / "repository.git")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SymbolIndex]:
    with SymbolIndex.open(tmp_path / "index") as opened:
        yield opened


def test_names_are_found_where_they_are_defined_and_mentioned(
    repository: Repository, index: SymbolIndex
) -> None:
    commit = repository.commit("main", FILES)
    report = index.update(repository.git, commit)

    assert (report.files, report.parsed, report.reused, dict(report.skipped)) == (3, 3, 0, {})
    assert say(index, commit, "save", "app/desk.py") == (
        ("method app/store.py:2 imported",),
        ("call app/desk.py:5 book same-file",),
    )
    assert say(index, commit, "Store", "app/store.py") == (
        ("class app/store.py:1 same-file",),
        (
            *("import app/desk.py:1  imported", "call app/desk.py:5 book imported"),
            "type app/desk.py:5 book imported",
        ),
    )
    assert say(index, commit, "nobody") == ((), ())


def test_a_second_commit_costs_only_what_changed(repository: Repository, index: SymbolIndex) -> None:
    first = repository.commit("main", FILES)
    index.update(repository.git, first)
    second = repository.commit("main", {"app/store.py": STORE.replace("save", "keep")})

    report = index.update(repository.git, second)

    assert (report.files, report.parsed, report.reused) == (3, 1, 2)
    assert say(index, second, "keep")[0] == ("method app/store.py:2 by-name",)
    assert say(index, second, "save")[0] == ()


def test_commits_live_beside_each_other(repository: Repository, index: SymbolIndex) -> None:
    first = repository.commit("main", FILES)
    second = repository.commit("main", {"app/desk.py": None, "lib/store.py": STORE, "app/store.py": None})
    for commit in (second, first):
        index.update(repository.git, commit)

    assert say(index, first, "save")[0] == ("method app/store.py:2 by-name",)
    assert say(index, second, "save") == (("method lib/store.py:2 by-name",), ())


def test_a_blob_is_outlined_once_wherever_it_lies(repository: Repository, index: SymbolIndex) -> None:
    commit = repository.commit("main", {"a.py": STORE, "b/a.py": STORE})
    moved = repository.commit("main", {"a.py": None, "c.py": STORE})

    assert index.update(repository.git, commit).parsed == 1
    assert index.update(repository.git, moved).parsed == 0
    assert say(index, moved, "save")[0] == ("method b/a.py:2 by-name", "method c.py:2 by-name")


def test_one_text_in_two_languages_has_two_outlines(repository: Repository, index: SymbolIndex) -> None:
    text = "export class Desk { book(order) { return save(order); } }\n"
    first = repository.commit("main", {"desk.js": text})
    second = repository.commit("main", {"desk.js": None, "desk.ts": text})

    assert [index.update(repository.git, commit).parsed for commit in (first, second)] == [1, 1]
    assert say(index, second, "book")[0] == ("method desk.ts:1 by-name",)


def test_updating_again_changes_nothing(repository: Repository, index: SymbolIndex) -> None:
    commit = repository.commit("main", FILES)
    index.update(repository.git, commit)
    before = say(index, commit, "save")

    report = index.update(repository.git, commit)

    assert (report.files, report.parsed, report.reused, report.complete) == (3, 0, 3, True)
    assert say(index, commit, "save") == before


def test_a_tree_can_be_asked_about(repository: Repository, index: SymbolIndex) -> None:
    commit = repository.commit("main", FILES)
    tree = repository.git.text("rev-parse", f"{commit}^{{tree}}")
    index.update(repository.git, tree)

    assert say(index, tree, "save")[0] == ("method app/store.py:2 by-name",)


@pytest.mark.parametrize("name", ["HEAD", "main", "", "0" * 39, "-x"])
def test_only_full_ids_name_a_commit(repository: Repository, index: SymbolIndex, name: str) -> None:
    with pytest.raises(ValueError, match="full id"):
        index.update(repository.git, name)


def test_an_unknown_commit_is_said_to_be_so(repository: Repository, index: SymbolIndex) -> None:
    repository.commit("main", FILES)
    with pytest.raises(NotIndexed):
        index.definitions("1" * 40, "save")
    with pytest.raises(GitFailed):
        index.update(repository.git, "1" * 40)


def test_what_has_no_outline_is_counted_and_not_tried_again(
    repository: Repository, index: SymbolIndex
) -> None:
    commit = repository.commit(
        "main",
        {
            "a.py": "def a(): pass\n",
            "binary.py": b"a\0b",
            "large.py": "# " + "x" * 1_000_001,
            "pointer.py": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            "tool": "#!/bin/unknown\n",
            "api_pb2.py": "def generated(): pass\n",
            "vendor/lib.py": "def theirs(): pass\n",
            "app.min.js": "function small() {}\n",
            "notes.txt": "def no_code(): pass\n",
            "settings.yaml": "key:\n  inner: 1\n",
        },
        modes={"tool": "100755"},
    )
    first, second = (index.update(repository.git, commit) for _ in range(2))

    reasons = {"binary": 1, "too large": 1, "lfs pointer": 1, "unknown language": 1}
    assert (first.files, first.parsed, dict(first.skipped)) == (5, 5, reasons)
    assert (second.parsed, second.reused, dict(second.skipped)) == (0, 5, reasons)
    assert [say(index, commit, name)[0] for name in ("generated", "theirs", "small", "no_code", "key")] == [
        ()
    ] * 5


def test_scripts_without_a_suffix_tell_their_language_inside(
    repository: Repository, index: SymbolIndex
) -> None:
    files = {"bin/tool": "#!/usr/bin/env python3\ndef start(): pass\n"}
    commit = repository.commit("main", files, modes={"bin/tool": "100755"})
    index.update(repository.git, commit)

    assert say(index, commit, "start", "app/desk.py")[0] == ("function bin/tool:1 by-name",)


def test_names_of_files_may_be_any_bytes(repository: Repository, index: SymbolIndex) -> None:
    path = "caf\udce9/订单 \n.py"
    commit = repository.commit("main", {path: "def f(): g()\n"})
    index.update(repository.git, commit)

    (found,) = index.definitions(commit, "f").found
    assert found.path == path
    assert index.excerpts(repository.git, commit, [(path, 1, 1)]) == (("def f(): g()",),)


def test_what_the_repository_does_not_hold_is_asked_for_once_and_tried_again(
    repository: Repository, index: SymbolIndex
) -> None:
    commit = repository.commit("main", FILES)
    blob = repository.git.text("rev-parse", f"{commit}:app/store.py")
    content = repository.git.run("cat-file", "blob", blob)
    (repository.path / "objects" / blob[:2] / blob[2:]).unlink()
    asked: list[list[str]] = []

    first = index.update(repository.git, commit, prefetch=lambda ids: asked.append(list(ids)))
    assert blob in asked[0]
    assert (first.parsed, dict(first.skipped)) == (2, {"absent": 1})
    assert say(index, commit, "save")[0] == ()

    repository.git.run("hash-object", "-w", "--stdin", feed=content)
    second = index.update(repository.git, commit, prefetch=lambda ids: asked.append(list(ids)))
    assert (second.parsed, dict(second.skipped)) == (1, {})
    assert asked[1:] == [[blob]]
    assert say(index, commit, "save")[0] == ("method app/store.py:2 by-name",)


def test_when_time_runs_out_the_rest_is_for_later(repository: Repository, index: SymbolIndex) -> None:
    commit = repository.commit("main", {f"{n}.py": f"def f{n}(): pass\n" for n in range(300)})

    first = index.update(repository.git, commit, max_seconds=0)
    assert (first.complete, first.parsed) == (False, 256)
    with pytest.raises(NotIndexed):
        index.definitions(commit, "f1")

    second = index.update(repository.git, commit, max_seconds=0)
    assert (second.complete, second.parsed) == (True, 44)
    assert say(index, commit, "f299")[0] == ("function 299.py:1 by-name",)


def test_what_is_too_much_at_once_is_read_in_turns(repository: Repository) -> None:
    commit = repository.commit("main", {f"{n}.py": f"def f{n}(): pass  # {'x' * 80}\n" for n in range(7)})
    paths = {BlobKey(file.blob, "python"): file.path for file in list_files(repository.git, commit)}

    portions = list(outline_blobs(repository.git, paths, limits=Limits(blob_bytes=200, total_bytes=250)))

    assert [len(portion) for portion in portions] == [2, 2, 2, 1]
    outlines = [one for portion in portions for one in portion.values()]
    assert {one.definitions[0].name for one in outlines if isinstance(one, Outline)} == {
        f"f{n}" for n in range(7)
    }


_NAMES = st.sampled_from(["a.py", "b.py", "pkg/a.py", "pkg/c.js", "pkg/deep/d.py"])
_TEXTS = st.sampled_from([STORE, DESK, "def save(): pass\n", "import a\na.book(save())\n", "", "(("])
_EDITS = st.lists(st.dictionaries(_NAMES, st.one_of(_TEXTS, st.none()), min_size=1), min_size=1, max_size=5)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=_EDITS)
def test_step_by_step_or_at_once_is_the_same(
    edits: list[dict[str, str | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("generated")
    repository = Repository.create(folder / "repository.git")
    repository.commit("main", {"README": "x"})
    present: set[str] = set()
    with SymbolIndex.open(folder / "grown") as grown:
        for number, edit in enumerate(edits):
            applied = {path: text for path, text in edit.items() if text is not None or path in present}
            present = (present | applied.keys()) - {path for path, text in applied.items() if text is None}
            commit = repository.commit("main", applied, message=str(number))
            grown.update(repository.git, commit)
        with SymbolIndex.open(folder / "fresh") as fresh:
            fresh.update(repository.git, commit)
            for name in ("save", "Store", "book", "a"):
                for asking in (None, *sorted(present)):
                    assert say(grown, commit, name, asking) == say(fresh, commit, name, asking)
