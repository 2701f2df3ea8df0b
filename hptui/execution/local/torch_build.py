"""Whether the installed torch can use the GPUs here, without importing it: its version file against the driver."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable
from pathlib import Path

from hptui.core.dataclass import dataclass
from hptui.execution.local.nvml import Gpu

OLDEST_CAPABILITY = {13: (7, 5)}
"""Lowest compute capability for which a torch of a CUDA version has code, by major version."""
NEWEST_OF_OLD = ((12, 8), (10, 0))
"""CUDA versions below the first know no capability from the second on (Blackwell)."""
MIN_DRIVER = {11: 450, 12: 525, 13: 580}
"""Lowest version of the driver that runs a CUDA version, by major version."""


@dataclass(frozen=True, slots=True)
class TorchBuild:
    """A torch as it is installed: version, and the CUDA and ROCm versions that it was built for ('' for none)."""

    version: str
    cuda: str
    rocm: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why torch cannot use a GPU, and what to do about it."""

    text: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.text}: {self.remedy}"


def installed() -> TorchBuild | None:
    """Return the torch of this interpreter, None without one or where its version file is not as usual."""
    try:
        spec = importlib.util.find_spec("torch")
    except (ImportError, ValueError):
        return None
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        try:
            return parse(Path(folder, "version.py").read_text())
        except OSError:
            continue
    return None


def parse(text: str) -> TorchBuild | None:
    """Return what torch's `version.py` says."""
    values = dict(re.findall(r"^(__version__|cuda|hip)\b[^=\n]*= *'([^']*)'", text, re.MULTILINE))
    version = values.get("__version__", "")
    return TorchBuild(version, values.get("cuda", ""), values.get("hip", "")) if version else None


def problem_with(build: TorchBuild | None, gpus: Iterable[Gpu]) -> Problem | None:
    """Return the first reason why a torch cannot use one of these GPUs; None if nothing speaks against it."""
    return next(iter(problems_with(build, gpus).values()), None)


def problems_with(build: TorchBuild | None, gpus: Iterable[Gpu]) -> dict[Gpu, Problem]:
    """Return why a torch cannot use some of these GPUs, by GPU."""
    if build is None:
        return {}
    return {gpu: problem for gpu in gpus if (problem := _problem_with(build, gpu)) is not None}


def _problem_with(build: TorchBuild, gpu: Gpu) -> Problem | None:
    if build.rocm:
        return Problem(f"torch {build.version} was built for ROCm, and the GPUs here are NVIDIA's", _install_for(gpu))
    if not build.cuda:
        remedy = f"{_install_for(gpu)}, or set [resources] gpus = 0"
        return Problem(f"torch {build.version} was built for the CPU: every trial on a GPU would fail", remedy)
    needed, runs = _number(build.cuda), _number(gpu.cuda)
    if runs and needed and runs[0] < needed[0]:
        text = f"torch {build.version} needs CUDA {build.cuda}, but the driver {gpu.driver} runs {gpu.cuda} at most"
        version = MIN_DRIVER.get(needed[0])
        newer = f"update the driver to {version} or newer" if version else "update the driver"
        return Problem(text, newer if _wheel_for(gpu) is None else f"{newer}, or {_install_for(gpu)}")
    oldest = OLDEST_CAPABILITY.get(needed[0]) if needed else None
    if oldest and (0, 0) < gpu.capability < oldest:
        text = f"torch {build.version} has no code for GPU {gpu.label} ({gpu.name}, capability {_text(gpu.capability)})"
        return Problem(text, f"{_install_for(gpu)}, or leave the card out of [resources] gpus")
    if needed and needed < NEWEST_OF_OLD[0] and gpu.capability >= NEWEST_OF_OLD[1]:
        text = f"torch {build.version} is too old for GPU {gpu.label} ({gpu.name}, capability {_text(gpu.capability)})"
        return Problem(text, _install("CUDA 12.8 or newer"))
    return None


def _wheel_for(gpu: Gpu) -> str | None:
    """Return the CUDA version of a torch that a card and its driver run; None where the driver runs none."""
    runs = _number(gpu.cuda) or (13, 0)
    old = (0, 0) < gpu.capability < OLDEST_CAPABILITY[13]
    if runs[0] >= 13 and not old:
        return "13.0"
    if runs[0] < 12:
        return None
    return "12.6" if old or (runs < NEWEST_OF_OLD[0] and gpu.capability < NEWEST_OF_OLD[1]) else "12.8"


def _install_for(gpu: Gpu) -> str:
    """Return what to install for a card, or which driver comes first."""
    version = _wheel_for(gpu)
    if version is None:
        return f"update the driver to {MIN_DRIVER[13]} or newer, then {_install('CUDA 13.0')}"
    return _install(f"CUDA {version}")


def _install(cuda: str) -> str:
    """Return what to install; the indices of wheels are named after the CUDA version."""
    number = re.sub(r"\D", "", cuda)
    index = f" (index cu{number})" if number else ""
    return f"install a torch that was built for {cuda}{index}"


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())


def _text(capability: tuple[int, int]) -> str:
    return f"{capability[0]}.{capability[1]}"
