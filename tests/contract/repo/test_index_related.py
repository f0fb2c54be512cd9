"""What is put beside a change: call sites of changed signatures, and what the changed lines call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from parsers.context import context
from parsers.languages import LANGUAGES
from parsers.outline import outline
from parsers.signatures import SignatureChange, changed_signatures
from parsers.source import parse
from reviewer.demo.repository import Repository
from reviewer.domain import Related
from reviewer.repo.index import SymbolIndex
from reviewer.repo.related import surroundings

OLD = """\
from app.fees import fee_of


class Desk:
    def book(self, order):
        return fee_of(order)
"""
NEW = OLD.replace("self, order)", "self, order, tries)").replace("fee_of(order)", "fee_of(order, Side.BUY)")
FEES = """\
from app.side import Side


# Fees are integer fen.
def fee_of(order, side: Side) -> int:
    base = order.amount * 3
    return base // 1000
"""
FILES = {
    "app/desk.py": NEW,
    "app/fees.py": FEES,
    "app/side.py": "class Side:\n    BUY = 1\n    SELL = 2\n",
    "web/view.py": "from app.desk import Desk\n\n\ndef show(order):\n    # books\n    return Desk().book(order)\n",
    "tools/unrelated.py": "def fee_of(x):\n    return library.book(x)\n",
}
PYTHON = LANGUAGES["python"]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.create(tmp_path / "repository.git")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SymbolIndex]:
    with SymbolIndex.open(tmp_path / "index") as opened:
        yield opened


def changes() -> tuple[SignatureChange, ...]:
    before, after = (outline(parse(text.encode(), PYTHON), PYTHON) for text in (OLD, NEW))
    return changed_signatures(before, after)


def gather(
    repository: Repository, index: SymbolIndex, files: dict[str, str], lines: list[int], max_lines: int = 120
) -> tuple[Related, ...]:
    commit = repository.commit("main", files)
    index.update(repository.git, commit)
    around = context(parse(files["app/desk.py"].encode(), PYTHON), PYTHON, lines)
    return surroundings(
        *(index, repository.git, commit, "app/desk.py", around), changes=changes(), max_lines=max_lines
    )


def say(related: Related) -> tuple[str, str, str, int, str, int]:
    return (
        *(str(related.relation), related.name, related.path, related.start_line),
        *(str(related.how), related.others),
    )


def test_callers_first_then_what_the_lines_call_and_use(repository: Repository, index: SymbolIndex) -> None:
    found = gather(repository, index, FILES, [5, 6])

    assert [say(one) for one in found] == [
        ("call-site", "book", "web/view.py", 4, "imported", 0),
        ("call-site", "book", "tools/unrelated.py", 1, "by-name", 0),
        ("definition", "fee_of", "app/fees.py", 4, "imported", 1),
        ("definition", "Side", "app/side.py", 1, "same-package", 0),
    ]
    assert found[0].lines == ("def show(order):", "    # books", "    return Desk().book(order)")
    assert found[2].lines == tuple(FEES.splitlines()[3:])


def test_what_encloses_the_lines_is_not_repeated(repository: Repository, index: SymbolIndex) -> None:
    recursive = {**FILES, "app/desk.py": NEW.replace("fee_of(order, Side.BUY)", "self.book(order)")}
    assert "definition" not in {one.relation for one in gather(repository, index, recursive, [6])}


def test_a_name_that_may_be_anybodys_is_left_out(repository: Repository, index: SymbolIndex) -> None:
    others = {f"x{n}/m.py": "def book(x):\n    return x\n" for n in range(4)}
    found = gather(repository, index, {**FILES, **others}, [6])
    assert [one.path for one in found if one.relation == "call-site"] == ["web/view.py"]


def test_lines_are_bounded(repository: Repository, index: SymbolIndex) -> None:
    found = gather(repository, index, FILES, [5, 6], max_lines=8)
    assert sum(len(one.lines) for one in found) <= 8
    assert found[0].path == "web/view.py"


def test_a_long_definition_is_shown_as_it_begins(repository: Repository, index: SymbolIndex) -> None:
    long = FEES + "".join(f"    n{n} = {n}\n" for n in range(100))
    found = gather(repository, index, {**FILES, "app/fees.py": long}, [6])
    (fees,) = (one for one in found if one.path == "app/fees.py")
    assert len(fees.lines) == 12
    assert fees.lines[1] == "def fee_of(order, side: Side) -> int:"
