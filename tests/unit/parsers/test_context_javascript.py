"""Hand-labelled lines of a JavaScript file with JSX."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, Sheet, describe

SOURCE = """\
import React, { useState as state } from 'react';
import * as api from './api';
import './orders.css';
const { Router, json: body } = require('express');
const axios = require('axios');

// The table.
export const OrderTable = ({ rows }) => {
  const [open, setOpen] = state(false);
  return (
    <Panel open={open}>
      <Row key={rows.id} onClick={() => setOpen(true)} />
      <div className="empty" />
    </Panel>
  );
};

export default class Store extends React.Component {
  limit = 100;
  #orders = [];

  static of(orders) {
    return new Store(orders);
  }

  constructor(orders) {
    super(orders);
    this.rate = 0.0003;
  }

  // keeps `this`
  add = async (order) => {
    if (order.quantity > this.limit) {
      throw new RangeError('limit');
    }
    await api.save(this.rate, order);
  };
}

function* pages(size) {
  yield axios.get(`/orders?size=${size}`);
}

exports.total = function (orders) {
  return orders.reduce((sum, order) => sum + order.amount, 0);
};

module.exports = {
  load: async function (id) {
    return body(id);
  },
  clear() {
    cache.clear();
  },
};

const Box = class Inner {
  open() {
    lock(this);
  }
};

router.get('/orders', async (request, response) => {
  response.json(await api.list());
});
"""
TABLE = "export const OrderTable = ({ rows }) =>"
REACT = "import React, { useState as state } from 'react';"
API = "import * as api from './api';"

CASES = [
    Case("const axios", called=(), imports=()),
    Case("// The table.", chain="function OrderTable", starts="// The table.", signature=TABLE),
    Case(
        "state(false)",
        chain="function OrderTable",
        starts="// The table.",
        signature=TABLE,
        called=("state",),
        imports=(REACT,),
    ),
    Case(
        "<Row key",
        chain="function OrderTable",
        starts="// The table.",
        signature=TABLE,
        called=("Row", "setOpen"),
    ),
    Case("<div className", chain="function OrderTable", starts="// The table.", signature=TABLE),
    Case(
        "export default class",
        chain="class Store",
        starts="export default class Store extends React.Component {",
        signature="export default class Store extends React.Component",
        types=("Component",),
        imports=(REACT,),
    ),
    Case(
        "return new Store",
        chain="class Store > method Store.of",
        starts="static of(orders) {",
        signature="static of(orders)",
        called=("Store",),
        types=("Store",),
    ),
    Case(
        "this.limit",
        chain="class Store > method Store.add",
        starts="// keeps `this`",
        signature="add = async (order) =>",
        fields=("limit = 100",),
    ),
    Case(
        "api.save",
        chain="class Store > method Store.add",
        starts="// keeps `this`",
        signature="add = async (order) =>",
        called=("save",),
        imports=(API,),
        fields=("this.rate = 0.0003",),
    ),
    Case(
        "axios.get",
        chain="function pages",
        starts="function* pages(size) {",
        signature="function* pages(size)",
        called=("get",),
        imports=("const axios = require('axios');",),
    ),
    Case(
        "orders.reduce",
        chain="function total",
        starts="exports.total = function (orders) {",
        signature="exports.total = function (orders)",
        called=("reduce",),
    ),
    Case(
        "return body(id)",
        chain="function load",
        starts="load: async function (id) {",
        signature="load: async function (id)",
        called=("body",),
        imports=("const { Router, json: body } = require('express');",),
    ),
    Case(
        "cache.clear",
        chain="method clear",
        starts="clear() {",
        signature="clear()",
        called=("clear",),
    ),
    Case(
        "lock(this)",
        chain="class Box > method Box.open",
        starts="open() {",
        signature="open()",
        called=("lock",),
    ),
    Case("response.json", called=("json", "list"), imports=(API,)),
]


BOARD = """\
'use strict';

import Big, { RoundHalfUp as HALF } from 'big.js';
import { fetchJson } from '@desk/http';
import defaults from './board-defaults.json';
import { Chart } from './charts';
export { Chart } from './charts';
const { join: joinPath } = require('node:path');
let cache = require('./cache')('board');

const round = (value) => new Big(value).round(2, HALF);

/**
 * Shows quotes.
 */
export class Board extends Chart.Base {
  static #open = 0;
  static limits = { rows: 50 };
  columns = ['bid', 'ask'];
  onTick = debounce((tick) => {
    this.columns.push(tick.symbol);
  });

  constructor(socket, { theme } = {}) {
    super();
    if (socket) {
      this.socket = socket;
    }
    this.theme = theme ?? defaults.theme;
    socket.rows = 10;
  }

  get size() {
    return Board.limits.rows;
  }

