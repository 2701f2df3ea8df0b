"""Packing of examples into rows of bounded length."""

from __future__ import annotations

import random
from bisect import bisect_right, insort
from collections.abc import Sequence


def pack(lengths: Sequence[int], room: int, seed: int) -> list[list[int]]:
    """Return rows of indices whose lengths sum to at most `room`; every index occurs once.

    Best-fit decreasing: the longest example first, into the fullest row with room for it. A longer example than
    `room` has a row of its own. The seed decides among examples of equal length.
    Source: arXiv:2404.10830.
    """
    order = list(range(len(lengths)))
    random.Random(seed).shuffle(order)  # examples of equal length are packed in an order that depends on the seed alone
    order.sort(key=lambda index: -lengths[index])
    rows: list[list[int]] = []
    free: list[tuple[int, int]] = []  # (room left, row), ascending
    for index in order:
        length = int(lengths[index])
        position = bisect_right(free, (length, -1))
        if position == len(free):
            rows.append([index])
            left, row = room - length, len(rows) - 1
        else:
            left, row = free.pop(position)
            rows[row].append(index)
            left -= length
        if left > 0:
            insort(free, (left, row))
    return rows
