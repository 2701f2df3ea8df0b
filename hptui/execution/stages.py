"""Where a study is among its stages, and what each takes over from those before it.

The store keeps for each stage that has begun the trials that it builds on and the values that they fixed. So later
trials change nothing in it, and a resumed study continues in its stage.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace

from hptui import studyfile
from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError
from hptui.core.ranking import ranking
from hptui.core.stages import (
    as_stage,
    averaged_over_replicates,
    comparable,
    stage_index,
    stage_named,
    stage_overrides,
    stage_space,
)
from hptui.core.study import Stage, Study
from hptui.core.trial import FROM_TRIAL, Role, Trial, TrialStatus, Value
from hptui.core.trial_history import HistoryFollower, TrialHistory
from hptui.store.recorded import MetaKey
from hptui.store.store import Store


@dataclass(frozen=True, slots=True)
class StageState:
    """A stage that has begun; for a study without stages the whole study, with the name ''.

    `source` are the trials that it builds on, `fixed` the values that they gave it, `began` a Unix time.
    """

    name: str = ""
    source: tuple[int, ...] = ()
    fixed: Mapping[str, Value] = field(default_factory=dict)
    began: float = 0.0


def stage_history(store: Store) -> list[StageState]:
    """Return the stages that have begun, in order."""
    return [
        StageState(row["name"], tuple(row["from"]), row["fixed"], row["began"]) for row in store.read.stage_history()
    ]


def current_stage(store: Store, study: Study) -> StageState:
    """Return the current stage. The first one begins here, so the caller holds the transaction."""
    if not study.stages:
        return StageState()
    begun = stage_history(store)
    if begun and stage_named(study, begun[-1].name):
        return begun[-1]
    remaining = [stage for stage in study.stages if stage.name not in [part.name for part in begun]]
    return _begin(store, StageState((remaining or study.stages)[0].name, began=time.time()))


def _begin(store: Store, part: StageState) -> StageState:
    """Store that a stage has begun."""
    states = [*stage_history(store), part]
    rows = [
        {"name": state.name, "from": state.source, "fixed": dict(state.fixed), "began": state.began} for state in states
    ]
    store.set_meta(MetaKey.STAGES, json.dumps(rows))
    return part


def study_in_stage(study: Study, part: StageState) -> Study:
    """Return the study as the current stage modifies it: what engines, pruners and the plan are given."""
    return as_stage(study, stage_named(study, part.name), part.fixed)


def overrides_in_stage(study: Study, part: StageState) -> dict[str, Value]:
    """Return what every trial of the stage changes in `[trainer]`, below its own overrides."""
    return {**part.fixed, **stage_overrides(study, part.name)}


def next_stage(study: Study, part: StageState) -> Stage | None:
    """Return the stage after the current one; None if it is the last."""
    later_stages = study.stages[stage_index(study, part.name) + 1 :]
    return later_stages[0] if later_stages else None


# -- what an engine learns from


def trials_for_engine(
    study: Study, part: StageState, trials: Iterable[Trial], base: Mapping[str, Value]
) -> list[Trial]:
    """Return the trials that a stage's engine may learn from, as overrides of the stage's settings.

    `base` is `[trainer]` with the trainer's defaults. Replicates are averaged into one trial per configuration.
    Proposals of other stages count as listed trials, since this engine did not make them.
    """
    all_trials, overrides = list(trials), overrides_in_stage(study, part)
    chosen = [trial for trial in all_trials if not trial.is_uninformative and comparable(study, trial.stage, part.name)]
    averaged = averaged_over_replicates(chosen, all_trials)
    return [_as_stage_overrides(part, trial, overrides, base) for trial in averaged]


class EngineTrials:
    """What `trials_for_engine` returns of a stage, kept up to date: each changed trial is looked at, and no other."""

    def __init__(self, study: Study, part: StageState, base: Mapping[str, Value]) -> None:
        self._study, self._part, self._base = study, part, base
        self._overrides = overrides_in_stage(study, part)
        self._comparable: dict[str, bool] = {}
        self._follower = HistoryFollower(self._forget, self._follow)
        self._forget()

    def of(self, trials: TrialHistory) -> TrialHistory:
        """Return the trials that the stage's engine may learn from; the next call changes them."""
        self._all = trials
        self._follower.catch_up(trials)
        return self.history

    def _forget(self) -> None:
        self.history = TrialHistory()
        self._replicates: dict[int, set[int]] = {}
        self._original: dict[int, int] = {}

    def _follow(self, number: int, trial: Trial | None) -> None:
        touched = {number, self._original.pop(number, number)}
        for other in touched:
            self._replicates.get(other, set()).discard(number)
        if trial is not None and trial.replicate_of is not None:
            self._original[number] = trial.replicate_of
            self._replicates.setdefault(trial.replicate_of, set()).add(number)
            touched.add(trial.replicate_of)
        for other in touched:
            self._judge(other)

    def _judge(self, number: int) -> None:
        replicates = sorted(self._replicates.get(number, ()))
        runs = [trial for n in (number, *replicates) if (trial := self._all.find(n)) is not None]
        if not runs or runs[0].number != number or not self._learns_from(runs[0]):
            self.history.remove(number)
            return
        for trial in averaged_over_replicates(runs[:1], runs):
            self.history.put(_as_stage_overrides(self._part, trial, self._overrides, self._base))

    def _learns_from(self, trial: Trial) -> bool:
        if trial.stage not in self._comparable:
            self._comparable[trial.stage] = comparable(self._study, trial.stage, self._part.name)
        return trial.role is not Role.REPLICATE and not trial.is_uninformative and self._comparable[trial.stage]


