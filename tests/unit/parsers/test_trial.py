"""What a stranger's file may cost: a child process tries it first, and dies instead of us."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from parsers.languages import LANGUAGES
from parsers.source import SourceTooCostly, parse
from parsers.trial import Trial

# Motifs that cost most of all that were tried (see `tests/bench/hostile.py`), as files of 20 kB.
COSTLY = {
    "c": "x=<",
    "csharp": "x=<",
    "java": "*x=",
    "javascript": "*x=",
    "typescript": "*x=",
    "tsx": "*x=",
    "cpp": "/*x=",
    "bash": "` >= ",
}
WHOLE = b"def f():\n    return 1\n\n" * 40


def hostile(motif: str, size: int = 20_000) -> bytes:
    return (motif * (size // len(motif))).encode()  # whole: half a motif at the end can change all


@pytest.fixture
def trial() -> Iterator[Trial]:
    trial = Trial()
    yield trial
    trial.close()


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def has_ended(child: psutil.Process) -> bool:
    return not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def is_small(child: psutil.Process) -> bool:
    return has_ended(child) or child.memory_info().rss < 150_000_000


@pytest.mark.parametrize("name", COSTLY)
def test_a_file_that_costs_gigabytes_is_refused(name: str) -> None:
    before = psutil.Process().memory_info().rss
    with pytest.raises(SourceTooCostly, match=r"too much memory|time limit"):
        parse(hostile(COSTLY[name]), LANGUAGES[name])
    assert psutil.Process().memory_info().rss - before < 50_000_000


def test_a_script_in_a_page_is_tried_as_well() -> None:
    page = b"<template><p/></template>\n<script>\n" + hostile("*x=") + b"\n</script>\n"
    with pytest.raises(SourceTooCostly):
        parse(page, LANGUAGES["vue"])


def test_other_files_are_parsed_after_one_that_was_refused() -> None:
    for _ in range(3):
        with pytest.raises(SourceTooCostly):
            parse(hostile("*x="), LANGUAGES["java"])
        assert parse(WHOLE, LANGUAGES["python"]).error_lines == ()


def test_a_file_that_takes_too_long_is_refused(trial: Trial) -> None:
    assert "time limit" in trial.refuse("csharp", hostile("&>"), seconds=0.2)
    assert trial.refuse("csharp", b"class A {}\n" * 80, seconds=10) == ""


def test_what_is_known_is_not_tried_again(trial: Trial) -> None:
    assert trial.refuse("python", WHOLE, seconds=10) == ""
    refused = trial.refuse("java", hostile("*x="), seconds=10)
    assert refused
    trial.close()
    assert trial.refuse("python", WHOLE, seconds=10) == ""
    assert trial.refuse("java", hostile("*x="), seconds=10) == refused
    assert trial.pid is None


def test_nothing_is_started_before_it_is_needed() -> None:
    code = (
        "import psutil, parsers.context, parsers.source as source\n"
        "from parsers.languages import LANGUAGES\n"
        "source.parse(b'x = 1\\n', LANGUAGES['python'])\n"
        "print(len(psutil.Process().children()))\n"
        "source.parse(b'x = 1\\n' * 200, LANGUAGES['python'])\n"
        "print(len(psutil.Process().children()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["0", "1"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_child_ends_with_its_parent(how: signal.Signals) -> None:
    code = (
        "import sys\nfrom parsers.trial import Trial\n"
        "trial = Trial()\ntrial.refuse('python', b'x = 1', seconds=10)\n"
        "print(trial.pid, flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(how)
        parent.wait()
        eventually(partial(has_ended, child))


def test_a_child_that_was_killed_is_replaced(trial: Trial) -> None:
    assert trial.refuse("python", WHOLE, seconds=10) == ""
    first = psutil.Process(trial.pid)
    first.terminate()
    eventually(partial(has_ended, first))
    assert trial.refuse("python", WHOLE + b"#", seconds=10) == ""
    assert trial.pid not in {None, first.pid}


def test_a_child_that_went_away_in_good_order_says_nothing_of_the_file() -> None:
    trial = Trial(idle_s=0.01)
    seen = set()
    for number in range(3):
        assert trial.refuse("python", WHOLE + b"#%d" % number, seconds=10) == ""
        child = psutil.Process(trial.pid)
        seen.add(child.pid)
        eventually(partial(has_ended, child))
    assert len(seen) == 3
    trial.close()


def test_a_large_file_leaves_no_large_child(trial: Trial) -> None:
    big = b"x = [" + b"1," * 500_000 + b"]\n"
    for number in range(3):
        assert trial.refuse("python", big + b"#%d" % number, seconds=60) == ""
        child = psutil.Process(trial.pid)
        eventually(partial(is_small, child))


def test_threads_share_one_child(trial: Trial) -> None:
    answers: dict[int, str] = {}

    def ask(number: int) -> None:
        text = hostile("*x=") + b"%d" % number if number % 8 == 0 else WHOLE + b"# %d\n" % number
        answers[number] = trial.refuse("java" if number % 8 == 0 else "python", text, seconds=10)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number for number, answer in answers.items() if answer} == set(range(0, 32, 8))


@pytest.mark.parametrize("python", ["/nowhere/python", "/bin/false"])
def test_without_a_child_nothing_is_parsed_and_nothing_remembered(python: str) -> None:
    trial = Trial(python=python)
    assert "could not be tried" in trial.refuse("python", WHOLE, seconds=10)
    assert trial.pid is None


def test_a_child_that_the_system_kills_says_nothing_lasting_of_the_text(trial: Trial) -> None:
    text = hostile("&>")
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(trial.refuse("csharp", text, seconds=60)))
    asking.start()
    eventually(lambda: trial.pid is not None and psutil.Process(trial.pid).cpu_times().user > 0.3)
    psutil.Process(trial.pid).kill()
    asking.join()
    assert "lack of memory" in answers[0]
    assert "time limit" in trial.refuse("csharp", text, seconds=0.2)


def test_modules_of_the_working_directory_are_not_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trial: Trial
) -> None:
    (tmp_path / "tree_sitter.py").write_text("raise SystemExit(3)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    assert trial.refuse("python", WHOLE, seconds=10) == ""


def test_parsing_keeps_nothing_of_what_it_read() -> None:
    """The binding keeps what a callback gives it: more than a byte for each byte parsed."""
    language = LANGUAGES["python"]
    for _ in range(1_000):
        parse(WHOLE, language)
    before = psutil.Process().memory_info().rss
    for _ in range(20_000):
        parse(WHOLE, language)
    assert psutil.Process().memory_info().rss - before < len(WHOLE) * 20_000 / 10
