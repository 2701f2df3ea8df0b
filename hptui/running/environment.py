"""What is recorded of the surroundings of an attempt: enough to repeat it, nothing that is secret.

The environment of the process is kept by an allow-list of names; whatever looks like a password or token is left out
wherever it stands, in a variable, on the command line or in the address of a git remote.
"""

from __future__ import annotations

import functools
import os
import platform
import re
import shlex
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import hptui
from hptui.model.trial import Value
from hptui.running.nvml import GIB, Gpu

GIT_SECONDS = 5.0

ALLOWED = re.compile(
    r"(CUDA|CUBLAS|CUDNN|NCCL|TORCH|PYTORCH|OMP|MKL|OPENBLAS|TRANSFORMERS|TRITON|BNB|ACCELERATE|SLURM_JOB)_[A-Z0-9_]+"
    r"|HF_(HOME|HUB_CACHE|HUB_OFFLINE|DATASETS_CACHE|DATASETS_OFFLINE|ENDPOINT)"
    r"|TOKENIZERS_PARALLELISM|PYTHONHASHSEED|VIRTUAL_ENV|CONDA_DEFAULT_ENV|CONDA_PREFIX|LD_LIBRARY_PATH|LANG|TZ"
)
SECRET_NAME = re.compile(r"(?i)token(?!iz)|api_?key|secret|passw|cred|private_?key|access_?key|auth")
SECRET_VALUE = re.compile(
    r"\b(hf_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}"
    r"|AKIA[0-9A-Z]{12,}|xox[abprs]-[\w-]{8,}|AIza[\w-]{30,})"
)
LOGIN = re.compile(r"(?<=://)[^/@\s]+@")
QUERY = re.compile(r"(?i)([?&][^=&\s]*(?:token|key|secret|passw|sig)[^=&\s]*=)[^&\s]+")
HIDDEN = "***"


def scrub(text: str) -> str:
    """`text` without logins in addresses and without what has the shape of a token."""
    return SECRET_VALUE.sub(HIDDEN, QUERY.sub(rf"\1{HIDDEN}", LOGIN.sub("", text)))


def scrub_command(command: Sequence[str]) -> str:
    """A command line as one string; values of arguments with telling names are hidden."""
    shown: list[str] = []
    hide_next = False
    for word in command:
        name, equals, _ = word.partition("=")
        if hide_next and not word.startswith("-"):
            word = HIDDEN
        elif equals and SECRET_NAME.search(name):
            word = f"{name}={HIDDEN}"
        hide_next = not equals and word.startswith("-") and bool(SECRET_NAME.search(word))
        shown.append(word if word == HIDDEN else scrub(word))
    return shlex.join(shown).replace(f"'{HIDDEN}'", HIDDEN)


def allowed(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that may be recorded."""
    kept = {name: value for name, value in environ.items() if ALLOWED.fullmatch(name) and not SECRET_NAME.search(name)}
    return {name: scrub(value) for name, value in sorted(kept.items())}


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
