"""Hand-labelled lines of a TypeScript file, and of one with JSX."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, describe

SOURCE = """\
import { Injectable, Inject } from '@nestjs/common';
import type { Order, Side as OrderSide } from './orders';
import Decimal = require('decimal.js');

export type Fee = {
  amount: Decimal;
};

export interface Venue<T> {
  readonly name: string;
  route(order: T, side?: OrderSide): Promise<Fee>;
}

enum State {
  New = 'new',
  Done = 'done',
}

// Books orders.
@Injectable()
export class OrderService implements Venue<Order> {
  @Inject('RATE') private rate!: number;
  readonly name = 'main';
  private seen = new Map<string, Order>();

  constructor(
    private readonly store: Store,
    limit: number,
  ) {
    limit = Math.max(limit, 1);
    this.limit = limit;
  }

  // Sends it on.
  @Traced('route')
  async route(order: Order, side?: OrderSide): Promise<Fee> {
    const key = `${this.name}-${order.id}`;
    this.seen.set(key, order);
    const saved = await this.store.save(order as SavedOrder);
    return feeOf(
      saved,
      this.rate,
    );
  }

  protected abstract close(): void;
}

export const feeOf = <T extends Order>(order: T, rate: number): Fee => {
  return { amount: new Decimal(order.amount).times(rate) };
};

export default function (service: OrderService): void {
  service.route(null!);
}

namespace Audit {
  export function log(message: string): void {
    console.log(message);
  }
}
"""
SERVICE = "class OrderService"
SERVICE_SIGNATURE = "@Injectable()\nexport class OrderService implements Venue<Order>"
ROUTE = "@Traced('route')\nasync route(order: Order, side?: OrderSide): Promise<Fee>"
ORDER = "import type { Order, Side as OrderSide } from './orders';"
DECIMAL = "import Decimal = require('decimal.js');"

CASES = [
    Case(
        "amount: Decimal",
        chain="type Fee",
        starts="export type Fee = {",
        signature="export type Fee =",
        types=("Decimal",),
        imports=(DECIMAL,),
    ),
    Case(
        "route(order: T",
        chain="interface Venue > method Venue.route",
        starts="route(order: T, side?: OrderSide): Promise<Fee>;",
        signature="route(order: T, side?: OrderSide): Promise<Fee>",
        types=("T", "OrderSide", "Promise", "Fee"),
        imports=(ORDER,),
    ),
    Case("Done =", chain="enum State", starts="enum State {", signature="enum State"),
    Case(
        "@Inject('RATE')",
        chain=SERVICE,
        starts="// Books orders.",
        signature=SERVICE_SIGNATURE,
        called=("Inject",),
        imports=("import { Injectable, Inject } from '@nestjs/common';",),
        fields=("@Inject('RATE') private rate!: number",),
    ),
    Case(
        "private readonly store",
        chain=f"{SERVICE} > method OrderService.constructor",
        starts="constructor(",
        signature="constructor(\n  private readonly store: Store,\n  limit: number,\n)",
        types=("Store",),
        fields=("private readonly store: Store",),
    ),
    Case(
        "this.limit = limit",
        chain=f"{SERVICE} > method OrderService.constructor",
        starts="constructor(",
        signature="constructor(\n  private readonly store: Store,\n  limit: number,\n)",
        fields=("this.limit = limit",),
    ),
    Case(
        "// Sends it on.",
        chain=f"{SERVICE} > method OrderService.route",
        starts="// Sends it on.",
        signature=ROUTE,
    ),
    Case(
        "const key",
        chain=f"{SERVICE} > method OrderService.route",
        starts="// Sends it on.",
        signature=ROUTE,
        fields=("readonly name = 'main'",),
    ),
    Case(
        "this.store.save",
        chain=f"{SERVICE} > method OrderService.route",
        starts="// Sends it on.",
        signature=ROUTE,
        called=("save",),
        types=("SavedOrder",),
        fields=("private readonly store: Store",),
    ),
    Case(
        "      this.rate,",
        chain=f"{SERVICE} > method OrderService.route",
        starts="// Sends it on.",
        signature=ROUTE,
        called=("feeOf",),
        fields=("@Inject('RATE') private rate!: number",),
    ),
    Case(
        "protected abstract close",
        chain=f"{SERVICE} > method OrderService.close",
        starts="protected abstract close(): void;",
        signature="protected abstract close(): void",
    ),
    Case(
        "new Decimal",
        chain="function feeOf",
        starts="export const feeOf = <T extends Order>(order: T, rate: number): Fee => {",
        signature="export const feeOf = <T extends Order>(order: T, rate: number): Fee =>",
        called=("times", "Decimal"),
        types=("Decimal",),
        imports=(DECIMAL,),
    ),
    Case(
        "service.route",
        chain="function default",
        starts="export default function (service: OrderService): void {",
        signature="export default function (service: OrderService): void",
        called=("route",),
    ),
    Case(
        "console.log",
        chain="namespace Audit > function Audit.log",
        starts="export function log(message: string): void {",
        signature="export function log(message: string): void",
        called=("log",),
    ),
]

TSX = """\
import { useQuote, type Quote } from './quotes';

export const Ticker = ({ symbol }: { symbol: string }) => {
  const quote: Quote | undefined = useQuote(symbol);
  return <Price value={quote?.last} onClick={() => refresh<Quote>(symbol)} />;
};
"""
TICKER = "export const Ticker = ({ symbol }: { symbol: string }) =>"
TSX_CASES = [
    Case(
        "const quote",
        chain="function Ticker",
        starts=TICKER + " {",
        signature=TICKER,
        called=("useQuote",),
        types=("Quote",),
        imports=("import { useQuote, type Quote } from './quotes';",),
    ),
    Case(
        "return <Price",
        chain="function Ticker",
        starts=TICKER + " {",
        signature=TICKER,
        called=("Price", "refresh"),
        types=("Quote",),
        imports=("import { useQuote, type Quote } from './quotes';",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line.strip())
def test_a_line_is_described_as_a_person_would(case: Case) -> None:
    assert describe("typescript", SOURCE, case.line) == case


@pytest.mark.parametrize("case", TSX_CASES, ids=lambda case: case.line.strip())
def test_a_line_of_tsx_is_described_as_a_person_would(case: Case) -> None:
    assert describe("tsx", TSX, case.line) == case
