"""XML, with the SQL of MyBatis mappers inside of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from parsers.definitions import Definition, text_of
from parsers.embedded import Embedded, blank, embed, unescape
from parsers.languages import sql
from parsers.languages.language import Language, load_grammar
from parsers.sql.sections import read_names

if TYPE_CHECKING:
    from tree_sitter import Node

_NAMING = ("id", "name", "namespace", "key")
_MAPPERS = frozenset({"mapper", "sqlMap"})  # MyBatis, and iBATIS before it
_STATEMENTS = frozenset({"select", "insert", "update", "delete", "sql", "procedure", "statement"})
_DYNAMIC = frozenset({"if", "choose", "when", "otherwise", "where", "set", "trim", "foreach", "selectKey"})

_SQL = replace(sql.LANGUAGE, read_sections=read_names)
_MARKUP = re.compile(
    rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[(?P<raw>.*?)(?:\]\]>|\Z)"
    rb"""|<(?P<slash>/?)(?P<tag>\w+)(?P<attributes>(?:"[^"]*"|'[^']*'|[^"'<>])*)>""",
    re.DOTALL,
)
_PARAMETER = re.compile(
    rb"\#\{[^{}]*\}|(?P<alone>^[ \t]*)?\$\{[^{}\n]*\}(?(alone)(?P<end>[ \t]*\r?$)?)", re.MULTILINE
)
_ATTRIBUTE = re.compile(rb"""\b(prefix|suffix|open|close)\s*=\s*["']([^"']*)["']""")
_EXPECTS_NAME = re.compile(rb"(?:\b(?:SELECT|DISTINCT|FROM|JOIN|INTO|BY)|[,(])\s*\Z", re.IGNORECASE)
_KEYWORDS = {b"where": b"WHERE", b"set": b"SET"}
_SURPLUS = re.compile(rb"\bWHERE\s+(?:(AND|OR)\b)|(,)\s*(?=WHERE\b|\Z)", re.IGNORECASE)


def _define(element: Node) -> Definition | None:
    """Read an element of several lines: named by an attribute, else by its tag."""
    start = element.named_children[0] if element.named_children else None
    if start is None or start.type != "STag" or element.start_point.row == element.end_point.row:
        return None
    tag = start.named_children[0] if start.named_children else None
    if tag is None or text_of(tag) in _DYNAMIC:
        return None
    named = _read_attributes(start)
    name = next((named[key] for key in _NAMING if key in named), None)
    body = element.named_children[1] if element.named_child_count > 1 else None
    return Definition(element, text_of(tag) if name else "element", name or tag, element, body)


def _read_attributes(tag: Node) -> dict[str, Node]:
    pairs = (attribute.named_children for attribute in tag.named_children if attribute.type == "Attribute")
    return {text_of(pair[0]): pair[1] for pair in pairs if len(pair) == 2}


def _embed(root: Node, utf8: bytes) -> Iterator[Embedded]:
    """Lay out the statements of a mapper as one SQL text, each ended by a semicolon."""
    mapper = root.child_by_field_name("root")
    if mapper is not None and _tag_of(mapper) in _MAPPERS:
        yield from embed(_SQL, utf8, _find_statements(mapper, utf8))


def _tag_of(element: Node) -> str:
    start = element.named_children[0] if element.named_children else None
    return text_of(start.named_children[0]) if start is not None and start.named_children else ""


def _find_statements(mapper: Node, utf8: bytes) -> Iterator[tuple[int, bytes]]:
    content = next((child for child in mapper.named_children if child.type == "content"), None)
    for element in content.named_children if content else ():
        body = next((child for child in element.named_children if child.type == "content"), None)
        if element.type == "element" and body is not None and _tag_of(element) in _STATEMENTS:
            yield body.start_byte, _write_sql(utf8[body.start_byte : body.end_byte]) + b";"


def _write_sql(body: bytes) -> bytes:
    """Turn the body of a statement into SQL without moving a byte that stays.

    Tags give way to the words that they stand for (`<where>`, `<trim prefix=...>`), `#{}` to a number
    and `${}` to a name, save on a line of its own, where it may stand for any piece of SQL.
    """
    closers: list[bytes] = []

    def write(markup: re.Match[bytes]) -> bytes:
        whole = markup[0]
        if markup["raw"] is not None:
            return whole.replace(b"<![CDATA[", b" " * 9, 1).removesuffix(b"]]>").ljust(len(whole))
        return _fit(b" " + _word_for_tag(markup, closers) if markup["tag"] else b"", whole)

    text = unescape(_PARAMETER.sub(_write_parameter, _MARKUP.sub(write, body)))
    return _SURPLUS.sub(_drop, text)


def _write_parameter(parameter: re.Match[bytes]) -> bytes:
    whole = parameter[0]
    if whole.startswith(b"#"):
        return _fit(b"1" * len(whole.split(b"\n", 1)[0]), whole)
    if parameter["end"] is not None:
        return blank(whole)
    indent = parameter["alone"] or b""
    return indent + b"_" * (len(whole) - len(indent))


def _word_for_tag(tag: re.Match[bytes], closers: list[bytes]) -> bytes:
    """Return the SQL that a tag stands for; `closers` are those of the tags that are open."""
    if tag["slash"]:
        return closers.pop() if closers else b""
    if tag["attributes"].endswith(b"/"):
        named = tag["tag"] == b"include" and _EXPECTS_NAME.search(
            tag.string, max(0, tag.start() - 40), tag.start()
        )
        return b"_" * 9 if named else b""
    written = dict(_ATTRIBUTE.findall(tag["attributes"]))
    closers.append(
        b";" if tag["tag"] == b"selectKey" else written.get(b"suffix") or written.get(b"close", b"")
    )
    return _KEYWORDS.get(tag["tag"]) or written.get(b"prefix") or written.get(b"open", b"")


def _fit(word: bytes, place: bytes) -> bytes:
    """Write a word over the start of a place and blanks over the rest; only blanks where it has no room."""
    kept = blank(place)
    fits = len(word) <= len(kept) and b"\n" not in word + kept[: len(word)]
    return word + kept[len(word) :] if fits else kept


def _drop(surplus: re.Match[bytes]) -> bytes:
    """Blank the AND after WHERE and the comma after the last of SET, which MyBatis leaves out as well."""
    group = 1 if surplus[1] else 2
    start, end = (offset - surplus.start() for offset in surplus.span(group))
    return surplus[0][:start] + b" " * (end - start) + surplus[0][end:]


LANGUAGE = Language(
    name="xml",
    suffixes=(
        *(".xml", ".csproj", ".fsproj", ".fxml", ".hbm", ".iml", ".jrxml", ".nuspec", ".plist", ".pom"),
        *(".props", ".resx", ".rss", ".svg", ".targets", ".tld", ".vbproj", ".vcxproj", ".wsdl"),
        *(".xaml", ".xsd", ".xsl", ".xslt"),
    ),
    grammar=partial(load_grammar, "tree_sitter_xml", "language_xml"),
    scopes={"element": "element"},
    line_comments=(),
    block_comments=(("<!--", "-->"),),
    comments=("Comment",),
    layout=("CharData",),
    define=_define,
    embed=_embed,
)
