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
        ("App.vue", "vue"),
        ("index.htm", "html"),
        ("site.css", "css"),
        ("tsconfig.json", "json"),
        (".prettierrc", "json"),
        (".gitlab-ci.yml", "yaml"),
        ("chart/values.yaml", "yaml"),
        ("mapper/OrderMapper.xml", "xml"),
        ("app.csproj", "xml"),
        ("db/V1__init.sql", "sql"),
        ("pkg/ledger.pkb", "sql"),
        ("run.sh", "bash"),
        ("home/.bashrc", "bash"),
        ("PKGBUILD", "bash"),
        ("Dockerfile", "dockerfile"),
        ("docker/Containerfile", "dockerfile"),
        ("Dockerfile.dev", "dockerfile"),
        ("Dockerfile_admin", "dockerfile"),
        ("Dockerfile-alpine", "dockerfile"),
        ("web.Dockerfile", "dockerfile"),
        ("Dockerfile.dockerignore", None),
        ("Dockerfile.md", None),
        ("dockerfile.py", "python"),
        ("Dockerfiles/notes", None),
        ("Makefile", None),
        ("Jenkinsfile", None),
        ("matrix.m", None),
        ("Order.cs", "csharp"),
        ("order.h", "c"),
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
        (b"#!/bin/sh -e\n", "bash"),
        (b"#!/usr/bin/env -S TZ=UTC LANG=C python3.11 -u\n", "python"),
        (b"#!/usr/bin/env /opt/bin/bash\n", "bash"),
        (b"#!/usr/bin/env ts-node\n", "typescript"),
        (b"\xef\xbb\xbf#!/usr/bin/python\n", "python"),
        (b"#!/bin/cat python\n", None),
        (b"# python\n", None),
    ],
)
def test_files_without_a_suffix_tell_by_their_shebang(head: bytes, name: str | None) -> None:
    found = detect("bin/tool", head)
    assert (found and found.name) == name
    assert detect("notes.txt", head) is None


@pytest.mark.parametrize(
    ("path", "head", "name"),
    [
        ("order.h", b"struct order { long id; };\n", "c"),
        ("order.h", b"/* " + b"licence " * 600 + b"*/\nclass Order { public: long id; };\n", "cpp"),
        ("app_zh.ts", b"<?xml version='1.0'?>\n<!DOCTYPE TS><TS/>", "xml"),
        ("app_zh.ts", b"<!DOCTYPE TS><TS/>", "xml"),
        ("film.ts", b"G@\x00\x10\x00\x00", None),
        ("app.ts", b"const a = <T>(x: T) => x\n", "typescript"),
        ("OrderMapper", b'\n<!DOCTYPE mapper PUBLIC "-//mybatis.org//DTD Mapper 3.0//EN" "x">', "xml"),
        ("web.config", b'\xef\xbb\xbf<?xml version="1.0"?>\n', "xml"),
        ("page", b"<!doctype html>\n<html>", "html"),
        ("page.tmpl", b"<!doctype html>\n<html>", None),
        ("settings", b'{\n  "a": 1}', "json"),
        ("settings", b"{}\n", "json"),
        ("notes", b"{ not json }", None),
        ("header.inc", b"<?php\n", "php"),
        ("header.inc", b"#define A 1\n", None),
        ("hook.cgi", b"#!/usr/bin/python3\n", "python"),
        ("tool-1.2", b"#!/bin/bash\n", "bash"),
        ("run.py", b"\x7fELF\x00\x00", None),
        ("run.py", "a = 1\n".encode("utf-16"), "python"),
        ("run.py", b"a" * 9_000 + b"\0", "python"),
    ],
)
def test_content_tells_where_names_do_not(path: str, head: bytes, name: str | None) -> None:
    found = detect(path, head)
    assert (found and found.name) == name


def test_no_two_languages_claim_a_name() -> None:
    claims = [
        claim
        for language in LANGUAGES.values()
        for claim in (*language.suffixes, *language.filenames, *language.interpreters)
    ]
    assert len(claims) == len(set(claims))


def test_all_languages_of_the_house_are_there() -> None:
    assert set(LANGUAGES) >= {
        *("python", "java", "go", "javascript", "typescript", "tsx", "vue", "c", "cpp", "csharp", "kotlin"),
        *("rust", "php", "ruby", "sql", "bash", "yaml", "dockerfile", "html", "css", "json", "xml"),
    }


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
