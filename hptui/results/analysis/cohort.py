"""Which trials may be ranked with each other: of one stage, of one length of training, each configuration once."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from hptui.model.outcome import satisfies
from hptui.model.space import Space
from hptui.model.stages import judged, space_of, stage_named
from hptui.model.trial import Trial, TrialStatus
from hptui.model.values import is_number
from hptui.results.roles import number_of, setting_of
from hptui.results.view import View, scored


@dataclass(frozen=True, slots=True, order=True)
class Length:
    """How long a trial was to train: so many of a unit. `field` is where that is stored."""

    unit: str
    amount: float
    field: str


def length_of(view: View, trial: Trial) -> Length | None:
    """By the steps or epochs that it was given, else by the steps that its trainer planned."""
    settings = view.settings(trial)
    for role in ("steps", "epochs"):
        amount = number_of(settings, role)
        if amount is not None and amount > 0:
            return Length(role, amount, f"settings.{setting_of(settings, role)}")
    return None if trial.total_steps is None else Length("steps", trial.total_steps, "total_steps")


def finite(view: View, trial: Trial) -> bool:
    """Whether every objective of a complete trial is a number."""
    return scored(view.study, trial) and all(
        math.isfinite((trial.values or {})[o.metric]) for o in view.study.objectives
    )


def ranked(view: View) -> list[Trial]:
    """The trials that are ranked with the best: complete, of stages that may be compared, no repetition, no base model.

    In a stage that repeats with several seeds a trial found here has the mean of its runs as its values.
    """
    return judged(view.study, view.trials, lambda trial: finite(view, trial))


def searched(view: View) -> Space:
    """The space of the stage that the ranked trials are of; the study's own where there are no stages."""
    best = view.best
    return space_of(view.study, stage_named(view.study, best.stage)) if best is not None else view.study.space


def value_of(view: View, trial: Trial) -> float:
    """A ranked trial's value of the first objective."""
    return float((trial.values or {})[view.study.objective.metric])


def in_rank(view: View, trials: Sequence[Trial]) -> list[Trial]:
    """Ranked trials, the best first; equals by number."""
    sign = 1 if view.study.objective.goal == "minimize" else -1
    return sorted(trials, key=lambda trial: (breaks(view, trial), sign * value_of(view, trial), trial.number))


def breaks(view: View, trial: Trial) -> bool:
    """Whether it breaks a condition of `[search] outcome`: then it is never the best, and ranked last."""
    return bool(view.study.search.outcome) and satisfies(view.study, trial) is False


def lengths(view: View, trials: Sequence[Trial]) -> dict[Length, list[Trial]]:
    """Trials by length of training, the most frequent length first."""
    found: dict[Length, list[Trial]] = defaultdict(list)
    for trial in trials:
        if (length := length_of(view, trial)) is not None:
            found[length].append(trial)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def replicates(view: View, trial: Trial) -> list[Trial]:
    """The complete runs of one configuration: the trial itself and those that repeat it with other seeds."""
    first = trial.replicate_of if trial.replicate_of is not None else trial.number
    own = [one for one in view.trials if one.number == first or one.replicate_of == first]
    return [one for one in own if one.status is TrialStatus.COMPLETE and finite(view, one)]


def varied(view: View, trials: Sequence[Trial]) -> list[str]:
    """The settings that differ among trials, in the order of the space and then of the study file."""
    space = searched(view)
    known = [*space.names, *(one.name for one in space.derived), *view.base]
    names = [*known, *(name for trial in trials for name in trial.params if name not in known)]
    every = [view.settings(trial) for trial in trials]
    return [
        name
        for name in dict.fromkeys(names)
        if len({repr(settings.get(name)) for settings in every if name in settings}) > 1
    ]


def numeric(view: View, trials: Sequence[Trial], name: str) -> bool:
    """Whether a setting is a number in all of these trials."""
    return all(is_number(view.settings(trial).get(name)) for trial in trials)


def measured(trial: Trial, name: str) -> float | None:
    """A trial's value of a metric, or its time or memory; None where it was not measured."""
    if name == "seconds":
        return trial.seconds if trial.seconds > 0 else None
    if name == "peak_memory_gb":
        return trial.peak_memory_gb
    found = (trial.values or {}).get(name, trial.final.get(name, trial.metrics.get(name)))
    return found if found is not None and math.isfinite(found) else None
