"""What an engine observes of a study's recorded trials.

| result of the trial             | observation                                                |
| ------------------------------- | ---------------------------------------------------------- |
| complete                        | its values                                                 |
| pruned, at a rung, timeout      | the last reported value, and the progress it was shown at  |
| failed: out of memory           | a violated constraint: samplers learn the memory limit     |
| failed: usage, a combination    | a violated constraint, if a trial with the same options    |
|                                 | has completed: the script rejects these values             |
| failed: NaN                     | worst finite values + 1 standard deviation, imputed here   |
| running, paused, waiting        | a point to avoid: it is under way                          |
| crash, lost, stopped ...        | nothing: a bug is no evidence about a learning rate        |
| rejected proposals              | points to avoid, if they would be rejected today           |

The observation of a complete trial also holds its margins of the `[search] outcome` conditions.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import field, replace
from enum import Enum, auto
from statistics import pstdev

from hptui.core.dataclass import dataclass
from hptui.core.ranking import outcome_margins
from hptui.core.study import Objective, Study
from hptui.core.trial import Reason, Rejection, Role, Trial, TrialStatus, Value
from hptui.core.trial_history import HistoryFollower
from hptui.core.usage import has_run_with_options_of, is_input_mistake
from hptui.search.projection import Point, SpaceProjection

MEMORY_MARGIN = 0.1
"""Constraint margin given to a trial that ran out of memory, or whose values the script rejects.

