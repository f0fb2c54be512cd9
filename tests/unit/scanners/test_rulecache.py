"""What is kept of rules that were read: used while nothing has changed, and of no harm otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from reviewer.config import RulesSettings
from reviewer.domain import Severity
from reviewer.scanners import rulebook
from tests.unit.scanners.test_queries import RULE as QUERY
from tests.unit.scanners.test_rulebook import RULE, folder


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder(tmp_path / "rules", QUERY, "xml/no-b.yml")
    return folder(tmp_path / "rules")


def test_kept_rules_are_the_rules_that_were_read(tmp_path: Path, rules: Path) -> None:
    cache = tmp_path / "cache"
    first = rulebook.read([rules], cache_dir=cache)
    assert cache.stat().st_mode & 0o077 == 0
    assert len(list(cache.iterdir())) == 1
    assert rulebook.read([rules], cache_dir=cache) == first == rulebook.read([rules])


def test_kept_rules_are_used(tmp_path: Path, rules: Path) -> None:
    cache = tmp_path / "cache"
    rulebook.read([rules], cache_dir=cache)
    [kept] = cache.iterdir()
    kept.write_bytes(kept.read_bytes().replace(b"This sleeps.", b"It was kept."))
    rule = rulebook.read([rules], cache_dir=cache).find("python/no-sleep")
    assert rule is not None
    assert rule.text("en").message == "It was kept."


def test_a_changed_rule_is_read_again(tmp_path: Path, rules: Path) -> None:
    cache = tmp_path / "cache"
    rulebook.read([rules], cache_dir=cache)
    folder(rules, RULE.replace("severity: low", "severity: high"))
    rule = rulebook.read([rules], cache_dir=cache).find("python/no-sleep")
    assert rule is not None
    assert rule.severity is Severity.HIGH
    assert len(list(cache.iterdir())) == 1


def test_other_folders_have_a_cache_of_their_own(tmp_path: Path, rules: Path) -> None:
    other = folder(tmp_path / "other", RULE.replace("This sleeps.", "Another one."))
    cache = tmp_path / "cache"
    rulebook.read([rules], cache_dir=cache)
    rule = rulebook.read([rules, other], cache_dir=cache).find("python/no-sleep")
    assert rule is not None
    assert rule.text("en").message == "Another one."
    assert len(list(cache.iterdir())) == 2


def test_broken_rules_are_never_kept(tmp_path: Path, rules: Path) -> None:
    cache = tmp_path / "cache"
    folder(rules, "id: [", "python/torn.yml")
    for _ in range(2):
        assert len(rulebook.read([rules], cache_dir=cache).broken) == 1
    assert not cache.exists()


@pytest.mark.parametrize("content", [b"", b"rubbish", b"{}", None])
def test_a_cache_that_cannot_be_read_is_read_past(tmp_path: Path, rules: Path, content: bytes | None) -> None:
    cache = tmp_path / "cache"
    first = rulebook.read([rules], cache_dir=cache)
    [kept] = cache.iterdir()
    head, _, _ = kept.read_bytes().partition(b"\n")
    kept.write_bytes(head + b"\nrubbish" if content is None else content)
    assert rulebook.read([rules], cache_dir=cache) == first


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path, rules: Path) -> None:
    (tmp_path / "file").write_text("")
    assert len(rulebook.read([rules], cache_dir=tmp_path / "file" / "cache").rules) == 2


def test_what_the_settings_want_is_not_kept(tmp_path: Path, rules: Path) -> None:
    cache = tmp_path / "cache"
    severe = RulesSettings(paths=(rules,), severity={"python/no-sleep": Severity.CRITICAL})
    rulebook.load(severe, cache_dir=cache)
    rule = rulebook.load(RulesSettings(paths=(rules,)), cache_dir=cache).find("python/no-sleep")
    assert rule is not None
    assert rule.severity is Severity.LOW
