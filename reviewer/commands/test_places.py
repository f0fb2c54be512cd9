"""Where a test of a file goes, by the customs of its repository."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import PurePosixPath

from reviewer.commands.frameworks import Framework, is_test

_SOURCES = ("src", "lib", "app", "source", "pkg", "include")
_TREE = re.compile(r"tests?|specs?|.+\.(?:Unit|Integration)?Tests?")  # a folder that holds a tree of tests
_CUSTOMS = {  # where the first test of a repository goes: {folder} is the tested file's
    "java": "src/test/java/{inner}",
    "kotlin": "src/test/kotlin/{inner}",
    "go": "{folder}",
    "ruby": "spec/{inner}",
    "csharp": "tests",
    "rust": "tests",
    "php": "tests/{inner}",
    "python": "tests",
    "cpp": "tests",
    "c": "tests",
}


def near_tests(path: str, language_suffixes: Collection[str], paths: Iterable[str]) -> list[str]:
    """List the tests in files of a language, those that most likely show how this file is tested first."""
    stem = _stem(path)
    found = [
        one
        for one in paths
        if one != path and is_test(one) and PurePosixPath(one).suffix in language_suffixes
    ]
    return sorted(found, key=lambda one: (stem not in _stem(one), -_nearness(path, one), one))


def propose(
    path: str, language: str, framework: Framework, tests: Sequence[str], taken: Collection[str]
) -> str:
    """Return the path for a new test of a file; `tests` are those of its language, the nearest first."""
    name = _name(path, framework, tests)
    folder = _folder(path, language, tests)
    proposed = str(PurePosixPath(folder) / name)
    number = 2
    while proposed in taken:
        numbered = _name(path, framework, tests, more=str(number))
        proposed = str(PurePosixPath(folder) / numbered)
        number += 1
    return proposed


def _name(path: str, framework: Framework, tests: Sequence[str], more: str = "") -> str:
    """Name the file as most tests here are named; `more` tells a further one from the first."""
    pure = PurePosixPath(path)
    stem = pure.name.split(".")[0]
    camel = stem[:1].upper() + stem[1:]
    suffix = ".ts" if pure.suffix == ".vue" else pure.suffix
    if more:
        stem, camel = f"{stem}_{more}", f"{camel}{more}"
    forms = {form: form.format(stem=stem, Stem=camel, suffix=suffix) for form in framework.names}
    votes = Counter(form for test in tests for form in framework.names if _fits(form, test))
    form = max(forms, key=lambda form: votes[form])  # the first of equals
    return forms[form]


def _fits(form: str, test: str) -> bool:
    pure = PurePosixPath(test)
    before, _, after = form.replace("{Stem}", "{stem}").replace("{suffix}", pure.suffix).partition("{stem}")
    fits = pure.name.startswith(before) and pure.name.endswith(after)
    return fits and len(pure.name) > len(before) + len(after)


def _folder(path: str, language: str, tests: Sequence[str]) -> str:
    """Go beside the tests of neighbours: in the same folder, or in the tree that mirrors the sources."""
    folder = PurePosixPath(path).parent
    inner = _inner(folder)
    for test in tests:
        place = PurePosixPath(test).parent
        if place == folder:
            return str(folder)
        if place == folder / "__tests__":
            return str(place)
    mirrors = Counter(root for test in tests if (root := _mirror_root(test)) is not None)
    if mirrors:
        root = max(mirrors, key=lambda one: (mirrors[one], _nearness(path, f"{one}/x")))
        nested = any(test.startswith(f"{root}/") and "/" in test.removeprefix(f"{root}/") for test in tests)
        return str(PurePosixPath(root) / inner) if nested and inner else root
    module, _, _ = path.partition("src/main/")
    custom = _CUSTOMS.get(language, "{folder}").format(folder=folder, inner=inner)
    return f"{module}{custom}" if "src/main/" in path else custom


def _mirror_root(test: str) -> str | None:
    """Return the folder that a tree of tests begins with."""
    parts = PurePosixPath(test).parent.parts
    for number, part in enumerate(parts):
        if _TREE.fullmatch(part):
            if parts[number + 1 : number + 2] in (("java",), ("kotlin",)):
                number += 1  # noqa: PLW2901  # Maven's layout has one more
            return "/".join(parts[: number + 1])
    return None


def _inner(folder: PurePosixPath) -> str:
    """Return a source folder without what sources begin with: `src/main/java/com/x` is `com/x`."""
    parts = list(folder.parts)
    for prefix in (("src", "main", "java"), ("src", "main", "kotlin")):
        for at in range(len(parts)):
            if tuple(parts[at : at + 3]) == prefix:
                return "/".join(parts[at + 3 :])
    if parts and parts[0] in _SOURCES:
        parts = parts[1:]
    return "/".join(parts)


def _nearness(path: str, other: str) -> int:
    """Count the folders that two files share, wherever they stand in their paths."""
    return len(set(PurePosixPath(path).parent.parts) & set(PurePosixPath(other).parent.parts))


def _stem(path: str) -> str:
    return PurePosixPath(path).name.split(".")[0].lower()
