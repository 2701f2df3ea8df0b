"""Where the memory of a training goes, in GiB, and words for when it has run out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from hptui.model.trial import Value
from hptui.trainers.environment import host_peak
from hptui.trainers.outcome import GPU_MEMORY, HOST_MEMORY, OutOfMemory
from hptui.trainers.sft.settings import Settings

GIB = 1 << 30


def of_model(model: nn.Module) -> float:
    """Weights and buffers as they are kept."""
    tensors: Iterable[Tensor] = (*model.parameters(), *model.buffers())
    found = {tensor.data_ptr(): tensor.numel() * tensor.element_size() for tensor in tensors}
    return sum(found.values()) / GIB


def of_gradients(model: nn.Module) -> float:
    """Gradients as they are kept."""
    some = [p.grad for p in model.parameters() if p.grad is not None]
    return sum(grad.numel() * grad.element_size() for grad in some) / GIB


def of_forward(forward: Callable[[], Tensor], model: nn.Module, device: torch.device) -> tuple[Tensor, float]:
    """The result of a forward pass, and what it keeps for the backward pass."""
    if device.type == "cuda":
        before = torch.cuda.memory_allocated(device)
        result = forward()
        return result, (torch.cuda.memory_allocated(device) - before) / GIB
    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        result = forward()
    return result, sum(kept.values()) / GIB


def peaks(device: torch.device) -> dict[str, float]:
    """The most that was held so far: on the GPU, allocated and reserved; on the host, resident."""
    found = {"host_memory_gb": host_peak()}
    if device.type == "cuda":
        found["gpu_allocated_gb"] = torch.cuda.max_memory_allocated(device) / GIB
        found["gpu_reserved_gb"] = torch.cuda.max_memory_reserved(device) / GIB
    return found


def capacity(device: torch.device) -> float:
    """What there is: of the GPU, or of the host."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory / GIB
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB


def is_lack(error: BaseException) -> bool:
    """Whether an error says that memory has run out."""
    text = str(error)
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(
        sign in text for sign in (*GPU_MEMORY, *HOST_MEMORY)
    )


def explain(error: BaseException, where: str, settings: Settings, device: torch.device) -> OutOfMemory:
    """What ran out, where, at what peak, and the settings that memory depends on."""
    on_gpu = device.type == "cuda" and not isinstance(error, MemoryError)
    peak = torch.cuda.max_memory_allocated(device) / GIB if on_gpu else host_peak()
    kind = "GPU memory" if on_gpu else "memory"
    told: dict[str, Any] = causes(settings)
    with_ = ", ".join(f"{name}={value}" for name, value in told.items())
    return OutOfMemory(f"out of {kind} {where}: peak {peak:.2f} of {capacity(device):.2f} GiB, with {with_}")


def causes(settings: Settings) -> dict[str, Value]:
    """The settings that decide how much memory a training takes."""
    found: dict[str, Value] = {
        "batch_size": settings.batch_size,
        "max_length": settings.max_length,
        "adapter": settings.adapter,
        "gradient_checkpointing": settings.gradient_checkpointing,
        "optimizer": settings.optimizer,
    }
    return found | ({"lora_rank": settings.lora_rank} if settings.adapter != "none" else {})
