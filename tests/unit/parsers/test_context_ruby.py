"""Hand-labelled lines of a Ruby file."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, Sheet, describe

SOURCE = """\
require "bigdecimal"
require_relative "../orders/order_book"

module Desk
  # Books orders.
  class Ledger < Base::Store
    include Enumerable
    attr_reader :rate, :orders
    LIMIT = BigDecimal("1000")

    def initialize(rate, store: nil)
      @rate = rate
      @orders = []
      @store, @seen = store, {} unless store.nil?
    end

    def self.open(path, &block)
      new(path).tap(&block)
    end

    # Charges a fee.
    def fee(order, limit = LIMIT)
      raise LimitError, "too much" if order.amount > limit
      total = orders.sum { |each| each.amount * @rate }
      @orders << OrderBook::Entry.new(
        order,
        rate: rate
      )
      order.rate
    end

    class << self
      private def cached(key) = @cache.fetch(key)
    end

    def seen?(rate)
      @seen.key?(rate)
    end
  end
end

def Desk.reset!
  Ledger.clear
end

namespace :book do
  task close: :environment do
    Desk::Ledger.open("main")
  end
end
"""
LEDGER = "module Desk > class Desk.Ledger"
FEE = f"{LEDGER} > method Desk.Ledger.fee"
FEE_SIGNATURE = "def fee(order, limit = LIMIT)"
ATTRIBUTES = "attr_reader :rate, :orders"
LIMIT = 'LIMIT = BigDecimal("1000")'

CASES = [
    Case(
        "class Ledger <",
        chain=LEDGER,
        starts="# Books orders.",
        signature="class Ledger < Base::Store",
        types=("Base", "Store"),
    ),
    Case(
        "LIMIT = Big",
        chain=LEDGER,
        starts="# Books orders.",
        signature="class Ledger < Base::Store",
        called=("BigDecimal",),
        types=("BigDecimal",),
        imports=('require "bigdecimal"',),
        fields=(LIMIT,),
    ),
    Case(
        "@rate = rate",
        chain=f"{LEDGER} > method Desk.Ledger.initialize",
        starts="def initialize(rate, store: nil)",
        signature="def initialize(rate, store: nil)",
        fields=(ATTRIBUTES, "@rate = rate"),
    ),
    Case(
        "new(path).tap",
        chain=f"{LEDGER} > method Desk.Ledger.open",
        starts="def self.open(path, &block)",
        signature="def self.open(path, &block)",
        called=("tap", "new"),
    ),
    Case(
        "raise LimitError",
        chain=FEE,
        starts="# Charges a fee.",
        signature=FEE_SIGNATURE,
        called=("raise", "amount"),
        types=("LimitError",),
    ),
    Case(
        "total = orders.sum",
        chain=FEE,
        starts="# Charges a fee.",
        signature=FEE_SIGNATURE,
        called=("sum", "amount"),
        fields=(ATTRIBUTES, "@rate = rate", "@orders = []"),
    ),
    Case(
        "@orders << Order",
        chain=FEE,
        starts="# Charges a fee.",
        signature=FEE_SIGNATURE,
        called=("new",),
        types=("OrderBook", "Entry"),
        imports=('require_relative "../orders/order_book"',),
        fields=(ATTRIBUTES, "@orders = []"),
    ),
    Case(
        "        rate: rate",
        chain=FEE,
        starts="# Charges a fee.",
        signature=FEE_SIGNATURE,
        called=("new",),
        fields=(ATTRIBUTES, "@rate = rate"),
    ),
    Case("      order.rate", chain=FEE, starts="# Charges a fee.", signature=FEE_SIGNATURE, called=("rate",)),
    Case(
        "@seen.key?",
        chain=f"{LEDGER} > method Desk.Ledger.seen?",
        starts="def seen?(rate)",
        signature="def seen?(rate)",
        called=("key?",),
        fields=("@store, @seen = store, {}",),
    ),
    Case(
        "Ledger.clear",
        chain="method Desk.reset!",
        starts="def Desk.reset!",
        signature="def Desk.reset!",
        called=("clear",),
        types=("Ledger",),
    ),
    Case('Desk::Ledger.open("main")', called=("open",), types=("Desk", "Ledger")),
]


SHEETS = [Sheet("ruby", SOURCE, CASES)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line.strip())
def test_a_line_is_described_as_a_person_would(case: Case) -> None:
    assert describe("ruby", SOURCE, case.line) == case
