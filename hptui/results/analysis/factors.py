"""Settings as coordinates from 0 to 1 (or as categories), among trials and over the current space."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hptui.core.dataclass import dataclass
from hptui.core.parameters import Choice, Int, Parameter
from hptui.core.space import Space
from hptui.core.trial import Trial, Value
from hptui.core.unit_cube import value_at
from hptui.core.values import canonical_json, is_number
from hptui.results.analysis import blas
from hptui.results.analysis.cohort import varying_settings
from hptui.results.view import View

if TYPE_CHECKING:
    from hptui.results.analysis.points import Points

LOG_FROM = 10.0
"""A positive setting outside the space whose values span this factor is taken on a log scale."""
GRID = 5
"""Number of points of an averaged curve over an ordered setting."""
MAX_LEVELS = 12
"""Up to this number of ordered choices or whole numbers a curve has all of them: the best may be any."""
SPACE_POINTS = 64
"""Number of points over which the other settings are averaged."""


@dataclass(frozen=True)
class Factor:
    """A setting that varies among trials.

    Ordered ones have a scale: `levels` of an ordered choice, else `low` to `high`, both widened to what was tried.
    `levels` of a category are its values. `parameter` is the current range; None for a setting outside the space.
    """

    name: str
    ordered: bool
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    levels: tuple[Value, ...] = ()
    parameter: Parameter | None = None

    def coordinate(self, value: Value) -> float:
        """Return the position of a value, 0 to 1; the code of a category."""
        if self.levels:
            index = next(i for i, level in enumerate(self.levels) if canonical_json(level) == canonical_json(value))
            return index / max(1, len(self.levels) - 1) if self.ordered else float(index)
        assert is_number(value)
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def value_at(self, place: float) -> Value:
        """Return the value at a position, or with a code of a category."""
        if self.levels:
            return self.levels[round(place * (len(self.levels) - 1)) if self.ordered else int(place)]
        if self.log:
            return float(self.low * (self.high / self.low) ** place)
        return self.low + (self.high - self.low) * place

    def _current(self) -> tuple[float, float]:
        """Return the ends of the current range of an ordered setting without levels."""
        if self.parameter is None or isinstance(self.parameter, Choice):
            return self.low, self.high
        return self.parameter.low, self.parameter.high

    def grid(self) -> list[Value]:
        """Return the values at which an averaged curve is shown: of the current range, ascending."""
        if isinstance(self.parameter, Choice):
            levels = [level for level in self.levels if self.parameter.contains(level)]
            if not self.ordered or len(levels) <= MAX_LEVELS:
                return levels
            return [levels[round(i * (len(levels) - 1) / (GRID - 1))] for i in range(GRID)]
        if self.levels:
            return list(self.levels)
        low, high = self._current()
        if isinstance(self.parameter, Int) and self.parameter.size <= MAX_LEVELS:
            return [*range(self.parameter.low, self.parameter.high + 1, self.parameter.step or 1)]
        shares = [i / (GRID - 1) for i in range(GRID)]
        values = [low * (high / low) ** s if self.log and low > 0 else low + (high - low) * s for s in shares]
        if isinstance(self.parameter, Int):
            return list(dict.fromkeys(round(value) for value in values))
        return [*values[:-1], float(high)]

    def ends_and_thirds(self, low: bool) -> list[Value]:
        """Return an end of the current range and the value a third of the range inwards from it."""
        if self.levels or isinstance(self.parameter, Int):
            values = self.grid()
            inwards = max(1, round((len(values) - 1) / 3))
            return [values[0], values[inwards]] if low else [values[-1], values[-1 - inwards]]
        first, last = self._current()
        share = 1 / 3 if low else 2 / 3
        inside = first * (last / first) ** share if self.log and first > 0 else first + (last - first) * share
        return [float(first if low else last), inside]


def factors_of(view: View, space: Space, trials: Sequence[Trial], left_out: Sequence[str] = ()) -> list[Factor]:
    """Return the settings that vary among trials, without derived ones and `left_out`."""
    derived = {setting.name for setting in space.derived}
    settings = [view.settings(trial) for trial in trials]
    factors = []
    for name in varying_settings(view, trials):
        if name in derived or name in left_out:
            continue
        values = [row[name] for row in settings if name in row]
        factors.append(_factor(name, values, space.get(name)))
    return factors


def _factor(name: str, values: Sequence[Value], parameter: Parameter | None) -> Factor:
    numbers = [float(value) for value in values if is_number(value)]
    numeric = len(numbers) == len(values)
    if isinstance(parameter, Choice):
        known = {canonical_json(choice) for choice in parameter.levels}
        extra = {canonical_json(value): value for value in values if canonical_json(value) not in known}
        levels = (*parameter.levels, *(extra[key] for key in sorted(extra)))
        if parameter.ordinal and numeric:
            ordered = sorted((level for level in levels if is_number(level)), key=float)
            return Factor(name, True, levels=tuple(ordered), parameter=parameter)
        return Factor(name, False, levels=levels, parameter=parameter)
    if not numeric:
        by_key = {canonical_json(value): value for value in values}
        return Factor(name, False, levels=tuple(by_key[key] for key in sorted(by_key)), parameter=None)
    low, high = min(numbers), max(numbers)
    if parameter is not None:
        low, high = min(low, parameter.low), max(high, parameter.high)
        return Factor(name, True, low, high, parameter.log and low > 0, parameter=parameter)
    return Factor(name, True, low, high, low > 0 and high >= LOG_FROM * low)


def points_of(view: View, space: Space, factors: Sequence[Factor], trials: Sequence[Trial]) -> Points:
    """Return trials as points. A conditional setting whose condition does not hold is inactive there."""
    return coordinates_of(space, factors, [(view.base, view.settings(trial)) for trial in trials])


def coordinates_of(space: Space, factors: Sequence[Factor], rows: Sequence[tuple[Any, Any]]) -> Points:
    """Return pairs (settings of the study file, settings) as points."""
    blas.load()
    import numpy as np  # numpy: not at start

    from hptui.results.analysis.points import Points  # numpy: not at start

    conditional = {parameter.name for parameter in space.parameters if parameter.when is not None}
    position = np.zeros((len(rows), len(factors)))
    inactive = np.zeros((len(rows), len(factors)), bool)
    for i, (base, settings) in enumerate(rows):
        active = set(space.active(base, settings)) if conditional else set()
        for j, factor in enumerate(factors):
            if factor.name not in settings or (factor.name in conditional and factor.name not in active):
                inactive[i, j] = True
            else:
                position[i, j] = factor.coordinate(settings[factor.name])
    category = np.array([not factor.ordered for factor in factors], bool)
    return Points(position, category, inactive, np.array([factor.name in conditional for factor in factors], bool))


def space_rows(
    view: View, factors: Sequence[Factor], trials: Sequence[Trial], count: int
) -> tuple[Mapping[str, Value], ...]:
    """Return the settings of `count` (a power of 2) evenly spread points of the current space.

    A setting outside the space takes the values that were tried. Nothing is random.
    """
    blas.load()
    from scipy.stats import qmc  # scipy: not at start

    if not factors:
        return ({},) * count
    spread = qmc.Sobol(len(factors), scramble=False).random_base2(count.bit_length() - 1) + 0.5 / count
    tried = {
        factor.name: sorted(
            (view.settings(trial)[factor.name] for trial in trials if factor.name in view.settings(trial)),
            key=factor.coordinate,
        )
        for factor in factors
        if factor.parameter is None
    }
    rows: list[Mapping[str, Value]] = []
    for row in spread:
        settings: dict[str, Value] = {}
        for factor, share in zip(factors, row, strict=True):
            if factor.parameter is not None:
                settings[factor.name] = value_at(factor.parameter, float(share))
            else:
                values = tried[factor.name]
                settings[factor.name] = values[int(share * len(values))]
        rows.append({**view.base, **settings})
    return tuple(rows)
