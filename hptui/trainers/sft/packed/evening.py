"""Micro-batches of several trials made equally large, where their padding takes less time than it spares.

A product that is called takes some time whatever its size, which many small products waste. Trials with equally many
tokens share their products, and their attention. Padding is tokens behind the rows and rows behind the batch, without a
target: a causal model never looks there, so they have no influence on losses and gradients.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from hptui.core.dataclass import dataclass
from hptui.trainers.data.batches import Batch

CALL_OPERATIONS = {"cpu": 5e5}
"""Multiplications and additions that a kind of device does in the time that one call takes."""
CALL_OPERATIONS_ON_GPU = 1e8
"""The same for other kinds: 5 microseconds at 20 TFLOP/s."""
CALLS = 6
"""Products that one more group of adapters takes in a layer: two forward, four backward."""
OPERATIONS = 6
"""Multiplications and additions for each parameter of an adapter and token."""
OPERATIONS_OF_BASE = 8
"""The same for each weight of the base model: forward, backward, and as much for all that is no product."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What padding costs in a model with some number of linear layers and weights, and what a group more costs."""

    linears: int
    weights: int
    call: float

    @classmethod
    def of(cls, linears: int, weights: int, device: torch.device) -> Effort:
        """Return the effort on a device."""
        return cls(linears, weights, CALL_OPERATIONS.get(device.type, CALL_OPERATIONS_ON_GPU))

    @property
    def group(self) -> float:
        """What one more group of trials costs."""
        return CALLS * self.linears * self.call

    def joins_adapters(self, parameters: int, tokens: int) -> bool:
        """Return whether padding of adapters is worth while, so that another trial needs no group of its own."""
        return OPERATIONS * parameters * tokens <= self.group

    def joins_tokens(self, tokens: int) -> bool:
        """Return whether a number of tokens of padding is worth while."""
        return OPERATIONS_OF_BASE * self.weights * tokens <= self.group


def rooms(shapes: Sequence[tuple[int, int]], effort: Effort) -> list[tuple[int, int]]:
    """Return the shape of each micro-batch with padding: the same for those to be computed together."""
    order = sorted(range(len(shapes)), key=lambda n: (shapes[n][0] * shapes[n][1], shapes[n]))
    groups = list[tuple[list[int], tuple[int, int]]]()
    for n in order:
        if groups:
            members, (rows, length) = groups[-1]
            room = max(rows, shapes[n][0]), max(length, shapes[n][1])
            own = shapes[n][0] * shapes[n][1]
            more = room[0] * room[1] * (len(members) + 1) - rows * length * len(members) - own
            if effort.joins_tokens(more):
                groups[-1] = [*members, n], room
                continue
        groups.append(([n], shapes[n]))
    chosen = dict[int, tuple[int, int]]()
    for members, room in groups:
        chosen |= dict.fromkeys(members, room)
    return [chosen[n] for n in range(len(shapes))]


def padded(batch: Batch, room: tuple[int, int]) -> Batch:
    """Return a micro-batch with padding up to a shape. `starts` are left off."""
    rows, length = batch.ids.shape
    if room == (rows, length):
        return batch
    places = None
    if batch.places is not None:
        places = torch.arange(room[1]).repeat(room[0], 1)
        places[:rows, :length] = batch.places
        places[:rows, length:] -= length
    indices = batch.indices // length * room[1] + batch.indices % length
    return Batch(
        _within(batch.ids, room), indices, batch.labels, places, None, max(batch.longest, room[1]), batch.tokens
    )


def _within(ids: Tensor, room: tuple[int, int]) -> Tensor:
    whole = torch.zeros(room, dtype=ids.dtype)
    whole[: ids.shape[0], : ids.shape[1]] = ids
    return whole
