"""The trials that may be ranked with each other, their length of training, and the Pareto front."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import field as dataclass_field

from hptui.core.dataclass import dataclass
from hptui.core.ranking import meets_outcome, objective_point
from hptui.core.space import Space
from hptui.core.stages import candidates_for_best, stage_named, stage_space
from hptui.core.study import Stage
from hptui.core.trial import SECONDS_ALONE, Trial, TrialStatus, Value
from hptui.core.values import canonical_json, is_number, values_equal
from hptui.results.packing import seconds_alone
from hptui.results.roles import number_with_role, setting_with_role
from hptui.results.view import View, has_all_values

MAX_FOR_CONFIGURATIONS = 400
"""Of more trials nobody looks which of them have the same settings."""


@dataclass(frozen=True, slots=True, order=True)
class TrainingLength:
    """The planned length of a training: `amount` in `unit` (steps or epochs). `field` is where it is stored."""

    unit: str
    amount: float
    field: str = dataclass_field(compare=False)

    @property
    def noun(self) -> str:
        """The unit by count: `1 epoch`, `3 epochs`."""
        return self.unit.removesuffix("s") if self.amount == 1 else self.unit


def training_length(view: View, trial: Trial) -> TrainingLength | None:
    """Return the length of a trial: the steps or epochs it was given, else the planned total steps."""
    key = "length", trial.number
    known = view.memo.get(key)
    if known is None or known[0] is not trial.params or known[1] != trial.total_steps:
        known = view.memo[key] = trial.params, trial.total_steps, _training_length(view, trial)
    length: TrainingLength | None = known[2]
    return length


def _training_length(view: View, trial: Trial) -> TrainingLength | None:
    settings = view.settings(trial)
    for role in ("steps", "epochs"):
        amount = number_with_role(settings, role)
        if amount is not None and amount > 0:
            return TrainingLength(role, amount, f"settings.{setting_with_role(settings, role)}")
    return None if trial.total_steps is None else TrainingLength("steps", trial.total_steps, "total_steps")


def has_finite_values(view: View, trial: Trial) -> bool:
    """Return whether a trial is complete with a finite value for every objective."""
    return (
        bool(view.study.objectives)
        and has_all_values(view.study, trial)
        and all(math.isfinite((trial.values or {})[o.metric]) for o in view.study.objectives)
    )


def ranked_trials(view: View) -> list[Trial]:
    """Return the ranked trials: complete and comparable with the best; no replicates, no base model.

    In a stage with replicates a returned trial has the means of its runs as values.
    """
    if "ranked" not in view.memo:
        ranked = candidates_for_best(view.study, view.averaged, lambda trial: has_finite_values(view, trial))
        view.memo["ranked"] = ranked
    return list(view.memo["ranked"])


def of_same_code(view: View, trials: Sequence[Trial], trial: Trial | None) -> list[Trial]:
    """Return trials without those that are known to have run other code or data than `trial`."""
    return [other for other in trials if trial is None or not view.ran_other_code(trial.number, other.number)]


def searched_space(view: View) -> Space:
    """Return the space of the stage of the best trial, else of the current stage, else the study's."""
    return stage_space(view.study, stage_of_search(view))


def stage_of_search(view: View) -> Stage | None:
    """Return the stage of the best trial, else the current one; None without stages."""
    return stage_named(view.study, view.stage if view.best is None else view.best.stage)


def active_settings(view: View, trial: Trial, space: Space | None = None) -> dict[str, Value]:
    """Return the settings of a trial without those whose condition does not hold: they did nothing."""
    settings = dict(view.settings(trial))
    space = searched_space(view) if space is None else space
    conditional = {parameter.name for parameter in space.parameters if parameter.when is not None}
    for name in conditional - set(space.active(view.base, settings)) if conditional else ():
        settings.pop(name, None)
    return settings


def is_in_use(view: View, trial: Trial, name: str) -> bool:
    """Return whether a setting of a trial did something, as far as conditions of its own space tell."""
    known = view.memo.setdefault("unused", {})
    if trial.number not in known:
        space = stage_space(view.study, stage_named(view.study, trial.stage))
        known[trial.number] = view.settings(trial).keys() - active_settings(view, trial, space).keys()
    return name not in known[trial.number]


def same_configuration(view: View, trial: Trial, others: Sequence[Trial]) -> list[Trial]:
    """Return the others that ran with the settings of a trial, as in a stage that repeats the best."""
    own = active_settings(view, trial)
    return [other for other in others if other.number != trial.number and active_settings(view, other) == own]


def is_as_written(view: View, trial: Trial) -> bool:
    """Return whether a trial ran with the very settings of the study file."""
    settings = view.settings(trial)
    if any(name not in view.base for name in trial.params):
        return False  # what the file does not set is searched, or was given by hand
    return settings.keys() >= view.base.keys() and all(values_equal(settings[n], v) for n, v in view.base.items())


