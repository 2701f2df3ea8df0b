"""Training data for models that need a number for everything: Gaussian processes, Optuna's and Ax's.

A point has a value for every parameter, a trial one for every objective or none at all. Values are imputed here for
trials that diverged, were pruned or violated a constraint; they never leave the engine. Outliers on the bad side are
clipped: a loss of 1e10 would make all others look the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from statistics import median, quantiles

from hptui.core.dataclass import dataclass
from hptui.core.study import Objective
from hptui.search.history import MEMORY_MARGIN, Observation, ObservationKind, imputed_worst
from hptui.search.learning_engine import AskContext
from hptui.search.projection import LEAST_EXCESS, Point, SpaceProjection

MAX_TRAINING_TRIALS = 500
"""Maximum number of trials given to a model, the best and the newest: keeps an ask within seconds."""

MAX_REJECTED_PROPOSALS = 30
"""Maximum number of rejected proposals given to a model, the newest. Each costs as much as a trial."""

MAX_PENDING_POINTS = 16
"""Maximum number of points under way given to a model, the newest."""

MIN_USED_PROGRESS_PERMILLE = 500
"""Progress in permille from which a pruned trial's value is used; before, it counts as the median."""

MAX_QUARTILE_DISTANCES = 1.5
"""Quartile distances beyond the worse quartile at which values are clipped.

With 10, a loss that diverged to 40 times the median one hid from a Gaussian process what the next ten trials could have
shown it.
"""

MAX_ABSOLUTE_VALUE = 1e100
"""Bound of all absolute values: their squares must still be finite."""

CONSTRAINTS_LIMIT, MEMORY_LIMIT = "constraints", "memory"
"""Names of the limits that are added to the study's outcome conditions."""


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One result as training data.

    `values` is empty where nothing was measured; `limits` > 0 are missed, absent ones unknown. `stopped_early`: the
    trial was pruned or timed out.
    """

    point: Point
    values: tuple[float, ...]
    limits: Mapping[str, float] = field(default_factory=dict)
    stopped_early: bool = False


@dataclass(frozen=True, slots=True)
class TrainingTable:
    """All that a model is trained on.

    `medians` has the median value of each objective, `median_limits` the median margin of each limit that is known.
    """

    projection: SpaceProjection
    rows: tuple[TrainingRow, ...]
    pending: tuple[Point, ...]
    medians: tuple[float, ...]
    median_limits: Mapping[str, float]

    def values(self, row: TrainingRow) -> tuple[float, ...]:
        """Return a row's values; where there are none, the medians, which carry the least information."""
        return row.values or self.medians

    def limits(self, row: TrainingRow) -> dict[str, float]:
        """Return a row's margins of all limits, with the median for unknown ones."""
        return {name: row.limits.get(name, median_limit) for name, median_limit in self.median_limits.items()}

    def missed_row(self, point: Point) -> TrainingRow:
        """Return the row of a proposal that is rejected for a limit."""
        return TrainingRow(self.projection.with_inactive(point), (), _limits_at(self.projection, point))


def training_table(context: AskContext, max_trials: int = MAX_TRAINING_TRIALS) -> TrainingTable:
    """Return the training table of a history in which something was measured.

    `max_trials` bounds the rows of trials.
    """
    projection, observations, objectives = context.projection, context.history.observations, context.study.objectives
    medians, worst_values = _medians_and_worst(observations, objectives)
    rows = [
        _training_row(context, observation, medians, worst_values)
        for observation in observations
        if observation.kind is not ObservationKind.AVOID
    ]
    rows = _newest_and_best(_with_clipped_outliers(rows, objectives), objectives, max_trials)
    avoided = [observation for observation in observations if observation.kind is ObservationKind.AVOID]
    rejected = [observation for observation in avoided if observation.trial is None and observation.margin > 0]
    rows += [
        TrainingRow(projection.with_inactive(observation.point), (), _limits_at(projection, observation.point))
        for observation in rejected[-MAX_REJECTED_PROPOSALS:]
    ]
    pending = [projection.with_inactive(observation.point) for observation in avoided if observation.trial is not None]
    return TrainingTable(projection, tuple(rows), tuple(pending[-MAX_PENDING_POINTS:]), medians, _median_limits(rows))


