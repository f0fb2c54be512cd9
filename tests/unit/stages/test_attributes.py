"""What `.gitattributes` say of paths, with git itself as the truth."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.stages.attributes import Attributes, State

NAMES = ("gen", "own", "all", "diff")
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "HOME": "/nonexistent",
}


class Tree:
    """A work tree to ask git about; it needs `.gitattributes` files alone, not the files they speak of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._run("init", "--quiet")

    def _run(self, *arguments: str, feed: bytes = b"") -> bytes:
        return subprocess.run(
            ["git", "-C", str(self.folder), *arguments],
            input=feed,
            capture_output=True,
            check=True,
            env=ENVIRONMENT,
        ).stdout

    def ask(self, files: Mapping[str, bytes], paths: Sequence[str]) -> list[dict[str, State]]:
        """Return what git says of each path."""
        for old in self.folder.rglob(".gitattributes"):
            old.unlink()
        for folder, text in files.items():
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
            (self.folder / folder / ".gitattributes").write_bytes(text)
        feed = b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in paths)
        fields = self._run("check-attr", "--stdin", "-z", *NAMES, feed=feed).split(b"\0")
        found: dict[str, dict[str, State]] = {path: {} for path in paths}
        for path, name, state in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
            if state != b"unspecified":
                said = {b"set": True, b"unset": False}.get(state, state)
                found[path.decode("utf-8", "surrogateescape")][name.decode()] = said
        return [found[path] for path in paths]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return Tree(tmp_path_factory.mktemp("tree"))


def ours(files: Mapping[str, bytes], paths: Sequence[str]) -> list[dict[str, State]]:
    attributes = Attributes(files)
    said = (attributes.of(path) for path in paths)
    return [{name: state for name, state in one.items() if name in NAMES} for one in said]


PATHS = (
    "a.py",
    "b.py",
    "app/a.py",
    "app/gen/a.py",
    "app/gen/x/b.js",
    "gen/a.py",
    "a-b.c",
    "价.py",
    "app/]x",
    "a\\b",
)
LINES = (
    "*.py gen", "*.py -gen", "*.py !gen", "a.py gen=yes", "/a.py gen", "app/*.py gen", "app/** gen",
    "**/gen/** gen", "app/**/a.py gen", "**/b.* gen", "gen gen", "gen/ gen", "app gen", "app/gen/* own",
    "* all", "*.p[xy] gen", "[!a]* own", "[^a]* own", "[]x]* gen", "?.py own", "???.py own",
    "[[:lower:]].py gen", "[[:foo:]].py gen", "[z-a].py gen", "a[+--]b.c gen", "a[.-]b.c gen", "[a gen",
    "a.py\\ gen", "*.py gen -own", "*.py gen own=1 gen=2", "*.py gen -gen", "*.js binary", "*.js diff binary",
    "*.js binary diff", "*.js -binary", "[attr]all gen -own", "[attr]gen own", "[attr] gen", "!*.py gen",
    "# *.py gen", "\t*.py\tgen\r", "*.py -", "*.py @x gen", "*.py gen=", "*.py -gen=1", '"a.py" gen',
    '"a\\056py" gen', '"a.py gen', '"a\\xpy" gen', '"\\344\\273\\267.py" gen', "价.py own", "\ufeff*.py gen",
    "a**.py gen", "app/***/a.py gen", "***/a.py gen", "", "x" * 2_050 + " gen", "a\\\\b gen", "\\a.py gen",
    "app/\\] gen", "app/\\]x gen", "app\\/a.py own", "**", "** gen", "*/a.py own", "/**/a.py own",
)  # fmt: skip


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[:30])
def test_every_kind_of_line_means_what_it_means_to_git(tree: Tree, line: str) -> None:
    text = f"{line}\n".encode()
    for files in ({"": text}, {"": b"*.py own\n", "app": text}):
        assert ours(files, PATHS) == tree.ask(files, PATHS)


FILE = st.lists(st.sampled_from(LINES), max_size=6).map(lambda lines: "\n".join(lines).encode())
PIECE = st.sampled_from(["a", "b", "/", "*", "**", "?", "[a-b]", "[!a]", "\\", ".", "[", "]", "/**/", "app"])
PATTERN = st.lists(PIECE, min_size=1, max_size=7).map("".join)
PATH = st.lists(st.sampled_from(["a", "b", "ab", "app", ".", "a]", "b[a"]), min_size=1, max_size=4).map(
    "/".join
)


@given(root=FILE, app=FILE, gen=FILE)
def test_files_outweigh_those_above_and_lines_those_before(
    tree: Tree, root: bytes, app: bytes, gen: bytes
) -> None:
    files = {"": root, "app": app, "app/gen": gen}
    assert ours(files, PATHS) == tree.ask(files, PATHS)


@given(
    patterns=st.lists(PATTERN, min_size=1, max_size=3),
    paths=st.lists(PATH, min_size=1, max_size=4, unique=True),
)
def test_any_pattern_matches_what_git_matches(tree: Tree, patterns: list[str], paths: list[str]) -> None:
    clean = [path for path in paths if "." not in path.split("/")]
    files = {"": "\n".join(f"{pattern} gen={number}" for number, pattern in enumerate(patterns)).encode()}
    if clean:
        assert ours(files, clean) == tree.ask(files, clean)


def test_names_that_are_no_utf_8_are_matched_byte_by_byte(tree: Tree) -> None:
    paths = ["\udcff.py", "\udcff\udcfe.py"]
    files = {"": b"?.py gen\n\xff* own\n"}
    assert ours(files, paths) == tree.ask(files, paths) == [{"gen": True, "own": True}, {"own": True}]


def test_stars_cost_no_square() -> None:
    attributes = Attributes({"": b"*a" * 500 + b"b gen\n" + b"**/a/" * 300 + b"b gen\n"})
    assert attributes.of("a" * 3_000) == {}
    assert attributes.of("a/" * 1_500 + "a") == {}
