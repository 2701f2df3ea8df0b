"""Which examples share a row: each row is filled with the largest example that still fits, as far as that goes."""

from __future__ import annotations

import random
from bisect import bisect_right, insort
from collections.abc import Sequence


def pack(lengths: Sequence[int], room: int, seed: int) -> list[list[int]]:
    """Rows of indices whose lengths sum to at most `room`; every index once. A longer example has a row alone."""
    order = list(range(len(lengths)))
    random.Random(seed).shuffle(order)  # among equals, chance decides; the same seed decides alike
    order.sort(key=lambda index: -lengths[index])
    rows: list[list[int]] = []
    free: list[tuple[int, int]] = []  # (room left, row), ascending
    for index in order:
        need = int(lengths[index])
        at = bisect_right(free, (need, -1))
        if at == len(free):
            rows.append([index])
            left, row = room - need, len(rows) - 1
        else:
            left, row = free.pop(at)
            rows[row].append(index)
            left -= need
        if left > 0:
            insort(free, (left, row))
    return rows
