"""Ax through its `Client`, which is rebuilt from the recorded history for every ask.

Ax sees parameters p0, p1…, metrics m0, m1… and limits c0 <= 0, c1 <= 0…: no name and no expression of the user's
reaches it, because it passes constraints to an interpreter. It never gets NaN. Every proposal is checked here; one that
must not be run is completed with the margin of the limit that it misses, and no result.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from operator import mul
from typing import Any

from hptui.core.ranking import hypervolume_reference, nondominated_indices
from hptui.core.space import Choice, Int, Parameter
from hptui.core.study import Study
from hptui.core.trial import Rejection, Value
from hptui.core.unit_cube import index_of, is_discrete, value_at, value_at_index
from hptui.search.engine import Proposal
from hptui.search.learning_engine import AskContext, ModelEngine
from hptui.search.library_samplers import check_ax
from hptui.search.optuna.qmc import initial_design
from hptui.search.projection import Point
from hptui.search.training_table import MAX_PENDING_POINTS, TrainingRow, training_table

previously_disabled_level = logging.root.manager.disable
"""Logging level that was disabled before the import of Ax."""
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.INFO)  # Ax sets its own log levels while it is imported, and logs that
        import ax
        from ax.api.client import Client
        from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
        from ax.exceptions.core import OptimizationComplete
        from botorch.acquisition.multi_objective import logei
finally:
    logging.disable(previously_disabled_level)

# Private name of BoTorch: pretends that its compiled kernel was tried. Otherwise BoTorch would compile one at the first
# ask with several objectives, waiting for ever on the lock of a process that was killed while compiling, and proposals
# would depend on whether the machine has a compiler.
logei._load_attempted = True

MAX_AX_TRIALS = 200
"""Maximum number of trials given to Ax, which takes a hundredth of a second for each."""


@contextmanager
def quiet_ax() -> Iterator[None]:
    """Silence Ax's log, and the warnings that it and its libraries raise internally."""
    logger = logging.getLogger("ax")
    state = logger.propagate, [(handler, handler.level) for handler in logger.handlers]
    logger.propagate = False
    for handler in logger.handlers:
        handler.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.propagate = state[0]
        for handler, level_ in state[1]:
            handler.setLevel(level_)


class AxEngine(ModelEngine):
    """The engine of `sampler = "ax"`."""

    name = f"ax {ax.__version__}"
    quiet = staticmethod(quiet_ax)
    max_asks = 5  # each takes a second; with feedback, one or two suffice as a rule

    def __init__(self, study: Study, base: Mapping[str, Value]) -> None:
        check_ax(study)
        super().__init__(study, base)

    def start(self, context: AskContext) -> Proposal | None:
        """See `ModelEngine`."""
        return initial_design(context, self.name)

    def suggester(self, context: AskContext) -> AxSuggester:
        """See `ModelEngine`."""
        return AxSuggester(context)


