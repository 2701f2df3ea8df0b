"""What `hptui doctor` examines: the machine, the session and HOME here, each study in `doctor_study`.

Changes nothing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from hptui.core.errors import HptuiError
from hptui.core.format import size
from hptui.core.version import __version__
from hptui.execution.local import devices, nvml, torch_build
from hptui.execution.local.devices import Gpu
from hptui.execution.local.gpu_processes import gpu_processes
from hptui.operations.doctor_places import examine_places
from hptui.operations.doctor_study import Finding, Level, examine_study
from hptui.operations.machine import logout_warning
from hptui.results.view import read_study
from hptui.store.filesystem import filesystem_type, is_network_filesystem
from hptui.store.paths import StudyDir, list_studies, misnamed_studies, studies_without_store


def terminal_facts() -> dict[str, str]:
    """Return what the environment says about the terminal."""
    return {
        "term": os.environ.get("TERM", ""),
        "colours": os.environ.get("COLORTERM", "") or ("256" if "256" in os.environ.get("TERM", "") else ""),
        "encoding": (getattr(sys.stdout, "encoding", "") or "").lower(),
        "inside": "tmux" if os.environ.get("TMUX") else "screen" if os.environ.get("STY") else "",
    }


MIN_FREE_BYTES = 2 << 30  # bytes
PACKAGES = ("textual", "rich", "optuna", "ax-platform", "torch", "transformers", "peft", "bitsandbytes", "sqlite-utils")
"""Packages whose versions are shown, and that must be installed."""


def examine(home: Path, studies: list[StudyDir] | None = None, *, probe: bool = False) -> list[Finding]:
    """Check this machine, HOME, and studies; with `probe` also by a job on a study's cluster."""
    findings = [f for probe in (_versions, _sqlite, _gpus, _locks, _logout, _terminal) for f in _safely(probe)]
    findings += _safely(partial(_home, home), "home")
    chosen = list_studies(home) if studies is None else studies
    for sd in chosen:
        findings += examine_study(sd, thorough=studies is not None)
        if studies is not None:
            findings += _safely(partial(_places, sd, probe), "places")
    return findings


def _places(sd: StudyDir, probe: bool) -> list[Finding]:
    return list(examine_places(sd, read_study(sd), probe=probe)) if sd.exists() else []


def _safely(probe: Callable[[], list[Finding]], name: str = "") -> list[Finding]:
    """Run a check; one that fails becomes a finding, so that the other checks still run.

    The finding is named `name`, else after the check's function, so these functions keep their names.
    """
    try:
        return probe()
    except (OSError, HptuiError) as error:
        return [Finding(name or getattr(probe, "__name__", "").strip("_"), "error", str(error))]


def _versions() -> list[Finding]:
    findings = [Finding("versions", "ok", f"hptui {__version__}, Python {platform.python_version()}")]
    versions = {name: _version(name) for name in PACKAGES}
    missing = [name for name, version in versions.items() if not version]
    if missing:
        hint = f"pip install {' '.join(missing)}"
        return [*findings, Finding("packages", "error", f"not installed: {', '.join(missing)}", hint)]
    findings.append(Finding("packages", "ok", ", ".join(f"{name} {version}" for name, version in versions.items())))
    if _number(versions["torch"]) < (2, 10):
        text = f"torch {versions['torch']} can be made to run code by a checkpoint (CVE-2026-24747)"
        findings.append(Finding("torch", "error", text, "pip install -U 'torch>=2.10'"))
    return findings


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("+")[0].split(".")[:2] if part.isdecimal())


def _sqlite() -> list[Finding]:
    if sqlite3.sqlite_version_info < (3, 37):
        text = f"SQLite {sqlite3.sqlite_version} is too old: 3.37 or newer is needed"
        return [Finding("sqlite", "error", text, "use a Python that was built with a newer SQLite")]
    return [Finding("sqlite", "ok", f"SQLite {sqlite3.sqlite_version}")]


