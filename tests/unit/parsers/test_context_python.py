"""Hand-labelled lines of a Python file."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, Sheet, describe

SOURCE = """\
import logging
import os.path
from decimal import ROUND_HALF_UP, Decimal as D
from typing import TYPE_CHECKING

try:
    import orjson as json
except ImportError:
    import json

if TYPE_CHECKING:
    from broker.orders import Order, Venue

LIMIT = D("1000.00")


# Books orders.
# One per account.
@audited
class Ledger(Base):
    # kept small
    rate: D = D("0.0003")
    venue = None  # set later
    def __init__(self, path: str, venue: Venue) -> None:
        self.path = os.path.join(path, "ledger")
        self.entries: list[Order] = []
        order = None

    # Rounds half up.
    @staticmethod
    @cached(
        size=10,
    )
    def fee(amount: D, rate: D) -> D:
        return (amount * rate).quantize(D("0.01"), ROUND_HALF_UP)

    async def book(
        self,
        order: Order,
    ) -> None:
        def total() -> D:
            return order.price * order.quantity

        if total() > LIMIT:
            raise LimitExceeded(order)

        self.entries.append(order)
        await self.store.save(
            order,
            key=order.id,
        )

    class Meta:
        ordering = ["id"]


def load(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


log = logging.getLogger(__name__)
"""
LEDGER = "class Ledger > "
BOOK = "async def book(\n    self,\n    order: Order,\n) -> None:"
ORDER = "from broker.orders import Order, Venue"
DECIMAL = "from decimal import ROUND_HALF_UP, Decimal as D"

CASES = [
    Case("LIMIT =", called=("D",), types=(), imports=(DECIMAL,)),
    Case(
        "# One per account.",
        chain="class Ledger",
        starts="# Books orders.",
        signature="@audited\nclass Ledger(Base):",
    ),
    Case(
        "rate: D =",
        chain="class Ledger",
        starts="# Books orders.",
        signature="@audited\nclass Ledger(Base):",
        called=("D",),
        types=("D",),
        imports=(DECIMAL,),
        fields=('rate: D = D("0.0003")',),
    ),
    Case(
        "self.path =",
        chain=LEDGER + "method Ledger.__init__",
        starts="def __init__(self, path: str, venue: Venue) -> None:",
        signature="def __init__(self, path: str, venue: Venue) -> None:",
        called=("join",),
        imports=("import os.path",),
        fields=('self.path = os.path.join(path, "ledger")',),
    ),
    Case(
        "size=10",
        chain=LEDGER + "method Ledger.fee",
        starts="# Rounds half up.",
        signature="@staticmethod\n@cached(\n    size=10,\n)\ndef fee(amount: D, rate: D) -> D:",
        called=("cached",),
    ),
    Case(
        ".quantize(",
        chain=LEDGER + "method Ledger.fee",
        starts="# Rounds half up.",
        signature="@staticmethod\n@cached(\n    size=10,\n)\ndef fee(amount: D, rate: D) -> D:",
        called=("quantize", "D"),
        imports=(DECIMAL,),
    ),
    Case(
        "        order: Order,",
        chain=LEDGER + "method Ledger.book",
        starts="async def book(",
        signature=BOOK,
        types=("Order",),
        imports=(ORDER,),
    ),
    Case(
        "return order.price",
        chain=LEDGER + "method Ledger.book > function Ledger.book.total",
        starts="def total() -> D:",
        signature="def total() -> D:",
    ),
    Case(
        "raise LimitExceeded",
        chain=LEDGER + "method Ledger.book",
        starts="async def book(",
        signature=BOOK,
        called=("LimitExceeded",),
        types=("LimitExceeded",),
    ),
    Case(
        "self.entries.append",
        chain=LEDGER + "method Ledger.book",
        starts="async def book(",
        signature=BOOK,
        called=("append",),
        fields=("self.entries: list[Order] = []",),
    ),
    Case(
        "key=order.id",
        chain=LEDGER + "method Ledger.book",
        starts="async def book(",
        signature=BOOK,
        called=("save",),
    ),
    Case(
        "ordering =",
        chain=LEDGER + "class Ledger.Meta",
        starts="class Meta:",
        signature="class Meta:",
        fields=('ordering = ["id"]',),
    ),
    Case(
        "json.loads",
        chain="function load",
        starts="def load(path):",
        signature="def load(path):",
        called=("loads",),
        imports=("import orjson as json", "import json"),
    ),
    Case("log = ", called=("getLogger",), imports=("import logging",)),
]


QUOTES = """\
from __future__ import annotations

import json
import logging
import numpy as np
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal

from .models import (
    Quote as Tick,
    Venue,
)
from . import clock


@dataclass(frozen=True)
class Spread:
    bid: Decimal
    ask: Decimal
    levels: list[Decimal] = field(
        default_factory=list,
    )

    @property
    def mid(self) -> Decimal:
        return (self.bid + self.ask) / 2


class Feed:
    limit = 100
    log: logging.Logger

    def __init__(self, url: str, *, limit: int | None = None) -> None:
        if limit:
            self.limit = limit
        with clock.frozen():
            self.started: float = clock.now()
        self.url, self._seen = url, set()

        class Cursor:
            def __init__(self) -> None:
                self.url = "cursor"

            def move(self) -> str:
                return self.url

        self.cursor = Cursor()

    @classmethod
    def of(cls, venue: Venue) -> Feed:
        return cls(venue.url, limit=cls.limit)

    async def ticks(self) -> AsyncIterator[Tick]:
        async with self.session.get(self.url, json={"limit": self.limit}) as response:
            body = await response.json()
        for row in body:
            match row:
                case {"bid": bid, "ask": ask} if bid > ask:
                    self.log.warning("crossed", extra=dict(field=row))
                case _:
                    yield Tick(**row)

    def stale(self, order) -> bool:
        return order.limit > 0 and order.started

    def save(self, path):
        text = json.dumps(
            [tick for tick in self.last if tick not in self._seen],
            default=lambda each: float(each),
        )
        mean = np.mean([quote.mid for quote in self.last])
        return (total := mean) and clock.format(text)


def retry(times: int):
    def wrap(function):
        async def inner(*args):
            for _ in range(times):
                return await function(*args)

        return inner

    return wrap


rates = {name: Decimal(rate) for name, rate in json.load(open("rates.json")).items()}

if __name__ == "__main__":
    Feed.of(Venue.default()).save(path="out.json")
"""
SPREAD = "@dataclass(frozen=True)\nclass Spread:"
INIT = "def __init__(self, url: str, *, limit: int | None = None) -> None:"
TICKS = "async def ticks(self) -> AsyncIterator[Tick]:"
SAVE = "def save(self, path):"
MODELS = "from .models import (\n    Quote as Tick,\n    Venue,\n)"
CLOCK = "from . import clock"
LIMITS = ("limit = 100", "self.limit = limit")

QUOTE_CASES = [
    Case(
        "default_factory=list",
        chain="class Spread",
        starts="@dataclass(frozen=True)",
        signature=SPREAD,
        called=("field",),
        fields=("levels: list[Decimal] = field(\n        default_factory=list,\n    )",),
    ),
    Case(
        "return (self.bid",
        chain="class Spread > method Spread.mid",
        starts="@property",
        signature="@property\ndef mid(self) -> Decimal:",
        fields=("bid: Decimal", "ask: Decimal"),
    ),
    Case(
        "log: logging.Logger",
        chain="class Feed",
        starts="class Feed:",
        signature="class Feed:",
        types=("Logger",),
        imports=("import logging",),
        fields=("log: logging.Logger",),
    ),
    Case(
        "self.limit = limit",
        chain="class Feed > method Feed.__init__",
        starts=INIT,
        signature=INIT,
        fields=LIMITS,
    ),
    Case(
        "self.started: float",
        chain="class Feed > method Feed.__init__",
        starts=INIT,
        signature=INIT,
        called=("now",),
        imports=(CLOCK,),
        fields=("self.started: float = clock.now()",),
    ),
    Case(
        "return self.url",
        starts="def move(self) -> str:",
        signature="def move(self) -> str:",
        chain="class Feed > method Feed.__init__ > class Feed.__init__.Cursor > method Feed.__init__.Cursor.move",
        fields=('self.url = "cursor"',),
    ),
    Case(
        "return cls(",
        chain="class Feed > method Feed.of",
        starts="@classmethod",
        signature="@classmethod\ndef of(cls, venue: Venue) -> Feed:",
        called=("cls",),
        fields=LIMITS,
    ),
    Case(
        "async with self.session",
        chain="class Feed > method Feed.ticks",
        starts=TICKS,
        signature=TICKS,
        called=("get",),
        fields=("limit = 100", "self.limit = limit", "self.url, self._seen = url, set()"),
    ),
    Case(
        "await response.json()",
        chain="class Feed > method Feed.ticks",
        starts=TICKS,
        signature=TICKS,
        called=("json",),
    ),
    Case(
        "self.log.warning",
        chain="class Feed > method Feed.ticks",
        starts=TICKS,
        signature=TICKS,
        called=("warning", "dict"),
        fields=("log: logging.Logger",),
    ),
    Case(
        "yield Tick",
        chain="class Feed > method Feed.ticks",
        starts=TICKS,
        signature=TICKS,
        called=("Tick",),
        types=("Tick",),
        imports=(MODELS,),
    ),
    Case(
        "return order.limit",
        chain="class Feed > method Feed.stale",
        starts="def stale(self, order) -> bool:",
        signature="def stale(self, order) -> bool:",
    ),
    Case(
        "for tick in self.last",
        chain="class Feed > method Feed.save",
        starts=SAVE,
        signature=SAVE,
        called=("dumps",),
        fields=("self.url, self._seen = url, set()",),
    ),
    Case(
        "default=lambda",
        chain="class Feed > method Feed.save",
        starts=SAVE,
        signature=SAVE,
        called=("dumps", "float"),
    ),
    Case(
        "np.mean",
        chain="class Feed > method Feed.save",
        starts=SAVE,
        signature=SAVE,
        called=("mean",),
        imports=("import numpy as np",),
    ),
    Case(
        "(total := mean)",
        chain="class Feed > method Feed.save",
        starts=SAVE,
        signature=SAVE,
        called=("format",),
        imports=(CLOCK,),
    ),
    Case(
        "in range(times)",
        chain="function retry > function retry.wrap > function retry.wrap.inner",
        starts="async def inner(*args):",
        signature="async def inner(*args):",
        called=("range",),
    ),
    Case(
        "rates = {",
        called=("Decimal", "items", "load", "open"),
        types=("Decimal",),
        imports=("import json", "from decimal import Decimal"),
    ),
    Case("Feed.of(Venue", called=("save", "of", "default"), types=("Feed", "Venue"), imports=(MODELS,)),
]

SHEETS = [Sheet("python", SOURCE, CASES), Sheet("python", QUOTES, QUOTE_CASES)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line.strip())
def test_a_line_is_described_as_a_person_would(case: Case) -> None:
    assert describe("python", SOURCE, case.line) == case


@pytest.mark.parametrize("case", QUOTE_CASES, ids=lambda case: case.line.strip())
def test_a_line_of_a_feed_is_described_as_a_person_would(case: Case) -> None:
    assert describe("python", QUOTES, case.line) == case
