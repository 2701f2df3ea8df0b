"""Spares transformers the question whether a row holds several examples, which reads a GPU in every forward pass.

The batch knows the answer. Where a version of transformers does not ask in the known place, nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor

ASKED = "find_packed_sequence_indices"
"""Name of the function of transformers that looks for several examples in a row."""
_packed: ContextVar[bool | None] = ContextVar("_packed", default=None)


@contextmanager
def known_rows(*, packed: bool) -> Iterator[None]:
    """Let masks be made, in this block, for rows of one example or, `packed`, of several."""
    _install()
    token = _packed.set(packed)
    try:
        yield
    finally:
        _packed.reset(token)


def _install() -> None:
    from transformers import masking_utils  # transformers: only with a model

    ask = getattr(masking_utils, ASKED, None)
    if ask is None or hasattr(ask, "asks_batch"):
        return

    def answer(position_ids: Tensor, *arguments: Any, **options: Any) -> Tensor | None:
        packed = _packed.get()
        if packed is None:
            indices: Tensor | None = ask(position_ids, *arguments, **options)
            return indices
        if not packed:
            return None
        begins = torch.diff(position_ids, prepend=position_ids[:, :1] - 1, dim=-1) != 1
        return begins.cumsum(-1)

    answer.asks_batch = True  # type: ignore[attr-defined]  # a mark on the function
    setattr(masking_utils, ASKED, answer)
