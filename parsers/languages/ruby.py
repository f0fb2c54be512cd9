"""Ruby."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from parsers.definitions import Definition, read_named, text_of
from parsers.languages.language import Language, load_grammar

if TYPE_CHECKING:
    from tree_sitter import Node

_REQUIRES = ("require", "require_relative", "load", "autoload")
_ATTRIBUTES = ("attr_reader", "attr_writer", "attr_accessor", "attribute", "attributes")


def _define(node: Node) -> Definition | None:
    """Read a definition; `def Desk.reset` belongs to the object that it names."""
    name = node.child_by_field_name("name")
    if name is None:
        return None
    named = node.child_by_field_name("object")
    owner = text_of(named) if named and named.type != "self" else ""
    return read_named(node, LANGUAGE, name, owner=owner)


def _called(call: Node) -> str:
    method = call.child_by_field_name("method")
    return text_of(method) if method and call.child_by_field_name("receiver") is None else ""


def _arguments(call: Node) -> list[Node]:
    arguments = call.child_by_field_name("arguments")
    return arguments.named_children if arguments else []


def _imported_names(call: Node) -> Iterator[Node]:
    """Yield the paths that a `require` names; what these define is not said."""
    if _called(call) in _REQUIRES:
        yield from (argument for argument in _arguments(call) if argument.type == "string")


def _declared_names(declaration: Node) -> Iterator[Node]:
    """Yield the names of attributes and of the constants and variables that are assigned."""
    if declaration.type == "call":
        if _called(declaration) in _ATTRIBUTES:
            yield from (argument for argument in _arguments(declaration) if argument.type == "simple_symbol")
    elif left := declaration.child_by_field_name("left"):
        yield from left.named_children if left.type == "left_assignment_list" else (left,)


LANGUAGE = Language(
    name="ruby",
    suffixes=(".rb", ".rake", ".gemspec", ".ru", ".jbuilder"),
    grammar=partial(load_grammar, "tree_sitter_ruby"),
    scopes={
        "module": "module",
        "class": "class",
        "method": "method",
        "singleton_method": "method",
    },
    filenames=(
        "Rakefile",
        "Gemfile",
        "Guardfile",
        "Vagrantfile",
        "Capfile",
        "Podfile",
        "Fastfile",
        "Brewfile",
    ),
    line_comments=("#",),
    block_comments=(("=begin", "=end"),),
    interpreters=("ruby", "jruby"),
    define=_define,
    calls={"call": "method"},
    camel_types=True,
    members={"call": ("receiver", "method")},
    imports=("call",),
    imported_names=_imported_names,
    imports_by_prefix="types",
    fields=("assignment", "call"),
    constructors=("initialize",),
    declared_names=_declared_names,
    bare_fields=True,
)
