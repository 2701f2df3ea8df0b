"""Studies and histories for tests of engines: a study in one line, trials driven by a function instead of training."""

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
LOSS_AND_SPEED = (Objective("loss"), Objective("speed", "maximize"))

Measure = Callable[[Mapping[str, Value]], Mapping[str, float]]


def space(parameters: Iterable[Parameter], *constraints: str, derived: Mapping[str, str] | None = None) -> Space:
    return Space(
        tuple(parameters),
        tuple(Derived(name, parse(text)) for name, text in (derived or {}).items()),
        tuple(parse(text) for text in constraints),
    )


def study(
    searched: Space,
    sampler: str = "tpe",
    *,
    seed: int = 0,
    base: Mapping[str, Value] | None = None,
    objectives: tuple[Objective, ...] = LOSS,
) -> Study:
    return Study("test", objectives, TrainerSettings("toy", base or {}), searched, Search(sampler=sampler, seed=seed))


def trial(
    number: int,
    params: Mapping[str, Value],
    values: Mapping[str, float] | None = None,
    *,
    status: TrialStatus | None = None,
    reason: Reason | None = None,
    role: Role = Role.SEARCH,
    rejections: tuple[Rejection, ...] = (),
    metrics: Mapping[str, float | None] | None = None,
    progress: float | None = None,
    engine: str = "",
) -> Trial:
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


def ask(asked: Study, trials: Sequence[Trial], number: int | None = None) -> Proposal | None:
    """What an engine that was made a moment ago proposes."""
    engine = make_engine(asked)
    engine.sync(trials)
    return engine.ask(len(trials) if number is None else number)


def drive(asked: Study, count: int, measure: Measure, trials: Sequence[Trial] = ()) -> list[Trial]:
    """Run trials until there are `count`, or the space is spent; the engine is rebuilt before every ask."""
    done = list(trials)
    while len(done) < count and (proposal := ask(asked, done)) is not None:
        done.append(ran(len(done), proposal, measure({**asked.trainer.settings, **proposal.params})))
    return done


def ran(number: int, proposal: Proposal, values: Mapping[str, float] | None = None, **more: Any) -> Trial:
    """The trial that a proposal led to."""
    return trial(number, proposal.params, values, rejections=proposal.rejections, engine=proposal.engine, **more)


def losses(trials: Iterable[Trial]) -> list[float]:
    return [done.values["loss"] for done in trials if done.values]
