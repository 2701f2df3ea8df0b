"""A machine with two GPUs; processes have memory of them until they end. A JSON file, $FAKE_NVML, changes it.

{"processes": {"0": [[pid, bytes], ...]}   listed as they are, dead or alive; their memory is taken
 "registry": "DIR"          a process that uses a GPU writes DIR/PID: "INDEX BYTES"; counts while it lives
 "free": {"0": bytes}       free memory, whatever the processes use
 "utilisation": {"0": 71}   the others say NOT_SUPPORTED
 "names": ["A", "B"]        names of the cards, and how many there are
 "total": bytes             memory of each card
 "lost": [0]                fallen off the bus: each question raises
 "forbidden": [0]           given to another job by a batch system: there is no handle for it
 "mig": {"0": 3}            divided into instances, "0/0" to "0/2" in the tables above
 "no_memory": true          unified memory: the driver does not say how much there is
 "pids": "host" | "none"    in a container: pids of another name space, or no processes at all
         "unsupported"      or the question is not answered, as on some virtual GPUs
 "capability": [9, 0], "driver": "580.65", "cuda": 13000
 "compute_mode": {"0": 3}, "ecc": 1, "power_limit": milliwatts, "slowed": bits, "max_clock": MHz   speed of a card
 "xid": [[0, 79], ...]      what the driver has reported of a card; each process reads each of them once
 "broken": true}            nvmlInit fails
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

TOTAL = 24 << 30
KEPT = 400 << 20  # what a driver keeps for itself of every card
MARK = os.environ.get("FAKE_NVML_MARK", "")  # GPUs of their own for a test: locks are shared by the whole machine
UUIDS = [f"GPU-aaaaaaaa-0000-0000-0000-{MARK:0>12}", f"GPU-bbbbbbbb-1111-1111-1111-{MARK:1>12}"]
MIG = "MIG-cccccccc-2222-2222-2222-22222222222"
HOST_PIDS = 1 << 22  # more than any pid here

NVML_ERROR_NOT_SUPPORTED, NVML_ERROR_NOT_FOUND, NVML_ERROR_GPU_IS_LOST, MISMATCH = 3, 6, 15, 18
NVML_ERROR_NO_PERMISSION, NVML_ERROR_TIMEOUT = 4, 10


class NVMLError(Exception):
    def __init__(self, value, text):
        super().__init__(text)
        self.value = value


def _world():
    path = os.environ.get("FAKE_NVML")
    while path and Path(path).exists():
        with suppress(ValueError):  # being written: a card must not seem lost for that moment
            return json.loads(Path(path).read_text())
    return {}


def _names():
    return _world().get("names", ["Fake GPU 0", "Fake GPU 1"])


def _here(handle):
    """Raise if the card of a handle, "0" or "0/1" for an instance of it, has fallen off the bus."""
    if int(str(handle).partition("/")[0]) in _world().get("lost", []):
        raise NVMLError(NVML_ERROR_GPU_IS_LOST, "GPU is lost")
    return str(handle)


def _processes(handle):
    world = _world()
    found = [(pid, used) for pid, used in world.get("processes", {}).get(handle, [])]
    for file in Path(world["registry"]).iterdir() if "registry" in world else ():
        with suppress(OSError, ValueError):  # being written, or ended
            index, used = file.read_text().split()
            os.kill(int(file.name), 0)
            if index == handle:
                found.append((int(file.name), int(used)))
    return found


def nvmlInit():
    if _world().get("broken"):
        raise NVMLError(MISMATCH, "Driver/library version mismatch")


def nvmlDeviceGetCount():
    return len(_names())


def nvmlDeviceGetHandleByIndex(index):
    if index in _world().get("forbidden", []):
        raise NVMLError(NVML_ERROR_NO_PERMISSION, "Insufficient Permissions")
    return _here(index)


def nvmlDeviceGetMigMode(handle):
    on = int(_here(handle) in _world().get("mig", {}))
    return [on, on]


def nvmlDeviceGetMaxMigDeviceCount(handle):
    return 7 if "mig" in _world() else 0


def nvmlDeviceGetMigDeviceHandleByIndex(handle, index):
    if index >= _world().get("mig", {}).get(_here(handle), 0):
        raise NVMLError(NVML_ERROR_NOT_FOUND, "not found")
    return f"{handle}/{index}"


def nvmlDeviceGetHandleByUUID(uuid):
    for index in range(7):
        if uuid == f"{MIG}{index}".encode() and index < max([*_world().get("mig", {}).values(), 0]):
            return f"0/{index}"
    raise NVMLError(NVML_ERROR_NOT_FOUND, "not found")


def nvmlDeviceGetUUID(handle):
    card, _, instance = _here(handle).partition("/")
    more = [f"GPU-{i:08x}-0000-0000-0000-{MARK:0>12}" for i in range(2, len(_names()))]
    uuid = f"{MIG}{instance}" if instance else [*UUIDS, *more][int(card)]
    return uuid.encode() if os.environ.get("FAKE_NVML_BYTES") else uuid


def nvmlDeviceGetName(handle):
    return _names()[int(_here(handle).partition("/")[0])]


def nvmlDeviceGetMemoryInfo(handle):
    world, handle = _world(), _here(handle)
    if world.get("no_memory"):
        raise NVMLError(NVML_ERROR_NOT_SUPPORTED, "Not Supported")
    total = world.get("total", TOTAL) // (world["mig"]["0"] if "/" in handle else 1)
    used = KEPT + sum(used or 0 for _, used in _processes(handle))
    free = world.get("free", {}).get(handle, max(0, total - used))
    return SimpleNamespace(total=total, free=free, used=total - free)


def nvmlDeviceGetCudaComputeCapability(handle):
    _here(handle)
    return _world().get("capability", [8, 6])


def nvmlSystemGetDriverVersion():
    return _world().get("driver", "570.00")


def nvmlSystemGetCudaDriverVersion_v2():
    return _world().get("cuda", 12080)


def nvmlDeviceGetComputeRunningProcesses(handle):
    how, found = _world().get("pids", ""), _processes(_here(handle))
    shift = HOST_PIDS if how == "host" else 0
    if how == "unsupported":
        raise NVMLError(NVML_ERROR_NOT_SUPPORTED, "Not Supported")
    return [] if how == "none" else [SimpleNamespace(pid=pid + shift, usedGpuMemory=used) for pid, used in found]


def nvmlDeviceGetUtilizationRates(handle):
    found = _world().get("utilisation", {})
    if _here(handle) not in found:
        raise NVMLError(NVML_ERROR_NOT_SUPPORTED, "Not Supported")
    return SimpleNamespace(gpu=found[str(handle)], memory=0)


def _answer(handle, name):
    """What the world says of a card; without a word it has no answer."""
    found = _world().get(name, {})
    if _here(handle) not in found:
        raise NVMLError(NVML_ERROR_NOT_SUPPORTED, "Not Supported")
    return found[str(handle)]


def nvmlDeviceGetPowerUsage(handle):
    return _answer(handle, "milliwatts")


def nvmlDeviceGetClockInfo(handle, kind):
    assert kind == 1, "the clock of the multiprocessors"
    return _answer(handle, "mhz")


def nvmlEventSetCreate():
    return SimpleNamespace(cards=set(), read=0)


def nvmlDeviceRegisterEvents(handle, kinds, events):
    events.cards.add(_here(handle))


def nvmlEventSetWait_v2(events, milliseconds):
    for card, number in _world().get("xid", [])[events.read :]:
        events.read += 1
        if str(card) in events.cards:
            return SimpleNamespace(device=card, eventType=8, eventData=number)
    raise NVMLError(NVML_ERROR_TIMEOUT, "Timeout")


def nvmlEventSetFree(events):
    events.cards.clear()


def _told(key, handle):
    if key not in _world():
        raise NVMLError(NVML_ERROR_NOT_SUPPORTED, "Not Supported")
    _here(handle)
    return _world()[key]


def nvmlDeviceGetComputeMode(handle):
    return _told("compute_mode", handle).get(_here(handle), 0)


def nvmlDeviceGetEccMode(handle):
    return [_told("ecc", handle)] * 2


def nvmlDeviceGetEnforcedPowerLimit(handle):
    return _told("power_limit", handle)


def nvmlDeviceGetCurrentClocksThrottleReasons(handle):
    return _told("slowed", handle)


def nvmlDeviceGetMaxClockInfo(handle, clock):
    return _told("max_clock", handle)
