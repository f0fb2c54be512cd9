"""HTML, with the scripts and the style sheets inside of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from parsers.definitions import Definition, text_of
from parsers.embedded import Embedded, embed
from parsers.languages import css, javascript, typescript
from parsers.languages.language import Language, load_grammar

if TYPE_CHECKING:
    from tree_sitter import Node

# Elements that a reader finds his way by without an id.
_LANDMARKS = frozenset(
    (
        *("article", "aside", "body", "dialog", "fieldset", "footer", "form", "head", "header", "main"),
        *("nav", "section", "svg", "table", "template"),
    )
)
_TYPED = re.compile(r"(?:text|application)/(?:x-)?(?:typescript|ts)")
_SCRIPT = re.compile(r"module|text/babel|text/jsx|(?:(?:text|application)/(?:x-)?(?:java|ecma)script.*)")
# Jinja, Django, Go, Thymeleaf, ERB, JSP, PHP: such a script is none before it is rendered.
_TEMPLATED = re.compile(rb"\{\{|\{%|\{#|<[?%]|\[[\[(][$#]\{|^\s*@\w", re.MULTILINE)


def read_attributes(element: Node) -> dict[str, Node]:
    """Return the values of an element's attributes, without quotes, by name; those without one are left out."""
    found: dict[str, Node] = {}
    for attribute in element.named_children[0].named_children if element.named_children else ():
        if attribute.type == "attribute" and len(attribute.named_children) == 2:
            name, value = attribute.named_children
            if value.type == "quoted_attribute_value":
                value = next(iter(value.named_children), value)
            found.setdefault(text_of(name).lower(), value)
    return found


def find_elements(root: Node, kinds: tuple[str, ...]) -> Iterator[Node]:
    """Yield the elements of these kinds, in order."""
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type in kinds:
            yield node
        elif node.type in ("document", "element", "ERROR"):
            pending.extend(reversed(node.named_children))


def find_raw_text(element: Node) -> Node | None:
    """Return the text of a script or a style sheet; None where it is empty."""
    found = next((child for child in element.named_children if child.type == "raw_text"), None)
    return found if found is not None and found.start_byte < found.end_byte else None


def define_element(node: Node) -> Definition | None:
    """Read an element of several lines: named by its id, or its tag if that is a landmark."""
    start = node.named_children[0] if node.named_children else None
    if start is None or start.type != "start_tag" or node.start_point.row == node.end_point.row:
        return None
    attributes = read_attributes(node)
    tag = start.named_children[0] if start.named_children else None
    if tag is None or node.child_count < 2:
        return None
    kind, name = text_of(tag).lower(), attributes.get("id") or attributes.get("name")
    if name is None and kind not in _LANDMARKS:
        return None
    return Definition(node, kind if name else "element", name or tag, node, node.children[1])


def _embed(root: Node, utf8: bytes) -> Iterator[Embedded]:
    """Lay the scripts out as one, for they share their names, and so the style sheets."""
    scripts: dict[str, list[tuple[int, bytes]]] = {"js": [], "ts": []}
    styles = []
    for element in find_elements(root, ("script_element", "style_element")):
        raw = find_raw_text(element)
        if raw is None:
            continue
        piece = raw.start_byte, utf8[raw.start_byte : raw.end_byte]
        if element.type == "style_element":
            styles.append(piece)
        elif (kind := _kind_of_script(element)) is not None:
            scripts[kind].append(piece)
    for kind, language in (("js", javascript.LANGUAGE), ("ts", typescript.LANGUAGE)):
        yield from embed(_forgive_templates(language, scripts[kind]), utf8, scripts[kind])
    yield from embed(_forgive_templates(css.LANGUAGE, styles), utf8, styles)


def _kind_of_script(element: Node) -> str | None:
    attributes = read_attributes(element)
    written = text_of(attributes["type"]).strip().lower() if "type" in attributes else "module"
    if _TYPED.fullmatch(written):
        return "ts"
    return "js" if _SCRIPT.fullmatch(written) else None


def _forgive_templates(language: Language, pieces: list[tuple[int, bytes]]) -> Language:
    """Let errors prove nothing where a template engine still has to write the text."""
    if any(_TEMPLATED.search(piece) for _, piece in pieces):
        return replace(language, tolerant=True)
    return language


LANGUAGE = Language(
    name="html",
    suffixes=(".html", ".htm", ".xhtml"),
    grammar=partial(load_grammar, "tree_sitter_html"),
    scopes={"element": "element"},
    line_comments=(),
    block_comments=(("<!--", "-->"),),
    define=define_element,
    embed=_embed,
)
