"""Micro-batches with padding: no token is lost, none is learnt that was not, and equal shapes are those worth while."""

from __future__ import annotations

import random

import pytest
import torch

from hptui.trainers.data.batches import Batch
from hptui.trainers.sft.packed.evening import Effort, padded, rooms

CPU = torch.device("cpu")


def drawn(draw: random.Random) -> Batch:
    """A micro-batch of any shape, some of its positions learnt, its rows of one example or of several."""
    rows, length = draw.randint(1, 5), draw.randint(2, 9)
    ids = torch.tensor([[draw.randint(1, 99) for _ in range(length)] for _ in range(rows)])
    indices = torch.tensor(sorted(draw.sample(range(rows * length), draw.randint(1, rows * length))))
    places = None
    if draw.random() < 0.5:
        cut = draw.randint(1, length)
        places = torch.cat([torch.arange(cut), torch.arange(length - cut)]).repeat(rows, 1)
    return Batch(ids, indices, indices + 1000, places, None, length, rows * length)


@pytest.mark.parametrize("seed", range(20))
def test_padding_keeps_tokens_targets_and_positions(seed: int) -> None:
    draw = random.Random(seed)
    batch = drawn(draw)
    rows, length = batch.ids.shape
    room = rows + draw.randint(0, 2), length + draw.randint(0, 3)
    wide = padded(batch, room)
    assert tuple(wide.ids.shape) == room
    assert torch.equal(wide.ids[:rows, :length], batch.ids)
    assert torch.equal(wide.ids.reshape(-1)[wide.indices], batch.ids.reshape(-1)[batch.indices])
    assert torch.equal(wide.labels, batch.labels)
    assert wide.tokens == batch.tokens
    assert (wide.places is None) == (batch.places is None)
    if batch.places is not None and wide.places is not None:
        assert torch.equal(wide.places[:rows, :length], batch.places)
        begins = torch.arange(room[1]).repeat(room[0] - rows, 1)
        assert torch.equal(wide.places[rows:], begins), "further rows are an example each"
        assert torch.equal(wide.places[:rows, length:], torch.arange(room[1] - length).repeat(rows, 1))


@pytest.mark.parametrize("seed", range(20))
def test_shapes_grow_only_as_far_as_it_is_worth_while(seed: int) -> None:
    draw = random.Random(seed)
    shapes = [(draw.randint(1, 6), draw.randint(8, 40)) for _ in range(draw.randint(2, 8))]
    for weights in (100, 10_000, 1_000_000, 10**9):
        effort = Effort.of(84, weights, CPU)
        chosen = rooms(shapes, effort)
        assert all(own[0] <= room[0] and own[1] <= room[1] for own, room in zip(shapes, chosen, strict=True))
        more = sum(room[0] * room[1] - own[0] * own[1] for own, room in zip(shapes, chosen, strict=True))
        groups = len(set(chosen))
        assert effort.joins_tokens(more // max(1, len(shapes) - groups)), "padding costs no more than it spares"
        if weights == 10**9:
            assert chosen == shapes
        if weights == 100:
            assert groups == 1
