"""Attention over the tokens of several trials on one axis: each trial's rows see only themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn

from hptui.core.dataclass import dataclass

NAME = "hptui_packed"
"""Name of the implementation of attention, as transformers registers it."""
STANDARD = "sdpa"
"""Name of the implementation that computes each part."""


class UnsupportedAttention(RuntimeError):
    """A layer of attention asks for something that has not been built for several trials."""


@dataclass(frozen=True, slots=True)
class RowBlock:
    """Rows of equal length on the axis of tokens. `mask` keeps examples of a row apart; None: one example in each."""

    begin: int
    rows: int
    length: int
    mask: Tensor | None = None

    @property
    def end(self) -> int:
        """Index after the last token."""
        return self.begin + self.rows * self.length


def make_blocks(shapes: Sequence[tuple[int, int]], places: Sequence[Tensor | None]) -> list[RowBlock]:
    """Return the blocks of trials with these rows and lengths; neighbours of one length become one block."""
    parts, begin = list[RowBlock](), 0
    for (rows, length), own in zip(shapes, places, strict=True):
        parts.append(RowBlock(begin, rows, length, None if own is None else _mask(own)))
        begin += rows * length
    merged = list[RowBlock]()
    for (length, masked), group in groupby(parts, lambda block: (block.length, block.mask is not None)):
        some = list(group)
        if masked:
            merged += some
        else:
            merged.append(RowBlock(some[0].begin, sum(block.rows for block in some), length))
    return merged


def _mask(places: Tensor) -> Tensor:
    """Return which tokens see which: those before them in the same example."""
    example = (torch.diff(places, prepend=places[:, :1] - 1, dim=-1) != 1).cumsum(-1)
    length = places.shape[1]
    earlier = torch.ones(length, length, dtype=torch.bool, device=places.device).tril()
    return (example[:, :, None] == example[:, None, :])[:, None] & earlier


class _Current:
    """The blocks of the pass that is being computed; None: an ordinary pass of the model."""

    blocks: Sequence[RowBlock] | None = None


current = _Current()


def attend(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any
) -> tuple[Tensor, Tensor | None]:
    """Return the attention of queries (1, heads, tokens, width) over the rows of each block."""
    compute = _standard()
    if current.blocks is None:
        ordinary: tuple[Tensor, Tensor | None] = compute(module, query, key, value, attention_mask, **options)
        return ordinary
    longest = max(block.length for block in current.blocks)
    window = options.get("sliding_window")
    unsupported = [name for name in ("softcap", "s_aux", "position_bias") if options.get(name) is not None]
    if window is not None and window < longest:
        unsupported.append(f"sliding_window {window}")
    if unsupported or options.get("dropout"):
        raise UnsupportedAttention(f"the model's attention has {', '.join(unsupported) or 'dropout of its own'}")
    outputs = []
    for block in current.blocks:
        q, k, v = (_rows(tensor, block) for tensor in (query, key, value))
        output, _ = compute(module, q, k, v, block.mask, **options)
        outputs.append(output.reshape(1, block.rows * block.length, *output.shape[2:]))
    return (outputs[0] if len(outputs) == 1 else torch.cat(outputs, 1)), None


def _rows(tensor: Tensor, block: RowBlock) -> Tensor:
    """Return the tokens (1, heads, tokens, width) of a block as (rows, heads, length, width)."""
    heads, width = tensor.shape[1], tensor.shape[3]
    return tensor[0, :, block.begin : block.end].view(heads, block.rows, block.length, width).transpose(0, 1)


def _standard() -> Callable[..., Any]:
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS  # transformers: only with a model

    function: Callable[..., Any] = ALL_ATTENTION_FUNCTIONS[STANDARD]
    return function


def make_mask(*arguments: Any, **options: Any) -> Tensor | None:
    """Return the mask of an ordinary pass; None in a pass of several trials, where the blocks have it."""
    if current.blocks is not None:
        return None
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS  # transformers: only with a model

    mask: Tensor | None = ALL_MASK_ATTENTION_FUNCTIONS[STANDARD](*arguments, **options)
    return mask


def register() -> None:
    """Register the implementation with transformers."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, make_mask)
