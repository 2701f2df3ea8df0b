"""The largest value of a setting that memory allows: doubled until memory runs out, then three quarters of the last.

Every value is really run for two steps in the heaviest configuration, each in a process of its own, so that one that
does not fit leaves nothing behind for the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hptui.actions.rehearsal import rehearse
from hptui.actions.run import read
from hptui.model.errors import Unusable, UserError, did_you_mean
from hptui.model.study import Study
from hptui.model.trial import Reason, Value

STEPS = 2
"""An optimizer makes its state in the first step, and needs it all in the second."""
SHARE = 0.75
LARGEST = 1 << 20
FLAT = 1.01
FLAT_FOR = 5
"""Memory that grows by less than this factor over so many values is not what the setting costs."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One value: whether it fitted, and the most memory that was held, in GiB."""

    value: int
    fits: bool
    peak_gpu_gb: float | None = None
    peak_rss_gb: float | None = None
    message: str = ""

    @property
    def peak(self) -> float:
        return self.peak_gpu_gb or self.peak_rss_gb or 0.0


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was found: the largest value that fitted, the smallest that did not (None: none met), and our proposal."""

    setting: str
    attempts: tuple[Attempt, ...]
    fits: int
    fails: int | None
    proposed: int

    def told(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def fit(
    path: Path,
    setting: str,
    changes: Mapping[str, str] | None = None,
    home: Path | None = None,
    say: Callable[[Attempt], None] = lambda attempt: None,
) -> Fitted:
    """Find out how large `setting` may be. `Unusable` where not even 1 fits, or something else than memory is wrong."""
    study = read(path, changes or {})
    attempts: list[Attempt] = []

    def fits(value: int) -> bool:
        attempts.append(_attempt(study, setting, value, home))
        say(attempts[-1])
        return attempts[-1].fits

    value = _start(study, setting)
    good, bad = 0, None
    while value >= 1:
        if fits(value):
            good = max(good, value)
            if bad is not None or value >= LARGEST or _flat(attempts):
                break
            value *= 2
        else:
            bad = value
            if good:
                break
            value //= 2
    if not good:
        raise Unusable(f"not even {setting} = 1 fits into memory: {attempts[-1].message}")
    proposed = good if bad is None else max(1, int(SHARE * good))
    return Fitted(setting, tuple(attempts), good, bad, proposed)


def _start(study: Study, setting: str) -> int:
    """Where to begin: the value that the study file has."""
    from hptui.trainers import registry

    schema = registry.schema(study.trainer.kind, study.directory) or {}
    numbers = [name for name, info in schema.items() if info.type == "int"]
    if schema and setting not in numbers:
        what = "is no whole number" if setting in schema else "is no setting of this trainer"
        raise UserError(f"--fit: {setting!r} {what}", hint=did_you_mean(setting, numbers))
    value = study.trainer.settings.get(setting, schema[setting].default if setting in schema else 1)
    return max(1, value) if isinstance(value, int) and not isinstance(value, bool) else 1


def _attempt(study: Study, setting: str, value: int, home: Path | None) -> Attempt:
    tried = rehearse(study, configuration(study, setting, value), STEPS, home)
    if tried.complete:
        return Attempt(value, True, tried.end.get("peak_gpu_gb"), tried.end.get("peak_rss_gb"))
    lack = tried.end["reason"] in (Reason.OOM, Reason.HOST_OOM) if tried.end else tried.killed
    if not lack:
        tail = "\n  ".join(tried.printed.strip().splitlines()[-12:])
        raise Unusable(f"{setting} = {value} fails, and not for want of memory ({tried.why})\n  {tail}")
    message = tried.why if tried.end else "the process was killed, as the system does when memory runs out"
    return Attempt(value, False, tried.end.get("peak_gpu_gb"), tried.end.get("peak_rss_gb"), message)


def configuration(study: Study, setting: str, value: int) -> dict[str, Value]:
    """The heaviest configuration with this value of the setting; what is derived from it follows."""
    from hptui.actions.check import heaviest

    fixed = replace(study, trainer=replace(study.trainer, settings={**study.trainer.settings, setting: value}))
    space = replace(study.space, parameters=tuple(p for p in study.space.parameters if p.name != setting))
    others = tuple(one for one in study.space.constraints if setting not in one.names)
    return {**heaviest(replace(fixed, space=replace(space, constraints=others))), setting: value}


def _flat(attempts: list[Attempt]) -> bool:
    """Whether doubling has cost nothing for long: there is no more data, or the setting costs no memory."""
    peaks = [attempt.peak for attempt in attempts[-FLAT_FOR:] if attempt.fits]
    return len(peaks) == FLAT_FOR and peaks[0] > 0 and peaks[-1] < FLAT * peaks[0]
