"""The engines without a model: listed trials, a grid, random search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from random import Random

from hptui.core.errors import StudyError
from hptui.core.study import Study
from hptui.core.trial import Trial, Value
from hptui.plugins import SamplerSpec
from hptui.search.engine import Proposal, seed_for
from hptui.search.history import Identities
from hptui.search.memory import MemoryLimits

MAX_GRID_POINTS = 50_000
"""Maximum number of points of a grid: more than anybody trains, and enumerated within a second."""


class ListEngine:
    """Proposes nothing: only the trials that the study lists are run."""

    name = "list"

    def __init__(self, study: Study, base: Mapping[str, Value]) -> None:
        pass

    def sync(self, trials: Sequence[Trial]) -> None:
        """Ignore the history: there is nothing to learn."""

    def ask(self, number: int) -> Proposal | None:
        """Return None, always."""
        return None


class GridEngine:
    """Proposes every feasible combination, in the study file's order of parameters, the last one changing fastest."""

    name = "grid"

    def __init__(self, study: Study, base: Mapping[str, Value]) -> None:
        self._limits = MemoryLimits(study, base)
        self.projection, _ = self._limits.of(())
        self.identities = Identities(self.projection)
        self.seen: Set[str] = frozenset()
        for parameter in study.space.parameters:
            if parameter.size is None:
                raise StudyError(
                    "a grid needs values to go through, and this range is continuous",
                    where=f"space.{parameter.name}",
                    value=parameter.describe(),
                    hint="give it a `step` or `choices`, or use another sampler",
                )
        if (points := study.space.size or 0) > MAX_GRID_POINTS:
            raise StudyError(
                f"a grid of {points:,} combinations is too large, {MAX_GRID_POINTS:,} are the most",
                where="space",
                hint="give fewer values, or use `random` or `tpe`",
            )

    def sync(self, trials: Sequence[Trial]) -> None:
        """See `Engine`."""
        self.seen = self.identities.of(trials)
        self.projection, _ = self._limits.of(trials)

    def ask(self, number: int) -> Proposal | None:
        """Return the first combination that has no trial yet."""
        for point in self.projection.grid_points():
            settled, rejection = self.projection.judge(point, self.seen)
            if rejection is None:
                return Proposal(settled, engine=self.name)
        return None


class RandomEngine:
    """Proposes feasible configurations drawn independently, each from the seed of its trial's number."""

    name = "random"

    def __init__(self, study: Study, base: Mapping[str, Value]) -> None:
        self.seed = study.search.seed
        self._limits = MemoryLimits(study, base)
        self.projection, self.feasible = self._limits.of(())
        self.identities = Identities(self.projection)
        self.trials: Sequence[Trial] = ()

    def sync(self, trials: Sequence[Trial]) -> None:
        """See `Engine`."""
        self.trials = trials
        self.projection, self.feasible = self._limits.of(trials)

    def ask(self, number: int) -> Proposal | None:
        """Return a feasible configuration that has no trial yet."""
        seen = self.identities.of(self.trials)
        anchors = (point for trial in self.trials if (point := self.projection.point(trial.params)) is not None)
        drawn = self.feasible.draw(Random(seed_for(self.seed, number)), seen, anchors)
        return None if drawn is None else Proposal(drawn, engine=self.name)


def check_grid(study: Study) -> None:
    """Raise for a continuous parameter: a grid needs single values."""
    for parameter in study.space.parameters:
        if parameter.values() is None:
            hint = "give it a step, or choices"
            message = f"a grid needs single values, got the continuous range {parameter.describe()}"
            raise StudyError(message, where=f"space.{parameter.name}", value=parameter.describe(), hint=hint)


LIST = SamplerSpec(
    "list",
    "The trials that the study file lists, and no other.",
    engine="hptui.search.plain:ListEngine",
    asks_ahead=True,
)
GRID = SamplerSpec(
    "grid",
    "Every combination of the values, in order.",
    engine="hptui.search.plain:GridEngine",
    check=check_grid,
    asks_ahead=True,
)
RANDOM = SamplerSpec(
    "random",
    "Configurations drawn at random, each by itself.",
    engine="hptui.search.plain:RandomEngine",
    asks_ahead=True,
)
