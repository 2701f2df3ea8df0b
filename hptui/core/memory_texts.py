"""The texts by which libraries, drivers and kernels say that memory has run out."""

from __future__ import annotations

import re

from hptui.core.trial import Reason

GPU = (
    r"(CUDA|HIP|XPU|MPS backend) out of memory",
    r"(CUDA|HIP) (driver )?error: out of memory",
    r"CUDA driver error: 2\b",
    r"Triton Error \[\w+\]: out of memory",
    r"(CUDA|Cuda|HIP) failure( \d+)?:? '?out of memory",  # NCCL
    r"Error out of memory at line \d+",  # bitsandbytes, which then exits
    r"CU(BLAS|SOLVER|DNN|SPARSE)_STATUS_ALLOC_FAILED",
    r"CUBLAS_STATUS_NOT_INITIALIZED",  # no room for the handle
    r"CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
    r"CUFFT_ALLOC_FAILED",
    r"CUDA_ERROR_OUT_OF_MEMORY",
    r"cudaErrorMemoryAllocation|hipErrorOutOfMemory",
    r"(RESOURCE_EXHAUSTED|Resource exhausted|ResourceExhausted).*(?i:out of memory|OOM|allocat)",  # JAX, TensorFlow
    r"OOM when allocating tensor",
    r"No available memory for the cache blocks",  # vLLM
    r"is less than desired GPU memory utilization",
)
"""Patterns of texts which mean that the memory of a GPU has run out."""
HOST = (
    r"DefaultCPUAllocator",
    r"Cannot allocate memory",
    r"std::bad_alloc",
    r"Unable to allocate [\d.]+ \wi?B for an array",  # NumPy
    r"DataLoader worker \(pid[^)]*\) is killed by signal: Killed",
    r"workers are out of shared memory",
    r"memory allocation of \d+ bytes failed",  # Rust
    r"\boom[-_]kill",  # Slurm, the kernel
)
"""Patterns of texts which mean that the memory of the host has run out."""

_GPU, _HOST = (re.compile("|".join(f"(?:{pattern})" for pattern in patterns)) for patterns in (GPU, HOST))


def memory_reason(text: str) -> Reason | None:
    """Return which memory has run out, by the text of an error; None if none."""
    if _GPU.search(text):
        return Reason.OOM
    return Reason.HOST_OOM if _HOST.search(text) else None
