"""What an engine hears of a study's recorded trials.

| what became of it               | what an engine hears                                   |
| ------------------------------- | ------------------------------------------------------ |
| complete                        | its values                                             |
| pruned, timeout                 | the last value that it reported, and how far it was    |
| failed: out of memory           | a violated constraint: samplers learn where the wall is|
| failed: NaN                     | worst finite values + 1 sd, here and nowhere else      |
| running, paused, waiting        | to stay away: it is under way                          |
| crash, usage, lost, stopped ... | nothing: a bug is no evidence about a learning rate    |
| rejected proposals              | to stay away, if they would be rejected today          |

A complete trial is told with what it misses of `[search] outcome`, too.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from statistics import pstdev

from hptui.model.outcome import outcome_margins
from hptui.model.study import Objective, Study
from hptui.model.trial import Reason, Rejection, Role, Trial, TrialStatus
from hptui.search.lens import Lens, Point

MISSED = 0.1
"""By how much a trial missed the memory: nobody knows, and TPE only ranks."""

REPLAYED = 200
"""How many rejections of earlier trials are heard of again, the newest: the cost of an ask stays bounded."""


class Outcome(Enum):
    """What became of a point, as far as an engine is concerned."""

    VALUES = auto()
    PARTIAL = auto()
    VIOLATED = auto()
    AVOID = auto()


@dataclass(frozen=True, slots=True)
class Told:
    """One point of the history.

    `values` has one per objective (empty: training diverged, to be imputed). `shown` is (progress in permille, value).
    `margin` > 0 says by how much a constraint is missed; `limits` says the same of each outcome condition that was
    measured, <= 0 where it is kept. `trial` is None for a rejected proposal.
    """

    point: Point
    outcome: Outcome
    values: tuple[float, ...] = ()
    shown: tuple[int, float] | None = None
    margin: float = 0.0
    limits: Mapping[str, float] = field(default_factory=dict)
    trial: Trial | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class History:
    """All that an engine knows, in order of number. `seen` are the identities of all configurations with a trial.

    `silent` are the points of trials that ended and say nothing.
    """

    told: tuple[Told, ...]
    seen: frozenset[str]
    silent: tuple[Point, ...] = ()

    def finished(self) -> int:
        """How many trials ended and said something."""
        return sum(told.outcome is not Outcome.AVOID for told in self.told)

    def measured(self) -> bool:
        """Whether any trial has shown a value at all."""
        return any(told.values or told.shown for told in self.told)


def read(lens: Lens, study: Study, trials: Iterable[Trial]) -> History:
    """The history of `trials` under today's space."""
    ordered = sorted(trials, key=lambda trial: trial.number)
    seen = taken(lens, ordered)
    count = sum(len(trial.rejections) for trial in ordered)
    told: list[Told] = []
    silent: list[Point] = []
    for trial in ordered:
        skip = max(0, count - REPLAYED)
        count -= len(trial.rejections)
        told.extend(_rejected(lens, seen, trial.rejections[skip:]))
        if (point := lens.point(trial.params)) is None or unsaid(lens, trial):
            continue
        if heard := hear(trial, study):
            told.append(_placed(lens, point, heard, trial))
        else:
            silent.append(point)
    return History(tuple(_imputed(told, study.objectives)), seen, tuple(silent))


def taken(lens: Lens, trials: Iterable[Trial]) -> frozenset[str]:
    """The identities of the configurations that have a trial. Those of other studies (below 0) have none here."""
    return frozenset(lens.key(trial.params) for trial in trials if trial.number >= 0)


def unsaid(lens: Lens, trial: Trial) -> bool:
    """Whether an experiment from elsewhere has no record of a setting that is searched: it ran nobody knows where."""
    return trial.role is Role.IMPORTED and not lens.active(trial.params) <= trial.params.keys()


def hear(trial: Trial, study: Study) -> Told | None:
    """What one trial says, at no point yet; None: nothing."""
    match trial.status, trial.reason:
        case TrialStatus.COMPLETE, _:
            return _complete(trial, study)
        case (TrialStatus.PRUNED, _) | (TrialStatus.FAILED | TrialStatus.STOPPED, Reason.TIMEOUT):
            return Told({}, Outcome.PARTIAL, shown=_shown(trial, study.objectives))
        case TrialStatus.FAILED, Reason.OOM | Reason.HOST_OOM:
            return Told({}, Outcome.VIOLATED, margin=MISSED)
        case TrialStatus.FAILED, Reason.NAN:
            return Told({}, Outcome.VALUES)
        case status, _ if status.open:
            return Told({}, Outcome.AVOID)
    return None


def _complete(trial: Trial, study: Study) -> Told | None:
    values = trial.values or {}
    found = tuple(float(values[one.metric]) for one in study.objectives if one.metric in values)
    if len(found) < len(study.objectives):
        return None
    limits = {text: margin for text, margin in outcome_margins(study, trial).items() if math.isfinite(margin)}
    return Told({}, Outcome.VALUES, values=found if all(map(math.isfinite, found)) else (), limits=limits)


def _shown(trial: Trial, objectives: Sequence[Objective]) -> tuple[int, float] | None:
    """How far a trial came, and with what. Several objectives have no one value to compare such trials by."""
    value = trial.metrics.get(objectives[0].metric)
    if len(objectives) > 1 or value is None or not math.isfinite(value):
        return None
    return (trial.last_step or 0 if trial.progress is None else round(1000 * trial.progress)), value


def _placed(lens: Lens, point: Point, heard: Told, trial: Trial) -> Told:
    """`heard` at its point, with the constraints of today: a hand-picked trial may miss them."""
    _, rejection = lens.judge(point, frozenset())
    margin = max(heard.margin, rejection.margin if rejection else 0.0)
    return replace(heard, point=point, margin=margin, trial=trial)


def _rejected(lens: Lens, seen: frozenset[str], rejections: Iterable[Rejection]) -> Iterator[Told]:
    """Those that would be rejected today as well: constraints may have changed since."""
    for rejection in rejections:
        if (point := lens.point(rejection.params)) is None:
            continue
        _, still = lens.judge(point, seen)
        if still:
            yield Told(point, Outcome.AVOID, margin=still.margin)


def _imputed(told: Sequence[Told], objectives: Sequence[Objective]) -> Iterator[Told]:
    """Values for what diverged: worse than the worst by one standard deviation. Without any measure: nothing."""
    measured = [one.values for one in told if one.values]
    bad = tuple(map(worst, objectives, zip(*measured, strict=True))) if measured else ()
    for one in told:
        if one.outcome is not Outcome.VALUES or one.values:
            yield one
        elif bad:
            yield replace(one, values=bad)


def worst(objective: Objective, values: Sequence[float]) -> float:
    """Worse than the worst by one standard deviation: what engines, and nobody else, hear of a trial that diverged."""
    spread = pstdev(values) or 1.0
    bad = max(values) + spread if objective.goal == "minimize" else min(values) - spread
    return min(max(bad, -sys.float_info.max), sys.float_info.max)
