"""Which of several definitions or call sites comes first, and what an answer says of the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewer.demo.repository import Repository
from reviewer.repo.index import READ_AT_MOST, SymbolIndex


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.create(tmp_path / "repository.git")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SymbolIndex]:
    with SymbolIndex.open(tmp_path / "index") as opened:
        yield opened


def ranked(
    repository: Repository, index: SymbolIndex, files: dict[str, str], name: str, asking: str
) -> list[str]:
    commit = repository.commit("main", files)
    index.update(repository.git, commit)
    return [f"{one.how} {one.path}" for one in index.definitions(commit, name, asking).found]


SAVE = "def save(): pass\n"
CLASS = "package {0};\npublic class Store {{ void save() {{}} }}\n"
CASES = {
    "python": (
        {
            "app/desk.py": "from app.store import save\n\ndef f():\n    save()\n\ndef g():\n    def save(): pass\n",
            "app/store.py": SAVE,
            "app/other.py": SAVE,
            "lib/store.py": SAVE,
        },
        "app/desk.py",
        [
            "same-file app/desk.py",
            "imported app/store.py",
            "same-package app/other.py",
            "by-name lib/store.py",
        ],
    ),
    "python, relative": (
        {
            "a/b/c.py": "from ..d import save\nfrom . import e\n",
            "a/d.py": SAVE,
            "a/b/e.py": SAVE,
            "d.py": SAVE,
        },
        "a/b/c.py",
        ["imported a/b/e.py", "imported a/d.py", "by-name d.py"],
    ),
    "python, a package that hands on": (
        {
            "use.py": "from src.store import save\n",
            "src/store/__init__.py": "from .disk import save\n",
            "src/store/disk.py": SAVE,
            "other/disk.py": SAVE,
        },
        "use.py",
        ["imported src/store/disk.py", "by-name other/disk.py"],
    ),
    "python, a module under a source folder": (
        {"src/app/desk.py": "import app.store\n", "src/app/sub/x.py": SAVE, "src/app/store.py": SAVE},
        "src/app/desk.py",
        ["imported src/app/store.py", "by-name src/app/sub/x.py"],
    ),
    "java": (
        {
            "m/src/com/acme/desk/Desk.java": "package com.acme.desk;\nimport com.acme.db.Store;\nclass Desk {}\n",
            "m/src/com/acme/db/Store.java": CLASS.format("com.acme.db"),
            "m/test/com/acme/desk/Store.java": CLASS.format("com.acme.desk"),
            "n/src/org/Store.java": CLASS.format("org"),
            "store.py": SAVE,
        },
        "m/src/com/acme/desk/Desk.java",
        [
            "imported m/src/com/acme/db/Store.java",
            "same-package m/test/com/acme/desk/Store.java",
            "by-name n/src/org/Store.java",
        ],
    ),
    "java, a member": (
        {
            "src/com/acme/Desk.java": "package com.acme;\nimport static com.acme.db.Store.save;\nclass Desk {}\n",
            "src/com/acme/db/Store.java": "public class Store { static void save() {} }\n",
            "src/com/acme/db/Other.java": "public class Other { static void save() {} }\n",
        },
        "src/com/acme/Desk.java",
        ["imported src/com/acme/db/Store.java", "by-name src/com/acme/db/Other.java"],
    ),
    "typescript": (
        {
            "web/desk.ts": "import { save } from './api/store.js';\nimport x from '../lib';\n",
            "web/api/store.ts": "export const save = () => 1;\n",
            "lib/index.ts": "export function save() {}\n",
            "api/store.ts": "export function save() {}\n",
            "web/near.vue": "<script>\nexport function save() {}\n</script>\n",
        },
        "web/desk.ts",
        [
            *("imported web/api/store.ts", "imported lib/index.ts", "same-package web/near.vue"),
            "by-name api/store.ts",
        ],
    ),
    "go": (
        {
            "desk/desk.go": 'package desk\n\nimport "example.com/acme/store"\n\nfunc f() { store.save() }\n',
            "store/disk.go": "package store\n\nfunc save() {}\n",
            "desk/near.go": "package desk\n\nfunc save() {}\n",
            "old/disk.go": "package old\n\nfunc save() {}\n",
        },
        "desk/desk.go",
        ["imported store/disk.go", "same-package desk/near.go", "by-name old/disk.go"],
    ),
    "c++": (
        {
            "src/desk.cc": '#include "acme/store.h"\nvoid f() { save(); }\n',
            "include/acme/store.h": "int save() { return 1; }\n",
            "src/near.cc": "int save() { return 2; }\n",
            "lib/other.cc": "int save() { return 3; }\n",
        },
        "src/desk.cc",
        ["imported include/acme/store.h", "same-package src/near.cc", "by-name lib/other.cc"],
    ),
    "c#": (
        {
            "Desk/Desk.cs": "using Acme.Db;\nnamespace Acme.Desk;\nclass Desk {}\n",
            "Data/Store.cs": "namespace Acme.Db;\nclass Store { void save() {} }\n",
            "Parts/Part.cs": "namespace Acme.Desk;\nclass Part { void save() {} }\n",
            "Old/Old.cs": "namespace Old;\nclass Old { void save() {} }\n",
        },
        "Desk/Desk.cs",
        ["imported Data/Store.cs", "same-package Parts/Part.cs", "by-name Old/Old.cs"],
    ),
    "kotlin and java": (
        {
            "a/Desk.kt": "package a\n\nimport b.save\n\nfun f() = save()\n",
            "b/Anything.kt": "package b\n\nfun save() = 1\n",
            "c/Store.java": CLASS.format("c"),
        },
        "a/Desk.kt",
        ["imported b/Anything.kt", "by-name c/Store.java"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_nearest_definition_comes_first(case: str, repository: Repository, index: SymbolIndex) -> None:
    files, asking, wanted = CASES[case]
    assert ranked(repository, index, files, "save", asking) == wanted


def test_the_closer_of_two_equals_comes_first(repository: Repository, index: SymbolIndex) -> None:
    files = {"a/b/c/desk.py": "", "a/b/d/x.py": SAVE, "a/x.py": SAVE, "z.py": SAVE, "a/b/e/x.py": SAVE}
    assert ranked(repository, index, files, "save", "a/b/c/desk.py") == [
        *("by-name a/b/d/x.py", "by-name a/b/e/x.py", "by-name a/x.py", "by-name z.py")
    ]


def test_who_imports_the_definition_is_mentioned_first(repository: Repository, index: SymbolIndex) -> None:
    commit = repository.commit(
        "main",
        {
            "app/store.py": SAVE + "save()\n",
            "app/near.py": "save()\n",
            "web/view.py": "from app.store import save\nsave()\n",
            "aaa/unrelated.py": "def f():\n    x.save()\n",
        },
    )
    index.update(repository.git, commit)
    answer = index.mentions(commit, "save", "app/store.py", kinds={"call"})

    assert [(one.path, one.line, one.within, str(one.how)) for one in answer.found] == [
        ("app/store.py", 2, "", "same-file"),
        ("web/view.py", 2, "", "imported"),
        ("app/near.py", 1, "", "same-package"),
        ("aaa/unrelated.py", 2, "f", "by-name"),
    ]


def test_common_names_are_capped_and_said_to_be(repository: Repository, index: SymbolIndex) -> None:
    files = {f"{n:03}/m.py": "def get(): pass\nget()\n" for n in range(100)}
    files["desk/desk.py"] = "from .near import get\nget()\n"
    files["desk/near.py"] = "def get(): pass\n"
    commit = repository.commit("main", files)
    index.update(repository.git, commit)

    defined = index.definitions(commit, "get", "desk/desk.py")
    assert (defined.capped, defined.candidates, defined.others) == (True, 101, 100)
    assert (defined.found[0].path, defined.found[0].how) == ("desk/near.py", "imported")
    assert len(defined.found) == READ_AT_MOST

    mentioned = index.mentions(commit, "get", "desk/near.py")
    assert mentioned.capped
    assert mentioned.found[0].path == "desk/desk.py"


def test_few_names_are_not_capped(repository: Repository, index: SymbolIndex) -> None:
    commit = repository.commit("main", {"a.py": SAVE, "b.py": SAVE + SAVE})
    index.update(repository.git, commit)
    answer = index.definitions(commit, "save", limit=1)
    assert (len(answer.found), answer.candidates, answer.others, answer.capped) == (1, 3, 2, False)
