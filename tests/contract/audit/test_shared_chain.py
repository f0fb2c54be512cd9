"""Several processes' worth of writers, on SQLite and on Postgres, make one chain that holds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from reviewer.audit.chain import Chain, Note
from reviewer.audit.seal import Seal
from reviewer.audit.verification import Report, verify
from reviewer.database.connections import open_database
from reviewer.database.migration import migrate

KEY = b"k" * 64
WRITERS, NOTES = 4, 25


@contextmanager
def opened(database: str) -> Iterator[Chain]:
    chain = Chain(open_database(database, connections=2, timeout_s=30), Seal(KEY))
    yield chain
    chain.close()


def check(database: str) -> Report:
    with opened(database) as chain, chain.read() as snapshot:
        return verify(Seal(KEY), snapshot.base, snapshot.entries, ends=[snapshot.head])


def test_one_chain_of_many_writers(database: str) -> None:
    engine = open_database(database, connections=1, timeout_s=30)
    migrate(engine)
    engine.dispose()
    start = threading.Barrier(WRITERS + 1)
    reports: list[Report] = []

    def write(number: int) -> None:
        with opened(database) as chain:
            start.wait()
            for at in range(NOTES):
                chain.append([Note({"kind": "test", "writer": number, "what": at}, at)])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    with opened(database) as chain:
        chain.append([Note({"kind": "test"}, 0)])
    start.wait()
    while any(thread.is_alive() for thread in threads):
        reports.append(check(database))  # a reader sees one moment, whatever is appended meanwhile
    for thread in threads:
        thread.join()
    reports.append(check(database))
    assert [report.problems for report in reports if report.problems] == []
    assert reports[-1].entries == WRITERS * NOTES + 1


def test_pruning_while_others_write(database: str) -> None:
    engine = open_database(database, connections=1, timeout_s=30)
    migrate(engine)
    with opened(database) as chain:
        chain.append([Note({"kind": "test"}, at) for at in range(50)])

        def write() -> None:
            with opened(database) as other:
                for at in range(50, 70):
                    other.append([Note({"kind": "test"}, at)])

        thread = threading.Thread(target=write)
        thread.start()
        assert chain.prune(30) == 30
        thread.join()
        report = check(database)
        assert (report.problems, report.first, report.entries) == ((), 31, 41)
    with engine.begin() as connection:
        connection.execute(text("UPDATE audit_entries SET record = '{}' WHERE number = 40"))
    engine.dispose()
    assert [problem.number for problem in check(database).problems] == [40]
