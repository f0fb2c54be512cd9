"""Hand-labelled lines of a Java file."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, Sheet, describe

SOURCE = """\
package com.example.trade;

import static java.math.RoundingMode.HALF_UP;

import java.math.BigDecimal;
import java.util.*;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.stereotype.Service;

/**
 * Books orders.
 */
@Service
public class OrderService extends Base implements Booking<Order> {
    private static final Logger LOG = LoggerFactory.getLogger(OrderService.class);
    private final OrderRepository repository;
    private final AtomicLong sequence = new AtomicLong(), retries = new AtomicLong();

    public OrderService(OrderRepository repository) {
        this.repository = repository;
    }

    /** Charges a fee. */
    @Override
    @Transactional(readOnly = true)
    public BigDecimal fee(Order order,
                          BigDecimal rate) throws FeeException {
        BigDecimal raw = order.amount().multiply(rate);
        return raw.setScale(
                2,
                HALF_UP);
    }

    void retry(Order order) {
        executor.submit(new Runnable() {
            @Override
            public void run() {
                util.add(sequence.incrementAndGet());
            }
        });
        orders.forEach(each -> {
            LOG.info("retry {}", each);
        });
    }

    public record Quote(String symbol, BigDecimal price) {
        public Quote {
            Objects.requireNonNull(symbol);
        }
    }

    enum State {
        NEW(0), DONE(1);

        private final int code;

        State(int code) {
            this.code = code;
        }

        static State of(int code) {
            return Arrays.stream(values()).filter(s -> s.code == code).findFirst().orElseThrow();
        }
    }
}

interface Booking<T> {
    // never null
    List<T> book(T item);
}
"""
SERVICE = "class OrderService"
SERVICE_SIGNATURE = "@Service\npublic class OrderService extends Base implements Booking<Order>"
FEE = """\
@Override
@Transactional(readOnly = true)
public BigDecimal fee(Order order,
                      BigDecimal rate) throws FeeException"""
LOG = "private static final Logger LOG = LoggerFactory.getLogger(OrderService.class);"
DECIMAL = "import java.math.BigDecimal;"

CASES = [
    Case("import java.util.*"),
    Case(" * Books orders.", chain=SERVICE, starts="/**", signature=SERVICE_SIGNATURE),
    Case(
        "private final AtomicLong",
        chain=SERVICE,
        starts="/**",
        signature=SERVICE_SIGNATURE,
        called=("AtomicLong",),
        types=("AtomicLong",),
        imports=("import java.util.concurrent.atomic.AtomicLong;",),
        fields=("private final AtomicLong sequence = new AtomicLong(), retries = new AtomicLong();",),
    ),
    Case(
        "this.repository =",
        chain=f"{SERVICE} > constructor OrderService.OrderService",
        starts="public OrderService(OrderRepository repository) {",
        signature="public OrderService(OrderRepository repository)",
        fields=("private final OrderRepository repository;",),
    ),
    Case(
        "@Transactional",
        chain=f"{SERVICE} > method OrderService.fee",
        starts="/** Charges a fee. */",
        signature=FEE,
        types=("Transactional",),
    ),
    Case(
        "BigDecimal raw",
        chain=f"{SERVICE} > method OrderService.fee",
        starts="/** Charges a fee. */",
        signature=FEE,
        called=("multiply", "amount"),
        types=("BigDecimal",),
        imports=(DECIMAL,),
    ),
    Case(
        "                HALF_UP);",
        chain=f"{SERVICE} > method OrderService.fee",
        starts="/** Charges a fee. */",
        signature=FEE,
        called=("setScale",),
        imports=("import static java.math.RoundingMode.HALF_UP;",),
    ),
    Case(
        "sequence.incrementAndGet",
        chain=f"{SERVICE} > method OrderService.retry > method OrderService.retry.run",
        starts="@Override",
        signature="@Override\npublic void run()",
        called=("add", "incrementAndGet"),
        fields=("private final AtomicLong sequence = new AtomicLong(), retries = new AtomicLong();",),
    ),
    Case(
        "LOG.info",
        chain=f"{SERVICE} > method OrderService.retry",
        starts="void retry(Order order) {",
        signature="void retry(Order order)",
        called=("info",),
        fields=(LOG,),
    ),
    Case(
        "requireNonNull",
        chain=f"{SERVICE} > record OrderService.Quote > constructor OrderService.Quote.Quote",
        starts="public Quote {",
        signature="public Quote",
        called=("requireNonNull",),
        types=("Objects",),
        fields=("String symbol",),
    ),
    Case(
        "NEW(0)",
        chain=f"{SERVICE} > enum OrderService.State",
        starts="enum State {",
        signature="enum State",
        fields=("NEW(0)", "DONE(1)"),
    ),
    Case(
        "this.code = code",
        chain=f"{SERVICE} > enum OrderService.State > constructor OrderService.State.State",
        starts="State(int code) {",
        signature="State(int code)",
        fields=("private final int code;",),
    ),
    Case(
        "List<T> book",
        chain="interface Booking > method Booking.book",
        starts="// never null",
        signature="List<T> book(T item)",
        types=("List", "T"),
    ),
]


SETTLEMENT = """\
package com.example.settle;

