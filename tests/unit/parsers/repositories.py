"""Small git repositories for property tests: two states of a tree, and what git says of the change."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

REGULAR, EXECUTABLE, LINK, SUBMODULE = "100644", "100755", "120000", "160000"


class Entry(NamedTuple):
    """A file of a tree; a submodule's content is the id of its commit."""

    content: bytes
    mode: str = REGULAR


Tree = dict[str, Entry]

_TEXTS = st.one_of(
    st.sampled_from(
        [
            b"x = 1",
            b"}",
            b"",
            b"    return",
            b"-- comment",
            b"++ counter",
            b"@@ -1 +1 @@",
            b"diff --git a/x b/x",
            b"\\ No newline at end of file",
            b"crlf\r",
            b"bare\rreturn",
            b"form\x0cfeed",
            "u2028\u2028".encode(),
            "交易数量".encode("gb18030"),
            "交易数量".encode(),
        ]
    ),
    st.binary(min_size=1, max_size=6).map(lambda text: text.replace(b"\n", b"").replace(b"\0", b"")),
)
LINES = st.lists(_TEXTS, max_size=12)
NAMES = st.sampled_from(
    [
        "a.py",
        "b/a.py",
        "a b c",
        "a/b",
        "中文/订单.java",
        'quote".py',
        "tab\t.go",
        "back\\slash",
        "new\nline",
        "b/b b/b",
    ]
)


@dataclass(frozen=True)
class Change:
    """Two states of a tree."""

    old: Tree
    new: Tree


def text(lines: list[bytes], *, newline: bool = True) -> bytes:
    """Join lines to a file; one without lines has no newline either."""
    return b"\n".join(lines) + (b"\n" if newline and lines else b"")


CONTENTS = st.builds(text, LINES, newline=st.booleans())
ENTRIES = st.one_of(
    st.builds(Entry, CONTENTS, st.just(REGULAR)),
    st.builds(Entry, CONTENTS, st.sampled_from([REGULAR, EXECUTABLE])),
    st.builds(Entry, st.binary(max_size=30).map(lambda start: start + b"\0\x01"), st.just(REGULAR)),
    st.builds(Entry, st.sampled_from([b"a.py", "目标".encode(), b"../up\n"]), st.just(LINK)),
    st.builds(Entry, st.sampled_from([b"1" * 40, b"ab" * 20]), st.just(SUBMODULE)),
)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """Draw files of which some are edited, renamed, copied, removed, added, or change their mode or type."""
    old = draw(st.dictionaries(NAMES, ENTRIES, max_size=4))
    new: Tree = {}
    for name, entry in old.items():
        match draw(st.sampled_from(["keep", "edit", "rewrite", "rename", "copy", "chmod", "remove"])):
            case "edit":
                new[name] = draw(edited(entry))
            case "rewrite":
                new[name] = draw(ENTRIES)
            case "rename":
                new[f"moved/{name}"] = draw(edited(entry))
            case "copy":
                new[name] = entry
                new[f"copied/{name}"] = draw(edited(entry))
            case "chmod" if entry.mode in (REGULAR, EXECUTABLE):
                new[name] = Entry(entry.content, draw(st.sampled_from([REGULAR, EXECUTABLE])))
            case "keep":
                new[name] = entry
    added = draw(st.dictionaries(NAMES.map(lambda name: f"added/{name}"), ENTRIES, max_size=2))
    return Change(old, new | added)


def edited(entry: Entry) -> st.SearchStrategy[Entry]:
    """Draw an edit of a few lines; links and submodules stay as they are."""
    if entry.mode not in (REGULAR, EXECUTABLE):
        return st.just(entry)
    return st.builds(Entry, edits(entry.content), st.just(entry.mode))


@st.composite
def edits(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw an edit of a few lines."""
    lines = content.split(b"\n")
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(lines)))
        lines[at : at + draw(st.integers(0, 2))] = draw(st.lists(_TEXTS, max_size=2))
    return b"\n".join(lines)


class Repository:
    """A bare repository in which trees are written and compared, free of any configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._blobs: dict[bytes, str] = {}
        self._run("init", "--quiet", "--bare", ".")

    def write_tree(self, tree: Tree) -> str:
        """Store a tree and return its id."""
        entries = [f"{entry.mode} {self._write(entry)}\t{name}\0" for name, entry in tree.items()]
        self._run("read-tree", "--empty")
        self._run("update-index", "-z", "--index-info", stdin="".join(entries).encode())
        return self._run("write-tree").strip().decode()

    def commit(self, tree: str, message: str, *parents: str) -> str:
        """Commit a tree and return the commit's id."""
        names = [option for parent in parents for option in ("-p", parent)]
        return self._run("commit-tree", tree, *names, stdin=message.encode()).strip().decode()

    def _write(self, entry: Entry) -> str:
        if entry.mode == SUBMODULE:
            return entry.content.decode()
        if entry.content not in self._blobs:
            written = self._run("hash-object", "-w", "--stdin", stdin=entry.content)
            self._blobs[entry.content] = written.strip().decode()
        return self._blobs[entry.content]

    def diff(self, old: str, new: str, *options: str) -> bytes:
        """Compare two trees."""
        return self._run("diff", "--no-ext-diff", "--no-textconv", "--no-color", *options, old, new)

    def mails(self, old: str, new: str, *options: str) -> bytes:
        """Write the commits after `old` up to `new` as mails."""
        return self._run("format-patch", "--stdout", *options, f"{old}..{new}")

    def _run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_DIR": str(self.folder),
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.com",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.com",
        }
        return subprocess.run(
            ["git", *arguments],
            input=stdin,
            capture_output=True,
            check=True,
            env=environment,
            cwd=self.folder,
        ).stdout
