"""Shell scripts, of bash and its relatives."""

from __future__ import annotations

from functools import partial

from parsers.languages.language import Language, load_grammar


def replace_nuls(utf8: bytes) -> bytes:
    """Put another control character for NUL: a run of them takes the grammar's C code the square of its length.

    No time limit reaches in there (tree-sitter-bash 0.25.1).
    """
    return utf8.replace(b"\0", b"\x01")


LANGUAGE = Language(
    name="bash",
    suffixes=(".sh", ".bash", ".bats", ".ksh", ".zsh", ".ebuild", ".eclass"),
    filenames=(
        *(".bash_aliases", ".bash_login", ".bash_logout", ".bash_profile", ".bashrc", ".envrc", ".kshrc"),
        *(".profile", ".zlogin", ".zprofile", ".zshenv", ".zshrc", "PKGBUILD"),
    ),
    interpreters=("sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "bats"),
    grammar=partial(load_grammar, "tree_sitter_bash"),
    prepare=replace_nuls,
    scopes={"function_definition": "function"},
    line_comments=("#",),
    calls={"command_name": ""},
)