import static com.example.settle.Calendars.nextBusinessDay;

import com.example.orders.Order;
import com.example.orders.Order.Leg;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/* One per market. */
@Deprecated(since = "4.2")
abstract class Settlement<T extends Order> implements AutoCloseable {

    static final int T_PLUS = 2; // days

    private final Map<String, BigDecimal> balances = new ConcurrentHashMap<>();
    protected BigDecimal rate;
    private volatile boolean closed;

    // Due on a business day.
    public LocalDate due(T order, final BigDecimal rate) {
        LocalDate traded = order.tradedOn();
        return nextBusinessDay(traded.plusDays(T_PLUS));
    }

    BigDecimal fee(T order) {
        return order.rate().multiply(this.rate);
    }

    BigDecimal net(List<Leg> legs) {
        return legs.stream()
                .filter(leg -> !leg.closed)
                .map(Leg::amount)
                .reduce(BigDecimal.ZERO, BigDecimal::add);
    }

    @Override
    public void close() throws SettlementException {
        if (closed) {
            throw new SettlementException("closed twice");
        }
        balances.forEach((account, balance) -> {
            ledger().post(
                    account,
                    balance);
        });
        closed = true;
    }

    abstract Ledger ledger();

    static <E extends Exception> void check(boolean ok, Class<E> kind) throws E {
        assert ok : kind.getName();
    }

    static class Builder {
        private static final Logger log = LoggerFactory.getLogger(Builder.class);
        private BigDecimal rate = BigDecimal.ONE;

        Builder rate(BigDecimal rate) {
            this.rate = rate;
            log.debug("rate {}", rate);
            return this;
        }
    }

    enum Market {
        SHANGHAI {
            @Override
            int lot(Order order) {
                return order.board().equals(STAR) ? 200 : 100;
            }
        },
        SHENZHEN;

        static final String STAR = "STAR";

        int lot(Order order) {
            return 100;
        }
    }

    record Price(BigDecimal bid, BigDecimal ask) {
        static final Price NONE = new Price(null, null);

        BigDecimal spread() {
            return ask.subtract(bid);
        }
    }

    interface Clearing {
        int DAYS = 3;

        default boolean isLate(LocalDate due) {
            return due.plusDays(DAYS).isBefore(LocalDate.now());
        }
    }

