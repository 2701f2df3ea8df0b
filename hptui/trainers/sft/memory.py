"""The memory of a training by part, in GiB, and the message when it has run out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from hptui.core.trial import Reason, Value
from hptui.trainers.failures import OutOfMemory, memory_that_ran_out
from hptui.trainers.provenance import host_peak_gib
from hptui.trainers.sft.settings import SftSettings

GIB = 1 << 30
"""Bytes of a GiB."""


def model_gib(model: nn.Module) -> float:
    """Return the memory of weights and buffers as they are stored, in GiB."""
    tensors: Iterable[Tensor] = (*model.parameters(), *model.buffers())
    sizes = {tensor.data_ptr(): tensor.numel() * tensor.element_size() for tensor in tensors}
    return sum(sizes.values()) / GIB


def release(model: nn.Module) -> None:
    """Free the memory of a model that is not used any more; others may still refer to it."""
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.grad = None
        tensor.data = torch.empty(0, dtype=tensor.dtype, device=tensor.device)


Result = TypeVar("Result")


def measure_forward(forward: Callable[[], Result], model: nn.Module, device: torch.device) -> tuple[Result, float]:
    """Return the result of a forward pass, and the memory that it keeps for the backward pass, in GiB."""
    if device.type == "cuda":
        before = torch.cuda.memory_allocated(device)
        result = forward()
        return result, (torch.cuda.memory_allocated(device) - before) / GIB
    parameters_storage = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    saved_sizes: dict[int, int] = {}

    def count_saved(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters_storage:
            saved_sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(count_saved, lambda tensor: tensor):
        result = forward()
    return result, sum(saved_sizes.values()) / GIB


def peak_memory(device: torch.device) -> dict[str, float]:
    """Return the peaks of memory in GiB: allocated and reserved on the GPU, resident on the host."""
    measured = {"host_memory_gb": host_peak_gib()}
    if device.type == "cuda":
        measured["gpu_allocated_gb"] = torch.cuda.max_memory_allocated(device) / GIB
        measured["gpu_reserved_gb"] = torch.cuda.max_memory_reserved(device) / GIB
    return measured


def capacity_gib(device: torch.device) -> float:
    """Return the memory of the GPU or of the host, in GiB."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory / GIB
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB


def free_gib(device: torch.device) -> float:
    """Return the memory that can still be had on the GPU or of the host, in GiB."""
    if device.type == "cuda":
        held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return (torch.cuda.mem_get_info(device)[0] + held) / GIB
    with open("/proc/meminfo") as file:
        kib = next((int(line.split()[1]) for line in file if line.startswith("MemAvailable")), 0)
    return kib * 1024 / GIB if kib else capacity_gib(device)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error means that memory has run out."""
    return memory_that_ran_out(error) is not None


def out_of_memory_error(error: BaseException, where: str, settings: SftSettings, device: torch.device) -> OutOfMemory:
    """Return the error that says which memory ran out, where, at what peak, and with which settings."""
    on_gpu = device.type == "cuda" and memory_that_ran_out(error) is Reason.OOM
    peak = torch.cuda.max_memory_allocated(device) / GIB if on_gpu else host_peak_gib()
    kind = "GPU memory" if on_gpu else "memory"
    values: dict[str, Any] = memory_settings(settings)
    listing = ", ".join(f"{name}={value}" for name, value in values.items())
    capacity = capacity_gib(device if on_gpu else torch.device("cpu"))
    return OutOfMemory(f"out of {kind} {where}: peak {peak:.2f} of {capacity:.2f} GiB, with {listing}")


def memory_settings(settings: SftSettings) -> dict[str, Value]:
    """Return the settings that decide how much memory a training takes."""
    values: dict[str, Value] = {
        "batch_size": settings.batch_size,
        "max_length": settings.max_length,
        "adapter": settings.adapter,
        "gradient_checkpointing": settings.gradient_checkpointing,
        "optimizer": settings.optimizer,
    }
    return values | ({"lora_rank": settings.lora_rank} if settings.adapter != "none" else {})
