"""Which language a file is in."""

from __future__ import annotations

import pytest

from parsers.languages import LANGUAGES, by_name, detect


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("app.py", "python"),
        ("stubs/app.pyi", "python"),
        ("OrderService.java", "java"),
        ("cmd/main.go", "go"),
        ("a.js", "javascript"),
        ("a.jsx", "javascript"),
        ("a.mjs", "javascript"),
        ("a.cjs", "javascript"),
        ("a.ts", "typescript"),
        ("a.d.ts", "typescript"),
        ("a.mts", "typescript"),
        ("a.cts", "typescript"),
        ("a.tsx", "tsx"),
        ("UPPER.PY", "python"),
        ("py", None),
        (".py", None),
        ("README.md", None),
        ("", None),
    ],
)
def test_names_tell_the_language(path: str, name: str | None) -> None:
    found = detect(path)
    assert (found and found.name) == name


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"#!/usr/bin/python3\n", "python"),
        (b"#!/usr/bin/env python3.11 -u\n", "python"),
        (b"#! /usr/bin/env -S node --no-warnings\n", "javascript"),
        (b"#!/usr/bin/env -S deno run\n", "typescript"),
        (b"#!/bin/cat python\n", None),
        (b"# python\n", None),
    ],
)
def test_files_without_a_suffix_tell_by_their_shebang(head: bytes, name: str | None) -> None:
    found = detect("bin/tool", head)
    assert (found and found.name) == name
    assert detect("notes.txt", head) is None


@pytest.mark.parametrize("name", sorted(LANGUAGES))
def test_every_language_loads_and_knows_its_own_grammar(name: str) -> None:
    language = LANGUAGES[name]
    grammar = language.grammar()
    kinds = {
        *(kind for kind in (*language.scopes, *language.wrappers, *language.decorators, *language.bindings)),
        *(kind for kind in (*language.calls, *language.plain_calls, *language.types, *language.comments)),
        *(kind for kind in (*language.imports, *language.import_holders, *language.closures)),
        *(kind for kind in (*language.fields, *language.field_holders)),
    }
    assert language.name == name
    assert by_name(name) is language
    assert {kind for kind in kinds if grammar.id_for_node_kind(kind, True) is None} == set()


def test_an_unknown_name_is_no_language() -> None:
    assert by_name("cobol") is None
