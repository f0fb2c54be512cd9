"""The disk is full and is freed again: nothing that was acknowledged is forgotten, nothing hangs."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.chaos.ground import Ground
from tests.chaos.outcome import Outcome
from tests.chaos.postgres import Unavailable
from tests.chaos.probe import look_while_full
from tests.chaos.site import Site
from tests.chaos.tally import judge

_JOBS = 3
_FULL_S = 3.0
_TMPFS = "size=96m,mode=0700"


def run_with_page_limit(ground: Ground) -> Outcome:
    """Let SQLite find no room for another page (`PRAGMA max_page_count`)."""
    site = Site(ground, "sqlite")
    limit = ground.folder / "pages"
    environ = {"CHAOS_PAGE_LIMIT": str(limit)}
    return _fill_and_free(
        site,
        environ,
        "tests.chaos.bounded",
        fill=lambda: limit.write_text("1"),  # below what is there: as many as there are
        free=lambda: limit.write_text("1000000"),
    )


def run_on_small_disk(ground: Ground) -> Outcome:
    """Fill a small file system to its last byte, database, mirrors and all."""
    disk = ground.folder / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", _TMPFS, "tmpfs", str(disk)], check=False, capture_output=True
    )
    if not mounted or mounted.returncode:
        raise Unavailable("a small file system cannot be mounted here")
    ground.stack.callback(lambda: subprocess.run(["umount", "-l", str(disk)], check=True))
    ground.state = disk
    site = Site(ground, "sqlite")
    filler = disk / "filler"
    return _fill_and_free(site, {}, "", fill=lambda: _fill(filler), free=filler.unlink)


def _fill_and_free(
    site: Site,
    environ: dict[str, str],
    module: str,
    *,
    fill: Callable[[], object],
    free: Callable[[], object],
) -> Outcome:
    process = site.process(environ=environ, module=module)
    ground = site.ground
    broken: list[str] = []
    worst = 0.0
    for _ in range(ground.scale.faults):
        site.begin(_JOBS)
        fill()
        time.sleep(_FULL_S)
        broken += look_while_full(site, process)
        free()
        began = time.monotonic()
        site.deliver(site.open()[0])
        site.settle()
        worst = max(worst, time.monotonic() - began)
    return judge(site, runs=ground.scale.faults, recovery_s=worst, broken=broken)


def _fill(file: Path) -> None:
    block = b"\0" * 65536
    handle = os.open(file, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        while block:
            try:
                os.write(handle, block)
            except OSError:
                block = block[: len(block) // 2]
    finally:
        os.close(handle)