def _medians_and_worst(
    observations: Sequence[Observation], objectives: Sequence[Objective]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the median of each objective, and the value that is imputed for bad results."""
    measured = [observation.values for observation in observations if observation.kind is ObservationKind.VALUES]
    # With several objectives, observations have nothing shown.
    shown = [(observation.shown[1],) for observation in observations if observation.shown]
    columns = [[_bounded(value) for value in column] for column in zip(*(measured or shown), strict=True)]
    return tuple(map(median, columns)), tuple(map(imputed_worst, objectives, columns))


def _training_row(
    context: AskContext, observation: Observation, medians: tuple[float, ...], worst_values: tuple[float, ...]
) -> TrainingRow:
    projection = context.projection
    limits = _limits_at(projection, observation.point)
    # Once a trial ran out of memory, memory is a limit that all others have kept: by how much is imputed, or predicted.
    if limits.keys() & {MEMORY_LIMIT} or any(
        other.kind is ObservationKind.VIOLATED for other in context.history.observations
    ):
        predicted = limits.get(MEMORY_LIMIT)
        if observation.kind is ObservationKind.VIOLATED:
            limits[MEMORY_LIMIT] = max(MEMORY_MARGIN, predicted or 0.0)
        else:
            limits[MEMORY_LIMIT] = -MEMORY_MARGIN if predicted is None else min(-LEAST_EXCESS, predicted)
    point = projection.with_inactive(observation.point)
    match observation.kind:
        case ObservationKind.VIOLATED:
            return TrainingRow(point, (), limits)
        case ObservationKind.PARTIAL:
            return TrainingRow(point, _pruned_values(observation, medians, worst_values), limits, stopped_early=True)
    return TrainingRow(point, tuple(map(_bounded, observation.values)), {**limits, **observation.limits})


def _limits_at(projection: SpaceProjection, point: Point) -> dict[str, float]:
    """Return by how much a point misses the worst constraint, and the memory that is predicted.

    Both are negative when satisfied: models learn from the distance to the edge, too. Each limit is known of every
    point, kept or missed: one whose kept side is unknown would make all points look as if they missed it.
    """
    settled, _ = projection.judge(point, frozenset())
    limits = {CONSTRAINTS_LIMIT: projection.constraint_margin(settled)} if projection.space.constraints else {}
    if projection.wall is not None and (excess := projection.wall.excess(settled)) is not None:
        limits[MEMORY_LIMIT] = excess
    return limits


def _pruned_values(
    observation: Observation, medians: tuple[float, ...], worst_values: tuple[float, ...]
) -> tuple[float, ...]:
    """Return the values of a trial that was cut short.

    They are what it showed, if that was late enough, but no better than the median: it was cut for a reason.
    """
    if observation.shown is None:
        return worst_values
    progress, value = observation.shown
    return (
        medians
        if progress < MIN_USED_PROGRESS_PERMILLE
        else (sorted((medians[0], _bounded(value), worst_values[0]))[1],)
    )


def _bounded(value: float) -> float:
    return min(max(value, -MAX_ABSOLUTE_VALUE), MAX_ABSOLUTE_VALUE)


def _with_clipped_outliers(rows: Sequence[TrainingRow], objectives: Sequence[Objective]) -> list[TrainingRow]:
    """Return the rows with outliers on the bad side clipped."""
    columns = list(zip(*(row.values for row in rows if row.values), strict=True))
    if not columns or len(columns[0]) < 4:
        return list(rows)
    bounds = [_outlier_bound(objective, column) for objective, column in zip(objectives, columns, strict=True)]
    better_functions = [min if objective.goal == "minimize" else max for objective in objectives]
    return [
        replace(
            row,
            values=tuple(
                better_of(value, bound)
                for better_of, value, bound in zip(better_functions, row.values, bounds, strict=False)
            ),
        )
        for row in rows
    ]


def _outlier_bound(objective: Objective, column: Sequence[float]) -> float:
    """Return the value at which bad values are clipped; none if half of all values are equal."""
    low, _, high = quantiles(column, n=4, method="inclusive")
    allowance = MAX_QUARTILE_DISTANCES * (high - low) or MAX_ABSOLUTE_VALUE
    return high + allowance if objective.goal == "minimize" else low - allowance


def _newest_and_best(rows: list[TrainingRow], objectives: Sequence[Objective], max_rows: int) -> list[TrainingRow]:
    """Return at most `max_rows` rows: the newest half, and the best of the older ones."""
    if len(rows) <= max_rows:
        return rows
    half = max_rows // 2
    older = rows[:-half]
    rank_sums = [0 if row.values else len(rows) * len(objectives) for row in older]
    for n, objective in enumerate(objectives):
        measured = [index for index, row in enumerate(older) if row.values]
        measured.sort(key=lambda index: older[index].values[n], reverse=objective.goal == "maximize")
        for position, index in enumerate(measured):
            rank_sums[index] += position
    best = sorted(sorted(range(len(older)), key=lambda index: rank_sums[index])[:half])
    return [*(older[index] for index in best), *rows[-half:]]


def _median_limits(rows: Sequence[TrainingRow]) -> dict[str, float]:
    """Return the median margin of each limit that any row knows."""
    names = dict.fromkeys(name for row in rows for name in row.limits)
    return {name: median(row.limits[name] for row in rows if name in row.limits) for name in names}
