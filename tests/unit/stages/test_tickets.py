from __future__ import annotations

import pytest

from reviewer.stages.tickets import find_references


@pytest.mark.parametrize(
    ("description", "numbers"),
    [
        ("Closes #12.", (12,)),
        ("Fixes #12, see (#7) and #12 again", (12, 7)),
        ("#1 #2 #3 #4", (1, 2, 3)),
        ("", ()),
        ("group/other#12, !34, &5, #x, #0", ()),
        ("https://evil.example/issues/#12", ()),
        ("a colour: #123abc, `#12`, and ```\n#13\n```", ()),
        ("##12 c#12", ()),
        ("关闭 #12，参见 #34。", (12, 34)),
    ],
)
def test_only_numbers_of_the_same_project_are_references(description: str, numbers: tuple[int, ...]) -> None:
    assert find_references(description) == numbers
