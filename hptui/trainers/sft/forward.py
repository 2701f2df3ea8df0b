"""From a batch to its loss. Only positions with a target reach the output layer: other logits are never made."""

from __future__ import annotations

import contextlib
import inspect
import sys
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from hptui.trainers.data.batches import IGNORED, Batch
from hptui.trainers.sft.settings import Settings

CHUNK = 512
"""Targets whose logits have 32 bits at the same time. A vocabulary of 150,000 makes 0.3 GB of so many."""
AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Forward:
    """The summed cross-entropy of a batch's targets, in nats. `model` may be shared by whoever calls."""

    def __init__(self, model: Any, precision: str) -> None:
        self.model, self.precision = model, precision
        inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        takes = "logits_to_keep" in inspect.signature(inner.forward).parameters
        # Newer models take a mask; older ones the positions that any row needs.
        self.by_mask = takes and hasattr(sys.modules[type(inner).__module__], "slice_logits_to_keep")
        self.by_column = takes and not self.by_mask

    def __call__(self, batch: Batch) -> Tensor:
        wanted = batch.targets != IGNORED  # (B, T)
        options: dict[str, Any] = {"input_ids": batch.ids, "use_cache": False}
        if batch.places is not None:
            options["position_ids"] = batch.places
        targets = batch.targets
        if self.by_mask:
            options["logits_to_keep"], targets = wanted, targets[wanted]
        elif self.by_column:
            columns = wanted.any(0).nonzero().squeeze(1)
            options["logits_to_keep"], targets = columns, targets[:, columns]
        with self.autocast(batch.ids.device):
            logits = self.model(**options).logits
        return _summed(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1))

    def autocast(self, device: torch.device) -> contextlib.AbstractContextManager[Any]:
        """Arithmetic in short numbers, where that was chosen."""
        if self.precision == "none":
            return contextlib.nullcontext()
        return torch.autocast(device.type, AUTOCAST[self.precision])


def _summed(logits: Tensor, targets: Tensor) -> Tensor:
    """The summed loss. Logits in 16 bits get 32 a chunk at a time, and again for the gradient: never all at once."""
    if logits.dtype == torch.float32 or len(logits) <= CHUNK or not logits.requires_grad:
        return _cross_entropy(logits, targets)
    parts = zip(torch.split(logits, CHUNK), torch.split(targets, CHUNK), strict=True)
    losses = [checkpoint(_cross_entropy, *part, use_reentrant=False, preserve_rng_state=False) for part in parts]
    return torch.stack(losses).sum()


def _cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.float(), targets, ignore_index=IGNORED, reduction="sum")


def precision(settings: Settings, device: torch.device, weights: torch.dtype) -> str:
    """What `mixed_precision` comes to: none, bf16 or fp16."""
    wanted = settings.mixed_precision
    if wanted == "auto":
        if device.type != "cuda":
            return "none"
        return "bf16" if torch.cuda.is_bf16_supported() and weights != torch.float16 else "fp16"
    if wanted == "fp16" and device.type != "cuda":
        return "none"
    return wanted
