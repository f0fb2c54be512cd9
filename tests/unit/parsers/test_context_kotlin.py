"""Hand-labelled lines of a Kotlin file."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, Sheet, describe

SOURCE = """\
@file:JvmName("Ledgers")

package com.example.ledger

import com.example.money.Fen
import com.example.money.Rate as FeeRate
import java.time.LocalDate
import kotlinx.coroutines.flow.*

typealias Book = Map<String, Fen>

/** Takes orders. */
@Service
class Ledger(
    private val store: Store,
    var rate: FeeRate = FeeRate.ZERO,
    limit: Int,
) : Base(store), Auditable by DefaultAudit() {

    private val entries = mutableListOf<Entry>()
    val total: Fen
        get() = entries.sumOf { it.amount }
    var opened: LocalDate = LocalDate.now()
        private set
    lateinit var clock: Clock

    init {
        require(limit in 1..MAX) { "limit" }
    }

    constructor(store: Store) : this(store, limit = 1) {
        rate = FeeRate.of("0.0003")
    }

    companion object {
        const val MAX = 100

        @JvmStatic
        fun open(store: Store): Ledger = Ledger(store)
    }

    // One entry each.
    @Transactional
    override suspend fun book(order: Order, rate: FeeRate?): Result<Entry> = runCatching {
        val entry = store.save(order)?.toEntry() ?: throw LedgerException("none")
        entries += entry.copy(fee = rate ?: this.rate)
        listeners.forEach { listener ->
            listener.booked(entry)
        }
        when (val state = order.state) {
            is Filled -> entry
            State.OPEN -> audit(
                order,
                clock.now(),
            )
        }
    }

    inner class Cursor {
        private var at = 0
        fun next() = entries[at++]
    }
}

data class Entry(val id: Long, val amount: Fen) {
    fun negated() = copy(amount = -amount)
}

fun Order.toEntry(): Entry = Entry(id, price * quantity)

val <T> List<T>.second: T
    get() = this[1]

fun Entry?.isFree() = this == null || amount == Fen.ZERO

enum class State(val code: Int) {
    OPEN(1), DONE(2);

    fun isLast() = code == DONE.code
}

object Registry {
    private val books = HashMap<String, Book>()

    operator fun get(name: String) = books[name]
}

sealed interface Event {
    val at: LocalDate
    fun describe(): String
}

