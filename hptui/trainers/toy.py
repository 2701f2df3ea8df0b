"""The toy trainer: a deterministic pseudo-loss that trains nothing and can fail in every way. Standard library only.

The loss is a smooth bowl over a few settings with an exponential learning curve. Tests, examples and faults run on it:
it can crash, hang, report NaN, run out of memory or disk, ignore a setting, leave processes behind, and be slow. It is
a function of settings, seed and step alone, so a resumed run reports exactly what an uninterrupted one would.
"""

from __future__ import annotations

import errno
import json
import math
import os
import random
import sys
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError, did_you_mean
from hptui.core.expressions import parse
from hptui.plugins import TrainerSpec
from hptui.trainers.context import TrialContext
from hptui.trainers.settings import setting


@dataclass(frozen=True, slots=True)
class ToySettings:
    """The settings of the toy trainer: pseudo-loss, duration and faults. For the faults, 0 means never."""

    learning_rate: float = setting(
        1e-3, "best near 2e-3, lower for wide networks", category="Training", typical="1e-5 to 1e-1 log"
    )
    width: int = setting(
        64,
        "wider is better, with diminishing returns",
        category="Model",
        typical="8 to 512",
        memory=True,
        low=1,
        bound=True,
    )
    depth: int = setting(
        4, "best near log2(width) - 2", category="Model", typical="1 to 12", memory=True, low=1, bound=True
    )
    dropout: float = setting(0.1, "best near 0.15, more for wide networks", category="Model", typical="0 to 0.5")
    batch_size: int = setting(
        32,
        "best near 64; larger wants a larger learning rate",
        category="Training",
        typical="8 to 256",
        memory=True,
        low=1,
    )
    steps: int = setting(20, "length of the run", unit="steps", category="Training", typical="10 to 1000", low=1)
    noise: float = setting(
        0.0, "size of the seeded noise on every point", category="Training", typical="0 to 0.05", low=0
    )
    step_seconds: float = setting(0.0, "how long a step takes", unit="s", category="Run", low=0)
    checkpoint_every: int = setting(
        0, "steps between checkpoints; 0: only when asked to stop", unit="steps", category="Run", low=0
    )
    report_total: bool = setting(True, "say how many steps there will be", category="Run")
    ignore: str = setting("", "name of a setting whose value has no influence", category="Faults")
    crash_at: int = setting(0, "raise an error at this step", unit="step", category="Faults", low=0)
    hang_at: int = setting(
        0, "do nothing for ever from this step on, deaf to requests", unit="step", category="Faults", low=0
    )
    nan_at: int = setting(0, "the loss is NaN from this step on", unit="step", category="Faults", low=0)
    oom_at: int = setting(0, "run out of GPU memory at this step", unit="step", category="Faults", low=0)
    disk_full_at: int = setting(0, "find the disk full at this step", unit="step", category="Faults", low=0)
    fail_if: str = setting(
        "", "run out of GPU memory where this expression holds, e.g. 'width > 200'", category="Faults"
    )
    faulty_attempts: int = setting(
        0, "faults strike only in so many first attempts; 0: in all", category="Faults", low=0
    )
    children: int = setting(
        0, "processes to start and leave behind, every second in a session of its own", category="Faults", low=0
    )


def train(settings: ToySettings, trial: TrialContext) -> Mapping[str, float]:
    """Report `loss` and `accuracy` for every step; of the untrained model only return them."""
    steps = train_steps(settings, trial, lambda text: print(text))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            metrics: Mapping[str, float] = end.value
            return metrics
        time.sleep(settings.step_seconds)


def train_steps(
    settings: ToySettings, trial: TrialContext, say: Callable[[str], None]
) -> Generator[None, None, Mapping[str, float]]:
    """Train as `train` does, but stop before each step for the caller; return the metrics."""
    effective = effective_settings(settings)
    if settings.report_total:
        trial.total_steps = settings.steps
    parameters = effective.width * effective.width * effective.depth
    trial.effective(parameters=parameters, samples=effective.batch_size * effective.steps)
    if trial.role == "base":
        return pseudo_metrics(effective, trial.seed, 0)
    faulty = not settings.faulty_attempts or trial.attempt <= settings.faulty_attempts
    step = resumed_step(trial)
    leave_children(settings.children)
    say(f"toy: {parameters:,} pseudo-parameters, {settings.steps} steps" + (f", resumed at {step}" if step else ""))
    metrics = pseudo_metrics(effective, trial.seed, max(step, 1))
    while step < settings.steps and not trial.should_stop:
        step += 1
        yield
        if faulty:
            inject_fault(settings, step)
        metrics = pseudo_metrics(effective, trial.seed, step)
        if faulty and 0 < settings.nan_at <= step:
            metrics["loss"] = math.nan
        say(f"step {step}/{settings.steps} loss {metrics['loss']:.4f}")
        trial.report(step, metrics)
        if settings.checkpoint_every and step % settings.checkpoint_every == 0 and step < settings.steps:
            trial.checkpoint(partial(save, step), step)
    if trial.obeyed not in (None, "prune") and step:
        trial.checkpoint(partial(save, step), step)
    return metrics


