"""Read the lines before a file's first hunk: its names, modes and blobs.

Lines are the diff's bytes without their LF, read as Latin-1 so that one character is one byte; names
come out as text with undecodable bytes as surrogate escapes. The extended header lines are those of git's
documentation, "Generating patch text with -p".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

GIT_FILE = b"diff --git "
NOWHERE = "/dev/null"

_MAX_NAMES = 40_000  # characters: two paths of 4,096 bytes, each byte escaped
_MAX_SPLITS = 100  # tried around the middle, where prefixes of like lengths put the right one
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ESCAPE = re.compile(r"\\([0-7]{3}|.)", re.DOTALL)
_ESCAPED = {"a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r"}
_INDEX = re.compile(r"([0-9a-f]+)\.\.([0-9a-f]+)(?: (\d+))?$")
_PREFIXED = re.compile(r"[abciow12]/.")
_EPOCH = re.compile(r"19(?:70-01-01|69-12-31) ")
_BINARY = re.compile(r"Binary files (.+) and (.+) differ$")
_EMPTY_BLOBS = ("e69de29", "473a0f4")  # the empty file in SHA-1 and in SHA-256 repositories
_FIELDS = (
    *("old mode", "new mode", "deleted file mode", "new file mode", "index"),
    *("rename from", "rename to", "copy from", "copy to", "similarity index", "dissimilarity index"),
    *("---", "+++", "Binary files", "GIT binary patch"),
)
_FIELD = re.compile(rf"({'|'.join(map(re.escape, _FIELDS))})(?: (.*))?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says; an empty name is an unknown one, a side that is not there has none.

    `promises_hunks` is true where content must follow, because nothing else explains the file, and
    `has_patch` where a `GIT binary patch` does.
    """

    path: str = ""
    old_path: str = ""
    is_added: bool = False
    is_deleted: bool = False
    is_copied: bool = False
    is_binary: bool = False
    has_patch: bool = False
    promises_hunks: bool = True
    old_mode: str | None = None
    new_mode: str | None = None
    old_blob: str | None = None
    new_blob: str | None = None


def read_git_header(lines: Sequence[bytes], start: int) -> tuple[Header | None, int]:
    """Read from a `diff --git` line on; return the header and the index of the line after it.

    The header is None where the lines name no file, as when a diff is cut inside of them.
    """
    fields: dict[str, str] = {}
    end = start + 1
    while end < len(lines) and (field := _FIELD.match(_latin1(lines[end]))):
        fields[field[1]] = field[2] or ""
        end += 1
    names = _git_names(_latin1(lines[start])[len(GIT_FILE) :], fields)
    if names is None:
        return None, end
    return _git_header(names, fields), end


def read_plain_header(old_line: bytes, new_line: bytes) -> Header:
    """Read the `---` and `+++` lines of a diff without `diff --git`, timestamps included."""
    old, new = _name_and_time(_latin1(old_line)[4:]), _name_and_time(_latin1(new_line)[4:])
    old_path, path = _plain_names(old[0], new[0])
    return Header(
        path,
        old_path,
        is_added=old[0] == NOWHERE or _EPOCH.match(old[1]) is not None,
        is_deleted=new[0] == NOWHERE or _EPOCH.match(new[1]) is not None,
    )


def read_binary_notice(line: bytes) -> Header | None:
    """Read `Binary files X and Y differ` as it stands alone in a plain diff."""
    notice = _latin1(line)
    names = _names_of_notice(notice)
    if names is None:
        return None
    return Header(
        path=names[1],
        old_path=names[0],
        is_added=notice.startswith(f"Binary files {NOWHERE} "),
        is_deleted=notice.endswith(f" {NOWHERE} differ"),
        is_binary=True,
        promises_hunks=False,
    )


def read_name(written: bytes) -> str:
    """Return a name as written in a diff without its quotes and escapes."""
    return _name(_latin1(written))


def _latin1(line: bytes) -> str:
    return line.decode("latin-1").rstrip("\r")


def _name(written: str) -> str:
    return _text(_unquote(written))


