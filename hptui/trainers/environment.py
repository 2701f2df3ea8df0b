"""The environment of the training process: its packages, threads, variables, and switches of determinism.

The runner records the machine. Variables are kept by an allow-list of names, and never when they look like a secret.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import resource
import sys
from collections.abc import Mapping
from typing import Any

from hptui.model.secrets import recordable_variables
from hptui.model.trial import Value


def environment_facts(threads: int = 0) -> dict[str, Value]:
    """Return the environment of this process as it is now."""
    return {
        "python": platform.python_version(),
        "executable": sys.executable,
        "packages": dict(sorted(package_versions().items())),
        "worker_threads": threads,
        "variables": recorded_variables(os.environ),
        "determinism": determinism_switches(),
    }


def recorded_variables(environ: Mapping[str, str]) -> dict[str, Value]:
    """Return the variables that change how a training runs and hold no secrets."""
    return {name: value for name, value in recordable_variables(environ).items() if value == environ[name]}


def host_peak_gib() -> float:
    """Return the peak of this process's resident memory, in GiB.

    `getrusage` alone reports too much: the memory of the parent before `exec` counts there as the program's own.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            line = next(line for line in file if line.startswith("VmHWM:"))
        return int(line.split()[1]) / (1 << 20)
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


def children_peak_gib() -> float:
    """Return the largest peak of resident memory among children that have ended, in GiB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1 << 20)


def package_versions() -> dict[str, Value]:
    """Return the versions of the third-party packages that this process has imported."""
    versions: dict[str, Value] = {}
    for name, module in list(sys.modules.items()):
        if "." in name or name.startswith("_") or name in sys.stdlib_module_names or name == "hptui":
            continue
        # Read from the module's dictionary: a module's `__getattr__` may import things or warn.
        version = vars(module).get("__version__") if hasattr(module, "__dict__") else None
        version = str(version) if isinstance(version, str) else distribution_version(name)
        if version:
            versions[name] = version
    return versions


def distribution_version(name: str) -> str:
    """Return the version of an installed distribution, or ''."""
    try:
        return importlib.metadata.version(name)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return ""


def determinism_switches() -> dict[str, Value]:
    """Return the switches that decide whether a run can be repeated bit by bit."""
    switches: dict[str, Value] = {
        "hash_seed": os.environ.get("PYTHONHASHSEED", "random"),
        "cublas_workspace": os.environ.get("CUBLAS_WORKSPACE_CONFIG", ""),
    }
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        switches["deterministic_algorithms"] = torch.are_deterministic_algorithms_enabled()
        switches["cudnn_benchmark"] = torch.backends.cudnn.benchmark
        switches["matmul_precision"] = torch.get_float32_matmul_precision()
        switches["cuda"] = torch.version.cuda or ""
    return switches
