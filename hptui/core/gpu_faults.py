"""Texts of errors for which a GPU or its driver is to blame, and not what was run on it."""

from __future__ import annotations

import re

FAULT_SIGNS = (
    "uncorrectable ECC error",
    "CUDA-capable device(s) is/are busy or unavailable",
    "all CUDA-capable devices are busy or unavailable",
    "No CUDA GPUs are available",
    "no CUDA-capable device is detected",
    "No CUDA-capable device",
    "system not yet initialized",
    "driver initialization failed",
    "initialization error",
    "unspecified launch failure",
    "GPU is lost",
    "has fallen off the bus",
    "device kernel image is invalid",
    "no kernel image is available",
    "driver version is insufficient for CUDA runtime version",
    "NVIDIA driver on your system is too old",
    "Found no NVIDIA driver on your system",
    "Driver/library version mismatch",
    "driver/library version mismatch",
    "system has unsupported display driver / cuda driver combination",
    "system driver mismatch",
    "hardware stack error",
    "an NVLink error",
    "uncorrectable NVLink error",
    "the launch timed out and was terminated",
    "CUDA error: unknown error",
    "Contained memory error",
    "cudaErrorECCUncorrectable",
    "cudaErrorDevicesUnavailable",
    "cudaErrorSystemNotReady",
    "cudaErrorNoDevice",
    "cudaErrorInsufficientDriver",
    "cudaErrorNvlinkUncorrectable",
    "CUDA_ERROR_ECC_UNCORRECTABLE",
    "CUDA_ERROR_DEVICE_UNAVAILABLE",
    "CUDA_ERROR_SYSTEM_NOT_READY",
    "CUDA_ERROR_NO_DEVICE",
)
"""Parts of what CUDA, NVML and torch say. An illegal memory access or a failed assertion is not among them: those are
faults of the program."""
NEEDS_CUDA = ("initialization error",)
"""Those of them that only count in a text which names CUDA."""
CUDA = re.compile(r"cuda", re.IGNORECASE)
"""What such a text must contain."""

FORK_SIGN = "Cannot re-initialize CUDA in forked subprocess"
"""What torch says in a process whose parent had used CUDA before it forked."""


def is_fork_fault(text: str) -> bool:
    """Return whether an error's text blames the start of the process as a copy of one that had used CUDA."""
    return FORK_SIGN in text


def is_gpu_fault(text: str) -> bool:
    """Return whether an error's text blames a GPU or its driver."""
    return any(sign in text and (sign not in NEEDS_CUDA or CUDA.search(text)) for sign in FAULT_SIGNS)
