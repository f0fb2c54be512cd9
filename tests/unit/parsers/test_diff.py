"""What `parsers.diff` makes of every kind of unified diff."""

from __future__ import annotations

import pytest

from parsers.diff import (
    DiffSyntaxError,
    FileDiff,
    FileStatus,
    LineKind,
    parse,
    parse_fragment,
)

HUNK = b"@@ -1,2 +1,2 @@ def f():\n same\n-old\n+new\n"
PLAIN = b"--- a/app.py\n+++ b/app.py\n" + HUNK
GIT = b"diff --git a/app.py b/app.py\nindex 1111111..2222222 100644\n" + PLAIN


def only(data: bytes) -> FileDiff:
    parsed = parse(data)
    assert parsed.problems == ()
    (file,) = parsed.files
    return file


def texts(file: FileDiff) -> list[bytes]:
    return [line.text for hunk in file.hunks for line in hunk.lines]


def test_a_file_of_git_is_read_whole() -> None:
    file = only(GIT)
    (hunk,) = file.hunks
    assert (file.path, file.old_path, file.status) == ("app.py", "app.py", FileStatus.MODIFIED)
    assert (file.old_mode, file.new_mode) == ("100644", "100644")
    assert (file.old_blob, file.new_blob) == ("1111111", "2222222")
    assert (hunk.old_start, hunk.old_count, hunk.new_start, hunk.new_count) == (1, 2, 1, 2)
    assert hunk.section == "def f():"
    assert [(line.kind, line.old_line, line.new_line, line.text) for line in hunk.lines] == [
        (LineKind.CONTEXT, 1, 1, b"same"),
        (LineKind.REMOVED, 2, None, b"old"),
        (LineKind.ADDED, None, 2, b"new"),
    ]
    assert (file.added_lines, file.removed_lines) == ((2,), (2,))


@pytest.mark.parametrize("data", [b"", b"\n", b" \n\n"])
def test_nothing_is_an_empty_result(data: bytes) -> None:
    assert parse(data).files == ()


@pytest.mark.parametrize("data", [b"hello\n", b"\x00\xff\xfe", b"commit 1234\n\n    Say --- and +++\n"])
def test_text_without_a_diff_is_refused(data: bytes) -> None:
    with pytest.raises(DiffSyntaxError):
        parse(data)


@pytest.mark.parametrize(
    ("header", "path"),
    [
        (b"diff --git a/x b/x\n--- a/x\n+++ b/x\n", "x"),
        (b"diff --git x x\n--- x\n+++ x\n", "x"),
        (b"diff --git a/x a/x\n--- a/x\n+++ a/x\n", "a/x"),
        (b"diff --git b/x a/x\n--- b/x\n+++ a/x\n", "x"),
        (b"diff --git i/d/x w/d/x\n--- i/d/x\n+++ w/d/x\n", "d/x"),
        (b"diff --git old/x newer/x\n--- old/x\n+++ newer/x\n", "x"),
        (b"diff --git a/a b c b/a b c\n--- a/a b c\t\n+++ b/a b c\t\n", "a b c"),
        (b"diff --git a/x b/x b/x b/x\n--- a/x b/x\t\n+++ b/x b/x\t\n", "x b/x"),
        (b"diff --git a/" + b"w " * 150 + b"x b/" + b"w " * 150 + b"x\n", "w " * 150 + "x"),
        (b"diff --git a/x b/x\r\n--- a/x\r\n+++ b/x\r\n", "x"),
        (b"\xef\xbb\xbfdiff --git a/x b/x\n--- a/x\n+++ b/x\n", "x"),
        (rb'diff --git "a/\344\270\255.py" "b/\344\270\255.py"' + b"\n", "中.py"),
        (rb'diff --git "a/t\tq\"b\\\n" "b/t\tq\"b\\\n"' + b"\n", 't\tq"b\\\n'),
        (b"diff --git a/\xe4\xb8\xad b/\xe4\xb8\xad\n", "中"),
        (b"diff --git a/\xd6\xd0 b/\xd6\xd0\n", "\udcd6\udcd0"),
        (b"--- x.orig\t2024-01-02 03:04:05.000000000 +0800\n+++ x\t2024-01-02 03:04:06\n", "x"),
        (b"--- before/src/x\n+++ after/src/x\n", "src/x"),
        (b"Index: x\n=====\n--- x\t(revision 1)\n+++ x\t(working copy)\n", "x"),
    ],
)
def test_names_lose_prefixes_quotes_and_timestamps(header: bytes, path: str) -> None:
    file = only(header + HUNK)
    assert (file.path, file.old_path, file.status) == (path, path, FileStatus.MODIFIED)


