"""Packing of examples into rows, the order of training as a pure function of seed and step, and batches as tensors."""

from __future__ import annotations

import hashlib
import math
import random
from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from hptui.core.dataclass import dataclass
from hptui.trainers.data.tokens import Tokens

IGNORED_TARGET = -100
"""The target of a position whose prediction does not count, as torch's cross-entropy has it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of tokens. `labels` are the tokens to be learnt, each after that at its index in the flat `ids`.

    `places` are the positions within each example; they start again where the next example of a row begins, which keeps
    examples of a row apart. No mask is needed: padding is on the right, where a causal model never looks. `starts` are
    the indices at which examples and paddings begin in the flat `ids`, and their number: `longest` tokens at most lie
    between two. Indices are computed here and not on a GPU, which would have to be waited for.
    """

    ids: Tensor  # (B, T) int64
    indices: Tensor  # (N,) int64
    labels: Tensor  # (N,) int64
    places: Tensor | None  # (B, T) int64; None: 0, 1, 2, ... in every row
    starts: Tensor | None  # (examples and paddings + 1,) int32; None where `places` is
    longest: int
    tokens: int  # real ones, without padding

    @property
    def learnt(self) -> int:
        """Number of tokens to be learnt."""
        return len(self.labels)

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device. Copies to a GPU are asynchronous."""

        def moved(tensor: Tensor) -> Tensor:
            return (tensor.pin_memory() if device.type == "cuda" else tensor).to(device, non_blocking=True)

        places, starts = (None if tensor is None else moved(tensor) for tensor in (self.places, self.starts))
        return Batch(
            moved(self.ids), moved(self.indices), moved(self.labels), places, starts, self.longest, self.tokens
        )


@dataclass(frozen=True, slots=True)
class TrainingOrder:
    """The rows of each step. An epoch's last step takes those that are left."""

    rows: int
    batch_size: int
    accumulation: int
    seed: int

    @property
    def per_epoch(self) -> int:
        """The steps of an epoch."""
        return math.ceil(math.ceil(self.rows / self.batch_size) / self.accumulation)

    def step(self, index: int) -> list[list[int]]:
        """Return the micro-batches of step `index` (from 0) as indices of rows."""
        epoch, position = divmod(index, self.per_epoch)
        rows = epoch_order(self.rows, self.seed, epoch)[position * self.width : (position + 1) * self.width].tolist()
        return self._micro_batches(rows)

    @property
    def width(self) -> int:
        """Rows of a step, at most."""
        return self.batch_size * self.accumulation

    def _micro_batches(self, rows: Sequence[int]) -> list[list[int]]:
        return [list(rows[begin : begin + self.batch_size]) for begin in range(0, len(rows), self.batch_size)]

    def rows_begun(self, steps: int) -> list[int]:
        """Return the rows of the epoch after `steps` steps that these steps have taken."""
        epoch, remainder = divmod(steps, self.per_epoch)
        rows: list[int] = epoch_order(self.rows, self.seed, epoch)[: remainder * self.width].tolist()
        return rows


@dataclass(frozen=True, slots=True)
class LongestFirst(TrainingOrder):
    """An order whose first step has the longest rows: no other step takes more memory."""

    longest: tuple[int, ...] = ()

    def step(self, index: int) -> list[list[int]]:
        """Return the micro-batches of step `index` (from 0) as indices of rows."""
        return self._micro_batches(self.longest) if index == 0 else TrainingOrder.step(self, index)


_last_order: tuple[tuple[int, int, int], np.ndarray] | None = None


def epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """Return the order of an epoch's rows, a function of the arguments alone."""
    global _last_order  # a cache of one: each step needs the order of its epoch
    key = (count, seed, epoch)
    if _last_order is None or _last_order[0] != key:
        digest = hashlib.sha256(f"{seed}/{epoch}".encode()).digest()
        _last_order = key, np.random.default_rng(int.from_bytes(digest[:8])).permutation(count)
    return _last_order[1]


class TokenRows:
    """The rows of one split, each of one example or, packed, of several."""

    def __init__(self, tokens: Tokens, rows: Sequence[Sequence[int]], *, pad: int, width: int = 0) -> None:
        self.tokens, self.rows, self.pad, self.width = tokens, rows, pad, width
        self.packed = any(len(row) > 1 for row in rows)

    def __len__(self) -> int:
        return len(self.rows)

    def longest(self, count: int) -> tuple[int, ...]:
        """Return the indices of the `count` longest rows, the longest first."""
        return tuple(sorted(range(len(self.rows)), key=lambda row: -self._length(row))[:count])

    def _length(self, row: int) -> int:
        return sum(len(self.tokens[example][0]) for example in self.rows[row])

    def batch(self, indices: Sequence[int]) -> Batch:
        """Return rows as one batch, padded to the longest of them or to `width`."""
        parts = [[self.tokens[example] for example in self.rows[index]] for index in indices]
        lengths = [sum(len(ids) for ids, _ in row) for row in parts]
        width = max(self.width, *lengths)
        ids = np.full((len(parts), width), self.pad, np.int64)
        targets = np.full((len(parts), width), IGNORED_TARGET, np.int64)
        positions = np.zeros((len(parts), width), np.int64)
        starts = [0]
        for n, row in enumerate(parts):
            start = 0
            for example_ids, learnt in row:
                end = start + len(example_ids)
                ids[n, start:end] = example_ids
                targets[n, start : end - 1] = np.where(learnt[1:], example_ids[1:], IGNORED_TARGET)
                positions[n, start:end] = np.arange(len(example_ids))
                start = end
                starts.append(n * width + end)
            positions[n, start:] = np.arange(width - start)  # the padding gets positions as a further example would
            if start < width:
                starts.append((n + 1) * width)
        labels = targets.reshape(-1)
        indices_learnt = np.flatnonzero(labels != IGNORED_TARGET)
        return Batch(
            torch.from_numpy(ids),
            torch.from_numpy(indices_learnt),
            torch.from_numpy(labels[indices_learnt]),
            torch.from_numpy(positions) if self.packed else None,
            torch.tensor(starts, dtype=torch.int32) if self.packed else None,
            int(np.diff(starts).max()),
            sum(lengths),
        )

    def batches(self, size: int) -> Iterator[Batch]:
        """Yield all rows in batches of similar lengths, which need little padding."""
        order = sorted(range(len(self.rows)), key=self._length)
        for begin in range(0, len(order), size):
            yield self.batch(order[begin : begin + size])


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
