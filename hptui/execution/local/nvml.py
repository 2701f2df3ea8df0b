"""Questions to the NVIDIA driver through NVML; no other module calls it. No driver means no GPUs, not an error.

NVML is initialised at most once a process, never in a process that forks workers; a failure is not remembered.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, TypeVar

from hptui.core.dataclass import dataclass

GIB = float(1 << 30)
"""Bytes of a GiB."""
T = TypeVar("T")
SM_CLOCK = 1
"""NVML's number of the clock of the multiprocessors."""
NOT_SUPPORTED = 3
"""NVML's code of what a card has no answer to, such as its memory where that is the host's."""
NO_PERMISSION = 4
"""NVML's code of a card that this job may not use: a batch system has given it to another one."""
LOST, EMPTY_MIG = "does not answer: it has fallen off the bus, or its driver hangs", "is in MIG mode without instances"
"""Why a card cannot be used."""
REMEDIES = {
    LOST: "look for NVRM and Xid in dmesg; a reboot may bring it back",
    EMPTY_MIG: "make instances (nvidia-smi mig -cgi), or end MIG mode (nvidia-smi -mig 0)",
}
"""What to do about each."""
COMPUTE_MODES = {0: "shared", 1: "exclusive thread", 2: "prohibited", 3: "exclusive process"}
"""NVML's modes of who may compute on a card."""
SLOWING_CAUSES = {
    0x4: "power limit",
    0x8: "hardware slowdown",
    0x20: "heat",
    0x40: "heat (hardware)",
    0x80: "power brake",
}
"""NVML's bits of why clocks are low, but for idleness and settings of an administrator."""
DRIVER_TRACES = (Path("/dev/nvidia0"), Path("/proc/driver/nvidia"))
"""Paths that exist where a driver is loaded, whether NVML answers or not."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU, or an instance of one (MIG), at the time of the question. Memory is GiB.

    `index` is the driver's (by PCI bus) and also counts GPUs that do not answer; `instance` is the number of a MIG
    instance of it. `uuid` is its identity, `capability` the compute capability, (0, 0) if it is not known. `state` is
    what decides how fast it computes, and for how many: see `state_of`.
    """

    index: int
    uuid: str
    name: str
    total_gb: float
    free_gb: float
    driver: str
    cuda: str
    instance: int | None = None
    capability: tuple[int, int] = (0, 0)
    state: Mapping[str, str | float] = field(default_factory=dict, compare=False)

    @property
    def label(self) -> str:
        """Number as people read it: `0`, `0:1` for an instance."""
        return _label(self.index, self.instance)


def _label(index: int, instance: int | None) -> str:
    return str(index) if instance is None else f"{index}:{instance}"


@dataclass(frozen=True, slots=True)
class Usage:
    """Memory of one process on one GPU; `gb` is GiB, None where the driver does not say (in some containers)."""

    pid: int
    gpu: str
    gb: float | None


@dataclass(frozen=True, slots=True)
class Device:
    """A handle of NVML with the driver's index of its card, and the number of the MIG instance."""

    index: int
    handle: Any
    instance: int | None = None

    @property
    def label(self) -> str:
        """Number as people read it, as of a `Gpu`."""
        return _label(self.index, self.instance)


@functools.cache
def initialised() -> Any:
    """Return the `pynvml` module, initialised.

    Raises: whatever the import or the driver raises, at each call again.
    """
    import pynvml

    pynvml.nvmlInit()
    return pynvml


def library() -> Any:
    """Return the initialised `pynvml` module, or None where no NVIDIA driver answers now."""
    try:
        return initialised()
    except Exception:  # noqa: BLE001  a missing library, a driver mismatch, a driver being replaced: no GPUs for now
        return None


def silent_driver() -> str:
    """Return why NVML does not answer although there is a driver; '' if it does, or there is none."""
    try:
        initialised()
    except Exception as error:  # noqa: BLE001  as in `library`
        traces = [str(path) for path in DRIVER_TRACES if path.exists()]
        return f"there is {traces[0]}, but NVML does not answer ({error})" if traces else ""
    return ""


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


def count() -> int:
    """Return the number of cards, also of those that do not answer."""
    return query("nvmlDeviceGetCount", 0)


def cards() -> list[Device]:
    """Return the cards that answer, in the driver's order; each keeps the driver's index."""
    handles = [(index, query("nvmlDeviceGetHandleByIndex", None, index)) for index in range(count())]
    return [Device(index, handle) for index, handle in handles if handle is not None]


def is_forbidden(index: int) -> bool:
    """Return whether a card is there, but not for this process: CUDA does not even count it."""
    try:
        initialised().nvmlDeviceGetHandleByIndex(index)
    except Exception as error:  # noqa: BLE001  as in `query`
        return getattr(error, "value", None) == NO_PERMISSION
    return False


def permitted() -> list[int]:
    """Return the driver's indices of the cards that this process may use, lost ones too, in CUDA's order."""
    return [index for index in range(count()) if not is_forbidden(index)]


def unusable_cards() -> dict[int, str]:
    """Return why a card can get no work although this process may use it, by the driver's index."""
    used, divided = {gpu.index for gpu in all_gpus()}, {card.index for card in cards() if is_divided(card.handle)}
    return {index: EMPTY_MIG if index in divided else LOST for index in permitted() if index not in used}


def devices() -> list[Device]:
    """Return what work can be given to: cards, and in place of a divided card its MIG instances."""
    return [device for card in cards() for device in (_instances(card) if is_divided(card.handle) else [card])]


def is_divided(handle: Any) -> bool:
    """Return whether a card is in MIG mode: nothing but its instances can be used then."""
    return bool(query("nvmlDeviceGetMigMode", [0, 0], handle)[0])