def _as_stage_overrides(part: StageState, trial: Trial, fixed: Mapping[str, Value], base: Mapping[str, Value]) -> Trial:
    """Rewrite a trial as overrides of the stage's settings.

    A trial that does not override a setting that the stage has fixed ran with the value of `[trainer]`.
    """
    if not fixed and trial.stage == part.name:
        return trial
    params = {**{name: base.get(name) for name in fixed}, **trial.params} if fixed else trial.params
    if trial.stage == part.name:
        return replace(trial, params=params)
    role = Role.LISTED if trial.role is Role.SEARCH else trial.role
    return replace(trial, params=params, role=role, engine="", rejections=())


# -- from one stage to the next


@dataclass(frozen=True, slots=True)
class RerunConfiguration:
    """A recorded configuration that a stage runs once more."""

    source: int
    params: Mapping[str, Value]


def plan_next_stage(
    store: Store, study: Study, part: StageState, trials: Sequence[Trial]
) -> tuple[StageState, list[RerunConfiguration]]:
    """Return the next stage with what it takes over, and the configurations that it runs again.

    Raises: `UserError` when the stage before has no usable trial to take over.
    """
    stage = next_stage(study, part)
    assert stage is not None
    if stage.best is None:
        return StageState(stage.name, began=time.time()), []
    best = ranking(study, trials, part.name, stage.best + stage.baseline)
    if not best:
        message = f"stage {stage.name!r} builds on the best trial of {part.name!r}, which has none that is usable"
        raise UserError(message, hint="mend what failed, and retry it or raise the stage's trials")
    if stage.searches:
        source = tuple(trial.number for trial in best[: stage.best])
        searched = {*stage_space(study, stage).names, *(derived.name for derived in stage_space(study, stage).derived)}
        settings = overrides_of(store, study, best[0], trials)
        fixed = {name: value for name, value in settings.items() if name not in searched}
        return StageState(stage.name, source, fixed, time.time()), []
    reruns = [
        RerunConfiguration(trial.number, rerun_overrides(store, study, trial, stage.set, trials)) for trial in best
    ]
    if stage.baseline:  # it runs in this stage anyway: the best are those besides it
        base = {**store.read.defaults(), **study.trainer.settings}
        own = {**base, **overrides_in_stage(study, StageState(stage.name))}
        reruns = [rerun for rerun in reruns if {**base, **rerun.params} != own]
    reruns = reruns[: stage.best]
    return StageState(stage.name, tuple(rerun.source for rerun in reruns), {}, time.time()), reruns


