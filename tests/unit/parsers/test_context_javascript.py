"""Hand-labelled lines of a JavaScript file with JSX."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, describe

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
        types=("React",),
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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line.strip())
def test_a_line_is_described_as_a_person_would(case: Case) -> None:
    assert describe("javascript", SOURCE, case.line) == case