The true margin is unknown, and TPE only ranks margins."""

MAX_REPLAYED_REJECTIONS = 200
"""Newest rejections of earlier trials that an engine observes again: bounds the cost of one ask."""


class ObservationKind(Enum):
    """Kinds of observations, as engines distinguish them."""

    VALUES = auto()
    PARTIAL = auto()
    VIOLATED = auto()
    AVOID = auto()


@dataclass(frozen=True, slots=True)
class Observation:
    """Observation of one point.

    `values` has one number per objective (empty: training diverged, to be imputed). `shown` is (progress in permille,
    value). `margin` > 0 is the amount by which a constraint is missed; `limits` holds the margin of each outcome
    condition that was measured, <= 0 where it is satisfied. `trial` is None for a rejected proposal.
    """

    point: Point
    kind: ObservationKind
    values: tuple[float, ...] = ()
    shown: tuple[int, float] | None = None
    margin: float = 0.0
    limits: Mapping[str, float] = field(default_factory=dict)
    trial: Trial | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class History:
    """All observations of a study, ordered by trial number.

    `seen` are the identities of all configurations that have a trial. `unobserved_points` are the points of trials that
    ended without evidence for the engine.
    """

    observations: tuple[Observation, ...]
    seen: frozenset[str]
    unobserved_points: tuple[Point, ...] = ()

    def finished_count(self) -> int:
        """Return the number of observations of ended trials."""
        return sum(observation.kind is not ObservationKind.AVOID for observation in self.observations)

    def has_values(self) -> bool:
        """Return whether any trial has shown a value."""
        return any(observation.values or observation.shown for observation in self.observations)


def read_history(projection: SpaceProjection, study: Study, trials: Iterable[Trial]) -> History:
    """Return the history of `trials`, read through the current space."""
    ordered = sorted(trials, key=lambda trial: trial.number)
    seen = known_identities(projection, ordered)
    unread_rejections = sum(len(trial.rejections) for trial in ordered)
    observations: list[Observation] = []
    silent: list[Point] = []
    for trial in ordered:
        skipped = max(0, unread_rejections - MAX_REPLAYED_REJECTIONS)
        unread_rejections -= len(trial.rejections)
        observations.extend(_still_rejected(projection, seen, trial.rejections[skipped:]))
        if (point := projection.point(trial.params)) is None or has_unrecorded_setting(projection, trial):
            continue
        observation = observe(trial, study)
        if observation is None and _is_rejected_combination(trial, ordered, study.trainer.settings):
            observation = Observation({}, ObservationKind.VIOLATED, margin=MEMORY_MARGIN)
        if observation:
            observations.append(_at_point(projection, point, observation, trial))
        else:
            silent.append(point)
    return History(tuple(_with_imputed_values(observations, study.objectives)), seen, tuple(silent))


def _is_rejected_combination(trial: Trial, trials: Sequence[Trial], base: Collection[str]) -> bool:
    """Return whether the script has rejected these values, but completed a trial with the same options."""
    if trial.status is not TrialStatus.FAILED or trial.reason is not Reason.USAGE or is_input_mistake(trial.message):
        return False
    return any(has_run_with_options_of(trial, other, base) for other in trials)


def known_identities(projection: SpaceProjection, trials: Iterable[Trial]) -> frozenset[str]:
    """Return the identities of the configurations that have a trial.

    Trials of other studies have numbers below 0 and are left out.
    """
    return frozenset(projection.identity(trial.params) for trial in trials if trial.number >= 0)


class Identities:
    """Known identities for an engine that lives on: that of a configuration is computed once."""

    def __init__(self, projection: SpaceProjection) -> None:
        self._projection = projection
        self._known: dict[int, tuple[Mapping[str, Value], str]] = {}
        self._counted: dict[int, str] = {}
        self._uses: Counter[str] = Counter()
        self._follower = HistoryFollower(self._forget, self._follow)

    def of(self, trials: Iterable[Trial]) -> Set[str]:
        """Return the identities of the configurations that have a trial; the next call changes them."""
        self._follower.catch_up(trials)
        return self._uses.keys()

    def _forget(self) -> None:
        self._counted.clear()
        self._uses.clear()

    def _follow(self, number: int, trial: Trial | None) -> None:
        if (before := self._counted.pop(number, None)) is not None:
            self._uses[before] -= 1
            if not self._uses[before]:
                del self._uses[before]
        if trial is not None and number >= 0:
            self._counted[number] = identity = self._identity(trial)
            self._uses[identity] += 1

    def _identity(self, trial: Trial) -> str:
        known = self._known.get(trial.number)
        if known is None or (known[0] is not trial.params and known[0] != trial.params):
            known = self._known[trial.number] = trial.params, self._projection.identity(trial.params)
        return known[1]


def has_unrecorded_setting(projection: SpaceProjection, trial: Trial) -> bool:
    """Return whether an imported trial lacks a value for an active searched parameter.

    The point at which such a trial ran is unknown.
    """
    return trial.role is Role.IMPORTED and not projection.active(trial.params) <= trial.params.keys()


def observe(trial: Trial, study: Study) -> Observation | None:
    """Return the observation of one trial, with an empty point; None if it is no evidence."""
    match trial.status, trial.reason:
        case TrialStatus.COMPLETE, _:
            return _observe_complete(trial, study)
        case (TrialStatus.PRUNED, _) | (TrialStatus.FAILED | TrialStatus.STOPPED, Reason.TIMEOUT):
            return Observation({}, ObservationKind.PARTIAL, shown=_last_shown(trial, study.objectives))
        case (TrialStatus.PAUSED, Reason.RUNG):
            return Observation({}, ObservationKind.PARTIAL, shown=_last_shown(trial, study.objectives))
        case TrialStatus.FAILED, Reason.OOM | Reason.HOST_OOM:
            return Observation({}, ObservationKind.VIOLATED, margin=MEMORY_MARGIN)
        case TrialStatus.FAILED, Reason.NAN:
            return Observation({}, ObservationKind.VALUES)
        case status, _ if status.open:
            return Observation({}, ObservationKind.AVOID)
    return None


def _observe_complete(trial: Trial, study: Study) -> Observation | None:
    values = trial.values or {}
    objective_values = tuple(
        float(values[objective.metric]) for objective in study.objectives if objective.metric in values
    )
    if len(objective_values) < len(study.objectives):
        return None
    limits = {text: margin for text, margin in outcome_margins(study, trial).items() if math.isfinite(margin)}
    return Observation(
        {},
        ObservationKind.VALUES,
        values=objective_values if all(map(math.isfinite, objective_values)) else (),
        limits=limits,
    )


def _last_shown(trial: Trial, objectives: Sequence[Objective]) -> tuple[int, float] | None:
    """Return a trial's progress in permille and its last value.

    None with several objectives: no single value compares such trials.
    """
    value = trial.metrics.get(objectives[0].metric)
    if len(objectives) > 1 or value is None or not math.isfinite(value):
        return None
    return (trial.last_step or 0 if trial.progress is None else round(1000 * trial.progress)), value


def _at_point(projection: SpaceProjection, point: Point, observation: Observation, trial: Trial) -> Observation:
    """Return the observation at its point, with the margin of the current constraints.

    A hand-picked trial may violate them.
    """
    margin = max(observation.margin, projection.missed_by(point))
    return replace(observation, point=point, margin=margin, trial=trial)


def _still_rejected(
    projection: SpaceProjection, seen: frozenset[str], rejections: Iterable[Rejection]
) -> Iterator[Observation]:
    """Yield observations of the proposals that would be rejected today: constraints may have changed."""
    for rejection in rejections:
        if (point := projection.point(rejection.params)) is None:
            continue
        _, still = projection.judge(point, seen)
        if still:
            yield Observation(point, ObservationKind.AVOID, margin=still.margin)


def _with_imputed_values(observations: Sequence[Observation], objectives: Sequence[Objective]) -> Iterator[Observation]:
    """Yield the observations, with imputed values for diverged trials.

    Without any measured value, diverged trials are left out.
    """
    value_rows = [observation.values for observation in observations if observation.values]
    imputed_values = tuple(map(imputed_worst, objectives, zip(*value_rows, strict=True))) if value_rows else ()
    for observation in observations:
        # A diverged trial needs a number that models can rank, one that is worse than all measured ones.
        if observation.kind is not ObservationKind.VALUES or observation.values:
            yield observation
        elif imputed_values:
            yield replace(observation, values=imputed_values)


def imputed_worst(objective: Objective, values: Sequence[float]) -> float:
    """Return a value one standard deviation worse than the worst: imputed for a diverged trial.

    Only engines see it; it is neither stored nor shown.
    """
    deviation = pstdev(values) or 1.0
    value = max(values) + deviation if objective.goal == "minimize" else min(values) - deviation
    # Engines take finite numbers only; the sum may overflow.
    return min(max(value, -sys.float_info.max), sys.float_info.max)
