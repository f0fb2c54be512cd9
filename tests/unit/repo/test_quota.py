"""Mirrors stay within their quota; what is in use stays whatever happens."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from reviewer.repo.quota import enforce

NOW = 1_000_000.0
KB = 1024


def mirror(data_dir: Path, name: str, kilobytes: int, age_s: float) -> Path:
    folder = data_dir / "mirrors" / name
    folder.mkdir(parents=True)
    (folder / "pack").write_bytes(os.urandom(kilobytes * KB))
    lease = folder.with_suffix(".lock")
    lease.touch()
    index = data_dir / "indexes" / name
    index.mkdir(parents=True)
    (index / "symbols-1.db").write_bytes(b"x" * KB)
    for path in (folder, lease):
        os.utime(path, (NOW - age_s, NOW - age_s))
    return folder


def clean(data_dir: Path, kilobytes: int) -> tuple[int, bool]:
    kept = enforce(data_dir, quota=kilobytes * KB, idle_s=3600, clock=lambda: NOW)
    return kept.removed, kept.over


def test_the_one_used_longest_ago_goes_first(tmp_path: Path) -> None:
    old, older, new = (
        mirror(tmp_path, name, 100, age) for name, age in (("old", 7200), ("older", 9000), ("new", 4000))
    )
    assert clean(tmp_path, 1000) == (0, False)
    assert clean(tmp_path, 250) == (1, False)
    assert (old.exists(), older.exists(), new.exists()) == (True, False, True)
    assert not (tmp_path / "indexes" / "older").exists()
    assert (tmp_path / "indexes" / "old").exists()


def test_what_may_be_in_use_stays_although_the_quota_does_not_hold(tmp_path: Path) -> None:
    held, fresh = mirror(tmp_path, "held", 100, 9000), mirror(tmp_path, "fresh", 100, 60)
    lease = os.open(held.with_suffix(".lock"), os.O_RDWR)
    fcntl.flock(lease, fcntl.LOCK_EX)
    assert clean(tmp_path, 10) == (0, True)
    os.close(lease)
    assert clean(tmp_path, 10) == (1, True)
    assert fresh.exists()


def test_an_interrupted_clean_up_is_finished(tmp_path: Path) -> None:
    mirror(tmp_path, "half", 10, 9000).rename(tmp_path / "mirrors" / "half.gone")
    assert clean(tmp_path, 1000) == (0, False)
    assert not (tmp_path / "mirrors" / "half.gone").exists()


def test_nothing_is_there_yet(tmp_path: Path) -> None:
    assert clean(tmp_path, 10) == (0, False)
