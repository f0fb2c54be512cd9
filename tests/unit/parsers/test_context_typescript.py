"""Hand-labelled lines of a TypeScript file, and of one with JSX."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, Sheet, describe

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


GATEWAY = """\
import React, { type FC } from 'react';
import * as rx from 'rxjs';
import { Order, type Fill } from '@desk/model';
import type Decimal from 'decimal.js';
import log = Telemetry.log;

declare module 'express' {
  interface Request {
    user?: Trader;
  }
}

type Handler<T extends Message = Message> = (message: T) => Promise<void>;
type Prices = Map<string, Decimal>;

export const enum Side {
  Buy = 1,
  Sell,
}

abstract class Session<S extends keyof Events> extends rx.Subject<Events[S]> {
  static count = 0;
  declare readonly prices: Prices;
  #fills: Fill[] = [];
  protected handlers: Record<string, Handler> = {};
  retry?: () => void = undefined;

  constructor(public readonly id: string, private limit = 10, secret?: string) {
    super();
  }

  abstract open(url: URL): this;

  get last(): Fill | undefined {
    return this.#fills.at(-1);
  }

  on<M extends Message>(kind: M['kind'], handler: Handler<M>): void;
  on(kind: string, handler: Handler): void {
    this.handlers[kind] = handler;
    if (isFill(handler)) Session.count += this.limit;
  }

  protected async send(order: Order, limit: number): Promise<Side> {
    const { prices } = order;
    const fill = <Fill>await this.post(order satisfies Order);
    this.#fills.push({ ...fill, price: prices.get(order.symbol)! });
    return order.side === 'buy' ? Side.Buy : limit;
  }
}

export function isFill(value: unknown): value is Fill {
  return (value as Fill).price !== undefined;
}

namespace Telemetry.Metrics {
  export const observe = (name: string) => {
    rx.of(name).subscribe();
  };
}

export const useSession: FC<{ id: string }> = React.memo(({ id }) => {
  const [open, setOpen] = React.useState<Prices>(new Map());
  return null;
});
"""
SESSION = "class Session"
SESSION_SIGNATURE = "abstract class Session<S extends keyof Events> extends rx.Subject<Events[S]>"
MODEL = "import { Order, type Fill } from '@desk/model';"
ON = "on(kind: string, handler: Handler): void"
SEND = "protected async send(order: Order, limit: number): Promise<Side>"
FILLS = "#fills: Fill[] = []"

GATEWAY_CASES = [
    Case(
        "user?: Trader",
        chain="namespace express > interface express.Request",
        starts="interface Request {",
        signature="interface Request",
        types=("Trader",),
        fields=("user?: Trader",),
    ),
    Case(
        "type Prices",
        chain="type Prices",
        starts="type Prices = Map<string, Decimal>;",
        signature="type Prices = Map<string, Decimal>",
        types=("Map", "Decimal"),
        imports=("import type Decimal from 'decimal.js';",),
    ),
    Case(
        "abstract class Session",
        chain=SESSION,
        starts=SESSION_SIGNATURE + " {",
        signature=SESSION_SIGNATURE,
        types=("S", "Events", "Subject"),
        imports=("import * as rx from 'rxjs';",),
    ),
    Case(
        "declare readonly prices",
        chain=SESSION,
        starts=SESSION_SIGNATURE + " {",
        signature=SESSION_SIGNATURE,
        types=("Prices",),
        fields=("declare readonly prices: Prices",),
    ),
    Case(
        "constructor(public readonly",
        chain=f"{SESSION} > method Session.constructor",
        starts="constructor(public readonly id: string, private limit = 10, secret?: string) {",
        signature="constructor(public readonly id: string, private limit = 10, secret?: string)",
        fields=("public readonly id: string", "private limit = 10"),
    ),
    Case(
        "abstract open",
        chain=f"{SESSION} > method Session.open",
        starts="abstract open(url: URL): this;",
        signature="abstract open(url: URL): this",
        types=("URL",),
    ),
    Case(
        "return this.#fills",
        chain=f"{SESSION} > method Session.last",
        starts="get last(): Fill | undefined {",
        signature="get last(): Fill | undefined",
        called=("at",),
        fields=(FILLS,),
    ),
    Case(
        "on<M extends",
        chain=f"{SESSION} > method Session.on",
        starts="on<M extends Message>(kind: M['kind'], handler: Handler<M>): void;",
        signature="on<M extends Message>(kind: M['kind'], handler: Handler<M>): void",
        types=("M", "Message", "Handler"),
    ),
    Case(
        "this.handlers[kind]",
        chain=f"{SESSION} > method Session.on",
        starts=ON + " {",
        signature=ON,
        fields=("protected handlers: Record<string, Handler> = {}",),
    ),
    Case(
        "if (isFill(handler))",
        chain=f"{SESSION} > method Session.on",
        starts=ON + " {",
        signature=ON,
        called=("isFill",),
        types=("Session",),
        fields=("static count = 0", "private limit = 10"),
    ),
    Case(
        "const { prices } = order",
        chain=f"{SESSION} > method Session.send",
        starts=SEND + " {",
        signature=SEND,
    ),
    Case(
        "const fill = <Fill>",
        chain=f"{SESSION} > method Session.send",
        starts=SEND + " {",
        signature=SEND,
        called=("post",),
        types=("Fill", "Order"),
        imports=(MODEL,),
    ),
    Case(
        "this.#fills.push",
        chain=f"{SESSION} > method Session.send",
        starts=SEND + " {",
        signature=SEND,
        called=("push", "get"),
        fields=(FILLS,),
    ),
    Case(
        "value as Fill",
        chain="function isFill",
        types=("Fill",),
        imports=(MODEL,),
        starts="export function isFill(value: unknown): value is Fill {",
        signature="export function isFill(value: unknown): value is Fill",
    ),
    Case(
        "rx.of(name)",
        chain="namespace Telemetry.Metrics > function Telemetry.Metrics.observe",
        starts="export const observe = (name: string) => {",
        signature="export const observe = (name: string) =>",
        called=("subscribe", "of"),
        imports=("import * as rx from 'rxjs';",),
    ),
    Case(
        "React.useState<Prices>",
        called=("useState", "Map"),
        types=("React", "Prices", "Map"),
        imports=("import React, { type FC } from 'react';",),
    ),
]

SHEETS = [
    Sheet("typescript", SOURCE, CASES),
    Sheet("typescript", GATEWAY, GATEWAY_CASES),
    Sheet("tsx", TSX, TSX_CASES),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line.strip())
def test_a_line_is_described_as_a_person_would(case: Case) -> None:
    assert describe("typescript", SOURCE, case.line) == case


@pytest.mark.parametrize("case", GATEWAY_CASES, ids=lambda case: case.line.strip())
def test_a_line_of_generic_types_is_described_as_a_person_would(case: Case) -> None:
    assert describe("typescript", GATEWAY, case.line) == case


@pytest.mark.parametrize("case", TSX_CASES, ids=lambda case: case.line.strip())
def test_a_line_of_tsx_is_described_as_a_person_would(case: Case) -> None:
    assert describe("tsx", TSX, case.line) == case
