"""Stages of a study: which trials may be compared across them, and what a stage searches.

Trials are comparable when the stages that they belong to have the same `set`: five epochs are never ranked against
thirty. The best of a study is judged among those that are comparable with the last stage that has a usable trial.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from hptui.model.space import Space
from hptui.model.study import Search, Stage, Study, TrainerSpec
from hptui.model.trial import Role, Trial, TrialStatus, Value


def stage_named(study: Study, name: str) -> Stage | None:
    """The stage of this name."""
    return next((stage for stage in study.stages if stage.name == name), None)


def position(study: Study, name: str) -> int:
    """The place of a stage in its order; -1 for a trial that belongs to none that there is now."""
    return next((n for n, stage in enumerate(study.stages) if stage.name == name), -1)


def comparable(study: Study, one: str, other: str) -> bool:
    """Whether trials of these two stages (by name) ran under the same overrides."""
    return one == other or overrides(study, one) == overrides(study, other)


def overrides(study: Study, name: str) -> Mapping[str, Value]:
    """The `set` of a stage by name; nothing for trials outside of stages."""
    found = stage_named(study, name)
    return found.set if found is not None else {}


def judged(study: Study, trials: Sequence[Trial], usable: Callable[[Trial], bool]) -> list[Trial]:
    """The usable trials among which the best is looked for. A replicate is none: it only tells how much noise there is.
    Nor is one that began from another's checkpoint.

    In a stage with `seeds` a configuration stands by the mean of its complete runs, which `values` of the trial found
    here then hold.
    """
    chosen = [trial for trial in trials if not trial.aside and usable(trial)]
    if not study.stages or not chosen:
        return chosen
    last = max((trial.stage for trial in chosen), key=lambda name: position(study, name))
    found = [trial for trial in chosen if comparable(study, trial.stage, last)]
    stage = stage_named(study, last)
    return folded(found, trials) if stage is not None and stage.seeds > 1 else found


def folded(chosen: Iterable[Trial], trials: Iterable[Trial]) -> list[Trial]:
    """`chosen` without replicates, each complete one with the mean of its own values and those of its replicates."""
    runs: dict[int, list[Trial]] = {}
    for trial in trials:
        if trial.replicate_of is not None and trial.status is TrialStatus.COMPLETE and trial.values:
            runs.setdefault(trial.replicate_of, []).append(trial)
    return [_mean(one, runs.get(one.number, [])) for one in chosen if one.role is not Role.REPLICATE]


def _mean(trial: Trial, more: Sequence[Trial]) -> Trial:
    if trial.status is not TrialStatus.COMPLETE or not trial.values or not more:
        return trial
    every = [trial.values, *(one.values or {} for one in more)]
    values = {name: [float(run[name]) for run in every if name in run] for name in trial.values}
    return replace(trial, values={name: sum(found) / len(found) for name, found in values.items()})


def expected(study: Study, trials: Sequence[Trial]) -> int | None:
    """How many trials there will be in all, as far as that can be known: a search may have no limit."""
    if not study.stages:
        if study.search.sampler == "list":
            written = len(study.trials) + study.search.baseline + study.search.evaluate_base
            return max(len(trials), written)
        more = sum(not trial.role.counts for trial in trials)
        return None if study.search.trials is None else study.search.trials + more
    under_way = max((position(study, trial.stage) for trial in trials), default=0)
    total = 0
    for place, stage in enumerate(study.stages):
        own = [trial for trial in trials if trial.stage == stage.name]
        limit = planned(study, stage)
        if place < under_way:
            total += len(own)
        elif limit is None:
            return None
        else:
            total += max(limit, len(own))
    return total + sum(position(study, trial.stage) < 0 for trial in trials)


def planned(study: Study, stage: Stage) -> int | None:
    """How many trials a stage will have; None: nobody knows."""
    view = staged(study, stage)
    if not stage.searches:
        return ((stage.best or 1) + stage.baseline) * stage.seeds
    limit = view.search.trials
    if view.search.sampler == "grid" and view.space.size is not None:
        limit = view.space.size if limit is None else min(limit, view.space.size)
    return None if limit is None else limit * stage.seeds


# -- what a stage searches


def space_of(study: Study, stage: Stage | None) -> Space:
    """The space of a stage: its own, with the derived settings and constraints of the study that concern it."""
    if stage is None:
        return study.space
    own = stage.space or study.space
    known = {*own.names, *(one.name for one in own.derived)}
    derived = [one for one in study.space.derived if one.name not in known]
    names = known | {one.name for one in derived}
    constraints = [one for one in (*own.constraints, *study.space.constraints) if one.names & names]
    return Space(own.parameters, (*own.derived, *derived), tuple(dict.fromkeys(constraints)))


def staged(study: Study, stage: Stage | None, fixed: Mapping[str, Value] | None = None) -> Study:
    """The study as one stage sees it: a study without stages, which an engine can search. `fixed` comes from the best
    trial before it; the stage's `set` goes over that.
    """
    if stage is None:
        return study
    settings = {**study.trainer.settings, **(fixed or {}), **stage.set}
    return replace(
        study,
        trainer=TrainerSpec(study.trainer.kind, settings),
        space=space_of(study, stage),
        search=_search(study.search, stage),
        stages=(),
    )


def _search(search: Search, stage: Stage) -> Search:
    if not stage.searches:
        return replace(search, sampler="list", trials=0, pruner=stage.pruner or type(search.pruner)())
    return replace(
        search,
        sampler=stage.sampler or search.sampler,
        trials=search.trials if stage.trials is None else stage.trials,
        pruner=stage.pruner or search.pruner,
    )