private val handler = object : Handler() {
    override fun handle(event: Event) {
        log.info(event.describe())
    }
}
"""
LEDGER = "class Ledger"
LEDGER_SIGNATURE = """\
@Service
class Ledger(
    private val store: Store,
    var rate: FeeRate = FeeRate.ZERO,
    limit: Int,
) : Base(store), Auditable by DefaultAudit()"""
BOOK = f"{LEDGER} > method Ledger.book"
BOOK_SIGNATURE = "@Transactional\noverride suspend fun book(order: Order, rate: FeeRate?): Result<Entry>"
ENTRIES = "private val entries = mutableListOf<Entry>()"
STORE = "private val store: Store"
RATE = "var rate: FeeRate = FeeRate.ZERO"
FEE_RATE = "import com.example.money.Rate as FeeRate"
FEN = "import com.example.money.Fen"
DATE = "import java.time.LocalDate"

CASES = [
    Case("import kotlinx"),
    Case(
        "typealias Book",
        chain="type Book",
        starts="typealias Book = Map<String, Fen>",
        signature="typealias Book = Map<String, Fen>",
        types=("Map", "Fen"),
        imports=(FEN,),
    ),
    Case(
        "@Service",
        chain=LEDGER,
        starts="/** Takes orders. */",
        signature=LEDGER_SIGNATURE,
        types=("Service",),
    ),
    Case(
        "var rate: FeeRate",
        chain=LEDGER,
        starts="/** Takes orders. */",
        signature=LEDGER_SIGNATURE,
        types=("FeeRate",),
        imports=(FEE_RATE,),
        fields=(RATE,),
    ),
    Case("limit: Int,", chain=LEDGER, starts="/** Takes orders. */", signature=LEDGER_SIGNATURE),
    Case(
        "private val entries",
        chain=LEDGER,
        starts="/** Takes orders. */",
        signature=LEDGER_SIGNATURE,
        called=("mutableListOf",),
        types=("Entry",),
        fields=(ENTRIES,),
    ),
    Case(
        "get() = entries",
        chain=f"{LEDGER} > property Ledger.total",
        starts="val total: Fen",
        signature="val total: Fen",
        called=("sumOf",),
        fields=(ENTRIES,),
    ),
    Case(
        "lateinit var clock",
        chain=LEDGER,
        starts="/** Takes orders. */",
        signature=LEDGER_SIGNATURE,
        types=("Clock",),
        fields=("lateinit var clock: Clock",),
    ),
    Case(
        "require(limit in",
        chain=f"{LEDGER} > initializer Ledger.init",
        starts="init {",
        signature="init",
        called=("require",),
        fields=("const val MAX = 100",),
    ),
    Case(
        "rate = FeeRate.of",
        chain=f"{LEDGER} > constructor Ledger.constructor",
        starts="constructor(store: Store) : this(store, limit = 1) {",
        signature="constructor(store: Store) : this(store, limit = 1)",
        called=("of",),
        types=("FeeRate",),
        imports=(FEE_RATE,),
        fields=(RATE,),
    ),
    Case(
        "fun open(store",
        chain=f"{LEDGER} > object Ledger.Companion > method Ledger.Companion.open",
        starts="@JvmStatic",
        signature="@JvmStatic\nfun open(store: Store): Ledger",
        called=("Ledger",),
        types=("Store", "Ledger"),
    ),
    Case(
        "store.save(order)",
        chain=BOOK,
        starts="// One entry each.",
        signature=BOOK_SIGNATURE,
        called=("toEntry", "save", "LedgerException"),
        types=("LedgerException",),
        fields=(STORE,),
    ),
    Case(
        "entries += entry",
        chain=BOOK,
        starts="// One entry each.",
        signature=BOOK_SIGNATURE,
        called=("copy",),
        fields=(RATE, ENTRIES),
    ),
    Case(
        "listener.booked",
        chain=BOOK,
        starts="// One entry each.",
        signature=BOOK_SIGNATURE,
        called=("booked",),
    ),
    Case(
        "is Filled ->", chain=BOOK, starts="// One entry each.", signature=BOOK_SIGNATURE, types=("Filled",)
    ),
    Case(
        "clock.now(),",
        chain=BOOK,
        starts="// One entry each.",
        signature=BOOK_SIGNATURE,
        called=("now", "audit"),
        fields=("lateinit var clock: Clock",),
    ),
    Case(
        "fun next()",
        chain=f"{LEDGER} > class Ledger.Cursor > method Ledger.Cursor.next",
        starts="fun next() = entries[at++]",
        signature="fun next()",
        fields=(ENTRIES, "private var at = 0"),
    ),
    Case(
        "fun negated",
        chain="class Entry > method Entry.negated",
        starts="fun negated() = copy(amount = -amount)",
        signature="fun negated()",
        called=("copy",),
        fields=("val amount: Fen",),
    ),
    Case(
        "fun Order.toEntry",
        chain="method Order.toEntry",
        types=("Order", "Entry"),
        called=("Entry",),
        starts="fun Order.toEntry(): Entry = Entry(id, price * quantity)",
        signature="fun Order.toEntry(): Entry",
    ),
    Case(
        "get() = this[1]",
        chain="property List.second",
        starts="val <T> List<T>.second: T",
        signature="val <T> List<T>.second: T",
    ),
    Case(
        "fun Entry?.isFree",
        chain="method Entry.isFree",
        types=("Entry", "Fen"),
        imports=(FEN,),
        starts="fun Entry?.isFree() = this == null || amount == Fen.ZERO",
        signature="fun Entry?.isFree()",
        fields=("val amount: Fen",),
    ),
    Case(
        "fun isLast",
        chain="enum State > method State.isLast",
        starts="fun isLast() = code == DONE.code",
        signature="fun isLast()",
        fields=("val code: Int", "DONE(2)"),
    ),
    Case(
        "operator fun get",
        chain="object Registry > method Registry.get",
        starts="operator fun get(name: String) = books[name]",
        signature="operator fun get(name: String)",
        fields=("private val books = HashMap<String, Book>()",),
    ),
    Case(
        "fun describe()",
        chain="interface Event > method Event.describe",
        starts="fun describe(): String",
        signature="fun describe(): String",
    ),
    Case(
        "log.info(event",
        chain="function handle",
        starts="override fun handle(event: Event) {",
        signature="override fun handle(event: Event)",
        called=("info", "describe"),
    ),
]


SHEETS = [Sheet("kotlin", SOURCE, CASES)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line.strip())
def test_a_line_is_described_as_a_person_would(case: Case) -> None:
    assert describe("kotlin", SOURCE, case.line) == case
