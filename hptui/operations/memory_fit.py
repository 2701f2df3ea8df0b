"""Find the largest value of a setting that fits into memory.

The value is doubled until memory runs out; 75 % of the last one that fitted is proposed. Each value runs for two steps
in the heaviest configuration, each in a process of its own, so that one that does not fit leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import NoUsableTrial, UserError, did_you_mean
from hptui.core.keys import WHOLE_FLOAT
from hptui.core.study import Study
from hptui.core.trial import Reason, Value
from hptui.operations.dry_run import run_steps
from hptui.operations.run import read_study

FIT_STEPS = 2
"""An optimizer allocates its state in the first step, and needs all of it in the second."""
PROPOSED_SHARE = 0.75
"""Share of the largest value that fitted, as proposed when a larger one failed."""
MAX_DOUBLED_VALUE = 1 << 20
"""Values from here on are not doubled any more."""
FLAT_FACTOR = 1.01
FLAT_COUNT = 5
"""Memory that grows by less than `FLAT_FACTOR` over this number of values is not what the setting costs."""


@dataclass(frozen=True, slots=True)
class FitAttempt:
    """One tried value: whether it fitted, the most memory that was held, and what a GPU has for one trial, in GiB."""

    value: int
    fits: bool
    peak_gpu_gb: float | None = None
    peak_rss_gb: float | None = None
    message: str = ""
    gpu_limit_gb: float | None = None

    @property
    def to_spare(self) -> float | None:
        """Share of the GPU's memory that was left; None on the CPU and on several GPUs."""
        if not self.fits or not self.peak_gpu_gb or not self.gpu_limit_gb:
            return None
        return max(0.0, 1 - self.peak_gpu_gb / self.gpu_limit_gb)

    @property
    def peak(self) -> float:
        """Peak memory in GiB, of the GPU if there is one."""
        return self.peak_gpu_gb or self.peak_rss_gb or 0.0


@dataclass(frozen=True, slots=True)
class MemoryFit:
    """The largest value that fitted, the smallest that did not (None: none met), and the proposed value."""

    setting: str
    attempts: tuple[FitAttempt, ...]
    fits: int
    fails: int | None
    proposed: int

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON."""
        return asdict(self)


def find_memory_fit(
    path: Path,
    setting: str,
    changes: Mapping[str, str] | None = None,
    home: Path | None = None,
    report: Callable[[FitAttempt], None] = lambda attempt: None,
) -> MemoryFit:
    """Find out how large `setting` may be; `say` is called after each tried value.

    Raises: `NoUsableTrial` where not even 1 fits, or something other than memory is wrong.
    """
    study = read_study(path, changes or {})
    attempts: list[FitAttempt] = []

    def fits(value: int) -> bool:
        attempts.append(_try_value(study, setting, value, home))
        report(attempts[-1])
        return attempts[-1].fits

    value = _start_value(study, setting)
    largest_fit, smallest_failure = 0, None
    while value >= 1:
        if fits(value):
            largest_fit = max(largest_fit, value)
            if smallest_failure is not None or value >= MAX_DOUBLED_VALUE or _memory_is_flat(attempts):
                break
            value *= 2
        else:
            smallest_failure = value
            if largest_fit:
                break
            value //= 2
    if not largest_fit:
        raise NoUsableTrial(f"not even {setting} = 1 fits into memory: {attempts[-1].message}")
    proposed = largest_fit if smallest_failure is None else max(1, int(PROPOSED_SHARE * largest_fit))
    return MemoryFit(setting, tuple(attempts), largest_fit, smallest_failure, proposed)


def _start_value(study: Study, setting: str) -> int:
    """Return the value of the study file, to begin with."""
    from hptui.trainers import registry

    schema = registry.schema(study.trainer.kind, study.directory) or {}
    numbers = [name for name, info in schema.items() if info.type is WHOLE_FLOAT]
    if schema and setting not in numbers:
        reason = "is no whole number" if setting in schema else "is no setting of this trainer"
        raise UserError(f"--fit: {setting!r} {reason}", hint=did_you_mean(setting, numbers))
    value = study.trainer.settings.get(setting, schema[setting].default if setting in schema else 1)
    return max(1, value) if isinstance(value, int) and not isinstance(value, bool) else 1


def _try_value(study: Study, setting: str, value: int, home: Path | None) -> FitAttempt:
    dry_run = run_steps(study, heaviest_with(study, setting, value), FIT_STEPS, home)
    peak, share = dry_run.end.get("peak_gpu_gb"), dry_run.gpu_share_gb
    if dry_run.complete and peak and share and peak > share:
        message = f"it needs {peak:.1f} GiB, and trials_per_gpu leaves {share:.1f} GiB of a GPU to each trial"
        return FitAttempt(value, False, peak, dry_run.end.get("peak_rss_gb"), message)
    if dry_run.complete:
        limit = dry_run.gpu_limit_gb
        return FitAttempt(value, True, peak, dry_run.end.get("peak_rss_gb"), gpu_limit_gb=limit)
    out_of_memory = dry_run.end["reason"] in (Reason.OOM, Reason.HOST_OOM) if dry_run.end else dry_run.killed
    if not out_of_memory:
        tail = "\n  ".join(dry_run.printed.strip().splitlines()[-12:])
        raise NoUsableTrial(f"{setting} = {value} fails, and not for want of memory ({dry_run.failure})\n  {tail}")
    message = dry_run.failure if dry_run.end else "the process was killed, as the system does when memory runs out"
    return FitAttempt(value, False, dry_run.end.get("peak_gpu_gb"), dry_run.end.get("peak_rss_gb"), message)


def heaviest_with(study: Study, setting: str, value: int) -> dict[str, Value]:
    """Return the heaviest configuration with this value of the setting, derived values included."""
    from hptui.operations.check import heaviest_configuration

    fixed = replace(study, trainer=replace(study.trainer, settings={**study.trainer.settings, setting: value}))
    space = replace(
        study.space, parameters=tuple(parameter for parameter in study.space.parameters if parameter.name != setting)
    )
    others = tuple(constraint for constraint in study.space.constraints if setting not in constraint.names)
    return {**heaviest_configuration(replace(fixed, space=replace(space, constraints=others))), setting: value}


def _memory_is_flat(attempts: list[FitAttempt]) -> bool:
    """Return True when doubling no longer costs memory.

    There is then no more data to fill a larger value, or the setting costs none.
    """
    peaks = [attempt.peak for attempt in attempts[-FLAT_COUNT:] if attempt.fits]
    return len(peaks) == FLAT_COUNT and peaks[0] > 0 and peaks[-1] < FLAT_FACTOR * peaks[0]
