"""The order of training as a pure function of seed and step, and batches as tensors."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hptui.trainers.data.tokens import Tokens

IGNORED = -100
"""The target of a position whose prediction does not count."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of tokens. `targets[b, t]` is the token after `ids[b, t]`, where that one is to be learnt.

    `places` count within each example; they jump back where another begins, which keeps examples of a row apart. No
    mask is needed: padding stands on the right, where a causal model never looks.
    """

    ids: Tensor  # (B, T) int64
    targets: Tensor  # (B, T) int64
    places: Tensor | None  # (B, T) int64; None: 0, 1, 2, ... in every row
    tokens: int  # real ones, without padding
    learnt: int  # targets that count

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        places = None if self.places is None else self.places.to(device, non_blocking=True)
        ids, targets = self.ids.to(device, non_blocking=True), self.targets.to(device, non_blocking=True)
        return Batch(ids, targets, places, self.tokens, self.learnt)


@dataclass(frozen=True, slots=True)
class Order:
    """Which rows make up which step. An epoch's last step takes what is left of it."""

    rows: int
    batch_size: int
    accumulation: int
    seed: int

    @property
    def per_epoch(self) -> int:
        """Steps in an epoch."""
        return math.ceil(math.ceil(self.rows / self.batch_size) / self.accumulation)

    def step(self, index: int) -> list[list[int]]:
        """The micro-batches of step `index`, from 0, as indices of rows."""
        epoch, place = divmod(index, self.per_epoch)
        width = self.batch_size * self.accumulation
        some = shuffled(self.rows, self.seed, epoch)[place * width : (place + 1) * width].tolist()
        return [some[begin : begin + self.batch_size] for begin in range(0, len(some), self.batch_size)]

    def examples(self, steps: int) -> int:
        """How many rows so many steps take."""
        epochs, rest = divmod(steps, self.per_epoch)
        return epochs * self.rows + min(rest * self.batch_size * self.accumulation, self.rows)


_last: tuple[tuple[int, int, int], np.ndarray] | None = None


def shuffled(count: int, seed: int, epoch: int) -> np.ndarray:
    """The order of an epoch."""
    global _last  # an epoch's order is asked for at every step
    key = (count, seed, epoch)
    if _last is None or _last[0] != key:
        digest = hashlib.sha256(f"{seed}/{epoch}".encode()).digest()
        _last = key, np.random.default_rng(int.from_bytes(digest[:8])).permutation(count)
    return _last[1]


class Rows:
    """Rows of one split, each of one example or, packed, of several."""

    def __init__(self, tokens: Tokens, rows: Sequence[Sequence[int]], *, pad: int, width: int = 0) -> None:
        self.tokens, self.rows, self.pad, self.width = tokens, rows, pad, width
        self.packed = any(len(row) > 1 for row in rows)

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, indices: Sequence[int]) -> Batch:
        """Rows as one batch, padded to the longest of them or to `width`."""
        parts = [[self.tokens[example] for example in self.rows[index]] for index in indices]
        lengths = [sum(len(ids) for ids, _ in row) for row in parts]
        width = max(self.width, *lengths)
        ids = np.full((len(parts), width), self.pad, np.int64)
        targets = np.full((len(parts), width), IGNORED, np.int64)
        places = np.zeros((len(parts), width), np.int64)
        for n, row in enumerate(parts):
            at = 0
            for some, learnt in row:
                end = at + len(some)
                ids[n, at:end] = some
                targets[n, at : end - 1] = np.where(learnt[1:], some[1:], IGNORED)
                places[n, at:end] = np.arange(len(some))
                at = end
            places[n, at:] = np.arange(width - at)  # what pads a row is one more stranger to its examples
        return Batch(
            torch.from_numpy(ids),
            torch.from_numpy(targets),
            torch.from_numpy(places) if self.packed else None,
            sum(lengths),
            int((targets != IGNORED).sum()),
        )

    def batches(self, size: int) -> Iterator[Batch]:
        """All rows in batches, like lengths together, so that little is padded."""
        order = sorted(range(len(self.rows)), key=lambda n: sum(len(self.tokens[e][0]) for e in self.rows[n]))
        for begin in range(0, len(order), size):
            yield self.batch(order[begin : begin + size])
