"""Stages of a study: which trials are comparable across stages, and what each stage searches.

Trials are comparable if the stages that they belong to have the same `set`: five epochs are never ranked against
thirty. The best trial is chosen among those comparable with the last stage that has a usable trial.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from hptui.core.space import Space
from hptui.core.study import PrunerSettings, Search, Stage, Study, TrainerSettings
from hptui.core.trial import Role, Trial, TrialStatus, Value


def stage_named(study: Study, name: str) -> Stage | None:
    """Return the stage with this name; None if there is none."""
    return next((stage for stage in study.stages if stage.name == name), None)


def stage_index(study: Study, name: str) -> int:
    """Return the index of a stage; -1 if the study has no stage of this name (any more)."""
    return next((n for n, stage in enumerate(study.stages) if stage.name == name), -1)


def comparable(study: Study, stage: str, other: str) -> bool:
    """Return whether trials of two stages, given by name, ran under the same overrides."""
    return stage == other or stage_overrides(study, stage) == stage_overrides(study, other)


def stage_overrides(study: Study, name: str) -> Mapping[str, Value]:
    """Return the `set` of a stage, given by name; empty for trials outside of stages."""
    stage = stage_named(study, name)
    return stage.set if stage is not None else {}


def candidates_for_best(study: Study, trials: Sequence[Trial], usable: Callable[[Trial], bool]) -> list[Trial]:
    """Return the usable trials among which the best one is chosen.

    Left out are replicates, which only measure noise, the base model, and trials that began from a checkpoint of
    another trial. In a stage with `seeds` > 1, `values` of a returned trial hold the mean over its complete replicates.
    """
    chosen = [trial for trial in trials if not trial.is_unranked and usable(trial)]
    if not study.stages or not chosen:
        return chosen
    last = max((trial.stage for trial in chosen), key=lambda name: stage_index(study, name))
    candidates = [trial for trial in chosen if comparable(study, trial.stage, last)]
    stage = stage_named(study, last)
    return averaged_over_replicates(candidates, trials) if stage is not None and stage.seeds > 1 else candidates


def averaged_over_replicates(chosen: Iterable[Trial], trials: Iterable[Trial]) -> list[Trial]:
    """Return `chosen` without replicates, `values` of complete trials averaged over their replicates."""
    runs: dict[int, list[Trial]] = {}
    for trial in trials:
        if trial.replicate_of is not None and trial.status is TrialStatus.COMPLETE and trial.values:
            runs.setdefault(trial.replicate_of, []).append(trial)
    return [_mean(trial, runs.get(trial.number, [])) for trial in chosen if trial.role is not Role.REPLICATE]


def _mean(trial: Trial, replicates: Sequence[Trial]) -> Trial:
    if trial.status is not TrialStatus.COMPLETE or not trial.values or not replicates:
        return trial
    runs = [trial.values, *(replicate.values or {} for replicate in replicates)]
    values = {name: [float(run[name]) for run in runs if name in run] for name in trial.values}
    return replace(trial, values={name: sum(numbers) / len(numbers) for name, numbers in values.items()})


def expected_total(study: Study, trials: Sequence[Trial]) -> int | None:
    """Return how many trials the study will have in all; None if it has no limit."""
    if not study.stages:
        if study.search.sampler == "list":
            listed = len(study.trials) + study.search.baseline + study.search.evaluate_base
            return max(len(trials), listed)
        extra = sum(not trial.role.counts_as_trial for trial in trials)
        limits = [limit for limit in (study.search.trials, _size_of_grid(study)) if limit is not None]
        return min(limits) + extra if limits else None
    under_way = max((stage_index(study, trial.stage) for trial in trials), default=0)
    total = 0
    for index, stage in enumerate(study.stages):
        stage_trials = [trial for trial in trials if trial.stage == stage.name]
        limit = planned_in_stage(study, stage)
        if index < under_way:
            total += len(stage_trials)
        elif limit is None:
            return None
        else:
            total += max(limit, len(stage_trials))
    return total + sum(stage_index(study, trial.stage) < 0 for trial in trials)


def _size_of_grid(study: Study) -> int | None:
    """Return how many trials a grid has at most, its baseline included; None for another search."""
    size = study.space.size if study.search.sampler == "grid" else None
    if size is None:
        return None
    base = study.trainer.settings
    is_in = all(p.name in base and p.contains(base[p.name]) for p in study.space.parameters)
    return size + (study.search.baseline and not is_in)


def planned_in_stage(study: Study, stage: Stage) -> int | None:
    """Return how many trials a stage will have; None if it has no limit."""
    view = as_stage(study, stage)
    if not stage.searches:
        return ((stage.best or 1) + stage.baseline) * stage.seeds
    limit = view.search.trials
    if view.search.sampler == "grid" and view.space.size is not None:
        limit = view.space.size if limit is None else min(limit, view.space.size)
    return None if limit is None else limit * stage.seeds


# -- what a stage searches


def stage_space(study: Study, stage: Stage | None) -> Space:
    """Return the space of a stage.

    It is the stage's own (else the study's), with the derived values and constraints of the study that concern it.
    """
    if stage is None:
        return study.space
    space = stage.space or study.space
    own_names = {*space.names, *(value.name for value in space.derived)}
    derived = [value for value in study.space.derived if value.name not in own_names]
    names = own_names | {value.name for value in derived}
    constraints = [rule for rule in (*space.constraints, *study.space.constraints) if rule.names & names]
    return Space(space.parameters, (*space.derived, *derived), tuple(dict.fromkeys(constraints)))


def as_stage(study: Study, stage: Stage | None, fixed: Mapping[str, Value] | None = None) -> Study:
    """Return the study as a stage sees it: a study without stages, which an engine can search.

    `fixed` are the settings of the best trial before it, which the stage's `set` overrides.
    """
    if stage is None:
        return study
    settings = {**study.trainer.settings, **(fixed or {}), **stage.set}
    return replace(
        study,
        trainer=TrainerSettings(study.trainer.kind, settings),
        space=stage_space(study, stage),
        search=_stage_search(study.search, stage),
        stages=(),
    )


def _stage_search(search: Search, stage: Stage) -> Search:
    if not stage.searches:
        pruner = stage.pruner or PrunerSettings()
        return replace(search, sampler="list", trials=0, pruner=pruner, sampler_settings={})
    return replace(
        search,
        sampler=stage.sampler or search.sampler,
        trials=search.trials if stage.trials is None else stage.trials,
        pruner=stage.pruner or search.pruner,
        sampler_settings=search.sampler_settings if stage.sampler in ("", search.sampler) else {},
    )
