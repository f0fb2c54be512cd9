"""Hand-labelled lines of a Go file."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, Sheet, describe

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


RISK = """\
// Package risk says no in time.
package risk

import (
\t"encoding/json"
\t"net/http"
\t"sync"
\t"time"

\tpb "example.internal/gen/risk/v2"
\t"example.internal/market/quote"
\t"go.uber.org/zap"
)

// Limit is in fen.
type Limit int64

type Checker[K comparable] struct {
\tsync.Mutex
\tlimits   map[K]Limit
\tquotes   quote.Source `json:"-"`
\tonBreach func(k K, over Limit) error
\tlog      *zap.Logger
\tinner    struct {
\t\tcount int
\t}
}

type breach struct{ limits, over Limit }

var _ http.Handler = (*Checker[string])(nil)

// New reads no file.
func New[K comparable](quotes quote.Source, opts ...Option[K]) *Checker[K] {
\tc := &Checker[K]{
\t\tlimits: make(map[K]Limit),
\t\tquotes: quotes,
\t}
\tfor _, opt := range opts {
\t\topt(c)
\t}
\treturn c
}

//go:noinline
func (c *Checker[K]) Check(k K, amount Limit) (err error) {
\tc.Lock()
\tdefer c.Unlock()
\tif limit, ok := c.limits[k]; ok && amount > limit {
\t\tb := breach{over: amount - limit}
\t\tc.log.Warn("breach", zap.Int64("over", int64(b.over)), zap.Time("at", time.Now()))
\t\treturn c.onBreach(k, b.limits)
\t}
\tgo func(seen int) {
\t\tc.inner.count = seen
\t}(c.inner.count + 1)
\treturn nil
}

func (c *Checker[K]) ServeHTTP(w http.ResponseWriter, r *http.Request) {
\tswitch r.Method {
\tcase http.MethodGet:
\t\t_ = json.NewEncoder(w).Encode(&pb.Limits{Count: int32(len(c.limits))})
\tdefault:
\t\tr.Body.Close()
\t}
}

func (Limit) Unit() string { return "fen" }

func drain(in <-chan quote.Tick, out chan<- Limit) {
\tselect {
\tcase tick := <-in:
\t\tout <- Limit(tick.Price)
\tcase <-time.After(
\t\ttime.Second,
\t):
\t}
}
"""
CHECK = "func (c *Checker[K]) Check(k K, amount Limit) (err error)"
NEW = "func New[K comparable](quotes quote.Source, opts ...Option[K]) *Checker[K]"
SERVE = "func (c *Checker[K]) ServeHTTP(w http.ResponseWriter, r *http.Request)"
DRAIN = "func drain(in <-chan quote.Tick, out chan<- Limit)"
CHECKER = "type Checker[K comparable] struct"
LIMITS = "limits   map[K]Limit"

RISK_CASES = [
    Case("type Limit int64", chain="type Limit", starts="// Limit is in fen.", signature="type Limit int64"),
    Case(
        "\tsync.Mutex",
        chain="struct Checker",
        starts=CHECKER + " {",
        signature=CHECKER,
        types=("Mutex",),
        imports=('import "sync"',),
        fields=("sync.Mutex",),
    ),
    Case(
        "quotes   quote.Source",
        chain="struct Checker",
        starts=CHECKER + " {",
        signature=CHECKER,
        types=("Source",),
        imports=('import "example.internal/market/quote"',),
        fields=('quotes   quote.Source `json:"-"`',),
    ),
    Case(
        "onBreach func",
        chain="struct Checker",
        starts=CHECKER + " {",
        signature=CHECKER,
        types=("K", "Limit"),
        fields=("onBreach func(k K, over Limit) error",),
    ),
    Case(
        "type breach struct",
        chain="struct breach",
        starts="type breach struct{ limits, over Limit }",
        signature="type breach struct",
        types=("Limit",),
        fields=("limits, over Limit",),
    ),
    Case("var _ http.Handler", types=("Handler", "Checker"), imports=('import "net/http"',)),
    Case(
        "limits: make",
        chain="function New",
        starts="// New reads no file.",
        signature=NEW,
        called=("make",),
        types=("K", "Limit"),
    ),
    Case("c.Lock()", chain="method Checker.Check", starts="//go:noinline", signature=CHECK, called=("Lock",)),
    Case(
        "if limit, ok",
        chain="method Checker.Check",
        starts="//go:noinline",
        signature=CHECK,
        fields=(LIMITS,),
    ),
    Case(
        "b := breach{",
        chain="method Checker.Check",
        starts="//go:noinline",
        signature=CHECK,
        types=("breach",),
    ),
    Case(
        "c.log.Warn",
        chain="method Checker.Check",
        starts="//go:noinline",
        signature=CHECK,
        called=("Warn", "Int64", "int64", "Time", "Now"),
        imports=('import "time"', 'import "go.uber.org/zap"'),
        fields=("log      *zap.Logger",),
    ),
    Case(
        "c.onBreach(k",
        chain="method Checker.Check",
        starts="//go:noinline",
        signature=CHECK,
        called=("onBreach",),
        fields=("onBreach func(k K, over Limit) error",),
    ),
    Case(
        "c.inner.count = seen",
        chain="method Checker.Check",
        starts="//go:noinline",
        signature=CHECK,
        fields=("inner    struct {\n\t\tcount int\n\t}",),
    ),
    Case(
        "json.NewEncoder",
        chain="method Checker.ServeHTTP",
        starts=SERVE + " {",
        signature=SERVE,
        called=("Encode", "NewEncoder", "int32", "len"),
        types=("Limits",),
        imports=('import "encoding/json"', 'import pb "example.internal/gen/risk/v2"'),
        fields=(LIMITS,),
    ),
    Case(
        "r.Body.Close",
        chain="method Checker.ServeHTTP",
        starts=SERVE + " {",
        signature=SERVE,
        called=("Close",),
    ),
    Case(
        "func (Limit) Unit",
        chain="method Limit.Unit",
        starts='func (Limit) Unit() string { return "fen" }',
        signature="func (Limit) Unit() string",
        types=("Limit",),
    ),
    Case("out <- Limit(", chain="function drain", starts=DRAIN + " {", signature=DRAIN, called=("Limit",)),
    Case(
        "\t\ttime.Second",
        chain="function drain",
        starts=DRAIN + " {",
        signature=DRAIN,
        called=("After",),
        imports=('import "time"',),
    ),
]

SHEETS = [Sheet("go", SOURCE, CASES), Sheet("go", RISK, RISK_CASES)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line.strip())
def test_a_line_is_described_as_a_person_would(case: Case) -> None:
    assert describe("go", SOURCE, case.line) == case


@pytest.mark.parametrize("case", RISK_CASES, ids=lambda case: case.line.strip())
def test_a_line_of_generic_code_is_described_as_a_person_would(case: Case) -> None:
    assert describe("go", RISK, case.line) == case
