from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from reviewer.stages.grouping import Name, divide

ROOM = 100


class Item(NamedTuple):
    name: Name
    size: int


def groups(items: Sequence[Item]) -> list[Sequence[Item]]:
    return divide(items, lambda item: item.name, lambda some: sum(item.size for item in some) <= ROOM)


SIZES = st.integers(1, 150)
ITEMS = st.lists(st.tuples(st.sampled_from("abcd"), SIZES), min_size=1, max_size=60).map(
    lambda rows: [Item(Name(path, str(n)), size) for n, (path, size) in enumerate(sorted(rows))]
)


@given(ITEMS)
def test_every_item_is_in_one_group_in_order_and_groups_keep_to_the_limit(items: list[Item]) -> None:
    found = groups(items)
    assert [item for group in found for item in group] == items
    assert all(len(group) == 1 or sum(item.size for item in group) <= ROOM for group in found)


@given(ITEMS, st.data())
def test_an_edit_inside_one_item_moves_no_other_group(items: list[Item], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(items) - 1))
    edited = [*items]
    edited[at] = Item(items[at].name, data.draw(SIZES))

    def apart(divided: list[Sequence[Item]], around: set[Name]) -> list[Sequence[Item]]:
        return [group for group in divided if around.isdisjoint(item.name for item in group)]

    before, after = groups(items), groups(edited)
    own = {
        item.name
        for group in (*before, *after)
        for item in group
        if items[at].name in {i.name for i in group}
    }
    assert apart(before, own) == apart(after, own)


def test_small_files_are_not_torn_apart_where_files_can_be_parted() -> None:
    items = [Item(Name(path, str(n)), 30) for path in "ab" for n in range(3)]
    assert [{item.name.path for item in group} for group in groups(items)] == [{"a"}, {"b"}]


def test_nothing_is_no_group() -> None:
    assert groups([]) == []
