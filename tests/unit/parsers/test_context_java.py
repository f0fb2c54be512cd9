"""Hand-labelled lines of a Java file."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, describe

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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line.strip())
def test_a_line_is_described_as_a_person_would(case: Case) -> None:
    assert describe("java", SOURCE, case.line) == case
