"""Whether this process has started CUDA. A process that has cannot fork workers that use it. Standard library only."""

from __future__ import annotations

import ctypes
import os
import sys

UVM_DEVICE = "nvidia-uvm"
"""Device file that the driver opens when CUDA is initialised, and keeps open."""
CUDA_ERROR_NOT_INITIALIZED = 3
"""What every function of the driver but a few answers before `cuInit`."""


def cuda_use() -> str:
    """Return by what it is known that this process has started CUDA; '' if it has not.

    That the driver's library is mapped says nothing: torch links it.
    """
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return "torch.cuda is initialised"
    if any(os.path.basename(path) == UVM_DEVICE for path in _open_files()):
        return f"/dev/{UVM_DEVICE} is open"
    return "cuInit was called" if _driver_is_initialised() else ""


def _open_files() -> list[str]:
    paths = []
    for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        try:
            paths.append(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:  # the descriptor of the listing itself
            continue
    return paths


def _driver_is_initialised() -> bool:
    """Return whether the driver's library is loaded and answers what it refuses before `cuInit`."""
    try:
        driver = ctypes.CDLL("libcuda.so.1", mode=os.RTLD_NOW | os.RTLD_NOLOAD)
        count = ctypes.c_int()
        answer: int = driver.cuDeviceGetCount(ctypes.byref(count))
    except (OSError, AttributeError):  # not loaded, or a library without that function
        return False
    return answer != CUDA_ERROR_NOT_INITIALIZED
