"""What is recorded of the surroundings of an attempt: enough to repeat it, nothing that is secret.

The environment of the process is kept by an allow-list of names; whatever looks like a password or token is left out
wherever it stands, in a variable, on the command line or in the address of a git remote.
"""

from __future__ import annotations

import functools
import os
import platform
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import hptui
from hptui.model.secrets import allowed, scrub, scrub_command
from hptui.model.trial import Value
from hptui.running.nvml import GIB, Gpu

GIT_SECONDS = 5.0


def facts(directory: str | Path, command: Sequence[str] = (), gpus: Sequence[Gpu] = ()) -> dict[str, Value]:
    """All that is recorded with an attempt that trains code in `directory`. Takes up to 15 s where git is slow."""
    found: dict[str, Value] = {**machine(), **git(Path(directory)), "directory": str(directory)}
    if command:
        found["command"] = scrub_command(command)
    variables: dict[str, Value] = {**allowed(os.environ)}
    return {**found, "variables": variables, **gpu_facts(gpus)}


@functools.cache
def machine() -> dict[str, Value]:
    """Host, system, processor, memory and versions: the same for as long as this process lives."""
    import psutil

    return {
        "hptui": hptui.__version__,
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
    """Names, memory, driver and CUDA of the GPUs of a slot; nothing for a slot on the CPU."""
    if not gpus:
        return {}
    first = gpus[0]
    return {
        "gpu": ", ".join(gpu.name for gpu in gpus),
        "gpu_uuid": ", ".join(gpu.uuid for gpu in gpus),
        "gpu_memory_gb": round(sum(gpu.total_gb for gpu in gpus), 1),
        "driver": first.driver,
        "cuda_driver": first.cuda,
    }


def git(directory: Path) -> dict[str, Value]:
    """Commit, branch, remote and whether files differ from the commit; {} outside a repository."""
    commit = _git(directory, "rev-parse", "HEAD")
    if not commit:
        return {}
    changed = _git(directory, "status", "--porcelain", "--untracked-files=no")
    found: dict[str, Value] = {"git_commit": commit, "git_dirty": None if changed is None else bool(changed)}
    remote = _git(directory, "config", "--get", "remote.origin.url")
    return {**found, "git_remote": scrub(remote)} if remote else found


def _git(directory: Path, *words: str) -> str | None:
    """What git says; None when it fails, is not there, or takes too long."""
    # A repository's own configuration may name programs that `status` would run; they are none of our business.
    harmless = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *harmless, "-C", str(directory), *words],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=GIT_SECONDS,
            env=quiet,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None


def boot_id() -> str:
    """Identifies this start of the machine; '' where it does not say."""
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
