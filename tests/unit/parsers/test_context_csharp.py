"""Hand-labelled lines of a C# file."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, Sheet, describe

SOURCE = """\
using System;
using System.Collections.Generic;
using System.Text.Json;
using Desk.Orders;
using Money = System.Decimal;
using static System.Math;

namespace Desk.Trading;

/// <summary>Keeps positions.</summary>
[Serializable]
[Table("positions", Schema = "desk")]
public sealed partial class Position<T> : Entity<Guid>, IPosition where T : Order, new()
{
    private readonly IOrderStore _store;
    private decimal _fee = 0.5m, _rate;
    public event EventHandler<FillArgs> Filled;

    [JsonIgnore]
    public string Symbol { get; private set; } = "";

    public OrderState State { get; set; }

    public decimal Value => Quantity * _rate;

    public decimal Quantity
    {
        get => _quantity;
        set
        {
            if (value < 0) throw new ArgumentOutOfRangeException(nameof(value));
            _quantity = value;
        }
    }

    public Position(IOrderStore store, decimal rate)
        : base(Guid.NewGuid())
    {
        _store = store ?? throw new ArgumentNullException(nameof(store));
        this._rate = rate;
    }

    // Books a fill.
    [Audit(Level = 2), Obsolete]
    public async Task<Money> BookAsync<TFill>(TFill fill, decimal _fee = 0m)
        where TFill : IFill
    {
        var total = Round(fill.Price * fill.Quantity, 2) + _fee;
        var order = await _store.FindAsync<Order>(fill.OrderId)
            .ConfigureAwait(false);
        Filled?.Invoke(this, new FillArgs { Symbol = Symbol });
        State = OrderState.Done;

        decimal Net(decimal gross)
        {
            return gross - Convert.ToDecimal(this._fee);
        }

        if (order is { State: OrderState.Open } and not null)
            JsonSerializer.Serialize(order);
        var all = from each in Orders where each.Price > 0 select each.Symbol;
        return Net(total);
    }

    public static Position<T> operator +(Position<T> left, Position<T> right) => left.Merge(right);

    public T this[int index] => _orders[index];

    ~Position()
    {
        Dispose(false);
    }

    public delegate void Moved(Position<T> position);

    private enum Kind { Long = 1, Short }
}

public record Quote(string Symbol, decimal Bid)
{
    public bool IsFree() => Bid == 0;
}

public interface IPosition
{
    Money Exposure(DateOnly day);
}

public class Feed(ILogger<Feed> logger)
{
    public void Log() => logger.LogInformation("open");
}

