"""Questions to the NVIDIA driver through NVML; no other module calls it. No driver means no GPUs, not an error.

NVML is initialised at most once a process, never in a process that forks workers.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, TypeVar

GIB = float(1 << 30)
"""Bytes of a GiB."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU at the time of the question. `index` is the driver's (by PCI bus), `uuid` its identity; memory is GiB."""

    index: int
    uuid: str
    name: str
    total_gb: float
    free_gb: float
    driver: str
    cuda: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Memory of one process on one GPU; `gb` is GiB, None where the driver does not say (in some containers)."""

    pid: int
    gpu: str
    gb: float | None


@functools.cache
def library() -> Any:
    """Return the initialised `pynvml` module, or None where there is no NVIDIA driver."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # noqa: BLE001  a missing library, a driver mismatch, a driver being replaced: no GPUs for now
        return None
    return pynvml


def query(question: str, default: T, *arguments: Any) -> T:
    """Call an NVML function; return `default` where this card, container or library has no answer."""
    nvml = library()
    if nvml is None:
        return default
    try:
        answer: T = getattr(nvml, question)(*arguments)
    except Exception:  # noqa: BLE001  NVMLError has dozens of children, and an old library raises AttributeError
        return default
    return answer


def handles() -> list[Any]:
    """Return a handle of each GPU, in the driver's order."""
    gpu_handles = [query("nvmlDeviceGetHandleByIndex", None, index) for index in range(query("nvmlDeviceGetCount", 0))]
    return [handle for handle in gpu_handles if handle is not None]


def mig_handle(uuid: str) -> Any:
    """Return the handle of a MIG instance, or None."""
    return query("nvmlDeviceGetHandleByUUID", None, uuid.encode())


def describe(handle: Any, index: int) -> Gpu | None:
    """Return what is recorded of a GPU; None when it has fallen off the bus."""
    memory: Any = query("nvmlDeviceGetMemoryInfo", None, handle)
    uuid = uuid_of(handle)
    if memory is None or not uuid:
        return None
    name = decode(query("nvmlDeviceGetName", "", handle))
    return Gpu(index, uuid, name, memory.total / GIB, memory.free / GIB, driver_version(), cuda_version())


def uuid_of(handle: Any) -> str:
    """Return the identity of a GPU, '' when it does not answer."""
    return decode(query("nvmlDeviceGetUUID", "", handle))


def all_gpus() -> list[Gpu]:
    """Return all GPUs of this machine that answer, also those that this process may not use."""
    gpus = [describe(handle, index) for index, handle in enumerate(handles())]
    return [gpu for gpu in gpus if gpu is not None]


def driver_version() -> str:
    """Return the driver's version, '' without one."""
    return decode(query("nvmlSystemGetDriverVersion", ""))


def cuda_version() -> str:
    """Return the newest CUDA version that the driver runs, as '12.8'; '' without one."""
    number = query("nvmlSystemGetCudaDriverVersion_v2", 0)
    return f"{number // 1000}.{number % 1000 // 10}" if number else ""


def usages() -> list[Usage]:
    """Return all processes on all GPUs."""
    entries: list[Usage] = []
    for handle in handles():
        uuid = uuid_of(handle)
        processes: list[Any] = query("nvmlDeviceGetComputeRunningProcesses", [], handle)
        for process in processes:
            gb = None if process.usedGpuMemory is None else process.usedGpuMemory / GIB
            entries.append(Usage(int(process.pid), uuid, gb))
    return entries


def utilisation() -> dict[str, float]:
    """Return how busy each GPU is, in percent, by UUID, without those that do not say."""
    rates: dict[str, Any] = {uuid_of(h): query("nvmlDeviceGetUtilizationRates", None, h) for h in handles()}
    return {uuid: float(rate.gpu) for uuid, rate in rates.items() if rate is not None}


def decode(value: str | bytes) -> str:
    """Decode an answer of older bindings, which return bytes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value
