"""The process that trains: versions, machine, threads, determinism. Variables are taken by an allow-list."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import socket
import sys
from typing import Any

import hptui
from hptui.model.trial import Value

VARIABLES = re.compile(
    r"CUDA_\w+|NCCL_\w+|TORCH_\w+|PYTORCH_\w+|CUBLAS_\w+|OMP_\w+|MKL_\w+|OPENBLAS_NUM_THREADS|PYTHONHASHSEED"
    r"|HF_HOME|HF_HUB_OFFLINE|TRANSFORMERS_OFFLINE|HIP_VISIBLE_DEVICES|ROCR_VISIBLE_DEVICES|HSA_\w+"
)
SECRET = re.compile(r"(?i)token|key|secret|passw|cred|://[^/\s]*@")


def capture(threads: int = 0) -> dict[str, Value]:
    """What this process runs on and with, at this moment."""
    return {
        "hptui": hptui.__version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "command": list(sys.argv),
        "host": socket.gethostname(),
        "os": platform.platform(),
        "cpu": cpu_name(),
        "cores": cores(),
        "ram_gb": ram_gb(),
        "threads": threads,
        "packages": dict(sorted(packages().items())),
        "variables": dict(variables()),
        "determinism": determinism(),
    }


def variables() -> dict[str, Value]:
    """The environment variables that change how a training runs, and are nobody's secret."""
    return {
        name: value
        for name, value in sorted(os.environ.items())
        if VARIABLES.fullmatch(name) and not SECRET.search(name) and not SECRET.search(value)
    }


def packages() -> dict[str, Value]:
    """Versions of the third-party packages that this process has imported."""
    found: dict[str, Value] = {}
    for name, module in list(sys.modules.items()):
        if "." in name or name.startswith("_") or name in sys.stdlib_module_names or name == "hptui":
            continue
        version = vars(module).get("__version__") if module is not None and hasattr(module, "__dict__") else None
        if not isinstance(version, str):  # torch's is a subclass of str
            version = installed(name)
        if version:
            found[name] = str(version)
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


def cpu_name() -> str:
    """The model of the CPU."""
    try:
        with open("/proc/cpuinfo") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ram_gb() -> float:
    """The machine's memory in GiB."""
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30), 2)
