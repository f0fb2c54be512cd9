"""Reading a change: every kind of file, names as they come, limits, and what an author cannot hide."""

from __future__ import annotations

import pytest

from parsers.diff import FileStatus
from reviewer.demo.repository import Files, Repository
from reviewer.repo.blobs import Limits
from reviewer.repo.changes import Changes, read_changes
from reviewer.repo.git import GitFailed


def read(repository: Repository, base: Files, head: Files, **more: object) -> Changes:
    modes = more.pop("modes", None)
    first = repository.commit("main", base, modes=modes)  # type: ignore[arg-type]
    second = repository.commit("change", head, parent="main", modes=modes)  # type: ignore[arg-type]
    return read_changes(repository.git, first, second, **more)  # type: ignore[arg-type]


def test_both_texts_come_with_the_diff_in_gits_order(repository: Repository) -> None:
    changes = read(
        repository,
        {"b.py": "1\n", "a.py": "x\n", "gone.py": "bye\n"},
        {"b.py": "2\n", "a.py": "y\n", "gone.py": None, "new.py": b"\xb2\xe2\r\n"},
    )

    assert [(file.path, file.old, file.new) for file in changes.files] == [
        ("a.py", b"x\n", b"y\n"),
        ("b.py", b"1\n", b"2\n"),
        ("gone.py", b"bye\n", None),
        ("new.py", None, b"\xb2\xe2\r\n"),
    ]
    assert changes.warnings == ()


def test_hunks_have_three_lines_of_context(repository: Repository) -> None:
    text = "".join(f"{number}\n" for number in range(1, 30))
    changes = read(repository, {"a.py": text}, {"a.py": text.replace("15\n", "fifteen\n")})

    (hunk,) = changes.files[0].diff.hunks
    assert (hunk.new_start, hunk.new_count) == (12, 7)


def test_a_rename_has_both_its_texts(repository: Repository) -> None:
    text = "".join(f"{number}\n" for number in range(20))
    changes = read(repository, {"old.py": text}, {"old.py": None, "new.py": text + "more\n"})

    (file,) = changes.files
    assert (file.diff.status, file.diff.old_path, file.path) == (FileStatus.RENAMED, "old.py", "new.py")
    assert (file.old, file.new) == (text.encode(), (text + "more\n").encode())


def test_a_pure_rename_and_a_new_mode_have_texts_too(repository: Repository) -> None:
    repository.commit("main", {"old.py": "same\n", "run.sh": "go\n"})
    repository.commit(
        "change",
        {"old.py": None, "new.py": "same\n", "run.sh": "go\n"},
        parent="main",
        modes={"run.sh": "100755"},
    )

    changes = read_changes(repository.git, "main", "change")

    assert [(file.path, file.old, file.new) for file in changes.files] == [
        ("new.py", b"same\n", b"same\n"),
        ("run.sh", b"go\n", b"go\n"),
    ]


def test_links_and_submodules_have_no_texts(repository: Repository) -> None:
    changes = read(
        repository,
        {"link": "a.py", "sub": "1" * 40},
        {"link": "b.py", "sub": "2" * 40},
        modes={"link": "120000", "sub": "160000"},
    )

    assert [(file.path, file.old, file.new) for file in changes.files] == [
        ("link", None, None),
        ("sub", None, None),
    ]
    assert all(file.diff.hunks for file in changes.files)


def test_an_lfs_pointer_is_no_text(repository: Repository) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12\n"
    changes = read(repository, {"model.bin": "1\n"}, {"model.bin": pointer})

    assert (changes.files[0].old, changes.files[0].new) == (b"1\n", None)
    assert [(warning.code, warning.path, warning.undecided) for warning in changes.warnings] == [
        ("lfs-pointer", "model.bin", False)
    ]


@pytest.mark.parametrize(("filler", "undecided"), [(b"x = 1\n", True), (b"\0\1\2\3", False)])
def test_a_file_past_the_limit_is_named(repository: Repository, filler: bytes, undecided: bool) -> None:
    changes = read(
        repository,
        {"big": "1\n", "small": "1\n"},
        {"big": filler * 400, "small": "2\n"},
        limits=Limits(blob_bytes=1000),
    )

    assert [(file.path, file.new) for file in changes.files] == [("big", None), ("small", b"2\n")]
    assert [(warning.code, warning.path, warning.undecided) for warning in changes.warnings] == [
        ("file-too-large", "big", undecided)
    ]


def test_a_change_past_the_total_is_named_file_by_file(repository: Repository) -> None:
    files: Files = {f"{number}.py": f"{number}" * 400 for number in range(5)}
    changes = read(repository, {"a": "1\n"}, files, limits=Limits(total_bytes=1000))

    assert [file.new is not None for file in changes.files] == [True, True, False, False, False]
    assert [warning.path for warning in changes.warnings] == ["2.py", "3.py", "4.py"]
    assert all(warning.undecided for warning in changes.warnings)


