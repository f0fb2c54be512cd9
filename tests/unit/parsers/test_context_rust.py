"""Hand-labelled lines of a Rust file."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, Sheet, describe

SOURCE = """\
use std::collections::{BTreeMap as Tree, HashMap};
use std::io::{self, Read};

use crate::fees::*;
use rust_decimal::Decimal;

mod fees;

/// Rests on a price.
#[derive(Debug, Clone)]
pub struct Level<'a, T: Priced> {
    pub price: Decimal,
    orders: Tree<u64, &'a T>,
    pub(crate) depth: usize,
}

pub enum Side {
    Buy,
    Sell { short: bool },
}

impl<'a, T: Priced> Level<'a, T> {
    const MAX: usize = 16;

    // Adds at the end.
    #[must_use]
    pub fn add(&mut self, id: u64, order: &'a T) -> Result<(), BookError> {
        if self.depth >= Self::MAX {
            return Err(BookError::Full(self.price));
        }
        self.orders.insert(id, order);
        let total = |orders: &Tree<u64, &T>| orders.values().map(|o| o.price()).sum::<Decimal>();
        log::info!("depth {} of {}", self.depth, total(&self.orders));
        Ok(())
    }

    pub fn new(price: Decimal) -> Self {
        Self { price, orders: Tree::new(), depth: 0 }
    }
}

impl std::fmt::Display for Level<'_, Order> {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        write!(f, "{}", other.depth)
    }
}

pub trait Priced: Send {
    type Unit;
    fn price(&self) -> Decimal;
}

pub async fn load(path: &Path) -> io::Result<Vec<u8>> {
    let side = match fees::side(path) {
        Some(Side::Buy) => HashMap::<u8, u8>::with_capacity(1),
        _ => unreachable!(),
    };
    Ok(tokio::fs::read(
        path,
    ).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Order;

    #[test]
    fn adds() {
        assert_eq!(Level::new(Order::small().price()).depth, 0);
    }
}
"""
LEVEL = "#[derive(Debug, Clone)]\npub struct Level<'a, T: Priced>"
IMPL = "impl Level"
ADD = "#[must_use]\npub fn add(&mut self, id: u64, order: &'a T) -> Result<(), BookError>"
LOAD = "pub async fn load(path: &Path) -> io::Result<Vec<u8>>"
MAPS = "use std::collections::{BTreeMap as Tree, HashMap};"
DECIMAL = "use rust_decimal::Decimal;"
PRICE, DEPTH = "pub price: Decimal", "pub(crate) depth: usize"
ORDERS = "orders: Tree<u64, &'a T>"

CASES = [
    Case("mod fees;"),
    Case(
        "orders: Tree<u64, &'a",
        chain="struct Level",
        starts="/// Rests on a price.",
        signature=LEVEL,
        types=("Tree", "T"),
        imports=(MAPS,),
        fields=(ORDERS,),
    ),
    Case(
        "Sell { short",
        chain="enum Side",
        starts="pub enum Side {",
        signature="pub enum Side",
        fields=("Sell { short: bool }",),
    ),
    Case(
        "if self.depth",
        chain=f"{IMPL} > method Level.add",
        starts="// Adds at the end.",
        signature=ADD,
        fields=("const MAX: usize = 16;", DEPTH),
    ),
    Case(
        "return Err(",
        chain=f"{IMPL} > method Level.add",
        starts="// Adds at the end.",
        signature=ADD,
        called=("Err", "Full"),
        types=("BookError",),
        fields=(PRICE,),
    ),
    Case(
        "self.orders.insert",
        chain=f"{IMPL} > method Level.add",
        starts="// Adds at the end.",
        signature=ADD,
        called=("insert",),
        fields=(ORDERS,),
    ),
    Case(
        "log::info!",
        chain=f"{IMPL} > method Level.add",
        starts="// Adds at the end.",
        signature=ADD,
        called=("info", "total"),
        fields=(ORDERS, DEPTH),
    ),
    Case(
        "Self { price",
        chain=f"{IMPL} > method Level.new",
        starts="pub fn new(price: Decimal) -> Self {",
        signature="pub fn new(price: Decimal) -> Self",
        called=("new",),
        types=("Tree",),
        imports=(MAPS,),
        fields=(PRICE, ORDERS, DEPTH),
    ),
    Case(
        "write!(f",
        chain="impl Level > method Level.fmt",
        starts="fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {",
        signature="fn fmt(&self, f: &mut Formatter) -> std::fmt::Result",
        called=("write",),
    ),
    Case(
        "fn price(&self)",
        chain="trait Priced > method Priced.price",
        starts="fn price(&self) -> Decimal;",
        signature="fn price(&self) -> Decimal",
        types=("Decimal",),
        imports=(DECIMAL,),
    ),
    Case(
        "Some(Side::Buy)",
        chain="function load",
        starts=LOAD + " {",
        signature=LOAD,
        called=("with_capacity",),
        types=("Side", "HashMap"),
        imports=(MAPS,),
    ),
    Case(
        "pub async fn load",
        chain="function load",
        starts=LOAD + " {",
        signature=LOAD,
        types=("Path", "Result", "Vec"),
        imports=("use std::io::{self, Read};",),
    ),
    Case("        path,", chain="function load", starts=LOAD + " {", signature=LOAD, called=("read",)),
    Case(
        "assert_eq!(",
        chain="module tests > function tests.adds",
        starts="#[test]",
        signature="#[test]\nfn adds()",
        called=("assert_eq", "new", "small", "price"),
        types=("Level", "Order"),
        imports=("use crate::testing::Order;",),
    ),
]


SHEETS = [Sheet("rust", SOURCE, CASES)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line.strip())
def test_a_line_is_described_as_a_person_would(case: Case) -> None:
    assert describe("rust", SOURCE, case.line) == case
