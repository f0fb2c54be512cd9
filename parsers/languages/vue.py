"""Vue's single-file components: HTML outside, scripts, style sheets and expressions inside."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from parsers.definitions import Definition, find_last_name, read_definition, text_of
from parsers.embedded import Embedded, blank, embed, unescape
from parsers.languages import css, html, javascript, tsx, typescript
from parsers.languages.language import Language
from parsers.sections import Named, Sections

if TYPE_CHECKING:
    from tree_sitter import Node

_FUNCTIONS = ("arrow_function", "function_expression", "generator_function")
_OBJECT = "object"
_DATA = ("method_definition", "statement_block", "return_statement", _OBJECT)  # from `data` to its properties

# A comment, an interpolation, or a directive with its value.
_EXPRESSION = re.compile(
    rb"<!--.*?(?:-->|\Z)|\{\{(?P<shown>.*?)(?P<closed>\}\}|\Z)|"
    rb"""[\s'"](?P<name>[:@.]|v-[a-z]+)[^\s=>"']*=(?P<quote>["'])(?P<value>.*?)(?P=quote)""",
    re.DOTALL,
)
_DECLARING = (b"v-slot", b"v-pre", b"v-cloak")
_LOOP = re.compile(rb".*?\s(?:in|of)\s", re.DOTALL)
_STATEMENTS = re.compile(
    rb"\s*(?:if|for|while|switch|const|let|var|try|return)\b|(?!\s*(?:async\s+)?function\b).*;", re.DOTALL
)
_SHOWN = re.compile(rb"\{\{(?:(?!\{\{).)*?\}\}", re.DOTALL)
_HANDLER = re.compile(rb"[A-Za-z_$][\w$.]*")
_TEMPLATE = re.compile(r"^<template\b", re.MULTILINE)
_COMPONENT = re.compile(r"<([A-Z]\w*|[a-z]\w*(?:-\w+)+)")


def _define_in_script(language: Language, node: Node) -> Definition | None:
    """Read what JavaScript defines, and the options of a component and functions handed to `computed`."""
    found = read_definition(node, language)
    if found or node.type not in language.bindings or node.start_point.row == node.end_point.row:
        return found
    name_field, value_field = language.bindings[node.type]
    name, value = node.child_by_field_name(name_field), node.child_by_field_name(value_field)
    if value is not None and value.type == "call_expression":
        value = _find_argument(value, (_OBJECT,) if node.type == "export_statement" else _FUNCTIONS)
    if value is None or (value.type == _OBJECT and node.type == "assignment_expression"):
        return None
    if value.type == _OBJECT:
        kind = _OBJECT if node.type == "export_statement" else "key"
        return Definition(node, kind, name, value, value, label="default")
    if value.type in _FUNCTIONS:
        return Definition(node, "function", name, value, value.child_by_field_name("body"))
    return None


def _find_argument(call: Node, kinds: tuple[str, ...]) -> Node | None:
    arguments = call.child_by_field_name("arguments")
    given = arguments.named_children if arguments else []
    return next((node for node in given if node.type in kinds), None)


def _declared_names(field: Node) -> Iterator[Node]:
    """Yield the name of a property of `data`, or of a class's field."""
    names = (field.child_by_field_name(kind) for kind in ("key", "property", "name", "left"))
    yield from filter(None, (name and find_last_name(name) for name in names))


def _as_script(language: Language) -> Language:
    scopes = {**language.scopes, **dict.fromkeys(language.bindings, "function")}
    return replace(
        language,
        scopes=scopes,
        bindings={},
        define=partial(_define_in_script, language),
        fields=(*language.fields, "pair"),
        field_holders=(*language.field_holders, *_DATA),
        declared_names=_declared_names,
    )


_SCRIPTS = {
    "js": _as_script(javascript.LANGUAGE),
    "jsx": _as_script(javascript.LANGUAGE),
    "ts": _as_script(typescript.LANGUAGE),
    "tsx": _as_script(tsx.LANGUAGE),
}
_STYLES = ("css", "postcss")


def _define(node: Node) -> Definition | None:
    """Read an element as HTML's are, save templates inside of the component's own, which are indented."""
    found = html.define_element(node)
    inner = found is not None and found.kind == "element" and node.start_point.column > 0
    return None if found and inner and found.name and text_of(found.name) == "template" else found


def _embed(root: Node, utf8: bytes) -> Iterator[Embedded]:
    """Lay out the scripts as one, the style sheets as one, and the template's expressions as statements."""
    scripts: dict[str, list[tuple[int, bytes]]] = {}
    styles = []
    expressions: list[tuple[int, bytes]] = []
    for element in root.named_children:
        raw = html.find_raw_text(element)
        written = html.read_attributes(element).get("lang") if element.type != "text" else None
        language = text_of(written) if written else ""
        if element.type == "element" and language in ("", "html"):
            expressions += _find_expressions(utf8, element.start_byte, element.end_byte)
        elif raw and element.type == "script_element" and (language or "js") in _SCRIPTS:
            pieces = scripts.setdefault(language or "js", [])
            pieces.append((raw.start_byte, utf8[raw.start_byte : raw.end_byte]))
        elif raw and element.type == "style_element" and (language or "css") in _STYLES:
            styles.append((raw.start_byte, utf8[raw.start_byte : raw.end_byte]))
    for name, pieces in scripts.items():
        yield from embed(_SCRIPTS[name], utf8, pieces)
    typed = typescript.LANGUAGE if {"ts", "tsx"} & scripts.keys() else javascript.LANGUAGE
    yield from embed(typed, utf8, expressions)
    yield from embed(css.LANGUAGE, utf8, styles)


def _hide_expressions(utf8: bytes) -> bytes:
    """Blank what is shown by `{{ }}`: a `<` or an `&` in it begins no tag and no entity."""
    return _SHOWN.sub(lambda shown: blank(shown[0]), utf8)


def _find_expressions(utf8: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield the expressions of a template, each as a statement in the place of its delimiters."""
    for found in _EXPRESSION.finditer(utf8, start, end):
        if found["closed"]:
            yield found.start(), b";(" + found["shown"] + b") "
        elif found["name"] and not found["name"].startswith(_DECLARING):
            yield found.start("quote") - 1, _as_statement(found["name"], unescape(found["value"]))


def _as_statement(directive: bytes, value: bytes) -> bytes:
    if directive == b"v-for":
        declared = _LOOP.match(value)
        value = blank(declared[0]) + value[declared.end() :] if declared else value
    if not value.strip():
        return b""
    if directive in (b"@", b"v-on"):
        if _HANDLER.fullmatch(value):
            return b";" + value + b"()"
        if _STATEMENTS.match(value):
            return b"; " + value + b";"
    return b";(" + value + b")"


def _read_sections(utf8: bytes, lines: Collection[int]) -> Sections:
    """Read which components the lines of the template use, by the names of their imports."""
    text = utf8.decode("utf-8")
    template = _TEMPLATE.search(text)
    end = text.rfind("\n</template>")
    if template is None or end < template.start():
        return Sections()
    first = text.count("\n", 0, template.start()) + 1
    rows = dict(enumerate(text[template.start() : end].split("\n"), first))
    tags = ((tag, line) for line in sorted(lines) for tag in _COMPONENT.findall(rows.get(line, "")))
    return Sections(called=tuple(Named(_component_name(tag), line) for tag, line in tags))


def _component_name(tag: str) -> str:
    """Return the name that `order-table` is imported by."""
    return "".join(word[:1].upper() + word[1:] for word in tag.split("-")) if "-" in tag else tag


LANGUAGE = replace(
    html.LANGUAGE,
    name="vue",
    suffixes=(".vue",),
    line_comments=("//",),
    block_comments=(*html.LANGUAGE.block_comments, ("/*", "*/")),
    prepare=_hide_expressions,
    define=_define,
    embed=_embed,
    read_sections=_read_sections,
)
