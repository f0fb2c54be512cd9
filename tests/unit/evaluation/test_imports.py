"""Readers of public benchmarks: what is taken over, what is assumed, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reviewer.domain import Category, Severity
from reviewer.errors import UsageError
from reviewer.evaluation import imports
from reviewer.evaluation.dataset import Case, dump, load

REPOS = Path("/srv/repos")


def comment(**more: Any) -> dict[str, Any]:
    return {
        "is_ai_comment": False, "note": "The lock is never released.", "path": "src/lock.go", "side": "right",
        "source_model": "", "from_line": 10, "to_line": 12, "category": "Code Defect", "context": "File", **more,
    }  # fmt: skip


def aacr(*comments: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "change_line_count": 40, "project_main_language": "Go", "source_commit": "1" * 40,
        "target_commit": "2" * 40, "githubPrUrl": "https://github.com/acme/shop/pull/17",
        "comments": list(comments or [comment()]), **more,
    }  # fmt: skip


def martian(*comments: dict[str, Any], **more: Any) -> dict[str, Any]:
    told = list(comments or [{"comment": "A race on the cache.", "severity": "High"}])
    return {
        "pr_title": "Cache prices",
        "url": "https://github.com/acme/shop/pull/3",
        "comments": told,
        **more,
    }


def read(form: str, content: Any, folder: Path) -> tuple[Case, ...]:
    file = folder / "set.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return imports.read(form, [file], REPOS)


def test_aacr_gives_places_and_commits(tmp_path: Path) -> None:
    (case,) = read("aacr", [aacr()], tmp_path)
    assert (case.id, case.language) == ("aacr/acme/shop/17", "go")
    assert case.repository is not None
    assert (case.repository.path, case.repository.base) == (REPOS / "acme/shop", "1" * 40)
    (golden,) = case.findings
    assert (golden.path, golden.side, golden.start_line, golden.end_line) == ("src/lock.go", "new", 10, 12)
    assert (golden.category, golden.text) == (Category.CORRECTNESS, "The lock is never released.")


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (comment(side="left"), ("old", 10, 12)),
        (comment(from_line=None), ("new", 12, 12)),
        (comment(from_line=12, to_line=10), ("new", 10, 12)),
        (comment(from_line=None, to_line=None), ("new", None, None)),
        (comment(from_line=-1, to_line="x"), ("new", None, None)),
    ],
)
def test_aacr_is_read_tolerantly(given: dict[str, Any], place: tuple[Any, ...], tmp_path: Path) -> None:
    (golden,) = read("aacr", [aacr(given)], tmp_path)[0].findings
    assert (golden.side, golden.start_line, golden.end_line) == place


@pytest.mark.parametrize(
    ("label", "category"),
    [
        ("Security Vulnerability", Category.SECURITY),
        ("Performance", Category.PERFORMANCE),
        ("Maintainability and Readability", Category.MAINTAINABILITY),
        ("Something else", None),
        (None, None),
    ],
)
def test_labels_of_aacr_become_categories_or_any(
    label: Any, category: Category | None, tmp_path: Path
) -> None:
    assert read("aacr", [aacr(comment(category=label))], tmp_path)[0].findings[0].category is category


def test_martian_gives_texts_without_places(tmp_path: Path) -> None:
    (case,) = read("martian", [martian()], tmp_path)
    assert (case.id, case.title) == ("martian/acme/shop/3", "Cache prices")
    assert case.repository is not None
    assert (case.repository.base, case.repository.head) == ("refs/pull/3/base", "refs/pull/3/head")
    (golden,) = case.findings
    assert (golden.path, golden.severity, golden.category) == (None, Severity.HIGH, None)


def test_an_unknown_severity_is_medium(tmp_path: Path) -> None:
    (case,) = read("martian", [martian({"comment": "x", "severity": "Nit"}, {"comment": "y"})], tmp_path)
    assert [golden.severity for golden in case.findings] == [Severity.MEDIUM, Severity.MEDIUM]


def test_json_lines_are_taken_as_well_and_what_is_read_is_a_dataset(tmp_path: Path) -> None:
    cases = read(
        "martian", "\n".join(json.dumps(martian(url=f"https://x/a/b/pull/{n}")) for n in (1, 2)), tmp_path
    )
    (tmp_path / "set.jsonl").write_text(dump(cases), encoding="utf-8")
    assert load([str(tmp_path / "set.jsonl")]) == cases


@pytest.mark.parametrize(
    ("form", "content", "told"),
    [
        ("other", [], "unknown format 'other'; there are aacr, martian"),
        ("aacr", "{nonsense", "neither a JSON array nor JSON Lines"),
        ("aacr", [1], "set.json, item 1: not an object"),
        ("aacr", [aacr(), aacr(target_commit="")], "item 2: the field 'target_commit' is missing or empty"),
        ("aacr", [aacr(githubPrUrl="https://github.com/acme")], "is no address of a pull request"),
        ("aacr", [aacr(comments=None)], "the field 'comments' is no list of objects"),
        ("aacr", [aacr(comment(note=" "))], "comment 1: the field 'note' or 'comment' is missing"),
        ("aacr", [aacr(), aacr()], "item 2: aacr/acme/shop/17 comes twice"),
        ("martian", [martian({"severity": "High"})], "item 1, comment 1: the field 'comment' is missing"),
        ("martian", [{"comments": []}], "the field 'url' is missing"),
    ],
)
def test_what_is_missing_is_named(form: str, content: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        read(form, content, tmp_path)
    assert told in str(raised.value)
