"""Record the environment of an attempt: enough to repeat it, nothing that is secret.

Environment variables are kept by an allow-list of names; whatever looks like a password or token is removed wherever it
stands, in a variable or on the command line.
"""

from __future__ import annotations

import functools
import os
import platform
import socket
from collections.abc import Sequence
from pathlib import Path

from hptui.core.masking import masked_command, recordable_variables
from hptui.core.trial import Value
from hptui.core.version import __version__
from hptui.execution.local.nvml import GIB, Gpu


def attempt_facts(directory: str | Path, command: Sequence[str] = (), gpus: Sequence[Gpu] = ()) -> dict[str, Value]:
    """Return what a runner knows of every attempt that trains code in `directory`, secrets removed."""
    environment: dict[str, Value] = {**machine_facts(), "directory": str(directory)}
    if command:
        environment["command"] = masked_command(command)
    variables: dict[str, Value] = {**recordable_variables(os.environ)}
    return {**environment, "variables": variables, **gpu_facts(gpus)}


@functools.cache
def machine_facts() -> dict[str, Value]:
    """Return host, system, processor, memory and versions; constant while this process lives, so cached."""
    import psutil

    return {
        "hptui": __version__,
        "python": platform.python_version(),
        "os": _os_name(),
        "kernel": platform.release(),
        "host": socket.gethostname(),
        "cpu": _cpu_model(),
        "cores": psutil.cpu_count(logical=False),
        "threads": psutil.cpu_count(),
        "ram_gb": round(psutil.virtual_memory().total / GIB, 1),
        "boot_id": boot_id(),
    }


def gpu_facts(gpus: Sequence[Gpu]) -> dict[str, Value]:
    """Return names, memory (GiB), driver and CUDA of the GPUs of a slot; {} for a slot on the CPU."""
    if not gpus:
        return {}
    first = gpus[0]
    return {
        "gpu": ", ".join(gpu.name for gpu in gpus),
        "gpu_uuid": ", ".join(gpu.uuid for gpu in gpus),
        "gpu_memory_gb": round(sum(gpu.total_gb for gpu in gpus), 1),
        "driver": first.driver,
        "cuda_driver": first.cuda,
        **_states(gpus),
    }


def _states(gpus: Sequence[Gpu]) -> dict[str, Value]:
    """Return what decides how fast GPUs compute: times compare only where it is equal."""
    names = dict.fromkeys(name for gpu in gpus for name in gpu.state)
    return {f"gpu_{name}": ", ".join(f"{gpu.state.get(name, '–')}" for gpu in gpus) for name in names}


def boot_id() -> str:
    """Return the identifier of this boot of the machine; '' where it is not known."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _os_name() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.mac_ver()[0] or platform.version()}".strip()


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