def distinct_configurations(view: View, trials: Sequence[Trial]) -> list[Trial]:
    """Return the first trial of each configuration; all of very many."""
    if len(trials) > MAX_FOR_CONFIGURATIONS:
        return list(trials)
    first: dict[str, Trial] = {}
    for trial in trials:
        first.setdefault(canonical_json(active_settings(view, trial)), trial)
    return list(first.values())


def objective_value(view: View, trial: Trial) -> float:
    """Return a ranked trial's value of the first objective."""
    return float((trial.values or {})[view.study.objective.metric])


def sort_by_rank(view: View, trials: Sequence[Trial]) -> list[Trial]:
    """Return ranked trials, best first; equal ones by number."""
    sign = 1 if view.study.objective.goal == "minimize" else -1
    return sorted(
        trials, key=lambda trial: (violates_outcome(view, trial), sign * objective_value(view, trial), trial.number)
    )


def violates_outcome(view: View, trial: Trial) -> bool:
    """Return whether a trial violates `[search] outcome`: it is then ranked last and never the best."""
    return bool(view.study.search.outcome) and meets_outcome(view.study, trial) is False


def trials_by_length(view: View, trials: Sequence[Trial]) -> dict[TrainingLength, list[Trial]]:
    """Return trials by length of training, the most frequent length first."""
    groups: dict[TrainingLength, list[Trial]] = defaultdict(list)
    for trial in trials:
        if (length := training_length(view, trial)) is not None:
            groups[length].append(trial)
    return dict(sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])))


def replicates(view: View, trial: Trial) -> list[Trial]:
    """Return the complete runs of one configuration: a trial and its replicates with other seeds.

    Without those that ran other code or data than the first.
    """
    original = trial.replicate_of if trial.replicate_of is not None else trial.number
    own = view.by_number.get(original)
    runs = [*([own] if own is not None else []), *view.replicates.get(original, ())]
    runs = [run for run in runs if not view.ran_other_code(run.number, original)]
    return [run for run in runs if run.status is TrialStatus.COMPLETE and has_finite_values(view, run)]


def varying_settings(view: View, trials: Sequence[Trial]) -> list[str]:
    """Return the settings that differ among trials, in the order of the space and then of the study file."""
    space = searched_space(view)
    ordered_names = [*space.names, *(derived.name for derived in space.derived), *view.base]
    names = [*ordered_names, *(name for trial in trials for name in trial.params)]
    settings_of_trials = [view.settings(trial) for trial in trials]
    return [name for name in dict.fromkeys(names) if has_two_values(name, settings_of_trials)]


def has_two_values(name: str, settings_of_trials: Sequence[Mapping[str, Value]]) -> bool:
    """Return whether a setting has two values among those that have it; the second one ends the search."""
    texts = (repr(settings[name]) for settings in settings_of_trials if name in settings)
    first = next(texts, None)
    return any(text != first for text in texts)


def is_numeric(view: View, trials: Sequence[Trial], name: str) -> bool:
    """Return whether a setting is a number in all of these trials."""
    return all(is_number(view.settings(trial).get(name)) for trial in trials)


def measured_value(trial: Trial, name: str) -> float | None:
    """Return a trial's finite value of a metric, of its time or memory; None if not measured."""
    if name == "seconds":
        return trial.seconds if trial.seconds > 0 else None
    if name == SECONDS_ALONE:
        return seconds_alone(trial)
    if name == "peak_memory_gb":
        return trial.peak_memory_gb
    value = (trial.values or {}).get(name, trial.final.get(name, trial.metrics.get(name)))
    return value if value is not None and math.isfinite(value) else None


def pareto_front(view: View) -> list[Trial]:
    """Return the Pareto front, sorted by the first objective."""
    ranked = {trial.number: trial for trial in ranked_trials(view)}  # with the means by which they are on the front
    front = [ranked[t.number] for t in view.front if t.number in ranked]
    return sorted(front, key=lambda trial: (objective_point(view.study, trial), trial.number))


def knee_of_front(view: View, front: list[Trial]) -> Trial | None:
    """Return the trial of the front closest to the best value of every objective.

    None for a front of fewer than three trials. Objectives are scaled by the span of the front.
    """
    if len(front) < 3:
        return None
    points = {trial.number: objective_point(view.study, trial) for trial in front}
    low = [min(column) for column in zip(*points.values(), strict=True)]
    span = [
        max(column) - minimum or 1.0 for column, minimum in zip(zip(*points.values(), strict=True), low, strict=True)
    ]

    def distance(trial: Trial) -> float:
        coordinates = points[trial.number]
        return math.dist(
            [(value - minimum) / width for value, minimum, width in zip(coordinates, low, span, strict=True)],
            [0.0] * len(coordinates),
        )

    return min(front, key=lambda trial: (distance(trial), trial.number))
