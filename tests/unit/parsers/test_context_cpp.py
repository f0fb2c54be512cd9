"""Hand-labelled lines of a C++ file."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, Sheet, describe

SOURCE = """\
#include "trade/order_book.h"

#include <map>
#include <memory>
#include <spdlog/spdlog.h>
#include <string>
#include "trade/fees.hpp"

using std::string;
using Price = long;
namespace fs = std::filesystem;

namespace trade {
namespace {
constexpr int kDepth = 5;
}

class DESK_EXPORT OrderBook final : public Book<Order>, private boost::noncopyable {
    Q_OBJECT
public:
    explicit OrderBook(string symbol, int depth = kDepth);
    ~OrderBook() override;

    // Adds up.
    [[nodiscard]] virtual Price total(const Side &side) const noexcept = 0;

    template <typename Visitor, typename = std::enable_if_t<is_visitor<Visitor>>>
    void visit(Visitor &&visitor) {
        for (auto &[price, order] : orders_)
            visitor(price, *order);
    }

    bool operator<(const OrderBook &other) const { return symbol_ < other.symbol_; }
    explicit operator bool() const { return !orders_.empty(); }

    static OrderBook &instance();

protected:
    struct Level {
        Price price{0};
        int depth;
    };

private:
    std::map<Price, std::unique_ptr<Order>> orders_;
    string symbol_, venue_;
    int depth_ = 0;
    static inline int count = 0;
};

enum class Side : char { Buy = 'B', Sell = 'S' };

OrderBook::OrderBook(string symbol, int depth)
    : Book<Order>(symbol),
      symbol_(std::move(symbol)) {
    depth_ = depth;
    spdlog::info("opened {}", symbol_);
}

OrderBook::~OrderBook() = default;

template <typename T>
concept Priced = requires(T t) { t.price(); };

template <>
auto OrderBook::visit<Printer>(Printer &&printer) -> void {
    auto on_level = [this, &printer](const Level &level) {
        printer.print(level.price, depth_);
    };
    std::for_each(
        orders_.begin(),
        orders_.end(),
        on_level);
}

OrderBook &OrderBook::instance() {
    static OrderBook book("main", 3);
    std::vector<Order> depth{count};
    auto *copy = new fees::FeeTable<Order>(Side::Buy);
    return dynamic_cast<OrderBook &>(book);
}
} // namespace trade

LRESULT CALLBACK trade::OrderBook::Window(HWND window) {
    return ::DefWindowProc(window);
}

