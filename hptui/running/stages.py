"""Where a study is among its stages, and what each takes over from those before it.

The course that the study has taken is kept in the store: for each stage that has begun, the trials that it builds on
and the values that they fixed. So it outlives the runner, later trials change nothing in it, and a study that is
resumed goes on in its stage.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hptui.model.errors import UserError
from hptui.model.outcome import ranking
from hptui.model.stages import comparable, folded, overrides, position, space_of, stage_named, staged
from hptui.model.study import Stage, Study
from hptui.model.trial import FROM_TRIAL, Role, Trial, TrialStatus, Value
from hptui.storage import studyfile
from hptui.storage.queries import COURSE
from hptui.storage.store import Store

"""The fact of a trial that names the one whose configuration it has taken over."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stage that has begun; for a study without stages the whole of it.

    `source` are the trials that it builds on, `fixed` the values that they gave it.
    """

    name: str = ""
    source: tuple[int, ...] = ()
    fixed: Mapping[str, Value] = field(default_factory=dict)
    began: float = 0.0


def course(store: Store) -> list[Part]:
    """The stages that have begun, in their order."""
    return [Part(one["name"], tuple(one["from"]), one["fixed"], one["began"]) for one in store.course()]


def current(store: Store, study: Study) -> Part:
    """The stage under way. The caller holds the transaction if it is the first one, which then begins."""
    if not study.stages:
        return Part()
    begun = course(store)
    if begun and stage_named(study, begun[-1].name):
        return begun[-1]
    left = [stage for stage in study.stages if stage.name not in [part.name for part in begun]]
    return _begin(store, Part((left or study.stages)[0].name, began=time.time()))


def _begin(store: Store, part: Part) -> Part:
    """Keep that a stage has begun."""
    parts = [*course(store), part]
    shape = [{"name": one.name, "from": one.source, "fixed": dict(one.fixed), "began": one.began} for one in parts]
    store.set_meta(COURSE, json.dumps(shape))
    return part


def view(study: Study, part: Part) -> Study:
    """The study as the stage under way sees it: what engines, pruners and the plan are given."""
    return staged(study, stage_named(study, part.name), part.fixed)


def onto(study: Study, part: Part) -> dict[str, Value]:
    """What every trial of the stage changes in `[trainer]`, under its own overrides."""
    return {**part.fixed, **overrides(study, part.name)}


def following(study: Study, part: Part) -> Stage | None:
    """The stage after the one under way."""
    rest = study.stages[position(study, part.name) + 1 :]
    return rest[0] if rest else None


# -- what an engine is told


def told(study: Study, part: Part, trials: Iterable[Trial], base: Mapping[str, Value]) -> list[Trial]:
    """The trials that the engine of a stage may learn from, as overrides onto the stage's settings. `base` is
    `[trainer]` with the trainer's defaults.

    Replicates are no points of their own: a configuration stands by the mean of its runs. What other stages proposed
    counts as somebody else's.
    """
    every = list(trials)
    chosen = [trial for trial in every if not trial.mute and comparable(study, trial.stage, part.name)]
    return [_translated(part, trial, onto(study, part), base) for trial in folded(chosen, every)]


def _translated(part: Part, trial: Trial, fixed: Mapping[str, Value], base: Mapping[str, Value]) -> Trial:
    """A trial that says nothing of a setting that the stage has fixed ran with what `[trainer]` has."""
    if not fixed and trial.stage == part.name:
        return trial
    params = {**{name: base.get(name) for name in fixed}, **trial.params} if fixed else trial.params
    if trial.stage == part.name:
        return replace(trial, params=params)
    role = Role.LISTED if trial.role is Role.SEARCH else trial.role
    return replace(trial, params=params, role=role, engine="", rejections=())


# -- from one stage to the next


@dataclass(frozen=True, slots=True)
class Again:
    """A known configuration that a stage runs once more."""

    source: int
    params: Mapping[str, Value]


def next_part(store: Store, study: Study, part: Part, trials: Sequence[Trial]) -> tuple[Part, list[Again]]:
    """The stage that comes now, with what it takes over; `UserError` when there is nothing to take over."""
    stage = following(study, part)
    assert stage is not None
    if stage.best is None:
        return Part(stage.name, began=time.time()), []
    best = ranking(study, trials, part.name, stage.best)
    if not best:
        what = f"stage {stage.name!r} builds on the best trial of {part.name!r}, which has none that is usable"
        raise UserError(what, hint="mend what failed, and retry it or raise the stage's trials")
    source = tuple(trial.number for trial in best)
    if stage.searches:
        searched = {*space_of(study, stage).names, *(one.name for one in space_of(study, stage).derived)}
        taken = taken_over(store, study, best[0], trials)
        fixed = {name: value for name, value in taken.items() if name not in searched}
        return Part(stage.name, source, fixed, time.time()), []
    again = [Again(one.number, rerun(store, study, one, stage.set, trials)) for one in best]
    return Part(stage.name, source, {}, time.time()), again


def begin(store: Store, part: Part) -> None:
    """A stage begins. The caller holds the transaction."""
    _begin(store, part)


def rerun(
    store: Store, study: Study, trial: Trial, changes: Mapping[str, Value], trials: Sequence[Trial]
) -> dict[str, Value]:
    """The overrides that run a trial's configuration with some changes; what is derived follows them."""
    return _settled(store, study, trial, {**taken_over(store, study, trial, trials), **changes}, changes)


