"""Hand-labelled lines of a C file."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, Sheet, describe

SOURCE = """\
#ifndef BOOK_H
#define BOOK_H

#include <stdio.h>
#include <string.h>
#include "order.h"
#include "market/price_level.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MAX_LEVELS 16
#define CLAMP(value, low, high) \\
    ((value) < (low) ? (low) : \\
     (value) > (high) ? (high) : (value))

typedef long fen_t;
typedef int (*compare_fn)(const void *, const void *);

/* One side of a book. */
typedef struct side {
    price_level_t levels[MAX_LEVELS], *best;
    size_t count; /* used ones */
    void (*on_change)(struct side *side, fen_t price);
    union {
        fen_t last;
        double ratio;
    } u;
} side_t;

struct book {
    side_t bid, ask;
};

enum state {
    STATE_OPEN = 1,
    STATE_CLOSED,
};

DESK_API fen_t WINAPI book_spread(const struct book *book,
                                  int depth);

static int by_price(const void *left, const void *right);

// Walks the levels.
static inline __attribute__((hot)) const price_level_t *
side_find(const side_t *side, fen_t price)
{
    for (size_t i = 0; i < side->count; i++)
        if (price_level_cmp(&side->levels[i], price) == 0)
            return &side->levels[i];
    return NULL;
}

EXPORT_SYMBOL_GPL(side_find)

fen_t book_add(struct book *book, struct order *order)
{
    side_t *side = order_is_buy(order) ? &book->bid : &book->ask;
#if DEBUG
    fprintf(stderr, "%ld\\n", (long)order->price);
#endif
    memset(&side->levels[side->count++], 0,
           sizeof(price_level_t));
    side->on_change(side, CLAMP(order->price, 0, MAX_PRICE));
    qsort(side->levels, side->count, sizeof *side->levels, by_price);
    return (fen_t)side->best->price;
}

void (*book_handler(enum state state))(struct book *)
{
    return handlers[state];
}

static const struct option options[] = {
    { "depth", required_argument, .flag = parse_depth },
};

#ifdef __cplusplus
}
#endif
#endif
"""
SIDE = "typedef struct side"
FIND = "static inline __attribute__((hot)) const price_level_t *\nside_find(const side_t *side, fen_t price)"
ADD = "fen_t book_add(struct book *book, struct order *order)"
ORDER = '#include "order.h"'
LEVEL = '#include "market/price_level.h"'
CLAMP = "#define CLAMP(value, low, high) \\"

CASES = [
    Case("#define MAX_LEVELS"),
    Case("(value) > (high)", chain="macro CLAMP", starts=CLAMP, signature=CLAMP),
    Case(
        "typedef int (*compare_fn)",
        chain="type compare_fn",
        starts="typedef int (*compare_fn)(const void *, const void *);",
        signature="typedef int (*compare_fn)(const void *, const void *)",
    ),
    Case(
        "price_level_t levels[",
        chain="struct side_t",
        starts="/* One side of a book. */",
        signature=SIDE,
        types=("price_level_t",),
        imports=(LEVEL,),
        fields=("price_level_t levels[MAX_LEVELS], *best;",),
    ),
    Case(
        "void (*on_change)",
        chain="struct side_t",
        starts="/* One side of a book. */",
        signature=SIDE,
        types=("side", "fen_t"),
        fields=("void (*on_change)(struct side *side, fen_t price);",),
    ),
    Case(
        "STATE_OPEN",
        chain="enum state",
        starts="enum state {",
        signature="enum state",
        fields=("STATE_OPEN = 1",),
    ),
    Case(
        "int depth);",
        chain="function book_spread",
        starts="DESK_API fen_t WINAPI book_spread(const struct book *book,",
        signature="DESK_API fen_t WINAPI book_spread(const struct book *book,\n"
        "                                  int depth)",
    ),
    Case(
        "if (price_level_cmp",
        chain="function side_find",
        starts="// Walks the levels.",
        signature=FIND,
        called=("price_level_cmp",),
        imports=(LEVEL,),
    ),
    Case("EXPORT_SYMBOL_GPL"),
    Case(
        "side_t *side = order_is_buy",
        chain="function book_add",
        starts=ADD,
        signature=ADD,
        called=("order_is_buy",),
        types=("side_t",),
        imports=(ORDER,),
    ),
    Case(
        "fprintf(stderr",
        chain="function book_add",
        starts=ADD,
        signature=ADD,
        called=("fprintf",),
        imports=(ORDER,),
    ),
    Case(
        "sizeof(price_level_t)",
        chain="function book_add",
        starts=ADD,
        signature=ADD,
        called=("memset",),
        imports=(LEVEL,),
    ),
    Case(
        "side->on_change(",
        chain="function book_add",
        starts=ADD,
        signature=ADD,
        called=("on_change", "CLAMP"),
        imports=(ORDER,),
    ),
    Case(
        "return handlers[state]",
        chain="function book_handler",
        starts="void (*book_handler(enum state state))(struct book *)",
        signature="void (*book_handler(enum state state))(struct book *)",
    ),
    Case('{ "depth"'),
]


SHEETS = [Sheet("c", SOURCE, CASES)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line.strip())
def test_a_line_is_described_as_a_person_would(case: Case) -> None:
    assert describe("c", SOURCE, case.line) == case