TEST_F(OrderBookTest, AddsUp) {
    EXPECT_EQ(book.total(Side::Sell), Price{3});
}
"""
BOOK = "namespace trade > class trade.OrderBook"
BOOK_LINE = "class DESK_EXPORT OrderBook final : public Book<Order>, private boost::noncopyable"
CONSTRUCTOR = (
    "OrderBook::OrderBook(string symbol, int depth)\n    : Book<Order>(symbol),\n"
    "      symbol_(std::move(symbol))"
)
VISIT = "template <typename Visitor, typename = std::enable_if_t<is_visitor<Visitor>>>"
TEMPLATE = "template <>\nauto OrderBook::visit<Printer>(Printer &&printer) -> void"
INSTANCE = "OrderBook &OrderBook::instance()"
STRING = "using std::string;"
ORDERS = "std::map<Price, std::unique_ptr<Order>> orders_;"
NAMES = "string symbol_, venue_;"
HEADER = '#include "trade/order_book.h"'
LOG = "#include <spdlog/spdlog.h>"

CASES = [
    Case(
        "using Price = long", chain="type Price", starts="using Price = long;", signature="using Price = long"
    ),
    Case(
        "constexpr int kDepth",
        chain="namespace trade",
        starts="namespace trade {",
        signature="namespace trade",
    ),
    Case(
        "explicit OrderBook(",
        chain=f"{BOOK} > method trade.OrderBook.OrderBook",
        starts="explicit OrderBook(string symbol, int depth = kDepth);",
        signature="explicit OrderBook(string symbol, int depth = kDepth)",
        types=("string",),
        imports=("#include <string>", STRING),
    ),
    Case(
        "virtual Price total",
        chain=f"{BOOK} > method trade.OrderBook.total",
        starts="// Adds up.",
        signature="[[nodiscard]] virtual Price total(const Side &side) const noexcept = 0",
        types=("Price", "Side"),
    ),
    Case(
        "visitor(price, *order)",
        chain=f"{BOOK} > method trade.OrderBook.visit",
        starts=VISIT,
        signature=f"{VISIT}\nvoid visit(Visitor &&visitor)",
        called=("visitor",),
    ),
    Case(
        "bool operator<",
        chain=f"{BOOK} > method trade.OrderBook.operator<",
        types=("OrderBook",),
        starts="bool operator<(const OrderBook &other) const { return symbol_ < other.symbol_; }",
        signature="bool operator<(const OrderBook &other) const",
        imports=(HEADER,),
        fields=(NAMES,),
    ),
    Case(
        "explicit operator bool",
        chain=f"{BOOK} > method trade.OrderBook.operator bool",
        called=("empty",),
        starts="explicit operator bool() const { return !orders_.empty(); }",
        signature="explicit operator bool() const",
        fields=(ORDERS,),
    ),
    Case(
        "Price price{0}",
        chain=f"{BOOK} > struct trade.OrderBook.Level",
        starts="struct Level {",
        signature="struct Level",
        types=("Price",),
        fields=("Price price{0};",),
    ),
    Case(
        "std::map<Price",
        chain=BOOK,
        starts=BOOK_LINE + " {",
        signature=BOOK_LINE,
        types=("map", "Price", "unique_ptr", "Order"),
        imports=("#include <map>",),
        fields=(ORDERS,),
    ),
    Case(
        "enum class Side",
        chain="namespace trade > enum trade.Side",
        starts="enum class Side : char { Buy = 'B', Sell = 'S' };",
        signature="enum class Side : char",
        fields=("Buy = 'B'", "Sell = 'S'"),
    ),
    Case(
        "symbol_(std::move",
        chain="namespace trade > method trade.OrderBook.OrderBook",
        starts="OrderBook::OrderBook(string symbol, int depth)",
        signature=CONSTRUCTOR,
        called=("move",),
        fields=(NAMES,),
    ),
    Case(
        "depth_ = depth;",
        chain="namespace trade > method trade.OrderBook.OrderBook",
        starts="OrderBook::OrderBook(string symbol, int depth)",
        signature=CONSTRUCTOR,
        fields=("int depth_ = 0;",),
    ),
    Case(
        "spdlog::info",
        chain="namespace trade > method trade.OrderBook.OrderBook",
        starts="OrderBook::OrderBook(string symbol, int depth)",
        signature=CONSTRUCTOR,
        called=("info",),
        imports=(LOG,),
        fields=(NAMES,),
    ),
    Case(
        "printer.print(",
        starts="auto on_level = [this, &printer](const Level &level) {",
        chain="namespace trade > method trade.OrderBook.visit > function trade.OrderBook.visit.on_level",
        signature="on_level = [this, &printer](const Level &level)",
        called=("print",),
        fields=("int depth_ = 0;",),
    ),
    Case(
        "        orders_.end()",
        chain="namespace trade > method trade.OrderBook.visit",
        starts="template <>",
        signature=TEMPLATE,
        called=("end", "for_each"),
        fields=(ORDERS,),
    ),
    Case(
        "std::vector<Order> depth{count}",
        chain="namespace trade > method trade.OrderBook.instance",
        starts=INSTANCE + " {",
        signature=INSTANCE,
        types=("vector", "Order"),
        fields=("static inline int count = 0;",),
    ),
    Case(
        "new fees::FeeTable",
        chain="namespace trade > method trade.OrderBook.instance",
        starts=INSTANCE + " {",
        signature=INSTANCE,
        called=("FeeTable",),
        types=("FeeTable", "Order", "Side"),
        imports=('#include "trade/fees.hpp"',),
    ),
    Case(
        "::DefWindowProc",
        chain="method trade.OrderBook.Window",
        called=("DefWindowProc",),
        starts="LRESULT CALLBACK trade::OrderBook::Window(HWND window) {",
        signature="LRESULT CALLBACK trade::OrderBook::Window(HWND window)",
    ),
    Case(
        "EXPECT_EQ",
        chain="function TEST_F",
        starts="TEST_F(OrderBookTest, AddsUp) {",
        signature="TEST_F(OrderBookTest, AddsUp)",
        called=("EXPECT_EQ", "total"),
        types=("Side", "Price"),
    ),
]


SHEETS = [Sheet("cpp", SOURCE, CASES)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line.strip())
def test_a_line_is_described_as_a_person_would(case: Case) -> None:
    assert describe("cpp", SOURCE, case.line) == case