def _settled(
    store: Store, study: Study, trial: Trial, params: dict[str, Value], changes: Mapping[str, Value]
) -> dict[str, Value]:
    """A proposed configuration keeps its derived values right; one that a person wrote is as they wrote it."""
    if trial.role is not Role.SEARCH:
        return params
    space = space_of(study, stage_named(study, trial.stage))
    settled = space.settle({**store.defaults(), **study.trainer.settings}, params)
    return {**settled, **{name: value for name, value in changes.items() if name not in settled}}


def whole(store: Store, study: Study, trial: Trial, changes: Mapping[str, Value]) -> dict[str, Value]:
    """The overrides that run exactly what a trial ran, but for the changes; what is derived follows them."""
    params = {**_drifted(store, study, trial), **trial.params, **changes}
    return _settled(store, study, trial, params, changes)


def taken_over(store: Store, study: Study, trial: Trial, trials: Sequence[Trial]) -> dict[str, Value]:
    """How a trial's configuration differs from `[trainer]` of today, without what its stage set for all of its trials.

    Where a stage ran known configurations again under its `set`, what they were before counts.
    """
    known = {one.number: one for one in trials}
    chain = [trial]
    while (origin := known.get(_origin(chain[-1]))) is not None and origin not in chain:
        chain.append(origin)
    found: dict[str, Value] = {}
    for one in reversed(chain):
        found |= _own(store, study, one)
    return found


def _origin(trial: Trial) -> int:
    number = trial.facts.get(FROM_TRIAL)
    return number if isinstance(number, int) else -1


def _own(store: Store, study: Study, trial: Trial) -> dict[str, Value]:
    before = studyfile.from_json(store.spec_json(trial.revision))
    ours, searched = overrides(before, trial.stage), _searched(before, trial)
    own = {n: v for n, v in trial.params.items() if n in searched or n not in ours or ours[n] != v}
    return {**_drifted(store, study, trial), **own}


def _drifted(store: Store, study: Study, trial: Trial) -> dict[str, Value]:
    """What a trial's own revision of `[trainer]` said, where it says something else today."""
    was = studyfile.from_json(store.spec_json(trial.revision)).trainer.settings
    is_ = study.trainer.settings
    return {name: value for name, value in was.items() if name not in is_ or is_[name] != value}


def _searched(study: Study, trial: Trial) -> set[str]:
    stage = stage_named(study, trial.stage)
    return set(space_of(study, stage).names) if stage is not None and stage.searches else set()


# -- repeats


def missing_repeats(study: Study, part: Part, trials: Sequence[Trial]) -> list[tuple[int, int]]:
    """(trial, k) of the runs with other seeds that complete trials of the stage still lack."""
    stage = stage_named(study, part.name)
    if stage is None or stage.seeds < 2:
        return []
    have: dict[int, int] = {}
    for trial in trials:
        if trial.replicate_of is not None:
            have[trial.replicate_of] = have.get(trial.replicate_of, 0) + 1
    repeated = (Role.SEARCH, Role.BASELINE, Role.LISTED)
    return [
        (trial.number, k)
        for trial in trials
        if trial.stage == part.name and trial.role in repeated and trial.status is TrialStatus.COMPLETE
        for k in range(have.get(trial.number, 0) + 1, stage.seeds)
    ]
