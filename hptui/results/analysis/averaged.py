"""What the model of an objective says on average over the current space: curves, contrasts, shares, pairs.

Numpy is loaded with this module, so others import it inside functions. Values are the cut ones of `scores`, as recorded
(of a maximized objective the larger is better). Every setting keeps a least weight in statements about sizes, since a
weight that the likelihood shrank to nothing would leave an interval of no width.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import combinations

import numpy as np
from scipy import linalg, special

from hptui.core.dataclass import dataclass
from hptui.core.parameters import Int
from hptui.core.space import Space
from hptui.core.trial import Trial, Value
from hptui.core.values import is_number
from hptui.results.analysis.activity import Activity, SpacePoints
from hptui.results.analysis.factors import MAX_LEVELS, SPACE_POINTS, Factor, coordinates_of, space_rows
from hptui.results.analysis.kernel import FLOOR, Model, Posterior, normal_draws
from hptui.results.analysis.points import Array
from hptui.results.analysis.together import Together, pairs_together
from hptui.results.view import View

SURE = 0.95
"""Posterior probability from which a direction, a place or a difference is stated."""
SAFE = 3.5
"""Standard deviations for the largest change that a setting may still make, over all settings and pairs of values.

With 1.96 it was exceeded in 12 % of made-up studies: the fitted model is taken for the true one.
"""
FAST_WEIGHTS = (2.0, 20.0)
"""Weights of a setting in the other models that its largest change rests on: with 20, values a fifth of the range apart
tell little of each other."""
BY_LEVEL = 50.0
"""Weight of an ordered setting with few levels with which a level tells next to nothing of the next one."""
MAX_FAST = 200
"""Of more trials these models are fitted to every k-th: they are fitted for each setting."""
SHARE_POINTS, SHARE_GRID = 256, 17
"""Points of the current space over which the variance of the model's mean is divided, and of a curve over a range."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """A difference of two averages (second minus first) with its central 95 % interval, and P(it is above 0)."""

    mean: float
    low: float
    high: float
    above: float


@dataclass(frozen=True)
class AveragedCurve:
    """An objective over the values of one setting, averaged over the others; `cov` is of the posterior, in `unit`."""

    factor: Factor
    values: tuple[Value, ...]
    mean: Array
    cov: Array
    tried: frozenset[int] = frozenset()
    """The values, by index, to which a trial lies nearest: between them nothing is known of a direction or a place."""
    unit: float = 1.0
    """Unit of standard deviations: squares of the values may be beyond the range of numbers."""

    @property
    def is_tried(self) -> bool:
        """Whether a trial lies nearest to each of the values."""
        return len(self.tried) == len(self.values)

    def contrast(self, first: int, second: int) -> Contrast:
        """Return the difference between two of its points."""
        mean = float(self.mean[second] - self.mean[first])
        variance = float(self.cov[first, first] + self.cov[second, second] - 2 * self.cov[first, second])
        deviation = self.unit * math.sqrt(max(variance, 1e-300))
        above = 0.5 * math.erfc(-mean / deviation / math.sqrt(2))
        return Contrast(mean, mean - 1.96 * deviation, mean + 1.96 * deviation, above)

    @property
    def widest(self) -> float:
        """The largest difference between two of its points that may still be there."""
        pairs = [self.contrast(i, j) for i, j in combinations(range(len(self.values)), 2)]
        return max((abs(pair.mean) + SAFE * (pair.high - pair.low) / 3.92 for pair in pairs), default=0.0)

    @cached_property
    def draws(self) -> Array:
        """Draws of the curve from its posterior, (draws, points)."""
        # eigh: the averages of neighbouring values are nearly the same number, and Cholesky would fail
        sizes, vectors = linalg.eigh(self.cov)
        root = vectors * (self.unit * np.sqrt(np.maximum(sizes, 0.0)))
        return self.mean + normal_draws(len(self.values)) @ root.T

    @property
    def direction(self) -> int:
        """1 if it rises from each value to the next, -1 if it falls, with a joint probability of 95 %; else 0."""
        if not self.is_tried:
            return 0
        steps = np.diff(self.draws, axis=1)
        if float((steps > 0).all(1).mean()) >= SURE:
            return 1
        return -1 if float((steps < 0).all(1).mean()) >= SURE else 0

    def inside(self, sign: float) -> int | None:
        """Return the index of the best point if both ends are worse with a probability of 95 %; None if not.

        `sign` is 1 if lower is better, -1 if higher is. A point near which no trial lies is none.
        """
        place = int(np.argmin(sign * self.mean))
        if not 0 < place < len(self.values) - 1 or place not in self.tried:
            return None
        draws = sign * self.draws
        both = (draws[:, 0] > draws[:, place]) & (draws[:, -1] > draws[:, place])
        return place if float(both.mean()) >= SURE else None