def begin_stage(store: Store, part: StageState) -> None:
    """Store that a stage has begun. The caller holds the transaction."""
    _begin(store, part)


def rerun_overrides(
    store: Store, study: Study, trial: Trial, changes: Mapping[str, Value], trials: Sequence[Trial]
) -> dict[str, Value]:
    """Return the overrides that run a trial's configuration with changes; derived values follow them."""
    return _with_derived(store, study, trial, {**overrides_of(store, study, trial, trials), **changes}, changes)


def _with_derived(
    store: Store, study: Study, trial: Trial, params: dict[str, Value], changes: Mapping[str, Value]
) -> dict[str, Value]:
    """Recompute the derived values of a proposed configuration; leave one that a person wrote as it is."""
    if trial.role is not Role.SEARCH:
        return params
    space = stage_space(study, stage_named(study, trial.stage))
    settled = space.settle({**store.read.defaults(), **study.trainer.settings}, params)
    return {**settled, **{name: value for name, value in changes.items() if name not in settled}}


def full_overrides(store: Store, study: Study, trial: Trial, changes: Mapping[str, Value]) -> dict[str, Value]:
    """Return the overrides that run exactly what a trial ran, but for the changes; derived values follow."""
    params = {**_changed_base(store, study, trial), **trial.params, **changes}
    return _with_derived(store, study, trial, params, changes)


def overrides_of(store: Store, study: Study, trial: Trial, trials: Sequence[Trial]) -> dict[str, Value]:
    """Return how a trial's configuration differs from today's `[trainer]`, without what its stage set.

    Where a stage ran known configurations again under its `set`, their values before that count.
    """
    by_number = {earlier.number: earlier for earlier in trials}
    chain = [trial]
    while (origin := by_number.get(_origin_number(chain[-1]))) is not None and origin not in chain:
        chain.append(origin)
    merged: dict[str, Value] = {}
    for earlier in reversed(chain):
        merged |= _own_overrides(store, study, earlier)
    return merged


def _origin_number(trial: Trial) -> int:
    number = trial.facts.get(FROM_TRIAL)
    return number if isinstance(number, int) else -1


def _own_overrides(store: Store, study: Study, trial: Trial) -> dict[str, Value]:
    before = studyfile.from_json(store.read.spec_json(trial.revision))
    stage_values, searched = stage_overrides(before, trial.stage), _searched_names(before, trial)
    params = {
        name: value
        for name, value in trial.params.items()
        if name in searched or name not in stage_values or stage_values[name] != value
    }
    return {**_changed_base(store, study, trial), **params}


def _changed_base(store: Store, study: Study, trial: Trial) -> dict[str, Value]:
    """Return the values of `[trainer]` in the trial's revision that differ from today's."""
    then = studyfile.from_json(store.read.spec_json(trial.revision)).trainer.settings
    today = study.trainer.settings
    return {name: value for name, value in then.items() if name not in today or today[name] != value}


def _searched_names(study: Study, trial: Trial) -> set[str]:
    stage = stage_named(study, trial.stage)
    return set(stage_space(study, stage).names) if stage is not None and stage.searches else set()


# -- repeats


def missing_replicates(study: Study, part: StageState, trials: Collection[Trial]) -> list[tuple[int, int]]:
    """Return (trial, k) of the replicates that complete trials of the stage still lack."""
    stage = stage_named(study, part.name)
    if stage is None or stage.seeds < 2:
        return []
    replicates: dict[int, int] = {}
    for trial in trials:
        if trial.replicate_of is not None:
            replicates[trial.replicate_of] = replicates.get(trial.replicate_of, 0) + 1
    repeated = (Role.SEARCH, Role.BASELINE, Role.LISTED)
    return [
        (trial.number, k)
        for trial in trials
        if trial.stage == part.name and trial.role in repeated and trial.status is TrialStatus.COMPLETE
        for k in range(replicates.get(trial.number, 0) + 1, stage.seeds)
    ]