def _git_header(names: tuple[str, str], fields: dict[str, str]) -> Header:
    index = _INDEX.match(fields.get("index", ""))
    old_blob, new_blob, mode = index.groups() if index else (None, None, None)
    added, deleted = "new file mode" in fields, "deleted file mode" in fields
    binary = "GIT binary patch" in fields or "Binary files" in fields
    return Header(
        path=names[1],
        old_path=names[0],
        is_added=added,
        is_deleted=deleted,
        is_copied="copy from" in fields,
        is_binary=binary,
        has_patch="GIT binary patch" in fields,
        promises_hunks=not binary and _must_have_content(fields, old_blob if deleted else new_blob),
        old_mode=None if added else fields.get("deleted file mode") or fields.get("old mode") or mode,
        new_mode=None if deleted else fields.get("new file mode") or fields.get("new mode") or mode,
        old_blob=_real(old_blob),
        new_blob=_real(new_blob),
    )


def _must_have_content(fields: dict[str, str], blob: str | None) -> bool:
    """Say whether a header cannot be a whole file: cut, or followed by hunks.

    A rename or a change of mode may have blobs and no hunks, if white space is ignored.
    """
    if "+++" in fields or "---" in fields:
        return True
    if "new file mode" in fields or "deleted file mode" in fields:
        return blob is not None and not blob.startswith(_EMPTY_BLOBS)
    return not ("new mode" in fields or "rename to" in fields or "copy to" in fields)


def _real(blob: str | None) -> str | None:
    return blob if blob and blob.strip("0") else None


def _git_names(written: str, fields: dict[str, str]) -> tuple[str, str] | None:
    for verb in ("rename", "copy"):
        if f"{verb} from" in fields and f"{verb} to" in fields:
            return _name(fields[f"{verb} from"]), _name(fields[f"{verb} to"])
    for old, new in _splits(written):
        if name := _shared_name(old, new):
            return _text(name), _text(name)
    if "---" in fields and "+++" in fields:
        return _plain_names(_name_and_time(fields["---"])[0], _name_and_time(fields["+++"])[0])
    return _names_of_notice(f"Binary files {fields.get('Binary files', '')}")


def _names_of_notice(line: str) -> tuple[str, str] | None:
    notice = _BINARY.match(line) if len(line) < _MAX_NAMES else None
    return _plain_names(_unquote(notice[1]), _unquote(notice[2])) if notice else None


def _splits(written: str) -> list[tuple[str, str]]:
    """Return every way to read `OLD NEW`, the likeliest first; names may hold spaces."""
    if len(written) > _MAX_NAMES:
        return []
    if written.startswith('"'):
        first = _QUOTED.match(written)
        return [(_unquote(first[0]), _unquote(written[first.end() + 1 :]))] if first else []
    if written.endswith('"'):
        cut = written.find(' "')
        return [(written[:cut], _unquote(written[cut + 1 :]))] if cut > 0 else []
    middle = len(written) // 2
    spaces = sorted((match.start() for match in re.finditer(" ", written)), key=lambda at: abs(at - middle))
    return [(written[:at], written[at + 1 :]) for at in spaces[:_MAX_SPLITS]]


def _shared_name(old: str, new: str) -> str | None:
    """Return the name both sides have behind `a/` and `b/`, `i/` and `w/`, any prefix or none."""
    if old == new:
        return old
    rest = old.partition("/")[2]
    return rest if rest and rest == new.partition("/")[2] else None


def _plain_names(old: str, new: str) -> tuple[str, str]:
    """Return (old, new) of names that may bear prefixes and of which one may be /dev/null."""
    if NOWHERE in (old, new):
        name = new if old == NOWHERE else old
        name = name[2:] if _PREFIXED.match(name) else name
        return _text(name), _text(name)
    if shared := _shared_name(old, new):
        return _text(shared), _text(shared)
    if _PREFIXED.match(old) and _PREFIXED.match(new):
        return _text(old[2:]), _text(new[2:])
    return _text(new), _text(new)  # `diff -u order.c.orig order.c` renames nothing


def _name_and_time(written: str) -> tuple[str, str]:
    name, _, time = written.partition("\t")
    return _unquote(name), time


def _unquote(written: str) -> str:
    if len(written) < 2 or not (written[0] == written[-1] == '"'):
        return written
    return _ESCAPE.sub(_unescape, written[1:-1])


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code, 8) & 0xFF) if len(code) == 3 else _ESCAPED.get(code, code)


def _text(name: str) -> str:
    return name.encode("latin-1").decode("utf-8", "surrogateescape")
