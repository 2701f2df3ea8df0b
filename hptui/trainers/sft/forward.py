"""The loss of a batch. Only positions with a target reach the output layer: other logits are never computed."""

from __future__ import annotations

import contextlib
import inspect
import sys
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from hptui.trainers.data.batches import IGNORED_TARGET, Batch
from hptui.trainers.sft.settings import SftSettings

CHUNK_TARGETS = 512
"""Targets whose logits are in 32 bits at one time: 0.3 GB with a vocabulary of 150,000."""
AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}
"""Number formats of mixed precision."""


class Forward:
    """A callable that returns the summed cross-entropy of a batch's targets, in nats.

    Several callers may share `model`.
    """

    def __init__(self, model: Any, precision: str) -> None:
        self.model, self.precision = model, precision
        inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        selects = "logits_to_keep" in inspect.signature(inner.forward).parameters
        # Newer models take a mask of positions, older ones the columns that any row needs; a helper in the model's
        # module is the only sign of the newer kind.
        self.by_mask = selects and hasattr(sys.modules[type(inner).__module__], "slice_logits_to_keep")
        self.by_column = selects and not self.by_mask

    def __call__(self, batch: Batch) -> Tensor:
        has_target = batch.targets != IGNORED_TARGET  # (B, T)
        options: dict[str, Any] = {"input_ids": batch.ids, "use_cache": False}
        if batch.places is not None:
            options["position_ids"] = batch.places
        targets = batch.targets
        if self.by_mask:
            options["logits_to_keep"], targets = has_target, targets[has_target]
        elif self.by_column:
            columns = has_target.any(0).nonzero().squeeze(1)
            options["logits_to_keep"], targets = columns, targets[:, columns]
        with autocast(self.precision, batch.ids.device):
            logits = self.model(**options).logits
        return _summed(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1))


def autocast(precision: str, device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """Return a context that computes in 16 bits, if mixed precision is on."""
    if precision == "none":
        return contextlib.nullcontext()
    return torch.autocast(device.type, AUTOCAST[precision])


def _summed(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the summed loss of logits.

    16-bit logits are converted to 32 bits in chunks, and again in the backward pass: they never exist all at once.
    """
    if logits.dtype == torch.float32 or len(logits) <= CHUNK_TARGETS or not logits.requires_grad:
        return _cross_entropy(logits, targets)
    parts = zip(torch.split(logits, CHUNK_TARGETS), torch.split(targets, CHUNK_TARGETS), strict=True)
    losses = [checkpoint(_cross_entropy, *part, use_reentrant=False, preserve_rng_state=False) for part in parts]
    return torch.stack(losses).sum()


def _cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.float(), targets, ignore_index=IGNORED_TARGET, reduction="sum")


def effective_precision(settings: SftSettings, device: torch.device, weights: torch.dtype) -> str:
    """Return the mixed precision that is used: none, bf16 or fp16."""
    requested = settings.mixed_precision
    if requested == "auto":
        if device.type != "cuda":
            return "none"
        return "bf16" if torch.cuda.is_bf16_supported() and weights != torch.float16 else "fp16"
    if requested == "fp16" and device.type != "cuda":
        return "none"
    return requested