  static async *history(symbol, fetchJson = null) {
    Board.#open++;
    const page = await fetchJson(`/history/${symbol}`);
    yield* page.items.map(({ price }) => round(price));
  }

  render(other) {
    const rows = other.columns.length;
    return this.socket?.send({
      columns: this.columns,
      at: Date.now(),
    });
  }

  ['reset' + 1]() {
    delete this.theme;
  }
}

Board.prototype.close = function () {
  this.socket.close();
};

const routes = {
  '/quotes': (request) => cache.get(request.url),
  async orders({ body }) {
    return joinPath('/orders', body.id);
  },
};

export default debounce(function refresh() {
  return import('./lazy').then((module) => module.refresh());
}, 100);

window.addEventListener('load', () => {
  const start = function () {
    new Board(null, {}).render();
  };
});
"""
BASE = "export class Board extends Chart.Base"
HISTORY = "static async *history(symbol, fetchJson = null)"
RENDER = "render(other)"
NEW_BOARD = "constructor(socket, { theme } = {})"
COLUMNS = "columns = ['bid', 'ask']"
SOCKET = "this.socket = socket"

BOARD_CASES = [
    Case(
        "const round",
        chain="function round",
        starts="const round = (value) => new Big(value).round(2, HALF);",
        signature="const round = (value) =>",
        called=("round", "Big"),
        types=("Big",),
        imports=("import Big, { RoundHalfUp as HALF } from 'big.js';",),
    ),
    Case(
        "export class Board",
        chain="class Board",
        starts="/**",
        signature=BASE,
        types=("Base",),
        imports=("import { Chart } from './charts';",),
    ),
    Case("static #open", chain="class Board", starts="/**", signature=BASE, fields=("static #open = 0",)),
    Case(
        "this.columns.push",
        chain="class Board",
        starts="/**",
        signature=BASE,
        called=("push",),
        fields=(COLUMNS, "onTick = debounce((tick) => {\n    this.columns.push(tick.symbol);\n  })"),
    ),
    Case(
        "this.socket = socket",
        chain="class Board > method Board.constructor",
        starts=NEW_BOARD + " {",
        signature=NEW_BOARD,
        fields=(SOCKET,),
    ),
    Case(
        "this.theme = theme",
        chain="class Board > method Board.constructor",
        starts=NEW_BOARD + " {",
        signature=NEW_BOARD,
        imports=("import defaults from './board-defaults.json';",),
        fields=("this.theme = theme ?? defaults.theme",),
    ),
    Case(
        "socket.rows = 10",
        chain="class Board > method Board.constructor",
        starts=NEW_BOARD + " {",
        signature=NEW_BOARD,
    ),
    Case(
        "return Board.limits",
        chain="class Board > method Board.size",
        starts="get size() {",
        signature="get size()",
        types=("Board",),
        fields=("static limits = { rows: 50 }",),
    ),
    Case(
        "Board.#open++",
        chain="class Board > method Board.history",
        starts=HISTORY + " {",
        signature=HISTORY,
        types=("Board",),
        fields=("static #open = 0",),
    ),
    Case(
        "page.items.map",
        chain="class Board > method Board.history",
        starts=HISTORY + " {",
        signature=HISTORY,
        called=("map", "round"),
    ),
    Case(
        "other.columns.length",
        chain="class Board > method Board.render",
        starts=RENDER + " {",
        signature=RENDER,
    ),
    Case(
        "      columns: this.columns",
        chain="class Board > method Board.render",
        starts=RENDER + " {",
        signature=RENDER,
        called=("send",),
        fields=(COLUMNS,),
    ),
    Case(
        "this.socket.close()",
        chain="function close",
        starts="Board.prototype.close = function () {",
        signature="Board.prototype.close = function ()",
        called=("close",),
    ),
    Case(
        "'/quotes': (request)",
        chain="function /quotes",
        signature="'/quotes': (request) =>",
        starts="'/quotes': (request) => cache.get(request.url),",
        called=("get",),
    ),
    Case(
        "return joinPath",
        chain="method orders",
        starts="async orders({ body }) {",
        signature="async orders({ body })",
        called=("joinPath",),
        imports=("const { join: joinPath } = require('node:path');",),
    ),
    Case(
        "new Board(null",
        chain="function start",
        starts="const start = function () {",
        signature="const start = function ()",
        called=("render", "Board"),
        types=("Board",),
    ),
]

SHEETS = [Sheet("javascript", SOURCE, CASES), Sheet("javascript", BOARD, BOARD_CASES)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line.strip())
def test_a_line_is_described_as_a_person_would(case: Case) -> None:
    assert describe("javascript", SOURCE, case.line) == case


@pytest.mark.parametrize("case", BOARD_CASES, ids=lambda case: case.line.strip())
def test_a_line_of_a_board_is_described_as_a_person_would(case: Case) -> None:
    assert describe("javascript", BOARD, case.line) == case
