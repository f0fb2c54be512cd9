"""What the engine costs and what it keeps, with scripted models over the real flow: `python -m tests.bench.engine`.

The changes lie in real git repositories with a symbol index; tokens are counted by a tokenizer that is
not the engine's own estimate, and prompts share a prefix cache as at a real server.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reviewer import pipeline
from reviewer.config import ModelSettings, ReviewSettings, Settings
from reviewer.demo.repository import Repository
from reviewer.domain import ChangeSet, Review
from reviewer.evaluation.dataset import load
from reviewer.forges import local
from reviewer.pipeline import Engine
from tests.bench.stages import HALF_WRONG, copies, measure
from tests.fakes.models.caching import CachingModel, Call
from tests.fakes.models.oracle import Quality
from tests.fakes.panel import FakeGateway, Say, listing

MODELS = {"coder": ModelSettings(backend="ollama", model="deepseek-coder-v2:16b")}
Files = Mapping[str, str | bytes | None]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a review of one change took, in tokens."""

    change: str
    diff_kb: float
    units: int
    calls: int
    prompt: int
    cached: int
    uncached: int
    seen_lines: int
    changed_lines: int
    related: bool


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review, the calls it took, and the texts that were shown."""

    review: Review
    calls: Sequence[Call]
    shown: Sequence[str]
    diff: bytes

    def cost(self, name: str) -> Cost:
        calls, coverage = self.calls, self.review.coverage
        return Cost(
            change=name,
            diff_kb=len(self.diff) / 1000,
            units=len({call.purpose for call in calls if call.purpose.startswith("unit")}),
            calls=len(calls),
            prompt=sum(call.prompt for call in calls),
            cached=sum(call.cached for call in calls),
            uncached=sum(call.uncached for call in calls),
            seen_lines=coverage.changed_lines_seen_by_model,
            changed_lines=coverage.changed_lines,
            related=any("[[BEGIN related code" in text for text in self.shown),
        )


def review(before: Files, after: Files, say: Say, *, context: int = 16_384) -> Reviewed:
    """Review a commit of a new repository, its index included."""
    model = CachingModel("coder", say, context=context)
    engine = Engine(
        Settings(models=MODELS, review=ReviewSettings(index_budget_s=60)),
        b"k" * 32,
        FakeGateway(review=[model]),
        lambda _review, _rules: (),
    )
    with tempfile.TemporaryDirectory(prefix="reviewer-bench-") as folder:
        change, diff = _commit(Path(folder), before, after)
        code = local.open_codebase(Path(folder) / "checkout", change, Path(folder) / "cache")
        reviewed = asyncio.run(pipeline.review(change, engine, codebase=code))
    shown = ["\n".join(message.content for message in request.messages) for request in model.requests]
    return Reviewed(reviewed, model.calls, shown, diff)


def _commit(folder: Path, before: Files, after: Files) -> tuple[ChangeSet, bytes]:
    bare = Repository.create(folder / "bare.git")
    bare.commit("main", before, "First")
    bare.commit("main", after, "Settle orders by account")
    checkout = folder / "checkout"
    subprocess.run(["git", "clone", "-q", str(bare.path), str(checkout)], check=True)
    asked = ["git", "-C", str(checkout), "diff", "HEAD~1..HEAD"]
    diff = subprocess.run(asked, check=True, capture_output=True).stdout
    return local.open_range(checkout, "HEAD~1..HEAD"), diff


# --- the changes ----------------------------------------------------------------------------------


def _module(name: str, functions: int, *, rounds: str) -> str:
    head = f"from app.money import fen, {rounds}\nfrom app.store import Store\n\n\n"
    return head + "\n\n".join(
        f"def {name}_{n}(order, store: Store):\n"
        f'    """Settle part {n} of an order."""\n'
        f"    amount = fen(order.price * order.count)\n"
        f"    if amount > store.limit('{name}', {n}):\n"
        f"        raise ValueError(f'over the limit of part {n}: {{amount}}')\n"
        f"    fee = {rounds}(amount, {n})\n"
        f"    store.book(order.account, amount + fee)\n"
        f"    return amount + fee\n"
        for n in range(functions)
    )


_MONEY = """\
def fen(amount):
    return int(amount * 100)


