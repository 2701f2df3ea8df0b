"""What is known of a GPU: the peak of its arithmetic, for the use of it that a training makes, and its allocator.

Model FLOPs utilisation (MFU): the operations that a training needs, by its formula and not by what is recomputed, as a
share of what the card can do. Source: PaLM, arXiv:2204.02311, appendix B.
"""

from __future__ import annotations

import ctypes
import os
import re
from typing import Any

import torch

from hptui.trainers.sft.adapters import ParameterCounts

PEAK_TFLOPS: tuple[tuple[str, float], ...] = (
    ("GB200|B200", 2250),
    ("B100", 1750),
    ("H200|GH200|H100.*(SXM|HBM3)|H800", 989.4),
    ("H100 NVL", 835),
    ("H100", 756),
    ("H20", 148),
    ("A100|A800", 312),
    ("A40", 149.7),
    ("A30", 165),
    ("A10G", 70),
    ("A10", 125),
    ("L40S", 362),
    ("L40", 181),
    ("L4", 121),
    ("RTX PRO 6000", 503.8),
    ("RTX 6000 Ada", 364.2),
    ("RTX A6000", 154.8),
    ("RTX 5090", 209.5),
    ("RTX 5080", 112.6),
    ("RTX 4090", 165.2),
    ("RTX 4080", 97.5),
    ("RTX 3090 Ti", 80),
    ("RTX 3090", 71),
    ("RTX 3080", 59.5),
    ("V100", 125),
    ("T4", 65),
)
"""Dense arithmetic in 16 bits, sums in 32, in 10^12 operations a second, by name: NVIDIA's data sheets."""
ALLOCATOR_VARIABLES = ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF")
"""Environment variables that configure torch's allocator: the present name and the older one."""
MAPPING_SUPPORTED = 102
"""CUDA's CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED."""
ALLOCATOR = "expandable_segments:True"
"""Configuration of the allocator: texts of varying lengths would leave holes in segments of fixed size."""


def peak_flops(name: str) -> float | None:
    """Return the operations in 16 bits per second that a card can do; None for an unknown card."""
    for pattern, tera in PEAK_TFLOPS:
        if re.search(rf"\b({pattern})\b", name):
            return tera * 1e12
    return None


def training_flops_per_token(model: Any, sizes: ParameterCounts, learnt_share: float, length: float) -> float:
    """Return the operations that training needs per token, in examples of `length` tokens.

    A weight takes two in the forward pass, two for the gradient of its input, and two for its own if it is trained. The
    output layer sees only the learnt tokens.
    """
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    config = base.config.get_text_config()
    first, last = base.get_input_embeddings(), base.get_output_embeddings()
    output = 0 if last is None else config.vocab_size * config.hidden_size
    shared = last is not None and _weight(first) is _weight(last)
    inputs = 0 if shared else config.vocab_size * config.hidden_size
    body: int = sizes.total - output - inputs
    everything = sizes.trainable == sizes.total
    trained = body if everything else sizes.trainable
    attention: float = 6 * config.num_hidden_layers * config.hidden_size * length
    needed: float = 4 * body + 2 * trained + (6 if everything else 4) * output * learnt_share + attention
    return needed


def _weight(module: Any) -> Any:
    return getattr(module, "base_layer", module).weight


def set_allocator(device: str) -> None:
    """Let torch's allocator on a GPU use expandable segments, unless the user has configured it.

    It is read when the first tensor is allocated on a GPU. Where the driver cannot map memory by pieces, as on some
    virtual GPUs, torch would fail at that tensor.
    """
    if device == "cpu" or any(os.environ.get(name) for name in ALLOCATOR_VARIABLES):
        return
    if maps_memory():
        os.environ[ALLOCATOR_VARIABLES[0]] = ALLOCATOR


def maps_memory(library: str = "libcuda.so.1") -> bool:
    """Return whether the driver can map the memory of this process's first GPU by pieces. Starts CUDA."""
    try:
        driver = ctypes.CDLL(library)
        answer, card = ctypes.c_int(0), ctypes.c_int(0)
        codes = (
            driver.cuInit(0),
            driver.cuDeviceGet(ctypes.byref(card), 0),
            driver.cuDeviceGetAttribute(ctypes.byref(answer), MAPPING_SUPPORTED, card),
        )
    except (OSError, AttributeError):  # there is no driver, or a very old one
        return False
    return not any(codes) and answer.value == 1


def set_float32_products(*, tf32: bool) -> None:
    """Set how a GPU multiplies matrices of float32, and convolves: with all bits, or in TensorFloat-32."""
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = tf32  # torch's default is TensorFloat-32


def allocator_settings(device: torch.device) -> dict[str, str]:
    """Return the variables that configure the allocator of a GPU, as they are in effect."""
    if device.type != "cuda":
        return {}
    return {name: os.environ[name] for name in ALLOCATOR_VARIABLES if name in os.environ}
