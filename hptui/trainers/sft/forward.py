"""The loss of a batch. Only positions with a target reach the output layer: other logits are never computed."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from hptui.trainers.data.batches import Batch
from hptui.trainers.sft.masks import known_rows
from hptui.trainers.sft.precision import autocast

CHUNK_TARGETS = 512
"""Targets whose logits are in 32 bits at one time: 0.3 GB with a vocabulary of 150,000."""
FLASH = "flash_attention"
"""Beginning of the names of implementations of attention that find the examples of a row by their starts."""


class Forward:
    """A callable that returns the summed cross-entropy of a batch's targets, in nats.

    Several callers may share `model`.
    """

    def __init__(self, model: Any, precision: str) -> None:
        self.model, self.precision = model, precision
        self.inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        parameters = inspect.signature(self.inner.forward).parameters
        self._takes_starts = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
        self._indices: Tensor | None = None
        output = self.inner.get_output_embeddings()
        self._hook = None if output is None else output.register_forward_pre_hook(self._select)

    def __call__(self, batch: Batch) -> Tensor:
        options: dict[str, Any] = {"input_ids": batch.ids, "use_cache": False}
        if batch.places is not None:
            options |= self._packed(batch)
        self._indices = batch.indices
        try:
            packed = batch.places is not None and not self._is_flash()
            with autocast(self.precision, batch.ids.device), known_rows(packed=packed):
                logits = self.model(**options).logits
        finally:
            self._indices = None
        logits = logits.reshape(-1, logits.shape[-1])
        if len(logits) != batch.learnt:  # a model that does not apply its output layer as a module
            logits = logits.index_select(0, batch.indices)
        return sum_losses(logits, batch.labels)

    def close(self) -> None:
        """Leave the model as it was."""
        if self._hook is not None:
            self._hook.remove()

    def _select(self, layer: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Give the output layer only the positions with a target, while a loss is computed."""
        if self._indices is None or not arguments:
            return None
        hidden, *others = arguments
        return (hidden.reshape(-1, hidden.shape[-1]).index_select(0, self._indices)[None], *others)

    def _is_flash(self) -> bool:
        return str(self.inner.config._attn_implementation).startswith(FLASH)

    def _packed(self, batch: Batch) -> dict[str, Any]:
        """Return what keeps the examples of a row apart.

        Flash attention looks for the borders of examples only in a batch of one row, and takes them as an option.
        """
        if not self._is_flash():
            return {"position_ids": batch.places}
        assert batch.places is not None
        options = {"input_ids": batch.ids.reshape(1, -1), "position_ids": batch.places.reshape(1, -1)}
        if not self._takes_starts:
            return options
        starts = {"cu_seq_lens_q": batch.starts, "cu_seq_lens_k": batch.starts}
        return options | starts | {"max_length_q": batch.longest, "max_length_k": batch.longest}


def sum_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the summed loss of logits.

    16-bit logits are converted to 32 bits in chunks, and again in the backward pass: they never exist all at once.
    """
    if len(logits) <= CHUNK_TARGETS or (logits.dtype in (torch.float32, torch.float64) and logits.requires_grad):
        return _cross_entropy(logits, targets)
    parts = zip(torch.split(logits, CHUNK_TARGETS), torch.split(targets, CHUNK_TARGETS), strict=True)
    if logits.requires_grad:
        losses = [checkpoint(_cross_entropy, *part, use_reentrant=False, preserve_rng_state=False) for part in parts]
    else:
        losses = [_cross_entropy(*part) for part in parts]
    return torch.stack(losses).sum()


def _cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    exact = logits if logits.dtype == torch.float64 else logits.float()
    return F.cross_entropy(exact, targets, reduction="sum")