@pytest.mark.parametrize(
    ("data", "status", "names"),
    [
        (b"diff --git a/x b/x\nnew file mode 100644\nindex 0000000..e69de29\n", "added", ("x", "x")),
        (b"diff --git a/x b/x\ndeleted file mode 100644\nindex e69de29..0000000\n", "deleted", ("x", "x")),
        (b"diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", "mode-only", ("x", "x")),
        (
            b"diff --git a/x b/y z\nsimilarity index 100%\nrename from x\nrename to y z\n",
            "renamed",
            ("x", "y z"),
        ),
        (
            b'diff --git a/x "b/\\303\\251"\nsimilarity index 99%\ncopy from x\ncopy to "\\303\\251"\n'
            + HUNK,
            "copied",
            ("x", "é"),
        ),
        (b"diff --git a/x b/x\nindex 1..2 100644\nBinary files a/x and b/x differ\n", "modified", ("x", "x")),
        (
            b"diff --git a/x b/y\nsimilarity index 90%\nrename from x\nrename to y\nindex 1..2 100644\n",
            "renamed",
            ("x", "y"),
        ),
        (b"--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+a\n", "added", ("x", "x")),
        (b"--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", "deleted", ("x", "x")),
        (b"--- x\t1970-01-01 08:00:00 +0800\n+++ x\t2024-01-01\n@@ -0,0 +1 @@\n+a\n", "added", ("x", "x")),
        (b"--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n", "renamed", ("x", "y")),
        (b"diff --git a/o/x b/n/y\n--- a/o/x\n+++ b/n/y\n" + HUNK, "renamed", ("o/x", "n/y")),
        (b"Binary files /dev/null and b/x.png differ\n", "added", ("x.png", "x.png")),
    ],
)
def test_what_happened_to_a_file(data: bytes, status: str, names: tuple[str, str]) -> None:
    file = only(data)
    assert (file.status, (file.old_path, file.path)) == (status, names)


def test_binary_patches_are_binary_and_end_where_the_next_file_begins() -> None:
    patch = (
        b"diff --git a/x.png b/x.png\nindex 1..2 100644\nGIT binary patch\nliteral 3\nKcmZQzU|?WiU|?VX0ssI20RR91\n\n"
        b"delta 2\nJcmZQzU|?WiU|<9Q00RI3\n\n"
    )
    binary, text = parse(patch + GIT).files
    assert (binary.is_binary, binary.hunks, text.is_binary) == (True, (), False)


@pytest.mark.parametrize("keep", range(3, 11))
def test_a_cut_binary_patch_is_told(keep: int) -> None:
    whole = (
        b"diff --git a/x.png b/x.png\nindex 1..2 100644\nGIT binary patch\nliteral 3\nKcmZQzU|?Wi\nKcmZQzU|?Wi\n\n"
        b"delta 2\nJcmZQzU|?Wi\n\n"
    )
    lines = whole.splitlines(keepends=True)
    parsed = parse(b"".join(lines[:keep]) + GIT)
    if keep in (7, 10):  # a block ends here, and nothing says that another one follows
        assert ([file.path for file in parsed.files], parsed.problems) == (["x.png", "app.py"], ())
        return
    assert [file.path for file in parsed.files] == ["app.py"]
    assert [(p.code, p.path, p.line) for p in parsed.problems] == [("truncated", "x.png", keep + 1)]


def test_a_type_change_is_one_file() -> None:
    data = (
        b"diff --git a/link b/link\ndeleted file mode 100644\nindex 1..0\n--- a/link\n+++ /dev/null\n"
        b"@@ -1 +0,0 @@\n-text\n"
        b"diff --git a/link b/link\nnew file mode 120000\nindex 0..2\n--- /dev/null\n+++ b/link\n"
        b"@@ -0,0 +1 @@\n+target\n\\ No newline at end of file\n"
    )
    file = only(data)
    assert (file.status, file.old_mode, file.new_mode) == (FileStatus.TYPE_CHANGED, "100644", "120000")
    assert (file.old_blob, file.new_blob) == ("1", "2")
    assert (file.removed_lines, file.added_lines) == ((1,), (1,))