class AxSuggester:
    """The Ax client of one ask. A `Suggester` of virtual trials."""

    def __init__(self, context: AskContext) -> None:
        self.context, self.table = context, training_table(context, MAX_AX_TRIALS)
        parameters = context.projection.parameters.values()
        self.axes = {f"p{n}": parameter for n, parameter in enumerate(parameters) if parameter.size != 1}
        self.fixed = {parameter.name: value_at(parameter, 0.0) for parameter in parameters if parameter.size == 1}
        self.limits = {name: f"c{n}" for n, name in enumerate(self.table.median_limits)}
        self.signs = [1.0 if objective.goal == "minimize" else -1.0 for objective in context.study.objectives]
        self.client = self._client()
        self.trial, self.suggested = -1, Point()
        if self.axes:
            self._add_history()

    def suggest(self, k: int) -> Point | None:
        """Return Ax's suggestion; None when Ax reports an exhausted space.

        That space may have feasible points left.
        """
        if not self.axes:
            return self.fixed
        try:
            ((self.trial, values),) = self.client.get_next_trials(max_trials=1).items()
        except OptimizationComplete:
            return None
        searched = {parameter.name: _decode(parameter, values[alias]) for alias, parameter in self.axes.items()}
        self.suggested = {**self.fixed, **searched}
        return self.suggested

    def reject(self, rejection: Rejection) -> None:
        """Record missed limits as a result; abandon a known configuration."""
        limits = self.table.missed_row(self.suggested).limits if rejection.margin > 0 else {}
        if data := {self.limits[name]: margin for name, margin in limits.items() if name in self.limits}:
            self.client.complete_trial(self.trial, data)
        elif self.axes:
            self.client.mark_trial_abandoned(self.trial)

    def _client(self) -> Client:
        client = Client(random_seed=self.context.seed(1))
        if self.axes:
            client.configure_experiment([_config(alias, parameter) for alias, parameter in self.axes.items()])
            client.configure_optimization(
                objective=", ".join(f"{'-' if sign > 0 else ''}m{n}" for n, sign in enumerate(self.signs)),
                outcome_constraints=[*(f"{alias} <= 0" for alias in self.limits.values()), *self._thresholds()],
            )
            # The initial design is ours, so that its points are feasible: Ax begins with its model.
            client.configure_generation_strategy(initialization_budget=0, initialize_with_center=False)
            for node in client._generation_strategy.nodes_by_name.values():
                # Private name of Ax: its own deduplication retries five times, then samples for minutes; ours is
                # feedback on the rejected point.
                node.should_deduplicate = False
        return client

    def _thresholds(self) -> list[str]:
        """Return a threshold for each of several objectives, a little worse than the worst of the Pareto set.

        Ax cannot always infer these.
        """
        points = [tuple(map(mul, self.signs, row.values)) for row in self.table.rows if row.values]
        if len(self.signs) == 1:
            return []
        reference_point = hypervolume_reference([points[index] for index in nondominated_indices(points)])
        return [
            f"m{n} {'<=' if sign > 0 else '>='} {sign * bound!r}"
            for n, (sign, bound) in enumerate(zip(self.signs, reference_point, strict=True))
        ]

    def _add_history(self) -> None:
        for row in self.table.rows:
            self._add_result(self._attach(row.point), row)
        for point in self.table.pending:
            self._attach(point)
        for point in self.context.history.unobserved_points[
            -MAX_PENDING_POINTS:
        ]:  # whatever their results, they are not run again
            self.client.mark_trial_abandoned(self._attach(self.context.projection.with_inactive(point)))

    def _add_result(self, trial: int, row: TrainingRow) -> None:
        data = {f"m{n}": value for n, value in enumerate(row.values)}
        data |= {self.limits[name]: margin for name, margin in row.limits.items()}
        if row.stopped_early:
            self.client.attach_data(trial, data)
            self.client.mark_trial_early_stopped(trial)
        else:
            self.client.complete_trial(trial, data)

    def _attach(self, point: Mapping[str, Value]) -> int:
        trial_index: int = self.client.attach_trial(
            {alias: _encode(parameter, point[parameter.name]) for alias, parameter in self.axes.items()}
        )
        return trial_index


def _config(alias: str, parameter: Parameter) -> ChoiceParameterConfig | RangeParameterConfig:
    """Return Ax's definition of a parameter.

    Choices and stepped ranges are indices: their values can have any type, and keep their order where there is one.
    """
    if isinstance(parameter, Choice):
        indices = list(range(parameter.size))
        return ChoiceParameterConfig(name=alias, values=indices, parameter_type="int", is_ordered=parameter.ordinal)
    if is_discrete(parameter):
        return RangeParameterConfig(name=alias, bounds=(0, (parameter.size or 1) - 1), parameter_type="int")
    kind = "int" if isinstance(parameter, Int) else "float"
    scaling = "log" if parameter.log else "linear"
    return RangeParameterConfig(
        name=alias, bounds=(parameter.low, parameter.high), parameter_type=kind, scaling=scaling
    )


def _encode(parameter: Parameter, value: Value) -> Value:
    if is_discrete(parameter):
        return index_of(parameter, value)
    assert isinstance(value, int | float)
    return int(value) if isinstance(parameter, Int) else float(value)


def _decode(parameter: Parameter, ax_value: Any) -> Value:
    if is_discrete(parameter):
        return value_at_index(parameter, int(ax_value))
    assert not isinstance(parameter, Choice)
    return parameter.clamp(float(ax_value))
