"""What only the training process knows of its surroundings: its packages, threads, variables, and how repeatable it is.

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

from hptui.model.secrets import allowed
from hptui.model.trial import Value


def capture(threads: int = 0) -> dict[str, Value]:
    """What this process runs with, at this moment."""
    return {
        "python": platform.python_version(),
        "executable": sys.executable,
        "packages": dict(sorted(packages().items())),
        "worker_threads": threads,
        "variables": variables(os.environ),
        "determinism": determinism(),
    }


def variables(environ: Mapping[str, str]) -> dict[str, Value]:
    """The variables that change how a training runs, and are nobody's secret."""
    return {name: value for name, value in allowed(environ).items() if value == environ[name]}


def host_peak() -> float:
    """The most memory that this process held since it exists, in GiB.

    `getrusage` alone tells too much: what an executed program's parent held counts there as the program's own.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            line = next(line for line in file if line.startswith("VmHWM:"))
        return int(line.split()[1]) / (1 << 20)
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


def children_peak() -> float:
    """The most memory that any one child of this process held that has ended, in GiB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1 << 20)


def packages() -> dict[str, Value]:
    """Versions of the third-party packages that this process has imported."""
    found: dict[str, Value] = {}
    for name, module in list(sys.modules.items()):
        if "." in name or name.startswith("_") or name in sys.stdlib_module_names or name == "hptui":
            continue
        # Looked up without asking the module, which may import things or warn when asked.
        version = vars(module).get("__version__") if hasattr(module, "__dict__") else None
        version = str(version) if isinstance(version, str) else installed(name)
        if version:
            found[name] = version
    return found


def installed(name: str) -> str:
    """The version of the distribution of that name, or ''."""
    try:
        return importlib.metadata.version(name)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return ""


def determinism() -> dict[str, Value]:
    """The switches that decide whether a run can be repeated bit by bit."""
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
