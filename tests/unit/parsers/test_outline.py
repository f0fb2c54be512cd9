"""What a file defines, mentions and imports, language by language, written down by hand."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from parsers.context import context
from parsers.languages import LANGUAGES, by_name, detect
from parsers.outline import Outline, outline
from parsers.source import SourceTooLarge, parse
from tests.unit.parsers.mutations import time_limit
from tests.unit.parsers.truth import text_of


def read(name: str, text: str | bytes) -> Outline:
    language = by_name(name)
    assert language is not None
    return outline(parse(text.encode() if isinstance(text, str) else text, language), language)


@dataclass(frozen=True)
class Case:
    """A file and all that is right to say of it.

    `defines` reads `kind qualified first-last`, `mentions` `kind name line within`, `imports`
    `modules: names`.
    """

    language: str
    text: str
    package: str
    defines: tuple[str, ...]
    mentions: tuple[str, ...]
    imports: tuple[str, ...]


CASES = [
    Case(
        "python",
        """\
import json
from decimal import Decimal as D

from .orders import (
    save as keep,
    Order,
)


# Books orders.
@audited
class Desk(Base):
    def book(self, order: Order) -> D:
        def check() -> None:
            raise OrderError

        check()
        return keep(order, json.dumps({}))


async def run(desk: Desk) -> int:
    import asyncio

    return await asyncio.gather(desk.book())
""",
        "",
        (
            "class Desk 10-18",
            "method Desk.book 13-18",
            "function Desk.book.check 14-15",
            "function run 21-24",
        ),
        (
            *("import json 1", "import D 2", "import Decimal 2", "import decimal 2"),
            *("import orders 4", "import save 4", "import keep 5", "import Order 6"),
            *("type Base 12 Desk", "type Order 13 Desk.book", "type D 13 Desk.book"),
            *("type OrderError 15 Desk.book.check", "call check 17 Desk.book"),
            *("call keep 18 Desk.book", "call dumps 18 Desk.book"),
            *("type Desk 21 run", "import asyncio 22 run", "call gather 24 run", "call book 24 run"),
        ),
        ("json: json", "decimal: D", ".orders: keep Order", "asyncio: asyncio"),
    ),
    Case(
        "java",
        """\
package com.acme.trade;

import com.acme.money.Fen;
import static com.acme.Checks.notNull;
import java.util.*;

/** Books orders. */
@Service
public class Desk extends Base {
    private final Store store;

    public Desk(Store store) { this.store = notNull(store); }

    @Override
    public Fen book(Order order) throws BookingException {
        return new Retry<Fen>(3).run(() -> store.save(order));
    }

    record Key(String id) {}
}
""",
        "com.acme.trade",
        ("class Desk 7-20", "constructor Desk.Desk 12-12", "method Desk.book 14-17", "record Desk.Key 19-19"),
        (
            *("import Fen 3", "import notNull 4", "import util 5"),
            *("type Service 8 Desk", "type Base 9 Desk", "type Store 10 Desk"),
            *("type Store 12 Desk.Desk", "call notNull 12 Desk.Desk"),
            *("type Override 14 Desk.book", "type Fen 15 Desk.book", "type Order 15 Desk.book"),
            *("type BookingException 15 Desk.book", "call Retry 16 Desk.book", "type Retry 16 Desk.book"),
            *("type Fen 16 Desk.book", "call run 16 Desk.book", "call save 16 Desk.book"),
            "type String 19 Desk.Key",
        ),
        ("com.acme.money.Fen: Fen", "com.acme.Checks.notNull: notNull", "java.util: "),
    ),
    Case(
        "typescript",
        """\
import type { Order } from './order';
import fees, { feeOf as charge } from "../fees.js";
import * as bus from '@acme/bus';

export interface Quote {
  price: number;
  side(): Side;
}

export class Desk<T extends Order> {
  constructor(private readonly fees: Fees) {}

  book = async (order: T): Promise<Quote> => {
    return charge(order, bus.publish(order));
  };
}

