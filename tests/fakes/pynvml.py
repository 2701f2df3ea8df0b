"""A machine with two GPUs. What they are doing comes from a JSON file, if $FAKE_NVML names one:

{"processes": {"0": [[pid, bytes], ...]}, "free": {"0": bytes}, "utilisation": {"0": 71}, "broken": true}
"""

import json
import os
from pathlib import Path
from types import SimpleNamespace

TOTAL = 24 << 30
MARK = os.environ.get("FAKE_NVML_MARK", "")  # GPUs of their own for a test: locks are shared by the whole machine
UUIDS = [f"GPU-aaaaaaaa-0000-0000-0000-{MARK:0>12}", f"GPU-bbbbbbbb-1111-1111-1111-{MARK:1>12}"]


class NVMLError(Exception):
    pass


def _world():
    path = os.environ.get("FAKE_NVML")
    return json.loads(Path(path).read_text()) if path and Path(path).exists() else {}


def nvmlInit():
    if _world().get("broken"):
        raise NVMLError("driver/library version mismatch")


def nvmlDeviceGetCount():
    return len(UUIDS)


def nvmlDeviceGetHandleByIndex(index):
    return index


def nvmlDeviceGetHandleByUUID(uuid):
    if uuid != b"MIG-cccccccc-2222-2222-2222-222222222222":
        raise NVMLError("not found")
    return "mig"


def nvmlDeviceGetUUID(handle):
    uuid = "MIG-cccccccc-2222-2222-2222-222222222222" if handle == "mig" else UUIDS[handle]
    return uuid.encode() if os.environ.get("FAKE_NVML_BYTES") else uuid


def nvmlDeviceGetName(handle):
    return f"Fake GPU {handle}"


def nvmlDeviceGetMemoryInfo(handle):
    free = _world().get("free", {}).get(str(handle), TOTAL)
    return SimpleNamespace(total=TOTAL, free=free, used=TOTAL - free)


def nvmlSystemGetDriverVersion():
    return "570.00"


def nvmlSystemGetCudaDriverVersion_v2():
    return 12080


def nvmlDeviceGetComputeRunningProcesses(handle):
    found = _world().get("processes", {}).get(str(handle), [])
    return [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in found]


def nvmlDeviceGetUtilizationRates(handle):
    found = _world().get("utilisation", {})
    if str(handle) not in found:
        raise NVMLError("not supported")
    return SimpleNamespace(gpu=found[str(handle)], memory=0)