def effective_settings(settings: ToySettings) -> ToySettings:
    """Return the settings with the ignored one at its default. Raises: UserError for invalid values."""
    if settings.learning_rate <= 0:
        raise UserError(f"learning_rate must be above 0, got {settings.learning_rate}")
    if settings.ignore:
        names: dict[str, Any] = {field.name: field.default for field in fields(ToySettings)}
        if settings.ignore not in names:
            raise UserError(f"ignore names no setting: {settings.ignore!r}", hint=did_you_mean(settings.ignore, names))
        return replace(settings, **{settings.ignore: names[settings.ignore]})
    return settings


def pseudo_metrics(settings: ToySettings, seed: int, step: int) -> dict[str, float]:
    """Return the pseudo-metrics of one step; a pure function of its arguments."""
    size = math.log2(settings.width)
    rate = math.log10(settings.learning_rate)
    best_rate = -2.7 - 0.12 * (size - 6) + 0.3 * (math.log2(settings.batch_size) - 6) / 2
    bowl = (
        0.35 * (rate - best_rate) ** 2
        + 0.06 * (settings.depth - max(size - 2, 1)) ** 2
        + 4.0 * (settings.dropout - 0.15 - 0.02 * (size - 6)) ** 2
        + 0.03 * (math.log2(settings.batch_size) - 6) ** 2
    )
    floor = 0.4 + 1.2 / settings.width**0.5 + bowl
    speed = 5.0 * min(1.0, 10 ** (0.5 * (rate - best_rate)))  # a small learning rate learns slowly, too
    start = floor + 2.0
    loss = floor + (start - floor) * math.exp(-speed * step / settings.steps)
    loss += settings.noise * random.Random(f"{seed}/{step}").gauss(0.0, 1.0)
    return {"loss": loss, "accuracy": math.exp(-max(loss, 0.0))}


def inject_fault(settings: ToySettings, step: int) -> None:
    """Cause the fault that the settings ask for at this step."""
    if settings.fail_if and fails_by_expression(settings):
        raise RuntimeError(f"CUDA out of memory. Tried to allocate {settings.width} MiB (pseudo: {settings.fail_if})")
    if step == settings.oom_at:
        raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB (pseudo)")
    if step == settings.crash_at:
        raise RuntimeError(f"the toy was told to crash at step {step}")
    if step == settings.disk_full_at:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    while step == settings.hang_at:
        time.sleep(3600)  # a hang that no request ends


def fails_by_expression(settings: ToySettings) -> bool:
    """Return whether the expression in `fail_if` is true of these settings."""
    values = asdict(settings)
    return parse(settings.fail_if, values).holds(values)


def leave_children(count: int) -> None:
    """Start processes that outlive this one unless they are killed; every second in its own session."""
    for number in range(count):
        command = [sys.executable, "-S", "-c", "import time; time.sleep(3600)"]
        os.posix_spawn(sys.executable, command, os.environ, setsid=number % 2 == 1)


def save(step: int, path: Path) -> None:
    """Write the state of a checkpoint: the step alone."""
    (path / "state.json").write_text(json.dumps({"step": step}))


def resumed_step(trial: TrialContext) -> int:
    """Return the step to continue after; 0 at the start."""
    if trial.resume_from is None:
        return 0
    step: int = json.loads((trial.resume_from / "state.json").read_text())["step"]
    return step


SPEC = TrainerSpec(
    "toy",
    "Nothing real: a loss that depends on the settings, in a chosen time, for trying hptui out.",
    settings=ToySettings,
    train=train,
    preload=("hptui.trainers.toy",),
    evaluates_base=True,
    resumes=True,
    packing="hptui.trainers.packs.toy:PACKING",
)
