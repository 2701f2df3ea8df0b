"""Ax through its `Client`, which is built anew from our history for every ask.

Ax sees parameters p0, p1…, metrics m0, m1… and limits c0 <= 0, c1 <= 0…: no name and no expression of a user's reaches
it, because it hands constraints to an interpreter. It never hears of NaN. We check every proposal ourselves; one that
must not be run is completed with the limit that it misses, and no result.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from operator import mul
from typing import Any

from hptui.model.pareto import front, reference
from hptui.model.space import Choice, Int, Parameter
from hptui.model.study import Study
from hptui.model.trial import Rejection, Value
from hptui.search.cube import at, counted, level, place
from hptui.search.engine import Proposal
from hptui.search.lens import Point
from hptui.search.modelled import Asked, ModelEngine
from hptui.search.start import designed
from hptui.search.table import CONSTRAINTS, PENDING, Row, tabulate
from hptui.storage.studyfile.samplers import check_ax

disabled = logging.root.manager.disable
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.INFO)  # Ax sets its own levels while it is imported, and says so
        import ax
        from ax.api.client import Client
        from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
        from ax.exceptions.core import OptimizationComplete
        from botorch.acquisition.multi_objective import logei
finally:
    logging.disable(disabled)

# Or BoTorch would compile a kernel at the first ask of several objectives, and wait for ever where another process was
# killed while it compiled; and a proposal would hang on whether the machine has a compiler.
logei._load_attempted = True

MODELLED = 200
"""The most trials that Ax is told: it takes a hundredth of a second for each."""


@contextmanager
def quiet() -> Iterator[None]:
    """Without Ax's log, and without warnings of what it and its libraries do inside."""
    logger = logging.getLogger("ax")
    before = logger.propagate, [(handler, handler.level) for handler in logger.handlers]
    logger.propagate = False
    for handler in logger.handlers:
        handler.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.propagate = before[0]
        for handler, level_ in before[1]:
            handler.setLevel(level_)


class AxEngine(ModelEngine):
    """The engine of `sampler = "ax"`."""

    name = f"ax {ax.__version__}"
    quiet = staticmethod(quiet)
    asks = 5  # each takes a second; fed back, one or two are usual

    def __init__(self, study: Study, base: Mapping[str, Value]) -> None:
        check_ax(study)
        super().__init__(study, base)

    def start(self, asked: Asked) -> Proposal | None:
        """See `ModelEngine`."""
        return designed(asked, self.name)

    def sampler(self, asked: Asked) -> AxSampler:
        """See `ModelEngine`."""
        return AxSampler(asked)


class AxSampler:
    """One ask's client. A `Sampler` of virtual trials."""

    def __init__(self, asked: Asked) -> None:
        self.asked, self.table = asked, tabulate(asked, MODELLED)
        parameters = asked.lens.parameters.values()
        self.axes = {f"p{n}": one for n, one in enumerate(parameters) if one.size != 1}
        self.fixed = {one.name: at(one, 0.0) for one in parameters if one.size == 1}
        self.limits = {name: f"c{n}" for n, name in enumerate(self.table.usual_limits)}
        self.signs = [1.0 if objective.goal == "minimize" else -1.0 for objective in asked.study.objectives]
        self.client = self._client()
        self.trial = -1
        if self.axes:
            self._tell_all()

    def suggest(self, k: int) -> Point | None:
        """See `Sampler`. What Ax takes for an exhausted space may have feasible points left."""
        if not self.axes:
            return self.fixed
        try:
            ((self.trial, found),) = self.client.get_next_trials(max_trials=1).items()
        except OptimizationComplete:
            return None
        return {**self.fixed, **{one.name: _decode(one, found[alias]) for alias, one in self.axes.items()}}

    def reject(self, rejection: Rejection) -> None:
        """A missed constraint is a result; a known configuration is not suggested again."""
        if rejection.margin > 0 and CONSTRAINTS in self.limits:
            self.client.complete_trial(self.trial, {self.limits[CONSTRAINTS]: rejection.margin})
        elif self.axes:
            self.client.mark_trial_abandoned(self.trial)

    def _client(self) -> Client:
        client = Client(random_seed=self.asked.seed(1))
        if self.axes:
            client.configure_experiment([_config(alias, one) for alias, one in self.axes.items()])
            client.configure_optimization(
                objective=", ".join(f"{'-' if sign > 0 else ''}m{n}" for n, sign in enumerate(self.signs)),
                outcome_constraints=[*(f"{alias} <= 0" for alias in self.limits.values()), *self._thresholds()],
            )
            # The start is ours, so that its points are feasible: Ax goes straight to its model.
            client.configure_generation_strategy(initialization_budget=0, initialize_with_center=False)
            for node in client._generation_strategy.nodes_by_name.values():
                node.should_deduplicate = False  # it asks itself five times, then samples for minutes; we ask better
        return client

    def _thresholds(self) -> list[str]:
        """Of several objectives: a little behind the worst of what none beats. Ax cannot always tell by itself."""
        points = [tuple(map(mul, self.signs, row.values)) for row in self.table.rows if row.values]
        if len(self.signs) == 1:
            return []
        ends = reference([points[index] for index in front(points)])
        return [
            f"m{n} {'<=' if sign > 0 else '>='} {sign * end!r}"
            for n, (sign, end) in enumerate(zip(self.signs, ends, strict=True))
        ]

    def _tell_all(self) -> None:
        for row in self.table.rows:
            self._tell(self._attach(row.point), row)
        for point in self.table.pending:
            self._attach(point)
        for point in self.asked.history.silent[-PENDING:]:  # whatever became of them, they are not run again
            self.client.mark_trial_abandoned(self._attach(self.asked.lens.whole(point)))

    def _tell(self, trial: int, row: Row) -> None:
        data = {f"m{n}": value for n, value in enumerate(row.values)}
        data |= {self.limits[name]: margin for name, margin in row.limits.items()}
        if row.early:
            self.client.attach_data(trial, data)
            self.client.mark_trial_early_stopped(trial)
        else:
            self.client.complete_trial(trial, data)

    def _attach(self, point: Mapping[str, Value]) -> int:
        found: int = self.client.attach_trial(
            {alias: _encode(one, point[one.name]) for alias, one in self.axes.items()}
        )
        return found


def _config(alias: str, parameter: Parameter) -> ChoiceParameterConfig | RangeParameterConfig:
    """A choice and a stepped range are indices: of any values, and with an order where they have one."""
    if isinstance(parameter, Choice):
        places = list(range(parameter.size))
        return ChoiceParameterConfig(name=alias, values=places, parameter_type="int", is_ordered=parameter.ordinal)
    if counted(parameter):
        return RangeParameterConfig(name=alias, bounds=(0, (parameter.size or 1) - 1), parameter_type="int")
    kind = "int" if isinstance(parameter, Int) else "float"
    scaling = "log" if parameter.log else "linear"
    return RangeParameterConfig(
        name=alias, bounds=(parameter.low, parameter.high), parameter_type=kind, scaling=scaling
    )


def _encode(parameter: Parameter, value: Value) -> Value:
    if counted(parameter):
        return place(parameter, value)
    assert isinstance(value, int | float)
    return int(value) if isinstance(parameter, Int) else float(value)


def _decode(parameter: Parameter, found: Any) -> Value:
    if counted(parameter):
        return level(parameter, int(found))
    assert not isinstance(parameter, Choice)
    return parameter.held(float(found))
