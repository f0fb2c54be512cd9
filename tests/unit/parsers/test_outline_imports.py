"""What the text of an import or a package clause names."""

from __future__ import annotations

import pytest

from parsers.modules import bound_names, find_modules, find_originals, find_package


@pytest.mark.parametrize(
    ("statement", "modules"),
    [
        ("import a.b", ("a.b",)),
        ("import a.b as c, d", ("a.b", "d")),
        ("from . import a", (".",)),
        ("from ..a.b import (\n    c,\n    d as e,\n)", ("..a.b",)),
        ("import com.acme.Order;", ("com.acme.Order",)),
        ("import static com.acme.Checks.notNull;", ("com.acme.Checks.notNull",)),
        ("import java.util.*;", ("java.util",)),
        ('log "example.com/acme/logging/v2"', ("example.com/acme/logging/v2",)),
        ("import { a as b } from './orders';", ("./orders",)),
        ("const { a } = require('../b')", ("../b",)),
        ("import './side-effect';", ("./side-effect",)),
        ('#include "desk/order.h"', ("desk/order.h",)),
        ("#include <vector>", ("vector",)),
        ("using System.Linq;", ("System.Linq",)),
        ("using Fen = Acme.Money.Fen;", ("Acme.Money.Fen",)),
        ("global using static System.Math;", ("System.Math",)),
        ("import com.acme.checks.notNull as checked", ("com.acme.checks.notNull",)),
        ("use crate::store::{Store, save as keep};", ("store",)),
        ("pub(crate) use std::fmt;", ("std::fmt",)),
        ("use \\Acme\\Money\\Fen;", ("Acme\\Money\\Fen",)),
        ("use function Acme\\round;", ("Acme\\round",)),
        ("require_relative 'store'", ("store",)),
        ("import ;", ()),
    ],
)
def test_modules(statement: str, modules: tuple[str, ...]) -> None:
    assert find_modules(statement) == modules


def test_originals_of_aliases() -> None:
    assert find_originals("from a import b as c, d, e as f") == ["b", "e"]


@pytest.mark.parametrize(
    ("clause", "package"),
    [
        ("package com.acme.trade;", "com.acme.trade"),
        ("package trade", "trade"),
        ("namespace Acme.Trade;", "Acme.Trade"),
        ("namespace Acme\\Trade;", "Acme.Trade"),
        ("namespace acme::trade {\nint f();\n}", "acme.trade"),
        ("namespace {\nint f();\n}", ""),
    ],
)
def test_packages(clause: str, package: str) -> None:
    assert find_package(clause) == package


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("save", ("save",)),
        ('"example.com/acme/logging/v2"', ("logging",)),
        ('"github.com/redis/go-redis/v9"', ("go", "redis")),
        ("desk/order.h", ("order",)),
        ("../fees.js", ("fees",)),
        ("a.b.Order", ("a", "b", "Order")),
        ("@acme/bus", ("bus",)),
    ],
)
def test_a_module_goes_by_its_last_part(written: str, names: tuple[str, ...]) -> None:
    assert bound_names(written) == names
