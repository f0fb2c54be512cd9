"""Hand-labelled lines of a Python file."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, describe

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
        fields=('rate: D = D("0.0003")',),
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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line.strip())
def test_a_line_is_described_as_a_person_would(case: Case) -> None:
    assert describe("python", SOURCE, case.line) == case
