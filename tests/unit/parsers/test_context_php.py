"""Hand-labelled lines of a PHP file."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, Sheet, describe

SOURCE = """\
<?php

declare(strict_types=1);

namespace App\\Trading;

use App\\Models\\Order as Entry;
use App\\Support\\{Clock, Money};
use Illuminate\\Support\\Facades\\Log;
use function App\\Support\\round_half_up;

/** Books orders. */
#[Entity(table: 'ledger')]
final class Ledger extends Base implements Auditable
{
    use RecordsEvents;

    public const LIMIT = 100;
    private static ?self $shared = null;
    protected array $entries = [], $seen = [];

    public function __construct(
        private readonly Store $store,
        ?Clock $clock = null,
    ) {
        parent::__construct();
        $this->clock = $clock ?? new Clock();
    }

    // Charges a fee.
    #[Pure]
    public function fee(Entry $order, float $rate): Money
    {
        if ($order->amount > self::LIMIT || $this->isLate($order)) {
            throw new \\App\\Errors\\LimitExceeded($order);
        }
        $raw = round_half_up($order->amount * $rate, 2);
        Log::info('fee', ['store' => $this->store?->name]);
        static::$shared ??= $this;
        $net = fn (Money $fee): Money => $fee->minus($this->entries[0]);
        return Money::of(
            $raw,
            currency: 'CNY',
        );
    }

    abstract protected function isLate(Entry $order): bool;
}

enum Side: string
{
    case Buy = 'buy';

    public static function parse(string $text): self
    {
        return self::from($text) === self::Buy ? Side::Buy : Suit::Hearts;
    }
}

function total(iterable $orders): float
{
    return array_sum(array_map(static function (Entry $order) {
        return $order->entries;
    }, $orders));
}
"""
NAMESPACE = "namespace App.Trading"
LEDGER = f"{NAMESPACE} > class App.Trading.Ledger"
LEDGER_SIGNATURE = "#[Entity(table: 'ledger')]\nfinal class Ledger extends Base implements Auditable"
FEE = f"{LEDGER} > method App.Trading.Ledger.fee"
FEE_SIGNATURE = "#[Pure]\npublic function fee(Entry $order, float $rate): Money"
ENTRY = "use App\\Models\\Order as Entry;"
SUPPORT = "use App\\Support\\{Clock, Money};"
ENTRIES = "protected array $entries = [], $seen = [];"
STORE = "private readonly Store $store"
CONSTRUCTOR = "public function __construct(\n    private readonly Store $store,\n    ?Clock $clock = null,\n)"

CASES = [
    Case(
        "namespace App",
        chain="namespace App.Trading",
        starts="namespace App\\Trading;",
        signature="namespace App\\Trading",
    ),
    Case(
        "use RecordsEvents",
        chain=LEDGER,
        starts="/** Books orders. */",
        signature=LEDGER_SIGNATURE,
        types=("RecordsEvents",),
    ),
    Case(
        "$entries = []",
        chain=LEDGER,
        starts="/** Books orders. */",
        signature=LEDGER_SIGNATURE,
        fields=(ENTRIES,),
    ),
    Case(
        "private readonly Store",
        chain=f"{LEDGER} > method App.Trading.Ledger.__construct",
        starts="public function __construct(",
        signature=CONSTRUCTOR,
        types=("Store",),
        fields=(STORE,),
    ),
    Case(
        "$this->clock = $clock",
        chain=f"{LEDGER} > method App.Trading.Ledger.__construct",
        starts="public function __construct(",
        signature=CONSTRUCTOR,
        called=("Clock",),
        types=("Clock",),
        imports=(SUPPORT,),
        fields=("$this->clock = $clock ?? new Clock()",),
    ),
    Case(
        "if ($order->amount",
        chain=FEE,
        starts="// Charges a fee.",
        signature=FEE_SIGNATURE,
        called=("isLate",),
        fields=("public const LIMIT = 100;",),
    ),
    Case(
        "throw new",
        chain=FEE,
        starts="// Charges a fee.",
        signature=FEE_SIGNATURE,
        called=("LimitExceeded",),
        types=("LimitExceeded",),
    ),
    Case(
        "$raw = round_half_up",
        chain=FEE,
        starts="// Charges a fee.",
        signature=FEE_SIGNATURE,
        called=("round_half_up",),
        imports=("use function App\\Support\\round_half_up;",),
    ),
    Case(
        "Log::info",
        chain=FEE,
        starts="// Charges a fee.",
        signature=FEE_SIGNATURE,
        called=("info",),
        types=("Log",),
        imports=("use Illuminate\\Support\\Facades\\Log;",),
        fields=(STORE,),
    ),
    Case(
        "static::$shared",
        chain=FEE,
        starts="// Charges a fee.",
        signature=FEE_SIGNATURE,
        fields=("private static ?self $shared = null;",),
    ),
    Case(
        "$net = fn",
        chain=FEE,
        starts="// Charges a fee.",
        signature=FEE_SIGNATURE,
        called=("minus",),
        types=("Money",),
        imports=(SUPPORT,),
        fields=(ENTRIES,),
    ),
    Case("            $raw,", chain=FEE, starts="// Charges a fee.", signature=FEE_SIGNATURE, called=("of",)),
    Case(
        "self::from($text)",
        called=("from",),
        types=("Side", "Suit"),
        fields=("case Buy = 'buy';",),
        chain=f"{NAMESPACE} > enum App.Trading.Side > method App.Trading.Side.parse",
        starts="public static function parse(string $text): self",
        signature="public static function parse(string $text): self",
    ),
    Case(
        "return $order->entries",
        chain=f"{NAMESPACE} > function App.Trading.total",
        starts="function total(iterable $orders): float",
        signature="function total(iterable $orders): float",
    ),
]


SHEETS = [Sheet("php", SOURCE, CASES)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line.strip())
def test_a_line_is_described_as_a_person_would(case: Case) -> None:
    assert describe("php", SOURCE, case.line) == case
