"""Number formats: of the weights, of the arithmetic, and which of them a device has.

Weights that are trained have 32 bits, whatever the others have: 16 bits round most small updates away, so a search over
learning rates would find the rounding. The arithmetic has 16 bits where that is asked for or faster, in one way for
training, evaluation and answers.
"""

from __future__ import annotations

import contextlib
from typing import Any

import torch

from hptui.trainers.sft.settings import ModelSettings, SftSettings

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""Number formats of weights, by setting."""
AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}
"""Number formats of mixed precision, by setting."""
SHORT = {dtype: name for name, dtype in AUTOCAST.items()}
"""Settings of mixed precision, by number format."""
BF16_CAPABILITY = (8, 0)
"""Compute capability of the first NVIDIA GPUs that compute in bfloat16; others emulate it slowly."""


def has_bf16(device: torch.device) -> bool:
    """Return whether a device computes in bfloat16, without emulation."""
    if device.type != "cuda" or torch.version.hip is not None:
        return True
    return torch.cuda.get_device_capability(device) >= BF16_CAPABILITY


def weights_dtype(settings: ModelSettings, device: torch.device) -> torch.dtype:
    """Return the number format of the base model's weights."""
    if settings.adapter == "none":
        return torch.float32
    if settings.dtype != "auto":
        return DTYPES[settings.dtype]
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if has_bf16(device) else torch.float16


def compute_dtype(settings: ModelSettings, device: torch.device) -> torch.dtype:
    """Return the number format in which 4-bit layers compute."""
    if settings.compute_dtype != "auto":
        return DTYPES[settings.compute_dtype]
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if has_bf16(device) else torch.float16


def effective_precision(settings: SftSettings, device: torch.device, weights: torch.dtype) -> str:
    """Return the mixed precision that is used: none, bf16 or fp16."""
    requested = settings.mixed_precision
    if requested == "auto":
        if device.type == "cuda":
            return "bf16" if has_bf16(device) and weights != torch.float16 else "fp16"
        requested = "bf16" if settings.adapter == "none" and settings.dtype == "bfloat16" else "none"
    if requested == "fp16" and device.type != "cuda":
        requested = "none"
    # Trained biases have 32 bits; with weights of 16, a layer needs one format to compute in.
    biases = settings.adapter != "none" and settings.lora_bias != "none"
    return SHORT.get(weights, "none") if requested == "none" and biases else requested


def autocast(precision: str, device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """Return a context that computes in 16 bits, if mixed precision is on."""
    if precision == "none":
        return contextlib.nullcontext()
    return torch.autocast(device.type, AUTOCAST[precision])