export const parse = (text: string): Quote => JSON.parse(text);
""",
        "",
        (
            *("interface Quote 5-8", "method Quote.side 7-7"),
            *("class Desk 10-16", "method Desk.constructor 11-11", "method Desk.book 13-15"),
            "function parse 18-18",
        ),
        (
            *("import order 1", "import Order 1", "import feeOf 2", "import fees 2"),
            *("import charge 2", "import bus 3"),
            *("type Side 7 Quote.side", "type T 10 Desk", "type Order 10 Desk"),
            *("type Fees 11 Desk.constructor", "type T 13 Desk.book", "type Promise 13 Desk.book"),
            *("type Quote 13 Desk.book", "call charge 14 Desk.book", "call publish 14 Desk.book"),
            *("type Quote 18 parse", "call parse 18 parse"),
        ),
        ("./order: Order", "../fees.js: charge fees", "@acme/bus: bus"),
    ),
    Case(
        "javascript",
        """\
const { readFile } = require('fs');
const limits = require('./limits');
const size = 10;

module.exports = { total: (rows) => rows.reduce(add) };
exports.load = function (path) {
  const codec = require('./codec');
  return codec.decode(readFile(path));
};
""",
        "",
        ("function total 5-5", "function load 6-9"),
        (
            *("import fs 1", "import readFile 1", "import limits 2", "call reduce 5 total"),
            *("import codec 7 load", "call decode 8 load", "call readFile 8 load"),
        ),
        ("fs: readFile", "./limits: limits", "./codec: codec"),
    ),
    Case(
        "go",
        """\
package trade

import (
\t"fmt"
\tlog "example.com/acme/logging/v2"
)

// Desk books.
type Desk struct {
\tstore Store
}

func (d *Desk) Book(o Order) error {
\tif err := d.store.Save(o); err != nil {
\t\treturn fmt.Errorf("book: %w", err)
\t}
\tlog.Info("done")
\treturn nil
}
""",
        "trade",
        ("struct Desk 8-11", "method Desk.Book 13-19"),
        (
            *("import fmt 4", "import log 5", "import logging 5", "type Store 10 Desk"),
            *("type Desk 13 Desk.Book", "type Order 13 Desk.Book"),
            *("call Save 14 Desk.Book", "call Errorf 15 Desk.Book", "call Info 17 Desk.Book"),
        ),
        ("fmt: fmt", "example.com/acme/logging/v2: log"),
    ),
    Case(
        "cpp",
        """\
#include "desk/order.h"
#include <vector>

namespace acme {

class Desk : public Base {
 public:
  double total(const Order& order) const { return feeOf(order); }
};

double Desk::book(const Order& order) {
  auto key = Key::from(order);
  return store_->save(key);
}

}
""",
        "acme",
        (
            *("namespace acme 4-16", "class acme.Desk 6-9", "method acme.Desk.total 8-8"),
            "method acme.Desk.book 11-14",
        ),
        (
            *("import order 1", "import vector 2", "type Base 6 acme.Desk"),
            *("type Order 8 acme.Desk.total", "call feeOf 8 acme.Desk.total"),
            *("type Desk 11 acme.Desk.book", "type Order 11 acme.Desk.book"),
            *("type Key 12 acme.Desk.book", "call from 12 acme.Desk.book", "call save 13 acme.Desk.book"),
        ),
        ("desk/order.h: order", "vector: vector"),
    ),
    Case(
        "csharp",
        """\
using System.Linq;
using Fen = Acme.Money.Fen;

namespace Acme.Trade;

public class Desk : Base
{
    public async Task<Fen> BookAsync(Order order)
    {
        var key = Key.From(order);
        return await store.SaveAsync(key);
    }
}
""",
        "Acme.Trade",
        ("namespace Acme.Trade 4-13", "class Acme.Trade.Desk 6-13", "method Acme.Trade.Desk.BookAsync 8-12"),
        (
            *("import Linq 1", "import Fen 2", "type Base 6 Acme.Trade.Desk"),
            *("type Task 8 Acme.Trade.Desk.BookAsync", "type Fen 8 Acme.Trade.Desk.BookAsync"),
            *("type Order 8 Acme.Trade.Desk.BookAsync", "type Key 10 Acme.Trade.Desk.BookAsync"),
            *("call From 10 Acme.Trade.Desk.BookAsync", "call SaveAsync 11 Acme.Trade.Desk.BookAsync"),
        ),
        ("System.Linq: Linq", "Acme.Money.Fen: Fen"),
    ),
    Case(
        "kotlin",
        """\
