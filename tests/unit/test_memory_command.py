"""`reviewer memory`: what an operator sees of dismissals, takes away and deletes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from reviewer.cli import main
from reviewer.database.connections import open_database
from reviewer.database.migration import migrate
from reviewer.domain import Dismissal, Gesture, Person
from reviewer.memory.database import DAY_S, Bounds, DatabaseMemory
from tests.fakes.memory import NOON, dismissal, rule_trace, trace

FIRST, SECOND = "ab" * 16, "abcdef0" + "1" * 25
MADE = (
    dismissal(trace(fingerprint=FIRST), words="as agreed \x1b[2J with\tops"),
    dismissal(
        rule_trace(fingerprint=SECOND, path="app/\udcff价格.py"),
        project="desk/other",
        number=12,
        gesture=Gesture.IGNORE,
        by=Person(9, "li.wei"),
        at=NOON - 40 * DAY_S,
    ),
)
TABLE = (
    "FINGERPRINT   WHEN        WHO     HOW          WHERE          RULE               PATH         REASON\n"
    "abababababab  2026-11-28  alice   thumbs-down  desk/orders 1  model/correctness  app/fees.py  "
    "as agreed [2J with ops\n"
    "abcdef011111  2026-10-19  li.wei  ignore       desk/other 12  python/no-print    app/?价格.py   "
    "print in a library\n"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with the service's configuration and database."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    Path("reviewer.toml").write_text('[service]\ndatabase = "sqlite:///reviewer.db"\n', encoding="utf-8")
    remember(tmp_path, MADE)
    return tmp_path


def remember(folder: Path, made: Sequence[Dismissal]) -> None:
    engine = open_database(f"sqlite:///{folder / 'reviewer.db'}", connections=1, timeout_s=5)
    migrate(engine)
    memory = DatabaseMemory(engine, lambda: NOON, Bounds(max_age_days=0))
    memory.dismiss(made)
    memory.close()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["memory", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def listed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [row["fingerprint"] for row in json.loads(run(capsys, "list", "--format", "json")[1])]


def test_the_list_is_a_table_that_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "list") == (0, TABLE, "")
    assert run(capsys, "list", "--project", "desk/orders")[1] == "".join(
        f"{line.rstrip()}\n" for line in TABLE.splitlines()[:2]
    ).replace("alice   ", "alice  ").replace("WHO     ", "WHO    ")


def test_the_list_as_json_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(run(capsys, "list", "--format", "json")[1])
    assert rows[0] == {
        "forge": "lab",
        "project": "desk/orders",
        "number": 1,
        "fingerprint": FIRST,
        "rule_id": "model/correctness",
        "source": "model",
        "severity": "medium",
        "category": "correctness",
        "path": "app/fees.py",
        "scope": "fee",
        "code": "return min(turnover * rate, MINIMUM)",
        "title": "The minimum is a maximum",
        "message": "min() returns the smaller value, so nobody pays more than five.",
        "gesture": "thumbs-down",
        "by": {"id": 7, "name": "alice"},
        "at": "2026-11-28T12:00:00Z",
        "reason": "as agreed \x1b[2J with\tops",
    }
    assert rows[1]["path"] == "app/\udcff价格.py"


def test_nothing_dismissed_is_said_beside_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "list", "--project", "desk/nothing") == (0, "", "nothing has been dismissed\n")
    assert run(capsys, "list", "--project", "x", "--format", "json")[1] == "[]\n"


def test_an_export_is_one_line_each_oldest_first(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "export", "-")
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, [row["fingerprint"] for row in rows]) == (0, [SECOND, FIRST])

    assert run(capsys, "export", "out.jsonl") == (0, "", "out.jsonl: 2 dismissals\n")
    assert (folder / "out.jsonl").read_text(encoding="utf-8") == out
    assert run(capsys, "export", "nowhere/out.jsonl")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (["--older-than", "30"], [FIRST]),
        (["--project", "desk/orders"], [SECOND]),
        (["--fingerprint", SECOND[:8]], [FIRST]),
        (["--older-than", "30", "--project", "desk/orders"], [FIRST, SECOND]),
        (["--older-than", "0"], []),
    ],
)
def test_prune_deletes_what_fits_all_that_is_named(
    capsys: pytest.CaptureFixture[str], arguments: list[str], left: list[str]
) -> None:
    code, out, _ = run(capsys, "prune", *arguments)
    count = len(MADE) - len(left)
    assert code == 0
    assert out == f"deleted: {count} dismissal{'' if count == 1 else 's'}, 0 findings, 0 answers\n"
    assert listed(capsys) == left


def test_prune_alone_keeps_to_the_configured_age(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = folder / "reviewer.toml"
    config.write_text(config.read_text() + "[memory]\nmax_age_days = 0\n")
    code, _, err = run(capsys, "prune")
    assert (code, "max_age_days is 0" in err) == (2, True)
    config.write_text(config.read_text().replace("max_age_days = 0", "max_age_days = 36500"))
    assert run(capsys, "prune")[0] == 0
    assert listed(capsys) == [FIRST, SECOND]


def test_a_finding_is_forgotten_by_the_beginning_of_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "forget", SECOND[:8].upper()) == (0, f"forgotten: {SECOND} (1 dismissal)\n", "")
    assert listed(capsys) == [FIRST]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["forget", "0123456789"], "no dismissed finding begins with 0123456789"),
        (["forget", "abc"], "is not the beginning of a fingerprint"),
        (["forget", "not-a-name"], "is not the beginning of a fingerprint"),
        (["prune", "--fingerprint", "%"], "is not the beginning of a fingerprint"),
        (["prune", "--older-than", "-1"], "--older-than"),
    ],
)
def test_what_cannot_be_meant_is_exit_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert listed(capsys) == [FIRST, SECOND]


def test_a_beginning_that_fits_two_is_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    remember(folder, [dismissal(trace(fingerprint=SECOND[:-1] + "9"))])
    code, _, err = run(capsys, "forget", SECOND[:10])
    assert (code, "2 dismissed findings begin" in err) == (2, True)


def test_a_database_that_is_not_there_is_not_made(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "reviewer.db").unlink()
    code, out, err = run(capsys, "list")
    assert (code, out) == (1, "")
    assert "there is no database" in err
    assert not (folder / "reviewer.db").exists()