public static class Extensions
{
    public static Money Sum(this IEnumerable<Order> orders) => orders.Aggregate(
        0m,
        (sum, order) => sum + order.Amount);
}
"""
NAMESPACE = "namespace Desk.Trading"
POSITION = f"{NAMESPACE} > class Desk.Trading.Position"
POSITION_SIGNATURE = (
    '[Serializable]\n[Table("positions", Schema = "desk")]\n'
    "public sealed partial class Position<T> : Entity<Guid>, IPosition where T : Order, new()"
)
SUMMARY = "/// <summary>Keeps positions.</summary>"
QUANTITY = f"{POSITION} > property Desk.Trading.Position.Quantity"
BOOK = f"{POSITION} > method Desk.Trading.Position.BookAsync"
BOOK_SIGNATURE = (
    "[Audit(Level = 2), Obsolete]\npublic async Task<Money> BookAsync<TFill>(TFill fill, decimal _fee = 0m)\n"
    "    where TFill : IFill"
)
CONSTRUCTOR = "public Position(IOrderStore store, decimal rate)"
CONSTRUCTOR_SIGNATURE = f"{CONSTRUCTOR}\n    : base(Guid.NewGuid())"
STATE = "public OrderState State { get; set; }"
RATES = "private decimal _fee = 0.5m, _rate;"
SYMBOL = '[JsonIgnore]\n    public string Symbol { get; private set; } = "";'
FILLED = "public event EventHandler<FillArgs> Filled;"
MONEY = "using Money = System.Decimal;"
ORDERS = "using Desk.Orders;"
STORE = "private readonly IOrderStore _store;"

CASES = [
    Case("using System.Text.Json"),
    Case("namespace Desk.Trading;", chain=NAMESPACE, starts="namespace Desk.Trading;", signature=NAMESPACE),
    Case(
        '[Table("positions"',
        chain=POSITION,
        starts=SUMMARY,
        signature=POSITION_SIGNATURE,
        called=("Table",),
        types=("Table",),
    ),
    Case(
        "public sealed partial",
        chain=POSITION,
        starts=SUMMARY,
        signature=POSITION_SIGNATURE,
        types=("Entity", "Guid", "IPosition", "T", "Order"),
        imports=(ORDERS,),
    ),
    Case(
        "IOrderStore _store;",
        chain=POSITION,
        starts=SUMMARY,
        signature=POSITION_SIGNATURE,
        types=("IOrderStore",),
        fields=(STORE,),
    ),
    Case(
        "[JsonIgnore]",
        chain=POSITION,
        starts=SUMMARY,
        signature=POSITION_SIGNATURE,
        called=("JsonIgnore",),
        types=("JsonIgnore",),
        imports=("using System.Text.Json;",),
        fields=(SYMBOL,),
    ),
    Case(
        "decimal Value =>",
        chain=f"{POSITION} > property Desk.Trading.Position.Value",
        starts="public decimal Value => Quantity * _rate;",
        signature="public decimal Value",
        fields=(RATES, "public decimal Quantity\n    {\n        get => _quantity;\n..."),
    ),
    Case(
        "throw new ArgumentOutOf",
        chain=QUANTITY,
        starts="public decimal Quantity",
        signature="public decimal Quantity",
        called=("ArgumentOutOfRangeException", "nameof"),
        types=("ArgumentOutOfRangeException",),
    ),
    Case(
        ": base(Guid",
        chain=f"{POSITION} > constructor Desk.Trading.Position.Position",
        starts=CONSTRUCTOR,
        signature=CONSTRUCTOR_SIGNATURE,
        called=("NewGuid",),
        types=("Guid",),
    ),
    Case(
        "this._rate = rate",
        chain=f"{POSITION} > constructor Desk.Trading.Position.Position",
        starts=CONSTRUCTOR,
        signature=CONSTRUCTOR_SIGNATURE,
        fields=(RATES,),
    ),
    Case(
        "var total = Round",
        chain=BOOK,
        starts="// Books a fill.",
        signature=BOOK_SIGNATURE,
        called=("Round",),
    ),
    Case(
        "_store.FindAsync",
        chain=BOOK,
        starts="// Books a fill.",
        signature=BOOK_SIGNATURE,
        called=("FindAsync",),
        types=("Order",),
        imports=(ORDERS,),
        fields=(STORE,),
    ),
    Case(
        "Filled?.Invoke",
        chain=BOOK,
        starts="// Books a fill.",
        signature=BOOK_SIGNATURE,
        called=("Invoke", "FillArgs"),
        types=("FillArgs",),
        fields=(FILLED, SYMBOL),
    ),
    Case(
        "State = OrderState.Done",
        chain=BOOK,
        starts="// Books a fill.",
        signature=BOOK_SIGNATURE,
        types=("OrderState",),
        imports=(ORDERS,),
        fields=(STATE,),
    ),
    Case(
        "return gross -",
        chain=f"{BOOK} > function Desk.Trading.Position.BookAsync.Net",
        starts="decimal Net(decimal gross)",
        signature="decimal Net(decimal gross)",
        called=("ToDecimal",),
        types=("Convert",),
        fields=(RATES,),
    ),
    Case(
        "JsonSerializer.Serialize",
        chain=BOOK,
        starts="// Books a fill.",
        signature=BOOK_SIGNATURE,
        called=("Serialize",),
        types=("JsonSerializer",),
        imports=("using System.Text.Json;",),
    ),
    Case(
        "operator +",
        chain=f"{POSITION} > operator Desk.Trading.Position.operator +",
        called=("Merge",),
        starts="public static Position<T> operator +(Position<T> left, Position<T> right) => left.Merge(right);",
        signature="public static Position<T> operator +(Position<T> left, Position<T> right)",
        types=("Position", "T"),
    ),
    Case(
        "T this[int",
        chain=f"{POSITION} > indexer Desk.Trading.Position.this",
        starts="public T this[int index] => _orders[index];",
        signature="public T this[int index]",
        types=("T",),
    ),
    Case(
        "Dispose(false)",
        chain=f"{POSITION} > destructor Desk.Trading.Position.Position",
        starts="~Position()",
        signature="~Position()",
        called=("Dispose",),
    ),
    Case(
        "IsFree()",
        chain=f"{NAMESPACE} > record Desk.Trading.Quote > method Desk.Trading.Quote.IsFree",
        starts="public bool IsFree() => Bid == 0;",
        signature="public bool IsFree()",
        fields=("decimal Bid",),
    ),
    Case(
        "Money Exposure",
        starts="Money Exposure(DateOnly day);",
        signature="Money Exposure(DateOnly day)",
        chain=f"{NAMESPACE} > interface Desk.Trading.IPosition > method Desk.Trading.IPosition.Exposure",
        types=("Money", "DateOnly"),
        imports=(MONEY,),
    ),
    Case(
        "logger.LogInformation",
        chain=f"{NAMESPACE} > class Desk.Trading.Feed > method Desk.Trading.Feed.Log",
        starts='public void Log() => logger.LogInformation("open");',
        signature="public void Log()",
        called=("LogInformation",),
        fields=("ILogger<Feed> logger",),
    ),
    Case(
        "(sum, order) =>",
        starts="public static Money Sum(this IEnumerable<Order> orders) => orders.Aggregate(",
        chain=f"{NAMESPACE} > class Desk.Trading.Extensions > method Desk.Trading.Extensions.Sum",
        signature="public static Money Sum(this IEnumerable<Order> orders)",
        called=("Aggregate",),
    ),
]


SHEETS = [Sheet("csharp", SOURCE, CASES)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line.strip())
def test_a_line_is_described_as_a_person_would(case: Case) -> None:
    assert describe("csharp", SOURCE, case.line) == case
