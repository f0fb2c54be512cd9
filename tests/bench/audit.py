"""How many notes a second the audit log takes, by one thread and by several processes' worth of connections.

`python -m tests.bench.audit DATABASE`, a `sqlite:///` or `postgresql://` address of an empty database.
"""

from __future__ import annotations

import sys
import threading
import time

from reviewer.audit.chain import Chain, Note
from reviewer.audit.record import of_call
from reviewer.audit.seal import Seal
from reviewer.audit.verification import verify
from reviewer.database.connections import open_database
from reviewer.database.migration import migrate
from tests.unit.audit.lab import a_call

SECONDS = 3.0
KEY = b"k" * 64


def measure(address: str, writers: int) -> tuple[float, float]:
    """Return notes a second over all writers, each with connections of its own, and entries verified a second."""
    engine = open_database(address, connections=1, timeout_s=30)
    migrate(engine)
    chains = [Chain(open_database(address, connections=1, timeout_s=30), Seal(KEY)) for _ in range(writers)]
    counts = [0] * writers
    until = time.monotonic() + SECONDS

    def write(number: int) -> None:
        while time.monotonic() < until:
            chains[number].append([Note(of_call(a_call(), 0), round(time.time() * 1000))])
            counts[number] += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    began = time.monotonic()
    with chains[0].read() as snapshot:
        report = verify(Seal(KEY), snapshot.base, snapshot.entries, ends=[snapshot.head])
    assert report.problems == ()
    assert report.entries >= sum(counts)
    verified = report.entries / (time.monotonic() - began)
    for chain in chains:
        chain.close()
    return sum(counts) / SECONDS, verified


def main(address: str) -> None:
    """Print one line for one writer and one for four."""
    for writers in (1, 4):
        appended, verified = measure(address, writers)
        sys.stdout.write(f"{writers} writers: {appended:.0f} notes/s, verify {verified:.0f} entries/s\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