    @interface Audited {
        String value() default "none";
    }
}
"""
BOOK = "class Settlement"
BOOK_SIGNATURE = (
    '@Deprecated(since = "4.2")\nabstract class Settlement<T extends Order> implements AutoCloseable'
)
DUE = "public LocalDate due(T order, final BigDecimal rate)"
NET = "BigDecimal net(List<Leg> legs)"
CLOSE = "@Override\npublic void close() throws SettlementException"
BUILDER_RATE = "Builder rate(BigDecimal rate)"
RATE = "private BigDecimal rate = BigDecimal.ONE;"
BALANCES = "private final Map<String, BigDecimal> balances = new ConcurrentHashMap<>();"

SETTLEMENT_CASES = [
    Case(
        "@Deprecated(since",
        chain=BOOK,
        starts="/* One per market. */",
        signature=BOOK_SIGNATURE,
        types=("Deprecated",),
    ),
    Case(
        "static final int T_PLUS",
        chain=BOOK,
        starts="/* One per market. */",
        signature=BOOK_SIGNATURE,
        fields=("static final int T_PLUS = 2;",),
    ),
    Case(
        "balances = new",
        chain=BOOK,
        starts="/* One per market. */",
        signature=BOOK_SIGNATURE,
        called=("ConcurrentHashMap",),
        types=("Map", "String", "BigDecimal", "ConcurrentHashMap"),
        imports=(DECIMAL, "import java.util.Map;", "import java.util.concurrent.ConcurrentHashMap;"),
        fields=(BALANCES,),
    ),
    Case(
        "LocalDate traded =",
        chain=f"{BOOK} > method Settlement.due",
        starts="// Due on a business day.",
        signature=DUE,
        called=("tradedOn",),
        types=("LocalDate",),
        imports=("import java.time.LocalDate;",),
    ),
    Case(
        "return nextBusinessDay",
        chain=f"{BOOK} > method Settlement.due",
        starts="// Due on a business day.",
        signature=DUE,
        called=("nextBusinessDay", "plusDays"),
        imports=("import static com.example.settle.Calendars.nextBusinessDay;",),
        fields=("static final int T_PLUS = 2;",),
    ),
    Case(
        "order.rate()",
        chain=f"{BOOK} > method Settlement.fee",
        starts="BigDecimal fee(T order) {",
        signature="BigDecimal fee(T order)",
        called=("multiply", "rate"),
        fields=("protected BigDecimal rate;",),
    ),
    Case(
        ".filter(leg",
        chain=f"{BOOK} > method Settlement.net",
        starts=NET + " {",
        signature=NET,
        called=("filter",),
    ),
    Case(
        "BigDecimal.ZERO",
        chain=f"{BOOK} > method Settlement.net",
        starts=NET + " {",
        signature=NET,
        called=("reduce",),
        types=("BigDecimal",),
        imports=(DECIMAL,),
    ),
    Case(
        "if (closed)",
        chain=f"{BOOK} > method Settlement.close",
        starts="@Override",
        signature=CLOSE,
        fields=("private volatile boolean closed;",),
    ),
    Case(
        "throw new",
        chain=f"{BOOK} > method Settlement.close",
        starts="@Override",
        signature=CLOSE,
        called=("SettlementException",),
        types=("SettlementException",),
    ),
    Case(
        "balances.forEach",
        chain=f"{BOOK} > method Settlement.close",
        starts="@Override",
        signature=CLOSE,
        called=("forEach",),
        fields=(BALANCES,),
    ),
    Case(
        "                    account,",
        chain=f"{BOOK} > method Settlement.close",
        starts="@Override",
        signature=CLOSE,
        called=("post",),
    ),
    Case(
        "abstract Ledger",
        chain=f"{BOOK} > method Settlement.ledger",
        starts="abstract Ledger ledger();",
        signature="abstract Ledger ledger()",
        types=("Ledger",),
    ),
    Case(
        "assert ok",
        chain=f"{BOOK} > method Settlement.check",
        starts="static <E extends Exception> void check(boolean ok, Class<E> kind) throws E {",
        signature="static <E extends Exception> void check(boolean ok, Class<E> kind) throws E",
        called=("getName",),
    ),
    Case(
        "this.rate = rate;",
        chain=f"{BOOK} > class Settlement.Builder > method Settlement.Builder.rate",
        starts=BUILDER_RATE + " {",
        signature=BUILDER_RATE,
        fields=(RATE,),
    ),
    Case(
        "log.debug",
        chain=f"{BOOK} > class Settlement.Builder > method Settlement.Builder.rate",
        starts=BUILDER_RATE + " {",
        signature=BUILDER_RATE,
        called=("debug",),
        fields=("private static final Logger log = LoggerFactory.getLogger(Builder.class);",),
    ),
    Case(
        "order.board()",
        chain=f"{BOOK} > enum Settlement.Market > method Settlement.Market.lot",
        starts="@Override",
        signature="@Override\nint lot(Order order)",
        called=("equals", "board"),
        fields=('static final String STAR = "STAR";',),
    ),
    Case(
        "ask.subtract",
        chain=f"{BOOK} > record Settlement.Price > method Settlement.Price.spread",
        starts="BigDecimal spread() {",
        signature="BigDecimal spread()",
        called=("subtract",),
        fields=("BigDecimal bid", "BigDecimal ask"),
    ),
    Case(
        "isBefore",
        chain=f"{BOOK} > interface Settlement.Clearing > method Settlement.Clearing.isLate",
        starts="default boolean isLate(LocalDate due) {",
        signature="default boolean isLate(LocalDate due)",
        called=("isBefore", "plusDays", "now"),
        types=("LocalDate",),
        imports=("import java.time.LocalDate;",),
        fields=("int DAYS = 3;",),
    ),
    Case(
        "String value() default",
        chain=f"{BOOK} > annotation Settlement.Audited",
        starts="@interface Audited {",
        signature="@interface Audited",
        types=("String",),
    ),
]

SHEETS = [Sheet("java", SOURCE, CASES), Sheet("java", SETTLEMENT, SETTLEMENT_CASES)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line.strip())
def test_a_line_is_described_as_a_person_would(case: Case) -> None:
    assert describe("java", SOURCE, case.line) == case


@pytest.mark.parametrize("case", SETTLEMENT_CASES, ids=lambda case: case.line.strip())
def test_a_line_of_a_generic_class_is_described_as_a_person_would(case: Case) -> None:
    assert describe("java", SETTLEMENT, case.line) == case
