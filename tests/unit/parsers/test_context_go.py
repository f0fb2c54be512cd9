"""Hand-labelled lines of a Go file."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, describe

SOURCE = """\
package trade

import (
\t"context"
\t"fmt"

\tstdlog "log"
\t"github.com/redis/go-redis/v9"
\t"gopkg.in/yaml.v3"
)

import "errors"
import _ "embed"

const maxOrders = 100

// ErrLimit says no.
var ErrLimit = errors.New("limit")

// Service books orders.
type Service struct {
\tstore Store
\tcache *redis.Client // shared
\tlow, high int64
}

type (
\t// Store keeps orders.
\tStore interface {
\t\tSave(ctx context.Context, o Order) error
\t}
\tSide = string
)

// Book checks and saves.
func (s *Service) Book(
\tctx context.Context,
\to Order,
) error {
\tif o.Quantity > s.high {
\t\treturn fmt.Errorf("too many: %w", ErrLimit)
\t}
\t_ = low(s)
\tdefer func() {
\t\tstdlog.Println("done")
\t}()
\treturn s.store.Save(
\t\tctx,
\t\to,
\t)
}

func (q queue[T]) push(item T) {
\tq.items <- item
}

func Map[T any](xs []T, f func(T) T) []T {
\tout := make([]T, 0, len(xs))
\tcfg := yaml.Node{Kind: yaml.ScalarNode}
\treturn out
}
"""
BOOK = "func (s *Service) Book(\n\tctx context.Context,\n\to Order,\n) error"

CASES = [
    Case("const maxOrders"),
    Case("var ErrLimit", called=("New",), imports=('import "errors"',)),
    Case(
        "cache *redis.Client",
        chain="struct Service",
        starts="// Service books orders.",
        signature="type Service struct",
        types=("Client",),
        imports=('import "github.com/redis/go-redis/v9"',),
        fields=("cache *redis.Client",),
    ),
    Case(
        "low, high",
        chain="struct Service",
        starts="// Service books orders.",
        signature="type Service struct",
        fields=("low, high int64",),
    ),
    Case(
        "Save(ctx context.Context",
        chain="interface Store",
        starts="// Store keeps orders.",
        signature="Store interface",
        types=("Context", "Order"),
        imports=('import "context"',),
    ),
    Case(
        "\to Order,",
        chain="method Service.Book",
        starts="// Book checks and saves.",
        signature=BOOK,
        types=("Order",),
    ),
    Case(
        "s.high",
        chain="method Service.Book",
        starts="// Book checks and saves.",
        signature=BOOK,
        fields=("low, high int64",),
    ),
    Case(
        "fmt.Errorf",
        chain="method Service.Book",
        starts="// Book checks and saves.",
        signature=BOOK,
        called=("Errorf",),
        imports=('import "fmt"',),
    ),
    Case(
        "_ = low(s)",
        chain="method Service.Book",
        starts="// Book checks and saves.",
        signature=BOOK,
        called=("low",),
        fields=("low, high int64",),
    ),
    Case(
        "stdlog.Println",
        chain="method Service.Book",
        starts="// Book checks and saves.",
        signature=BOOK,
        called=("Println",),
        imports=('import stdlog "log"',),
    ),
    Case(
        "\t\to,",
        chain="method Service.Book",
        starts="// Book checks and saves.",
        signature=BOOK,
        called=("Save",),
    ),
    Case(
        "q.items",
        chain="method queue.push",
        starts="func (q queue[T]) push(item T) {",
        signature="func (q queue[T]) push(item T)",
    ),
    Case(
        "make([]T",
        chain="function Map",
        starts="func Map[T any](xs []T, f func(T) T) []T {",
        signature="func Map[T any](xs []T, f func(T) T) []T",
        called=("make", "len"),
        types=("T",),
    ),
    Case(
        "yaml.Node",
        chain="function Map",
        starts="func Map[T any](xs []T, f func(T) T) []T {",
        signature="func Map[T any](xs []T, f func(T) T) []T",
        types=("Node",),
        imports=('import "gopkg.in/yaml.v3"',),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line.strip())
def test_a_line_is_described_as_a_person_would(case: Case) -> None:
    assert describe("go", SOURCE, case.line) == case