def _instances(card: Device) -> Iterator[Device]:
    for number in range(query("nvmlDeviceGetMaxMigDeviceCount", 0, card.handle)):
        handle = query("nvmlDeviceGetMigDeviceHandleByIndex", None, card.handle, number)
        if handle is not None:
            yield Device(card.index, handle, number)


def describe(device: Device) -> Gpu | None:
    """Return what is recorded of a GPU; None when it has fallen off the bus."""
    memory = memory_of(device.handle)
    uuid = uuid_of(device.handle)
    if memory is None or not uuid:
        return None
    name = decode(query("nvmlDeviceGetName", "", device.handle))
    major, minor = query("nvmlDeviceGetCudaComputeCapability", (0, 0), device.handle)
    total, free = memory
    cuda = cuda_version()
    state = state_of(device.handle)
    return Gpu(device.index, uuid, name, total, free, driver_version(), cuda, device.instance, (major, minor), state)


def state_of(handle: Any) -> dict[str, str | float]:
    """Return power limit (W), largest clock (MHz), ECC, compute mode, and why clocks are low, if known."""
    state: dict[str, str | float] = {}
    milliwatts: Any = query("nvmlDeviceGetEnforcedPowerLimit", None, handle)
    mhz: Any = query("nvmlDeviceGetMaxClockInfo", None, handle, SM_CLOCK)
    ecc: Any = query("nvmlDeviceGetEccMode", None, handle)
    mode: Any = query("nvmlDeviceGetComputeMode", None, handle)
    if milliwatts is not None:
        state["power_limit_w"] = milliwatts / 1000
    if mhz is not None:
        state["max_clock_mhz"] = float(mhz)
    if ecc is not None:
        state["ecc"] = "on" if ecc[0] else "off"
    if mode is not None:
        state["compute_mode"] = COMPUTE_MODES.get(int(mode), str(mode))
    if slowed := slowing_causes(handle):
        state["slowed_by"] = ", ".join(slowed)
    return state


def slowing_causes(handle: Any) -> list[str]:
    """Return why a card's clocks are low now."""
    causes: int = query("nvmlDeviceGetCurrentClocksThrottleReasons", 0, handle)
    return [name for bit, name in SLOWING_CAUSES.items() if causes & bit]


def slowed() -> dict[str, list[str]]:
    """Return why clocks are low now, by UUID."""
    return {uuid_of(device.handle): slowing_causes(device.handle) for device in devices()}


def memory_of(handle: Any) -> tuple[float, float] | None:
    """Return (total, free) in GiB, those of the host for a GPU without memory; None: no answer."""
    try:
        memory = initialised().nvmlDeviceGetMemoryInfo(handle)
    except Exception as error:  # noqa: BLE001  as in `query`
        return _host_memory() if getattr(error, "value", None) == NOT_SUPPORTED else None
    return memory.total / GIB, memory.free / GIB


def _host_memory() -> tuple[float, float]:
    import psutil  # only for unified memory

    memory = psutil.virtual_memory()
    return memory.total / GIB, memory.available / GIB


def uuid_of(handle: Any) -> str:
    """Return the identity of a GPU, '' when it does not answer."""
    return decode(query("nvmlDeviceGetUUID", "", handle))


def all_gpus() -> list[Gpu]:
    """Return all GPUs of this machine that answer, also those that this process may not use."""
    gpus = [describe(device) for device in devices()]
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
    return [usage for usages_there in usages_by_gpu().values() for usage in usages_there]


def usages_by_gpu() -> dict[str, list[Usage]]:
    """Return the processes on each GPU whose driver lists them, by UUID: [] for a GPU without any."""
    by_gpu: dict[str, list[Usage]] = {}
    for device in devices():
        uuid = uuid_of(device.handle)
        processes: list[Any] | None = query("nvmlDeviceGetComputeRunningProcesses", None, device.handle)
        if processes is not None:
            sizes = [None if process.usedGpuMemory is None else process.usedGpuMemory / GIB for process in processes]
            by_gpu[uuid] = [Usage(int(process.pid), uuid, gb) for process, gb in zip(processes, sizes, strict=True)]
    return by_gpu


def used_gb() -> dict[str, float]:
    """Return the memory in GiB that is taken on each GPU that has its own, by UUID."""
    memories: dict[str, Any] = {
        uuid_of(device.handle): query("nvmlDeviceGetMemoryInfo", None, device.handle) for device in devices()
    }
    return {uuid: (memory.total - memory.free) / GIB for uuid, memory in memories.items() if memory is not None}


def utilisation() -> dict[str, float]:
    """Return how busy each GPU is, in percent, by UUID, without those that do not say."""
    rates: dict[str, Any] = {
        uuid_of(device.handle): query("nvmlDeviceGetUtilizationRates", None, device.handle) for device in devices()
    }
    return {uuid: float(rate.gpu) for uuid, rate in rates.items() if rate is not None}


def power_and_clock() -> tuple[dict[str, float], dict[str, float]]:
    """Return power (W) and clock of the multiprocessors (MHz) of each GPU that says it, by UUID."""
    watts: dict[str, float] = {}
    clocks: dict[str, float] = {}
    for device in devices():
        uuid = uuid_of(device.handle)
        milliwatts: Any = query("nvmlDeviceGetPowerUsage", None, device.handle)
        mhz: Any = query("nvmlDeviceGetClockInfo", None, device.handle, SM_CLOCK)
        if milliwatts is not None:
            watts[uuid] = milliwatts / 1000
        if mhz is not None:
            clocks[uuid] = float(mhz)
    return watts, clocks


def decode(value: str | bytes) -> str:
    """Decode an answer of older bindings, which return bytes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value
