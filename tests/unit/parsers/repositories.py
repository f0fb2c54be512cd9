"""Small git repositories for property tests: two states of a tree, and what git says of the change."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

Tree = dict[str, bytes]

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


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """Draw files of which some are edited, renamed, removed or added."""
    old = draw(st.dictionaries(NAMES, CONTENTS, max_size=4))
    new: Tree = {}
    for name, content in old.items():
        match draw(st.sampled_from(["keep", "edit", "rewrite", "rename", "remove"])):
            case "edit":
                new[name] = draw(edits(content))
            case "rewrite":
                new[name] = draw(CONTENTS)
            case "rename":
                new[f"moved/{name}"] = draw(edits(content))
            case "keep":
                new[name] = content
    added = draw(st.dictionaries(NAMES.map(lambda name: f"added/{name}"), CONTENTS, max_size=2))
    return Change(old, new | added)


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
        entries = [f"100644 {self._write_blob(content)}\t{name}\0" for name, content in tree.items()]
        self._run("read-tree", "--empty")
        self._run("update-index", "-z", "--index-info", stdin="".join(entries).encode())
        return self._run("write-tree").strip().decode()

    def _write_blob(self, content: bytes) -> str:
        if content not in self._blobs:
            written = self._run("hash-object", "-w", "--stdin", stdin=content)
            self._blobs[content] = written.strip().decode()
        return self._blobs[content]

    def diff(self, old: str, new: str, *options: str) -> bytes:
        """Compare two trees."""
        return self._run("diff", "--no-ext-diff", "--no-textconv", "--no-color", *options, old, new)

    def _run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_DIR": str(self.folder),
        }
        return subprocess.run(
            ["git", *arguments],
            input=stdin,
            capture_output=True,
            check=True,
            env=environment,
            cwd=self.folder,
        ).stdout