def test_a_file_deleted_and_made_again_by_two_mails_stays_two() -> None:
    gone = b"diff --git a/x b/x\ndeleted file mode 100644\nindex e69de29..0\n"
    back = b"diff --git a/x b/x\nnew file mode 100644\nindex 0..e69de29\n"
    assert [file.status for file in parse(gone + back).files] == [FileStatus.DELETED, FileStatus.ADDED]


def test_a_submodule_is_text_with_a_mode_that_tells() -> None:
    file = only(
        b"diff --git a/lib b/lib\nindex 1111111..2222222 160000\n--- a/lib\n+++ b/lib\n@@ -1 +1 @@\n"
        b"-Subproject commit 1111111\n+Subproject commit 2222222\n"
    )
    assert (file.new_mode, texts(file)) == (
        "160000",
        [b"Subproject commit 1111111", b"Subproject commit 2222222"],
    )


ODD_TEXTS = [
    b"crlf\r",
    b"bare\rcarriage\rreturn",
    b"form\x0cfeed \x0b \x1c\x1d\x1e \xc2\x85",
    "separators \u2028 and \u2029".encode(),
    "买入数量".encode("gb18030"),
    b"not \xff\xfe utf-8 \x00",
    b"",
    b"-- a comment of SQL",
    b"++ counter",
    b"-- a/app.py",
    b"diff --git a/x b/x",
    b"@@ -1 +1 @@",
    b"\\ No newline at end of file",
    b"\xef\xbb\xbf",
]


@pytest.mark.parametrize("text", ODD_TEXTS)
@pytest.mark.parametrize("sign", [b"+", b"-", b" "])
def test_texts_keep_their_bytes(text: bytes, sign: bytes) -> None:
    old, new = (b"2" if sign != b"+" else b"1"), (b"2" if sign != b"-" else b"1")
    hunk = b"@@ -1," + old + b" +1," + new + b" @@\n" + sign + text + b"\n last\n"
    assert texts(only(b"diff --git a/x b/x\n" + hunk)) == [text, b"last"]
    assert texts(only(b"--- a/x\n+++ b/x\n" + hunk)) == [text, b"last"]


def test_removed_comments_between_hunks_open_no_file() -> None:
    data = b"--- a/x.sql\n+++ b/x.sql\n@@ -1 +1 @@\n--- old\n+++ new\n@@ -9 +9 @@\n-a\n+b\n"
    assert texts(only(data)) == [b"-- old", b"++ new", b"a", b"b"]


@pytest.mark.parametrize("text", [b"", b"\r"])
def test_an_emptied_context_line_still_counts(text: bytes) -> None:
    hunk = b"@@ -1,3 +1,3 @@\n a\n" + text + b"\n-b\n+c\n"
    assert texts(only(b"--- a/x\n+++ b/x\n" + hunk)) == [b"a", text, b"b", b"c"]