package com.acme.trade

import com.acme.money.Fen
import com.acme.checks.notNull as checked

class Desk(private val store: Store) {
    fun book(order: Order): Fen {
        return checked(store.save(order))
    }
}

fun Order.total(): Fen = price.times(2)
""",
        "com.acme.trade",
        ("class Desk 6-10", "method Desk.book 7-9", "method Order.total 12-12"),
        (
            *("import Fen 3", "import notNull 4", "import checked 4", "type Store 6 Desk"),
            *("type Order 7 Desk.book", "type Fen 7 Desk.book"),
            *("call checked 8 Desk.book", "call save 8 Desk.book"),
            *("type Order 12 Order.total", "type Fen 12 Order.total", "call times 12 Order.total"),
        ),
        ("com.acme.money.Fen: Fen", "com.acme.checks.notNull: checked"),
    ),
    Case(
        "rust",
        """\
use crate::store::{Store, save as keep};

impl Desk {
    pub fn book(&self, order: &Order) -> Result<Fen, Error> {
        keep(order)?;
        self.store.flush()
    }
}
""",
        "",
        ("impl Desk 3-8", "method Desk.book 4-7"),
        (
            *("import save 1", "import store 1", "import Store 1", "import keep 1"),
            *("type Order 4 Desk.book", "type Result 4 Desk.book", "type Fen 4 Desk.book"),
            *("type Error 4 Desk.book", "call keep 5 Desk.book", "call flush 6 Desk.book"),
        ),
        ("store: Store keep",),
    ),
    Case(
        "php",
        """\
<?php
namespace Acme\\Trade;

use Acme\\Money\\Fen;

class Desk extends Base {
    public function book(Order $order): Fen {
        return $this->store->save($order);
    }
}
""",
        "Acme.Trade",
        ("namespace Acme.Trade 2-10", "class Acme.Trade.Desk 6-10", "method Acme.Trade.Desk.book 7-9"),
        (
            *("import Fen 4 Acme.Trade", "type Base 6 Acme.Trade.Desk"),
            *("type Order 7 Acme.Trade.Desk.book", "type Fen 7 Acme.Trade.Desk.book"),
            "call save 8 Acme.Trade.Desk.book",
        ),
        ("Acme\\Money\\Fen: Fen",),
    ),
    Case(
        "ruby",
        """\
require_relative 'store'

module Trade
  class Desk < Base
    def book(order)
      Store.new.save(order)
    end
  end
end
""",
        "",
        ("module Trade 3-9", "class Trade.Desk 4-8", "method Trade.Desk.book 5-7"),
        (
            *("import store 1", "type Base 4 Trade.Desk", "call new 6 Trade.Desk.book"),
            *("type Store 6 Trade.Desk.book", "call save 6 Trade.Desk.book"),
        ),
        ("store: store",),
    ),
    Case(
        "vue",
        """\
<template>
  <button @click="book(order)">Book</button>
</template>

<script setup lang="ts">
import { save } from '../api/orders';

function book(order: Order) {
  return save(order);
}
</script>
""",
        "",
        ("element template 1-3", "function book 8-10"),
        (
            *("import orders 6", "import save 6", "type Order 8 book", "call save 9 book"),
            "call book 2",
        ),
        ("../api/orders: save",),
    ),
    Case(
        "sql",
        """\
CREATE TABLE orders (id INT, price DECIMAL(18,2));

CREATE PROCEDURE book_order(IN p INT)
BEGIN
  INSERT INTO orders VALUES (p, 1);
  CALL audit(p);