def cut(amount, part):
    return amount // 1000


def half_even(amount, part):
    return round(amount / 1000)
"""
_STORE = """\
class Store:
    def limit(self, name, part):
        return 1000

    def book(self, account, amount):
        self.accounts[account] += amount
"""
_BATCH = """\
from app.orders import orders_1


def run(orders, store):
    return [orders_1(one, store) for one in orders]
"""
_BESIDE: Files = {"app/money.py": _MONEY, "app/store.py": _STORE, "app/batch.py": _BATCH}


def three_files() -> tuple[Files, Files]:
    """Return a change of three files, about 10 kB of diff, whose callees and callers lie elsewhere."""
    names = ("orders", "fees", "desk")
    before = {f"app/{name}.py": _module(name, 9, rounds="cut") for name in names}
    after = {
        path: text.replace("cut", "half_even").replace(
            "_1(order, store: Store)", "_1(order, store: Store, tries)"
        )
        for path, text in before.items()
    }
    return {**_BESIDE, **before}, after


def one_line() -> tuple[Files, Files]:
    """Return a change of one line in a file of fifty functions."""
    before = _module("orders", 50, rounds="cut")
    return {**_BESIDE, "app/orders.py": before}, {
        "app/orders.py": before.replace("fee = cut(amount, 17)", "fee = cut(amount + 1, 17)")
    }


def twenty_four_files() -> tuple[Files, Files]:
    """Return a change of 24 new files and about 240 kB."""
    return _BESIDE, {f"app/part{n}.py": _module(f"part{n}", 30, rounds="cut") for n in range(24)}


def draft(path: str, quote: str) -> dict[str, Any]:
    """Return a draft about a line."""
    return {
        "path": path, "quote": quote, "start_line": 1, "end_line": 1, "severity": "high", "category": "finance",
        "title": "Halves go to the even fen", "message": "Fees of half a fen are rounded down every other time.",
        "confidence": "high", "replacement": None,
    }  # fmt: skip


FINDS_ONE = listing(draft("app/orders.py", "    fee = half_even(amount, 7)"))
FINDS_THE_LINE = listing(draft("app/orders.py", "    fee = cut(amount + 1, 17)"))
SILENT = listing()

CHANGES: Mapping[str, Callable[[], Reviewed]] = {
    "3 files, nothing found": lambda: review(*three_files(), SILENT),
    "3 files, every unit speaks": lambda: review(*three_files(), FINDS_ONE),
    "one line, nothing found": lambda: review(*one_line(), SILENT),
    "one line, a finding": lambda: review(*one_line(), FINDS_THE_LINE),
    "24 files, 16k window": lambda: review(*twenty_four_files(), SILENT),
}


def main() -> None:
    """Print the tables."""
    titles = ("diff kB", "units", "calls", "prompt", "cached", "uncached", "lines seen")
    sys.stdout.write(f"{'change':<30}" + "".join(f"{title:>12}" for title in titles) + "\n")
    for name, measured in CHANGES.items():
        cost = measured().cost(name)
        seen = f"{cost.seen_lines}/{cost.changed_lines}"
        cells = (f"{cost.diff_kb:.1f}", cost.units, cost.calls, cost.prompt, cost.cached, cost.uncached, seen)
        sys.stdout.write(f"{name:<30}" + "".join(f"{cell:>12}" for cell in cells) + "\n")
    cases = [case for case in copies(load(["starter"]), 1) if not case.clean]
    for title, quality, passes in (
        ("oracle of 70 % recall, half of its drafts wrong", HALF_WRONG, 1),
        ("oracle of 40 % recall, one pass", Quality(recall=0.4), 1),
        ("oracle of 40 % recall, three passes", Quality(recall=0.4), 3),
    ):
        measured_stages = measure(cases, quality, passes=passes)
        last = measured_stages.rows[-1]
        sys.stdout.write(
            f"{title:<50} recall {last.recall:.1f} %, kept {last.kept:.1f} %, precision {last.precision:.1f} %, "
            f"wrong lines {measured_stages.wrong_lines}, repeats {measured_stages.repeats}\n"
        )


if __name__ == "__main__":
    main()