class Averaged:
    """Averages of one analysis over the current space."""

    def __init__(
        self,
        view: View,
        space: Space,
        model: Model,
        factors: Sequence[Factor],
        trials: Sequence[Trial],
        single: Sequence[int],
        activity: Activity,
        *,
        lower_is_better: bool,
    ) -> None:
        """`single` are the columns of the settings that matter alone, most evidence first."""
        self.view, self.model, self.factors, self.trials = view, model, factors, trials
        self.searched, self.single = space, list(single)
        self.sign = 1.0 if lower_is_better else -1.0
        self.posterior = model.posterior(FLOOR)
        self.activity = activity
        self.space = self._spread(SPACE_POINTS)
        self._curves: dict[str, AveragedCurve] = {}
        self._changes: dict[tuple[str, float, float], float] = {}

    def _spread(self, count: int) -> SpacePoints:
        """Return evenly spread points of the current space."""
        rows, base = space_rows(self.view, self.factors, self.trials, count), self.view.base
        points = coordinates_of(self.searched, self.factors, [(base, row) for row in rows])
        return SpacePoints(self.searched, tuple(self.factors), self.activity, base, rows, points)

    def curve(self, name: str) -> AveragedCurve:
        """Return the averaged curve of a setting."""
        if name not in self._curves:
            factor = next(factor for factor in self.factors if factor.name == name)
            self._curves[name] = self.curve_at(name, self._places(factor))
        return self._curves[name]

    def _places(self, factor: Factor) -> list[Value]:
        """Return the values of an averaged curve: of few whole numbers also what was tried between them."""
        places = factor.grid()
        if not isinstance(factor.parameter, Int) or factor.parameter.size > MAX_LEVELS:
            return places
        tried = [self.view.settings(trial).get(factor.name) for trial in self.trials]
        whole = [place for place in places if is_number(place)]
        between = sorted({value for value in tried if is_number(value) and whole[0] < value < whole[-1]})
        return [*sorted({*whole, *between[:MAX_LEVELS]})]

    def largest_change(self, name: str, plausible: float, enough: float) -> float:
        """Return the largest difference between two values of a setting that may still be there.

        It is the largest over all models that are not less likely than the best by `plausible`, on the scale of
        evidence: the fitted one, and such in which the setting changes the objective fast. Where the fitted model
        takes a saw tooth for noise, it would call what it did not see small. From `enough` on no more are fitted.
        Of values near which no trial lies nothing is known: infinite.
        """
        key = (name, plausible, enough)
        if key not in self._changes:
            self._changes[key] = self._largest_change(name, plausible, enough)
        return self._changes[key]

    def _largest_change(self, name: str, plausible: float, enough: float) -> float:
        if not self.curve(name).is_tried:
            return math.inf
        column, widest = [factor.name for factor in self.factors].index(name), 0.0
        for posterior in self._plausible(column, plausible):
            widest = max(widest, self._curve_of(posterior, name, self.curve(name).values).widest)
            if widest >= enough:
                break
        return widest

    def _plausible(self, column: int, plausible: float) -> Iterator[Posterior]:
        """Yield the fitted model, and as likely ones in which a setting changes the objective fast."""
        yield self.posterior
        model = self._fast_model
        best = model.full.loss
        for weight in FAST_WEIGHTS if column in model.varied else ():
            optimum = model.changing_fast(column, weight)
            best = min(best, optimum.loss)
            if 2 * (optimum.loss - best) <= plausible:
                yield model.posterior_of(optimum, FLOOR)

    @cached_property
    def _fast_model(self) -> Model:
        return self.model if self.model.n <= MAX_FAST else self.model.thinned(MAX_FAST)

    def curve_at(self, name: str, values: Sequence[Value]) -> AveragedCurve:
        """Return the averages at given values of a setting."""
        return self._curve_of(self.posterior, name, values)

    def _curve_of(
        self, posterior: Posterior, name: str, values: Sequence[Value], fixed: Mapping[int, float] | None = None
    ) -> AveragedCurve:
        """Return averages over the space, or over the part of it in which other columns have a coordinate."""
        column = [factor.name for factor in self.factors].index(name)
        factor = self.factors[column]
        groups = [self.space.at({**(fixed or {}), column: factor.coordinate(value)}) for value in values]
        mean, cov = posterior.averages(groups)
        places = np.array([factor.coordinate(value) for value in values])
        tried = self.model.points.position[~self.model.points.inactive[:, column], column]
        nearest = frozenset(np.abs(tried[:, None] - places).argmin(1).tolist() if len(places) else ())
        return AveragedCurve(factor, tuple(values), self.sign * mean, cov, nearest, posterior.model.unit)

    @cached_property
    def shares(self) -> tuple[dict[str, float], float, float]:
        """Shares of one total: of each setting alone, of settings together, of noise and the rest.

        The total is the variance of the model's mean over the current space and the mean squared error of trials left
        out one at a time, so the shares sum to 1 without rescaling.
        """
        points = self._spread(SHARE_POINTS).points
        posterior = self.model.posterior()
        unit = self.model.unit
        mean = posterior.mean_at(points) / unit
        unexplained = (1 - max(0.0, min(1.0, posterior.skill))) * (self.model.deviation / unit) ** 2
        whole = (float(mean.var()) + unexplained) or 1.0
        alone: dict[str, float] = {}
        for column in self.single:
            factor = self.factors[column]
            places = [factor.coordinate(level) for level in factor.levels] or np.linspace(0, 1, SHARE_GRID).tolist()
            curve = [float((posterior.mean_at(self.space.at({column: place})) / unit).mean()) for place in places]
            own, used = np.interp(points.position[:, column], places, curve), ~points.inactive[:, column]
            if not used.all():  # that it is in use is of its condition
                own = np.where(used, own, own[used].mean() if used.any() else 0.0)
            # The covariance with the whole, so that what settings do together is the exact rest.
            share = float(((mean - mean.mean()) * (own - own.mean())).mean()) / whole
            alone[factor.name] = min(1.0, max(0.0, share))
        if len(self.model.varied) == 1 and alone:  # with itself a setting does nothing together
            alone = dict.fromkeys(alone, float(mean.var()) / whole)
        together = max(0.0, float(mean.var()) / whole - sum(alone.values()))
        return alone, together, 1.0 - sum(alone.values()) - together

    @cached_property
    def together(self) -> list[Together]:
        """Pairs of settings that matter and work together."""
        return pairs_together(self.posterior, self.space, self.single)

    def better_at_end(self, name: str, low: bool, plausible: float) -> float:
        """Return the probability that an end of a range is better than a third of it inwards.

        It is the smallest over all models that are not less likely than the best by `plausible`. Between the two sides
        of a step a smooth function has a slope; so of few levels each must also stand for itself.
        """
        column, values = self._end_and_third(name, low)
        parameter = self.factors[column].parameter
        has_levels = bool(self.factors[column].levels) or (isinstance(parameter, Int) and parameter.size <= MAX_LEVELS)
        by_level = [self.model.posterior_with(column, BY_LEVEL, FLOOR)] if has_levels else []
        return min(
            self._better_at_first(self._curve_of(posterior, name, values))
            for posterior in (*self._plausible(column, plausible), *by_level)
        )

    def better_at_end_in_parts(self, name: str, low: bool, plausible: float) -> float:
        """Return the least probability that an end is better where another setting is at an end of its range.

        Of a setting without an order it is the least over all its values. Where two settings work only together, the
        average over either of them has no slope, but a model of few trials, most of them at the better end, has one.
        """
        column, values = self._end_and_third(name, low)
        places = [
            (other, place)
            for other in self.model.varied
            if other != column and other < len(self.factors)  # behind them stand what conditions depend on
            for factor in [self.factors[other]]
            for place in ((0.0, 1.0) if factor.ordered else map(factor.coordinate, factor.grid()))
        ]
        return min(
            (
                self._better_at_first(self._curve_of(posterior, name, values, {other: place}))
                for posterior in self._plausible(column, plausible)
                for other, place in places
            ),
            default=1.0,
        )

    def _end_and_third(self, name: str, low: bool) -> tuple[int, list[Value]]:
        column = [factor.name for factor in self.factors].index(name)
        return column, self.factors[column].ends_and_thirds(low)

    def _better_at_first(self, curve: AveragedCurve) -> float:
        contrast = curve.contrast(0, 1)  # inwards minus end, as recorded
        deviation = max((contrast.high - contrast.low) / 3.92, 1e-300)
        return float(special.ndtr(self.sign * contrast.mean / deviation))
