"""The best one-to-one pairing of two lists."""

from __future__ import annotations

import math
from collections.abc import Sequence


def assign(worth: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Pair rows with columns so that the sum of `worth` is greatest; what is worth 0 stays unpaired.

    Each row and each column is used once at most. This is the Hungarian method with potentials: rows
    join one by one, each along the cheapest chain of swaps. O(rows^2 x columns) once rows are the fewer.
    """
    rows, columns = len(worth), max((len(row) for row in worth), default=0)
    if rows > columns:
        turned = [[worth[row][column] for row in range(rows)] for column in range(columns)]
        return sorted((row, column) for column, row in assign(turned))
    row_of = [-1] * (columns + 1)  # the last column is where a joining row waits
    row_price, column_price = [0.0] * rows, [0.0] * (columns + 1)
    for row in range(rows):
        row_of[columns] = row
        for column, source in _cheapest_chain(worth, row_of, row_price, column_price):
            row_of[column] = row_of[source]
    return sorted((row_of[column], column) for column in range(columns) if _is_paired(worth, row_of, column))


def _is_paired(worth: Sequence[Sequence[float]], row_of: Sequence[int], column: int) -> bool:
    return row_of[column] >= 0 and worth[row_of[column]][column] > 0


def _cheapest_chain(
    worth: Sequence[Sequence[float]], row_of: list[int], row_price: list[float], column_price: list[float]
) -> list[tuple[int, int]]:
    """Find the swaps (column, column whose row it takes) that let the waiting row in; update the prices."""
    columns = len(row_of) - 1
    slack, source = [math.inf] * columns, [columns] * columns
    visited = [False] * (columns + 1)
    at = columns
    while row_of[at] >= 0:
        visited[at] = True
        row = row_of[at]
        for column in (column for column in range(columns) if not visited[column]):
            reduced = -worth[row][column] - row_price[row] - column_price[column]
            if reduced < slack[column]:
                slack[column], source[column] = reduced, at
        after = min((column for column in range(columns) if not visited[column]), key=slack.__getitem__)
        step = slack[after]
        for column in range(columns + 1):
            if visited[column]:
                row_price[row_of[column]] += step
                column_price[column] -= step
            elif column < columns:
                slack[column] -= step
        at = after
    chain = []
    while at != columns:
        chain.append((at, source[at]))
        at = source[at]
    return chain
