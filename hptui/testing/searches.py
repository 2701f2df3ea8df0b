"""Studies, histories and searches for tests of samplers: trials are driven by a function in place of training."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from hptui.core.expressions import parse
from hptui.core.parameters import Derived, Parameter
from hptui.core.space import Space
from hptui.core.study import Objective, Search, Study, TrainerSettings
from hptui.core.trial import Reason, Rejection, Role, Trial, TrialStatus, Value
from hptui.search.engine import Proposal, make_engine
from hptui.search.engine_process import SINGLE_THREAD_ENV

os.environ.update(SINGLE_THREAD_ENV)  # as in the engines' own process; libraries look when they are imported

LOSS = (Objective("loss"),)
"""One objective."""
LOSS_AND_SPEED = (Objective("loss"), Objective("speed", "maximize"))
"""Two objectives."""

Measure = Callable[[Mapping[str, Any]], Mapping[str, float]]
"""Returns the values of a trial with these settings."""


def make_space(parameters: Iterable[Parameter], *constraints: str, derived: Mapping[str, str] | None = None) -> Space:
    """Return a space; derived values and constraints are given as text."""
    return Space(
        tuple(parameters),
        tuple(Derived(name, parse(text)) for name, text in (derived or {}).items()),
        tuple(parse(text) for text in constraints),
    )


def make_study(
    space: Space,
    sampler: str = "tpe",
    *,
    seed: int = 0,
    base: Mapping[str, Value] | None = None,
    objectives: tuple[Objective, ...] = LOSS,
    settings: Mapping[str, Value] | None = None,
) -> Study:
    """Return a study that searches a space over the baseline `base`; `settings` are the sampler's own."""
    search = Search(sampler=sampler, seed=seed, sampler_settings=settings or {})
    return Study("test", objectives, TrainerSettings("toy", base or {}), space, search)


def make_trial(
    number: int,
    params: Mapping[str, Value],
    values: Mapping[str, float] | None = None,
    *,
    status: TrialStatus | None = None,
    reason: Reason | None = None,
    role: Role = Role.SEARCH,
    rejections: tuple[Rejection, ...] = (),
    metrics: Mapping[str, Any] | None = None,
    progress: float | None = None,
    engine: str = "",
) -> Trial:
    """Return a trial: complete if it has values, else waiting, unless another status is given."""
    if status is None:
        status = TrialStatus.WAITING if values is None else TrialStatus.COMPLETE
    shown = metrics if metrics is not None else values or {}
    complete = values if status is TrialStatus.COMPLETE else None
    return Trial(
        number,
        f"trial-{number}",
        status,
        role,
        dict(params),
        reason=reason,
        values=complete,
        metrics=dict(shown),
        rejections=rejections,
        progress=progress,
        engine=engine,
    )


def ask(study: Study, trials: Sequence[Trial], number: int | None = None) -> Proposal | None:
    """Return what a new engine proposes for the trial `number`, by default the next one."""
    engine = make_engine(study)
    engine.sync(trials)
    return engine.ask(len(trials) if number is None else number)


def drive(study: Study, count: int, measure: Measure, trials: Sequence[Trial] = ()) -> list[Trial]:
    """Run trials until there are `count`, or the space is spent; the engine is rebuilt before every ask."""
    done = list(trials)
    while len(done) < count and (proposal := ask(study, done)) is not None:
        done.append(trial_of(len(done), proposal, measure({**study.trainer.settings, **proposal.params})))
    return done


def trial_of(number: int, proposal: Proposal, values: Mapping[str, float] | None = None, **more: Any) -> Trial:
    """Return the trial that a proposal led to."""
    return make_trial(number, proposal.params, values, rejections=proposal.rejections, engine=proposal.engine, **more)


def losses(trials: Iterable[Trial]) -> list[float]:
    """Return the losses of the complete trials."""
    return [trial.values["loss"] for trial in trials if trial.values]
