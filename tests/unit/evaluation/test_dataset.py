"""Datasets: what a case may be, and what is said of a line that is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reviewer.errors import UsageError
from reviewer.evaluation.dataset import dump, load, select
from tests.unit.evaluation.lab import case, golden


def write(folder: Path, *rows: Any, name: str = "set.jsonl") -> str:
    file = folder / name
    file.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return str(file)


def row(**more: Any) -> dict[str, Any]:
    return {"id": "a", "files": [{"path": "a.py", "old": "a = 1\n", "new": "a = 2\n"}], **more}


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    one = case(golden(), title="标题", tags=("fees",))
    file = tmp_path / "set.jsonl"
    file.write_text(dump([one]), encoding="utf-8")
    assert load([str(file)]) == (one,)


def test_a_folder_is_all_its_files_and_blank_lines_are_none(tmp_path: Path) -> None:
    write(tmp_path, row(), "", name="a.jsonl")
    write(tmp_path, row(id="b"), name="b.jsonl")
    assert [each.id for each in load([str(tmp_path)])] == ["a", "b"]


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("{", "Invalid JSON"),
        (row(files=[]), "a case needs files, a diff or a repository"),
        (row(id="no spaces"), "id:"),
        (row(colour="red"), "colour: Extra inputs are not permitted"),
        (row(findings=[golden(severity="grave")]), "findings.0.severity"),
        (row(findings=[golden(0)]), "findings.0.start_line"),
        (row(findings=[{**golden(), "end_line": None}]), "start_line and end_line go together"),
        (row(findings=[golden(5, 2)]), "start_line is greater than end_line"),
        (row(findings=[{**golden(), "path": None}]), "lines without a path"),
        (row(findings=[golden(text="")]), "findings.0.text"),
        (row(diff="--- a"), "beside a diff, files have old texts only"),
        (row(repository={"path": "r", "base": "a", "head": "b"}), "neither files nor a diff"),
    ],
)
def test_a_line_that_is_no_case_is_named(tmp_path: Path, bad: Any, told: str) -> None:
    file = write(tmp_path, row(id="first"), bad)
    with pytest.raises(UsageError) as raised:
        load([file])
    assert str(raised.value).startswith(f"{file}:2: ")
    assert told in str(raised.value)


def test_an_id_comes_once_over_all_files(tmp_path: Path) -> None:
    write(tmp_path, row(), name="a.jsonl")
    second = write(tmp_path, row(), name="b.jsonl")
    with pytest.raises(UsageError, match=r"b\.jsonl:1: the id 'a' comes twice"):
        load([str(tmp_path / "a.jsonl"), second])


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        load([str(tmp_path / "none.jsonl")])
    with pytest.raises(UsageError, match=r"has no \.jsonl file"):
        load([str(tmp_path)])
    with pytest.raises(UsageError, match="the dataset is empty"):
        load([write(tmp_path, "")])


def test_bytes_that_are_no_text_are_said(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"id": "\xff"}\n')
    with pytest.raises(UsageError, match="not UTF-8, from byte 8"):
        load([str(tmp_path)])


def test_a_clone_lies_beside_the_dataset(tmp_path: Path) -> None:
    clone = {"path": "clones/shop", "base": "main", "head": "topic"}
    (one,) = load([write(tmp_path, {"id": "a", "repository": clone})])
    assert one.repository is not None
    assert one.repository.path == tmp_path / "clones" / "shop"


def test_cases_are_selected_by_language_and_tag() -> None:
    cases = [
        case(id="a", tags=("x",)),
        case(id="b", language="go", tags=("x", "y")),
        case(id="c", language="go"),
    ]
    assert [each.id for each in select(cases, languages=["go"])] == ["b", "c"]
    assert [each.id for each in select(cases, languages=["go"], tags=["x"])] == ["b"]
    assert [each.id for each in select(cases)] == ["a", "b", "c"]
    with pytest.raises(UsageError, match="no case"):
        select(cases, tags=["z"])


def test_better_labels_need_no_new_review_but_another_change_does() -> None:
    assert case().digest == case(golden(), tags=("x",)).digest
    assert case().digest != case(title="Another").digest