@pytest.mark.parametrize("marker", [b"\\ No newline at end of file", "\\ 文件末尾没有换行符".encode()])
def test_missing_newlines_are_told_per_line(marker: bytes) -> None:
    file = only(b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n" + marker + b"\n+b\n" + marker + b"\n")
    assert [(line.text, line.has_newline) for line in file.hunks[0].lines] == [(b"a", False), (b"b", False)]
    assert only(PLAIN).hunks[0].lines[-1].has_newline


def test_a_diff_may_end_without_a_newline() -> None:
    assert texts(only(GIT.removesuffix(b"\n"))) == [b"same", b"old", b"new"]


def test_hunks_without_context_count_from_the_line_before() -> None:
    file = only(b"--- a/x\n+++ b/x\n@@ -3,0 +4,2 @@\n+a\n+b\n@@ -7,2 +9,0 @@\n-c\n-d\n")
    assert (file.added_lines, file.removed_lines) == ((4, 5), (7, 8))


def test_mails_of_format_patch_lose_their_letter_and_signature() -> None:
    mail = (
        b"From 1234 Mon Sep 17 00:00:00 2001\nFrom: A <a@b.c>\nSubject: [PATCH 1/2] x\n\n--- about it\n---\n"
        b" app.py | 2 +-\n 1 file changed\n\n" + GIT + b"-- \n2.39.5\n\n"
    )
    parsed = parse(mail + mail)
    assert parsed.problems == ()
    assert [texts(file) for file in parsed.files] == [[b"same", b"old", b"new"]] * 2


class TestProblems:
    """Damage is named, costs its own file and no other."""

    COMBINED = (
        b"diff --cc app.py\nindex 1,2..3\n--- a/app.py\n+++ b/app.py\n@@@ -1,1 -1,1 +1,1 @@@\n--a\n++b\n"
    )

    def test_a_combined_diff_alone_is_refused(self) -> None:
        with pytest.raises(DiffSyntaxError, match="combined") as caught:
            parse(self.COMBINED)
        assert caught.value.line == 1
        assert [problem.path for problem in caught.value.problems] == ["app.py"]

    def test_a_combined_diff_beside_files_is_a_problem(self) -> None:
        parsed = parse(GIT + self.COMBINED + GIT)
        assert len(parsed.files) == 2
        assert [(p.code, p.path, p.line) for p in parsed.problems] == [("combined", "app.py", 9)]

    @pytest.mark.parametrize("keep", range(5, len(GIT.splitlines())))
    def test_a_cut_hunk_costs_one_file(self, keep: int) -> None:
        cut = b"".join(GIT.splitlines(keepends=True)[:keep])
        parsed = parse(cut + GIT)
        assert len(parsed.files) == 1
        assert [(p.code, p.path, p.line) for p in parsed.problems] == [("truncated", "app.py", keep + 1)]

    @pytest.mark.parametrize("keep", range(1, 5))
    def test_a_cut_header_costs_one_file(self, keep: int) -> None:
        cut = b"".join(GIT.splitlines(keepends=True)[:keep])
        parsed = parse(cut + GIT)
        assert len(parsed.files) == 1
        assert [(p.code, p.path, p.line) for p in parsed.problems] == [("truncated", "app.py", 1)]

    def test_a_header_cut_inside_the_names_is_told(self) -> None:
        parsed = parse(GIT + b"diff --git a/app.py b/ap")
        assert [(p.code, p.path, p.line) for p in parsed.problems] == [("malformed", None, 9)]

    def test_a_hunk_that_lost_its_header_is_told(self) -> None:
        parsed = parse(GIT + b"\n" + HUNK + GIT)
        assert len(parsed.files) == 2
        assert [(p.code, p.path, p.line) for p in parsed.problems] == [("malformed", None, 10)]

    @pytest.mark.parametrize(
        "line", [b"Submodule lib 1111111..2222222:", b"Submodule lib contains new commits"]
    )
    def test_the_log_of_a_submodule_is_told(self, line: bytes) -> None:
        parsed = parse(GIT + line + b"\n  > one commit\n" + GIT)
        assert len(parsed.files) == 2
        assert [(p.code, p.line) for p in parsed.problems] == [("malformed", 9)]

    @pytest.mark.parametrize(
        ("line", "path"),
        [
            (b"* Unmerged path app.py", "app.py"),
            (rb'* Unmerged path "\344\270\255.py"', "中.py"),
            (b"Only in new/src: app.py\r", "new/src/app.py"),
        ],
    )
    def test_a_file_that_is_only_named_is_told(self, line: bytes, path: str) -> None:
        git = GIT.replace(b"app.py", b"other.py")
        parsed = parse(git + line + b"\n" + git)
        assert len(parsed.files) == 2
        assert [(p.code, p.path, p.line) for p in parsed.problems] == [("omitted", path, 9)]
        with pytest.raises(DiffSyntaxError, match="not shown"):
            parse(line + b"\n")

    def test_a_file_that_is_shown_as_well_is_not_missed(self) -> None:
        assert parse(b"* Unmerged path app.py\n" + GIT).problems == ()

    def test_a_new_file_cut_before_its_content_is_told(self) -> None:
        parsed = parse(GIT + b"diff --git a/x b/x\nnew file mode 100644\nindex 0000000..1234567\n")
        assert [(p.code, p.path) for p in parsed.problems] == [("truncated", "x")]

    def test_a_cut_plain_file_costs_one_file(self) -> None:
        cut = b"--- a/one\n+++ b/one\n@@ -1,9 +1,9 @@\n a\n"
        parsed = parse(cut + PLAIN)
        assert [file.path for file in parsed.files] == ["app.py"]
        assert [problem.path for problem in parsed.problems] == ["one"]

    def test_a_broken_file_of_git_lends_no_lines_to_another(self) -> None:
        broken = b"@@ -1,9 +1,9 @@\n a\n--- old\n+++ new\n@@ -9 +9 @@\n-a\n+b\n"
        parsed = parse(b"diff --git a/bad b/bad\n--- a/bad\n+++ b/bad\n" + broken + GIT)
        assert [file.path for file in parsed.files] == ["app.py"]
        assert [(problem.path, problem.line) for problem in parsed.problems] == [("bad", 8)]

    def test_a_good_hunk_of_a_broken_plain_file_opens_no_other(self) -> None:
        good = b"--- a/x.sql\n+++ b/x.sql\n@@ -1 +1 @@\n--- old\n+++ new\n@@ -9,5 +9,5 @@\n-a\n+b\n"
        parsed = parse(good + b"@@ -99 +99 @@\n" + PLAIN)
        assert [file.path for file in parsed.files] == ["app.py"]
        assert [problem.path for problem in parsed.problems] == ["x.sql"]

    @pytest.mark.parametrize(
        "hunk",
        [
            HUNK + b"+more\n",
            HUNK + b" more\n",
            HUNK + b"-more\n",
            b"@@ -1,2 +1,2 @@\n a\n-b\n-c\n+d\n",
            b"@@ -0,0 +0,0 @@\n",
            b"@@ -0 +1 @@\n-a\n+b\n",
            b"@@ -1 +0,1 @@\n-a\n+b\n",
            b"@@ -1,x +1 @@\n-a\n+b\n",
            b"@@ -1 +1 @@\n\\ No newline at end of file\n-a\n+b\n",
            b"@@ -1," + b"9" * 5000 + b" +1 @@\n-a\n+b\n",
        ],
    )
    def test_a_wrong_hunk_costs_one_file(self, hunk: bytes) -> None:
        parsed = parse(b"diff --git a/bad b/bad\n--- a/bad\n+++ b/bad\n" + hunk + GIT)
        assert [file.path for file in parsed.files] == ["app.py"]
        assert [problem.path for problem in parsed.problems] == ["bad"]


class TestFragments:
    """Forges send a file's hunks without any header."""

    def test_hunks_alone_are_a_file_without_a_name(self) -> None:
        assert (only(HUNK).path, texts(only(HUNK))) == ("", [b"same", b"old", b"new"])

    def test_a_fragment_takes_the_names_given(self) -> None:
        (file,) = parse_fragment(HUNK, "new.py", "old.py").files
        assert (file.path, file.old_path, file.status) == ("new.py", "old.py", FileStatus.RENAMED)

    def test_a_fragment_with_headers_takes_the_names_given(self) -> None:
        (file,) = parse_fragment(PLAIN, "app.py").files
        assert (file.path, file.status, len(file.hunks)) == ("app.py", FileStatus.MODIFIED, 1)

    @pytest.mark.parametrize(
        ("hunk", "status"),
        [(b"@@ -0,0 +1 @@\n+a", FileStatus.ADDED), (b"@@ -1 +0,0 @@\n-a", FileStatus.DELETED)],
    )
    def test_a_side_without_lines_does_not_exist(self, hunk: bytes, status: FileStatus) -> None:
        assert parse_fragment(hunk, "x").files[0].status is status

    def test_an_empty_fragment_is_a_file_without_hunks(self) -> None:
        (file,) = parse_fragment(b"", "new.py", "old.py").files
        assert (file.status, file.hunks) == (FileStatus.RENAMED, ())

    def test_a_fragment_is_of_one_file(self) -> None:
        with pytest.raises(DiffSyntaxError, match="2 files instead of x"):
            parse_fragment(PLAIN + PLAIN, "x")

    def test_a_broken_fragment_is_refused(self) -> None:
        with pytest.raises(DiffSyntaxError, match="shorter"):
            parse_fragment(b"@@ -1,5 +1,5 @@\n a\n", "x")