END;
""",
        "",
        ("table orders 1-1", "procedure book_order 3-7"),
        ("call audit 6 book_order", "type orders 1 orders", "type orders 5 book_order"),
        (),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.language for case in CASES])
def test_a_file_is_written_down_as_rows(case: Case) -> None:
    found = read(case.language, case.text)

    assert found.package == case.package
    assert tuple(_defines(found)) == case.defines
    assert sorted(_mentions(found)) == sorted(case.mentions)
    assert tuple(f"{' '.join(one.modules)}: {' '.join(one.names)}" for one in found.imports) == case.imports


def _defines(found: Outline) -> Iterator[str]:
    for row in found.definitions:
        yield f"{row.kind} {row.qualified} {row.start_line}-{row.end_line}"


def _mentions(found: Outline) -> Iterator[str]:
    for row in found.references:
        within = "" if row.enclosing is None else f" {found.definitions[row.enclosing].qualified}"
        yield f"{row.kind} {row.name} {row.line}{within}"


def test_definitions_know_what_is_around_them_and_how_they_are_written() -> None:
    found = read(
        "python", "class A:\n    @cached\n    def f(\n        self,\n    ) -> int:\n        return 1\n"
    )

    outer, inner = found.definitions
    assert (outer.parent, inner.parent) == (None, 0)
    assert inner.signature == "@cached\ndef f(\n    self,\n) -> int:"


def test_a_decorator_belongs_to_what_it_decorates() -> None:
    (mention,) = read("python", "@app.get('/')\ndef home():\n    pass\n").references
    assert (mention.name, mention.line, mention.enclosing) == ("get", 1, 0)


def test_what_stands_before_a_types_dot_is_no_type() -> None:
    found = read("python", "def f(a: pkg.mod.Order): pass\n")
    assert [row.name for row in found.references if row.kind == "type"] == ["Order"]


def test_a_class_with_two_names_is_one_definition() -> None:
    found = read("javascript", "const Desk = class Inner {\n  book() {}\n};\n")
    assert [row.qualified for row in found.definitions] == ["Desk", "Desk.book"]


def test_broken_code_still_has_rows() -> None:
    found = read("java", "class A {\n  void f() { g(; }\n  void h() { k(); }\n")
    assert {"f", "h"} <= {row.name for row in found.definitions}


@pytest.mark.parametrize("name", sorted(LANGUAGES))
def test_every_language_has_an_outline_of_nothing(name: str) -> None:
    assert read(name, "") == Outline((), (), (), "")


@pytest.mark.parametrize("name", sorted(LANGUAGES))
@pytest.mark.parametrize("text", ["(" * 100_000, "{" * 50_000, "a." * 50_000, "f(" * 50_000, "<a>" * 20_000])
def test_nesting_ends_in_time(name: str, text: str) -> None:
    with contextlib.suppress(SourceTooLarge), time_limit():
        read(name, text)


def test_definitions_far_inside_others_are_left_out() -> None:
    text = "".join(f"{' ' * depth}def f{depth}():\n" for depth in range(100)) + " " * 100 + "pass\n"
    assert len(read("python", text).definitions) == 64


def test_out_of_time_is_an_error_of_its_own() -> None:
    language = LANGUAGES["python"]
    source = parse(b"def f(): pass\n" * 50, language)
    with pytest.raises(SourceTooLarge):
        outline(source, language, max_seconds=-1.0)


def test_rows_are_the_same_every_time() -> None:
    text = "class A:\n" + "".join(f"    def f{n}(self): return g{n}(B{n})\n" for n in range(300))
    assert len({read("python", text) for _ in range(3)}) == 1


def test_an_outline_says_what_the_context_of_all_lines_says(
    rows: Callable[[str], Iterator[dict[str, Any]]],
) -> None:
    """Over real files of every language: the same definitions and the same names called."""
    seen: dict[str, int] = {}
    for pair in rows("file_pairs"):
        text = text_of(pair["new"])
        language = detect(pair["path"], text)
        if language is None or len(text) > 40_000 or seen.setdefault(language.name, 0) >= 12:
            continue
        seen[language.name] += 1
        source = parse(text, language)
        found, around = outline(source, language), context(source, language, range(1, text.count(b"\n") + 2))
        scopes = {scope for chain in around.chains.values() for scope in chain}
        missing = {(scope.kind, scope.qualified, scope.signature, scope.start_line) for scope in scopes}
        missing -= {(row.kind, row.qualified, row.signature, row.start_line) for row in found.definitions}
        assert language.name == "sql" or missing == set(), pair["path"]
        called = {row.name for row in found.references if row.kind == "call"}
        assert called == set(around.called), pair["path"]
    assert {"c", "cpp", "csharp", "go", "java", "javascript", "kotlin", "python", "typescript"} <= seen.keys()