def _gpus() -> list[Finding]:
    gpus = devices.visible_gpus()
    if silent := nvml.silent_driver():
        return [Finding("gpu", "error", silent, "does nvidia-smi work? After an update of the driver, reboot")]
    if nvml.library() is None:
        if untested := devices.unused_gpus():
            return [Finding("gpu", "warning", untested, "supported are NVIDIA's of compute capability 7.5 and newer")]
        return [Finding("gpu", "ok", "no NVIDIA driver answers: trials run on the CPU")]
    findings = [_gpu(gpu) for gpu in gpus]
    findings += [
        Finding("torch", "error", problem.text, problem.remedy)
        for problem in dict.fromkeys(torch_build.problems_with(torch_build.installed(), gpus).values())
    ]
    for index, why in nvml.unusable_cards().items():
        findings.append(Finding("gpu", "error", f"GPU {index} {why}", nvml.REMEDIES[why]))
    if not findings:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        hint = "" if visible is None else f"CUDA_VISIBLE_DEVICES is {visible!r}"
        findings.append(Finding("gpu", "warning", "no GPU can be used: trials run on the CPU", hint))
    return findings


def _gpu(gpu: Gpu) -> Finding:
    text = f"GPU {gpu.label}: {gpu.name}, {gpu.free_gb:.1f} of {gpu.total_gb:.1f} GiB free"
    text += f", driver {gpu.driver}, CUDA {gpu.cuda}"
    if slowed := gpu.state.get("slowed_by"):
        text += f", slowed by {slowed}"
    if holders := gpu_processes(gpu):
        text += f"; in use by {', '.join(map(str, holders))}"
    mode = str(gpu.state.get("compute_mode", ""))
    if mode == "prohibited":
        return Finding("gpu", "error", f"{text}; compute mode {mode}", f"nvidia-smi -i {gpu.index} -c DEFAULT")
    if mode.startswith("exclusive"):
        hint = f"trials_per_gpu must be 1 here, or: nvidia-smi -i {gpu.index} -c DEFAULT"
        return Finding("gpu", "ok", f"{text}; compute mode {mode}", hint)
    return Finding("gpu", "ok", text)


def _locks() -> list[Finding]:
    return [Finding("locks", "ok", f"GPU locks in {devices.runtime_directory()}")]


def _logout() -> list[Finding]:
    warning = logout_warning()
    return [Finding("logout", "warning" if warning else "ok", warning or "studies run on after a logout")]


def _terminal() -> list[Finding]:
    facts = terminal_facts()
    description = ", ".join(f"{key} {value}" for key, value in facts.items() if value)
    if facts["encoding"].replace("-", "") != "utf8":
        return [Finding("terminal", "warning", description, "set LANG to a UTF-8 locale, or PYTHONUTF8=1")]
    return [Finding("terminal", "ok", description)]


def _home(home: Path) -> list[Finding]:
    if not home.exists():
        return [Finding("home", "ok", f"{home} will be made by the first run"), *_disk(home.parent)]
    findings = [Finding("home", "ok", f"{home}: {len(list_studies(home))} studies")]
    for path in misnamed_studies(home):
        text = f"{str(path.name)!r} in {home} holds a study, but cannot be the name of one: no verb finds it"
        findings.append(Finding("home", "warning", text, "rename the directory to letters, digits, '.', '_' and '-'"))
    for sd in studies_without_store(home):
        text = f"{sd.name!r} in {home} has trials, but its study.db, which holds the results, was removed"
        findings.append(Finding("home", "warning", text, "put study.db back, or remove the directory"))
    if not os.access(home, os.W_OK | os.X_OK):
        findings += [Finding("home", "error", f"{home} cannot be written", "choose another with --home or $HPTUI_HOME")]
    return [*findings, *_disk(home)]


def _disk(path: Path) -> list[Finding]:
    while not path.exists():
        path = path.parent
    kind, findings = filesystem_type(path), []
    if is_network_filesystem(kind):
        text = f"{path} is on a network file system ({kind}): studies cannot be kept there"
        findings.append(Finding("disk", "error", text, "set $HPTUI_HOME to a local disk"))
    free = shutil.disk_usage(path).free
    low: Level = "warning" if free < MIN_FREE_BYTES else "ok"
    text = f"{size(free)} free on the disk of {path}{f' ({kind})' if kind else ''}"
    return [*findings, Finding("disk", low, text, "free some space: hptui gc" if low == "warning" else "")]
