"""Which Python a project says it runs on."""

from __future__ import annotations

import pytest

from parsers.python_version import Version, declared_version


def requires(specifier: str) -> bytes:
    return f'[project]\nname = "orders"\nrequires-python = "{specifier}"\n'.encode()


@pytest.mark.parametrize(
    ("specifier", "version"),
    [
        (">=3.8", (3, 8)),
        (">= 3.11, <4", (3, 11)),
        (">=3.7,!=3.9.*,<3.13", (3, 7)),
        ("==3.10.*", (3, 10)),
        ("~=3.9", (3, 9)),
        (">3.8.1", (3, 8)),
        (">=3.8,>=3.10", (3, 10)),
        (">=2.7, !=3.0.*, !=3.1.*", (2, 7)),
        ("3.12", (3, 12)),
        (">=3", None),
        ("<4", None),
        ("!=3.9.*", None),
        ("whatever", None),
        ("", None),
    ],
)
def test_the_lower_bound_of_requires_python_counts(specifier: str, version: Version | None) -> None:
    assert declared_version({"pyproject.toml": requires(specifier)}) == version


@pytest.mark.parametrize(
    ("name", "content", "version"),
    [
        ("pyproject.toml", b'[tool.poetry.dependencies]\npython = "^3.9"\n', (3, 9)),
        ("pyproject.toml", b'[tool.poetry.dependencies]\npython = "~3.10 || ^3.12"\n', (3, 10)),
        ("setup.cfg", b"[metadata]\nname = a\n[options]\npython_requires = >=3.6\n", (3, 6)),
        ("setup.cfg", b"[options]\npackages = a%\n", None),
        (".python-version", b"3.12.1\n", (3, 12)),
        (".python-version", b"# ours\n3.13\npypy3.10-7.3.15\n", (3, 10)),
        (".python-version", b"system\n", None),
    ],
)
def test_every_place_is_read(name: str, content: bytes, version: Version | None) -> None:
    assert declared_version({name: content}) == version


def test_the_project_file_goes_before_the_others() -> None:
    files = {
        ".python-version": b"3.13\n",
        "setup.cfg": b"[options]\npython_requires = >=3.6\n",
        "pyproject.toml": requires(">=3.9"),
    }
    assert declared_version(files) == (3, 9)
    assert declared_version(files | {"pyproject.toml": requires(">=3")}) == (3, 6)


@pytest.mark.parametrize(
    "broken",
    [
        {"pyproject.toml": b"[project\n"},
        {"pyproject.toml": b"a = " + b"[" * 50_000},
        {"pyproject.toml": b"project = 3\n[tool]\npoetry = []\n"},
        {"pyproject.toml": b"[project]\nrequires-python = [3, 9]\n"},
        {"setup.cfg": b"python_requires = >=3.8\n"},
        {"setup.cfg": b"\xff\xfe[options\n"},
        {".python-version": b"\xff\x00" * 9},
    ],
)
def test_what_cannot_be_read_says_nothing(broken: dict[str, bytes]) -> None:
    assert declared_version(broken) is None
    assert declared_version(broken | {".python-version": b"3.12\n"}) == (3, 12)


def test_a_project_without_such_files_names_none() -> None:
    assert declared_version({}) is None