def test_a_diff_past_its_limit_is_an_error(repository: Repository) -> None:
    with pytest.raises(GitFailed, match="the diff is larger than 2,000 bytes"):
        read(repository, {"a": "1\n"}, {"a": "x\n" * 2000}, limits=Limits(diff_bytes=2000))


@pytest.mark.parametrize(
    "name",
    [
        "\udcb2\udce2.py",
        "名字.py",
        'quo"te.py',
        "tab\t.py",
        "line\nend.py",
        " space .py",
        "-rf",
        "a => b",
        "$(id)",
    ],
)
def test_names_come_as_they_are(repository: Repository, name: str) -> None:
    changes = read(repository, {name: "1\n", "x": "1\n"}, {name: "2\n"})

    assert [(file.path, file.old, file.new) for file in changes.files] == [(name, b"1\n", b"2\n")]


def test_an_author_cannot_hide_a_file_by_its_attributes(repository: Repository) -> None:
    hiding = "*.py binary\n*.py -diff\n*.py diff=evil\n"
    changes = read(repository, {"a.py": "1\n"}, {"a.py": "2\n", ".gitattributes": hiding})

    assert [(file.path, file.diff.is_binary, len(file.diff.hunks)) for file in changes.files] == [
        (".gitattributes", False, 1),
        ("a.py", False, 1),
    ]


def test_settings_and_attributes_come_from_the_commit_named(repository: Repository) -> None:
    changes = read(
        repository,
        {".reviewer.toml": "theirs", ".gitattributes": "theirs too", "sub/.reviewer.toml": "not this"},
        {".reviewer.toml": "the author's", ".gitattributes": "the author's"},
        settings_from="main",
    )

    assert (changes.repository_settings, changes.attributes) == (b"theirs", {"": b"theirs too"})


def test_attributes_are_those_of_the_folders_above_the_files(repository: Repository) -> None:
    base = {
        **{"app/.gitattributes": "a", "app/gen/x/.gitattributes": "x", "other/.gitattributes": "o"},
        **{
            "app/gen/x/a.py": "1\n",
            ":!odd/.gitattributes": "odd",
            ":!odd/a.py": "1\n",
            "moved/.gitattributes": "m",
        },
        **{"moved/b.py": "1\n2\n3\n4\n"},
    }
    head = {**base, "app/gen/x/a.py": "2\n", ":!odd/a.py": "2\n", "moved/b.py": None, "b.py": "1\n2\n3\n4\n"}
    changes = read(repository, base, head, settings_from="main")

    assert changes.attributes == {"app": b"a", "app/gen/x": b"x", ":!odd": b"odd", "moved": b"m"}


def test_many_folders_are_asked_for_in_turns(repository: Repository) -> None:
    base = {f"d{number}/a.py": "1\n" for number in range(600)} | {"d599/.gitattributes": "last"}
    head = {path: "2\n" for path in base if path.endswith(".py")}
    changes = read(repository, base, {**base, **head}, settings_from="main")

    assert changes.attributes == {"d599": b"last"}


def test_the_python_of_the_project_is_that_of_the_commit_named(repository: Repository) -> None:
    declared = '[project]\nname = "a"\nrequires-python = ">=3.{}"\n'
    changes = read(
        repository,
        {"pyproject.toml": declared.format(9), "sub/pyproject.toml": declared.format(7)},
        {"pyproject.toml": declared.format(13)},
        settings_from="main",
    )

    assert changes.python_version == (3, 9)


def test_settings_behind_a_link_are_not_followed(repository: Repository) -> None:
    changes = read(
        repository, {".reviewer.toml": "a.py", "a.py": "1\n"}, {"a.py": "2\n"},
        settings_from="main", modes={".reviewer.toml": "120000"},
    )  # fmt: skip

    assert changes.repository_settings is None


def test_what_the_repository_lacks_is_named(repository: Repository) -> None:
    repository.commit("main", {"a.py": "1\n"})
    lost = repository.commit("change", {"a.py": None, "b.py": "2\n"}, parent="main")
    blob = repository.git.text("rev-parse", f"{lost}:b.py")
    (repository.path / "objects" / blob[:2] / blob[2:]).unlink()

    with pytest.raises(GitFailed, match=blob):
        read_changes(repository.git, "main", lost)


def test_no_change_is_no_file(repository: Repository) -> None:
    head = repository.commit("main", {"a.py": "1\n"})
    assert read_changes(repository.git, head, head) == Changes((), ())


def test_everything_that_will_be_read_is_asked_for_at_once(repository: Repository) -> None:
    asked: list[list[str]] = []
    read(
        repository, {"a.py": "1\n", ".reviewer.toml": "x"}, {"a.py": "2\n", "sub": "2" * 40, "l": "a.py"},
        modes={"sub": "160000", "l": "120000"}, settings_from="main",
        prefetch=lambda ids: asked.append(list(ids)),
    )  # fmt: skip

    (ids,) = asked
    texts = {repository.git.run("cat-file", "blob", one) for one in ids}
    assert texts == {b"1\n", b"2\n", b"x", b"a.py"}
