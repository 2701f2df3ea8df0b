"""What trials cost: time and memory, per trial, per epoch, per 1,000 examples; and what a gain cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from hptui.model.trial import Attempt, Role, Trial, TrialStatus, Value
from hptui.model.values import is_number
from hptui.results.analysis.cohort import in_rank, ranked, value_of
from hptui.results.roles import SETTINGS, number_of
from hptui.results.view import View

EXAMPLES = ("train_examples", "train_samples", "examples", "n_train")
"""Names under which trainers say how many examples one pass over the training data has."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over trials."""

    value: float
    middle: float
    total: float
    trials: tuple[Trial, ...]


def mean_of(trials: Sequence[Trial], values: Sequence[float]) -> Mean | None:
    """None over nothing."""
    if not values:
        return None
    total = math.fsum(values)
    return Mean(total / len(values), median(values), total, tuple(trials))


def done(view: View) -> list[Trial]:
    """The complete trials that trained something and whose time was measured."""
    return [t for t in view.trials if t.status is TrialStatus.COMPLETE and t.seconds > 0 and t.role is not Role.BASE]


def time_per_trial(view: View) -> Mean | None:
    """Seconds of a complete trial."""
    trials = done(view)
    return mean_of(trials, [trial.seconds for trial in trials])


def time_per_epoch(view: View) -> Mean | None:
    """Seconds of one pass, over the trials whose length is given in epochs and that were not stopped early."""
    trials = [trial for trial in done(view) if _epochs(view, trial)]
    return mean_of(trials, [trial.seconds / (_epochs(view, trial) or 1) for trial in trials])


def _epochs(view: View, trial: Trial) -> float | None:
    settings = view.settings(trial)
    steps, epochs = number_of(settings, "steps"), number_of(settings, "epochs")
    early = trial.total_steps and trial.last_step is not None and trial.last_step < trial.total_steps
    return epochs if epochs and not steps and not early else None


def examples_of(view: View, facts: Mapping[str, Value], trial: Trial) -> float | None:
    """How many examples one pass has: as the trainer said of the trial, or of the study's data."""
    for source in (trial.facts, facts):
        for name in EXAMPLES:
            if is_number(found := source.get(name)) and found > 0:
                used = view.settings(trial).get("train_samples")
                return min(found, used) if is_number(used) and used > 0 else found
    return None


def time_per_thousand(view: View, facts: Mapping[str, Value]) -> tuple[Mean, Mean] | None:
    """Seconds per 1,000 examples: of the data set (all passes over them), and of examples processed (one pass)."""
    having = [(t, n, e) for t in done(view) if (n := examples_of(view, facts, t)) and (e := _epochs(view, t))]
    trials = [trial for trial, *_ in having]
    whole = mean_of(trials, [1000 * trial.seconds / n for trial, n, _ in having])
    each = mean_of(trials, [1000 * trial.seconds / (n * epochs) for trial, n, epochs in having])
    return (whole, each) if whole and each else None


def memory(view: View) -> Mean | None:
    """Peak memory of the trials that have it on record."""
    trials = [trial for trial in view.trials if trial.peak_memory_gb is not None and trial.role is not Role.BASE]
    return mean_of(trials, [trial.peak_memory_gb or 0.0 for trial in trials])


def mean_memory(attempts: Mapping[int, Sequence[Attempt]], trial: Trial) -> tuple[str, float] | None:
    """('gpu' or 'rss', mean GiB) of a trial's last attempt that measured it."""
    for attempt in reversed(attempts.get(trial.number, ())):
        if attempt.mean_gpu_gb is not None:
            return "gpu", attempt.mean_gpu_gb
        if attempt.mean_rss_gb is not None:
            return "rss", attempt.mean_rss_gb
    return None


def gpu_hours(attempts: Mapping[int, Sequence[Attempt]]) -> float:
    """Hours times GPUs, over all attempts that had one."""
    found = 0.0
    for own in attempts.values():
        for attempt in own:
            names = str(attempt.environment.get("gpu") or "")
            found += attempt.seconds * len(names.split(", ")) / 3600 if names else 0.0
    return found


@dataclass(frozen=True, slots=True)
class Two:
    """Trials with a setting on, against those with it off: peak memory and time."""

    setting: str
    on: tuple[Trial, ...]
    off: tuple[Trial, ...]
    memory: tuple[float, float] | None
    seconds: tuple[float, float] | None


def four_bit(view: View) -> Two | None:
    """Trials that loaded the model in 4 bits against those that did not; None without both."""
    for name in SETTINGS["four_bit"]:
        on = [t for t in done(view) if _is_four_bit(view.settings(t).get(name))]
        off = [t for t in done(view) if name in view.settings(t) and not _is_four_bit(view.settings(t)[name])]
        if on and off:
            return Two(name, tuple(on), tuple(off), _means(on, off, "peak_memory_gb"), _means(on, off, "seconds"))
    return None


def _is_four_bit(value: Value) -> bool:
    return (
        value is True
        or (isinstance(value, str) and ("4" in value or value == "qlora"))
        or (is_number(value) and value == 4)
    )


def _means(on: Sequence[Trial], off: Sequence[Trial], field: str) -> tuple[float, float] | None:
    sides = [[value for t in side if (value := getattr(t, field)) is not None] for side in (on, off)]
    return (math.fsum(sides[0]) / len(sides[0]), math.fsum(sides[1]) / len(sides[1])) if all(sides) else None


@dataclass(frozen=True, slots=True)
class Cheaper:
    """A trial nearly as good as the best that cost clearly less."""

    trial: Trial
    loss: float
    """By which share its value is worse."""
    seconds: float
    """Which share of the best's time it took."""


def cheaper(view: View, worse: float = 0.05, saved: float = 0.2) -> Cheaper | None:
    """The fastest trial within `worse` of the best value that took at least `saved` less time."""
    order = in_rank(view, ranked(view))
    if len(order) < 2 or len(view.study.objectives) > 1:
        return None
    best, *rest = order
    value = value_of(view, best)
    found = [
        Cheaper(trial, abs(value_of(view, trial) - value) / abs(value), trial.seconds / best.seconds)
        for trial in rest
        if value and best.seconds > 0 and trial.seconds > 0
    ]
    near = [one for one in found if one.loss <= worse and one.seconds <= 1 - saved]
    return min(near, key=lambda one: one.seconds, default=None)
