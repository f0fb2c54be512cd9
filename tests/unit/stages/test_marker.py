"""Markers: ours are read back, nobody else's are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.stages.marker import SUMMARY, Marker, read, write
from tests.fakes.changes import REF

KEY = b"an instance key of thirty-two b."
MARKER = Marker("0123456789abcdef" * 2, "gitlab-main:42:1")
WRITTEN = write(KEY, REF, MARKER)


def test_a_marker_is_a_comment_that_a_reader_does_not_see() -> None:
    assert WRITTEN.startswith(f"<!-- reviewer:v1:{MARKER.fingerprint}:")
    assert WRITTEN.endswith(" -->")
    assert "--" not in WRITTEN[4:-3]


@pytest.mark.parametrize("marker", [MARKER, Marker(SUMMARY, "")])
def test_what_is_written_is_read_back(marker: Marker) -> None:
    assert read(f"text\n\n{write(KEY, REF, marker)}\n", KEY, REF) == marker


@given(st.text(max_size=50))
def test_any_run_is_read_back(run: str) -> None:
    run = run.encode("utf-8", "replace").decode()
    marker = replace(MARKER, run=run)
    assert read(write(KEY, REF, marker), KEY, REF) == marker


def test_a_marker_counts_in_its_merge_request_alone() -> None:
    assert read(WRITTEN, KEY, replace(REF, number=8)) is None
    assert read(WRITTEN, KEY, replace(REF, project="group/other")) is None
    assert read(WRITTEN, b"another key", REF) is None


def test_a_marker_counts_for_the_next_head_too() -> None:
    assert read(WRITTEN, KEY, replace(REF, head="3" * 40, base="4" * 40)) == MARKER


@given(st.integers(5, len(WRITTEN) - 5), st.sampled_from("0aZ:% -"))
def test_a_changed_character_makes_a_marker_worthless(index: int, char: str) -> None:
    forged = WRITTEN[:index] + char + WRITTEN[index + 1 :]
    assert read(forged, KEY, REF) == (MARKER if forged == WRITTEN else None)


def test_of_two_markers_none_is_believed() -> None:
    other = write(KEY, REF, Marker("f" * 32, "run"))
    assert read(WRITTEN + other, KEY, REF) is None
    assert read("<!-- reviewer:v2:something --> " + WRITTEN, KEY, REF) is None


def test_a_comment_without_a_marker_has_none() -> None:
    assert read("just words", KEY, REF) is None


@pytest.mark.parametrize("fingerprint", ["", "a:b", "A", "x -->"])
def test_a_fingerprint_that_could_not_be_read_back_is_refused(fingerprint: str) -> None:
    with pytest.raises(ValueError, match="fingerprint"):
        write(KEY, REF, Marker(fingerprint, "run"))
