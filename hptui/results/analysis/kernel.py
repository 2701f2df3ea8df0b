"""A Gaussian process over all settings at once: its likelihood with and without a setting, and averages of it.

Numpy and scipy are loaded with this module, so others import it inside functions. Nothing here is random: the same
points give the same numbers in every process.

Source: C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for Machine Learning, 2006, chapters 2 and 5; the
ratio of likelihoods under a design that depends on earlier values: J. Ville, 1939 (a threshold 1/p holds whatever the
design).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from scipy import linalg, optimize

from hptui.core.dataclass import dataclass
from hptui.results.analysis.points import Array, Points

SQRT5 = math.sqrt(5.0)
JITTER = 1e-8
"""Added to the diagonal: equal settings make the matrix nearly singular."""
LENGTH_BOUNDS, SCALE_BOUNDS, NOISE_BOUNDS = (-9.0, 4.0), (-5.0, 4.0), (-12.0, 1.0)
"""Bounds of the logarithms of weights of settings, of the variance of the signal, and of the noise."""
STARTS = ((0.5, 0.1), (math.exp(-3.0), 0.5))
"""(weight of every setting, noise) from which the full model is fitted."""
MAX_ITERATIONS = 40
DRAWS = 2000
"""Draws from a posterior for a statement about several points at once; the seed is fixed."""
FLOOR = 0.1
"""Least weight of a setting in a statement about sizes: a weight that the likelihood shrank to 0 leaves no width."""
MAX_SQUARED = 1e100
"""Values up to this size can be squared and summed."""
STEP_VARIANCE = 4.0
"""Prior variance of the height of a step, in squared standard deviations of the values."""
STEP_GAIN = 4.0
"""Twice the log likelihood that a step must bring to be considered."""
EXACT_TRIALS = 200
"""Above this number a setting whose absence costs too little even without a new fit is not fitted again."""


@dataclass(frozen=True)
class Optimum:
    """A fitted model: weights by setting (0 where left out), variance of signal and noise; `loss` is what was made
    small, the penalised negative log likelihood."""

    weights: Array
    scale: float
    noise: float
    loss: float
    x: Array


def matern(squared: Array) -> tuple[Array, Array]:
    """Return the Matérn 5/2 correlation of squared distances, and its derivative by them."""
    r = SQRT5 * np.sqrt(squared + 1e-12)
    e = np.exp(-r)
    r += 1.0
    slope = r * e
    return (r + 5 / 3 * squared) * e, -(5 / 6) * slope


class Model:
    """Values at points. `values` are made to have mean 0 and standard deviation 1; smaller is better."""

    def __init__(self, points: Points, values: Sequence[float] | Array) -> None:
        y = np.asarray(values, float)
        largest = float(np.abs(y).max(initial=0.0))
        self.unit = unit = largest if largest > MAX_SQUARED or 0 < largest < 1 / MAX_SQUARED else 1.0
        mean, deviation = float((y / unit).mean()), float((y / unit).std()) or 1.0
        self.points, self.mean, self.deviation = points, unit * mean, unit * deviation
        self.y = (y / unit - mean) / deviation
        self.distances = points.squared_distances(points)
        self.n, self.d = points.position.shape
        self.varied = [j for j in range(self.d) if self.distances[j].any()]

    def loss(self, x: Array, distances: Array, step: Array | None = None) -> tuple[float, Array]:
        """Return the penalised negative log likelihood and its gradient.

        `x` are the logarithms of weights, scale and noise; `distances` are those of the settings with a weight. `step`
        (n,) is 1 behind a step of unknown height, else 0.

        No penalty below a weight of 2: the model without a setting is then the limit of the one with it.
        """
        count = len(distances)
        theta, scale, noise = np.exp(x[:count]), math.exp(x[-2]), math.exp(x[-1])
        squared = (theta @ distances.reshape(count, self.n**2)).reshape(self.n, self.n)
        shape, slope = matern(squared)
        matrix = scale * shape
        matrix += 1.0
        if step is not None:
            matrix += STEP_VARIANCE * np.outer(step, step)
        matrix.flat[:: self.n + 1] += noise + JITTER
        lower, failed = linalg.lapack.dpotrf(matrix, lower=1, clean=1)
        if failed:
            return 1e10, np.zeros_like(x)
        alpha = linalg.lapack.dpotrs(lower, self.y, lower=1)[0]
        loss = 0.5 * float(self.y @ alpha) + float(np.log(lower.diagonal()).sum())
        # Every matrix here is symmetric, and above the diagonal the inverse is 0: twice it, less its diagonal, has
        # the same sums.
        outer = linalg.lapack.dpotri(lower, lower=1)[0]
        trace = float(outer.trace()) - float(alpha @ alpha)
        outer *= 2.0
        outer.flat[:: self.n + 1] *= 0.5
        outer -= np.outer(alpha, alpha)
        gradient = np.empty_like(x)
        slope *= outer
        gradient[:count] = 0.5 * scale * theta * (distances.reshape(count, self.n**2) @ slope.reshape(-1))
        gradient[-2], gradient[-1] = 0.5 * scale * float((outer * shape).sum()), 0.5 * noise * trace
        if count:
            over = np.maximum(0.0, x[:count] - math.log(2.0))
            loss += 0.5 * float((over**2).sum())
            gradient[:count] += over
        loss += 0.5 * (x[-2] / 1.5) ** 2
        gradient[-2] += x[-2] / 2.25
        deviation = (x[-1] - math.log(0.05)) / 2
        loss += 0.5 * deviation**2
        gradient[-1] += deviation / 2
        return loss, gradient

    def fit(
        self, active: Sequence[int], starts: Sequence[Array], step: Array | None = None, least: Array | None = None
    ) -> Optimum:
        """Return the best optimum that is reached from the starts; `least` bounds active weights."""
        bounds = [LENGTH_BOUNDS] * len(active) + [SCALE_BOUNDS, NOISE_BOUNDS]
        if least is not None:
            bounds[: len(active)] = [(float(low), LENGTH_BOUNDS[1]) for low in least]
        low, high = np.array(bounds).T
        distances = self.distances[list(active)]  # a copy, so made once
        best: Any = None
        for start in starts:
            matches = optimize.minimize(
                self.loss,
                np.clip(start, low, high),
                args=(distances, step),
                jac=True,
                method="L-BFGS-B",
                bounds=bounds,
                options={"maxiter": MAX_ITERATIONS},
            )
            if best is None or matches.fun < best.fun:
                best = matches
        weights = np.zeros(self.d)
        weights[list(active)] = np.exp(best.x[: len(active)])
        return Optimum(weights, math.exp(best.x[-2]), math.exp(best.x[-1]), float(best.fun), best.x)

    @cached_property
    def full(self) -> Optimum:
        """The model with all settings that vary."""
        count = len(self.varied)
        starts = [np.r_[np.full(count, math.log(weight)), 0.0, math.log(noise)] for weight, noise in STARTS]
        return self.fit(self.varied, starts)

    def restarted_without(self, left_out: Sequence[int], *more: Array, step: Array | None = None) -> Optimum:
        """Return the model without some settings, fitted from the starts of the full one and from `more`."""
        active = [j for j in self.varied if j not in left_out]
        starts = [np.r_[np.full(len(active), math.log(weight)), 0.0, math.log(noise)] for weight, noise in STARTS]
        return self.fit(active, [*more, *starts], step)

    def changing_fast(self, setting: int, weight: float) -> Optimum:
        """Return the model in which a setting has at least a weight, from the full one and from it alone.

        A likelihood has several optima: one in which all is noise, and one in which a setting makes it, but not
        smoothly. From the smooth starts of the full model the second one is not reached.
        """
        index, least = self.varied.index(setting), np.full(len(self.varied), LENGTH_BOUNDS[0])
        least[index] = math.log(weight)
        alone = np.r_[np.full(len(self.varied), -3.0), 0.0, math.log(STARTS[0][1])]
        starts = [self.full.x.copy(), alone]
        for start in starts:
            start[index] = max(start[index], least[index])
        return self.fit(self.varied, starts, least=least)

    def thinned(self, most: int) -> Model:
        """Return the model of every k-th trial, so that there are at most `most`."""
        every = slice(None, None, max(1, math.ceil(self.n / most)))
        return Model(self.points.of(every), self.mean + self.deviation * self.y[every])

    def evidence_despite_step(self, left_out: Sequence[int], reduced: Optimum) -> float:
        """Return the evidence of some settings if another one may have a step.

        The step is where the smaller model needs it most. A smooth function has no walls: near one, what follows the
        misfit would seem to matter.
        """
        active = [j for j in self.varied if j not in left_out]
        step = self._needed_step(active, reduced)
        if step is None:
            return math.inf
        smaller = self.restarted_without(left_out, reduced.x, step=step)
        start = np.full(len(self.varied) + 2, LENGTH_BOUNDS[0])
        start[[i for i, j in enumerate(self.varied) if j not in left_out]] = smaller.x[: len(active)]
        start[-2:] = smaller.x[-2:]
        larger = self.fit(self.varied, [self.full.x, start], step)
        return 2 * (smaller.loss - min(smaller.loss, larger.loss))

    def _needed_step(self, settings: Sequence[int], fitted: Optimum) -> Array | None:
        """Return the step in one of some settings that a fitted model gains most by; None if it gains by none."""
        steps = []
        for j in settings:
            steps += self.points.steps(j)
        if not steps:
            return None
        columns = np.array(steps, float).T
        matrix = fitted.scale * matern(np.tensordot(fitted.weights, self.distances, 1))[0] + 1.0
        matrix[np.diag_indices(self.n)] += fitted.noise + JITTER
        solved = linalg.cho_solve(linalg.cho_factor(matrix, lower=True), np.c_[columns, self.y], check_finite=False)
        spread = 1 + STEP_VARIANCE * (columns * solved[:, :-1]).sum(0)
        gain = STEP_VARIANCE * (columns.T @ solved[:, -1]) ** 2 / spread - np.log(spread)
        return columns[:, int(gain.argmax())] if gain.max() >= STEP_GAIN else None

    def without(self, left_out: Sequence[int], enough: float = 0.0) -> Optimum:
        """Return the model without some settings, fitted from the full one.

        Of many trials it is not fitted if its evidence is below `enough` already at the full model's optimum.
        """
        active = [j for j in self.varied if j not in left_out]
        keep = [i for i, j in enumerate(self.varied) if j not in left_out]
        start = np.r_[self.full.x[keep], self.full.x[-2:]]
        if self.n > EXACT_TRIALS and enough:
            loss = self.loss(start, self.distances[active])[0]
            if 2 * (loss - self.full.loss) < enough:
                weights = np.where(np.isin(np.arange(self.d), left_out), 0.0, self.full.weights)
                return Optimum(weights, self.full.scale, self.full.noise, loss, start)
        return self.fit(active, [start])

    def posterior(self, floor: float = 0.0) -> Posterior:
        """Return the posterior of the full model; no weight of a varied setting is below `floor`."""
        return self.posterior_of(self.full, floor)

    def posterior_with(self, setting: int, weight: float, floor: float = 0.0) -> Posterior:
        """Return the posterior of the full model in which a setting has another weight."""
        weights = self.full.weights.copy()
        weights[self.varied] = np.maximum(weights[self.varied], floor)
        weights[setting] = max(weight, weights[setting])
        return Posterior(self, weights, self.full.scale, self.full.noise)

    def posterior_of(self, optimum: Optimum, floor: float = 0.0) -> Posterior:
        """Return the posterior of a fitted model; no weight of a varied setting is below `floor`."""
        weights = optimum.weights.copy()
        weights[self.varied] = np.maximum(weights[self.varied], floor)
        return Posterior(self, weights, optimum.scale, optimum.noise)


class Posterior:
    """What a fitted model says of values at other points, in units of the values."""

    def __init__(self, model: Model, weights: Array, scale: float, noise: float) -> None:
        self.model, self.weights, self.scale = model, weights, scale
        matrix = self.covariance(model.distances)
        matrix[np.diag_indices(model.n)] += noise + JITTER
        self.factor = linalg.cho_factor(matrix, lower=True, check_finite=False)
        self.alpha = linalg.cho_solve(self.factor, model.y, check_finite=False)

    def covariance(self, distances: Array) -> Array:
        """Return the prior covariance at given squared distances by setting."""
        return self.scale * matern(np.tensordot(self.weights, distances, 1))[0] + 1.0

    def mean_at(self, points: Points) -> Array:
        """Return the expected values at points."""
        cross = self.covariance(points.squared_distances(self.model.points))
        return self.model.mean + self.model.deviation * (cross @ self.alpha)

    def averages(self, groups: Sequence[Points]) -> tuple[Array, Array]:
        """Return mean and covariance of the averages over groups of points, the covariance in `unit`."""
        cross = np.array([self.covariance(g.squared_distances(self.model.points)).mean(0) for g in groups])
        count = len(groups)
        prior = np.empty((count, count))
        for i in range(count):
            for j in range(i, count):
                prior[i, j] = prior[j, i] = self.covariance(groups[i].squared_distances(groups[j])).mean()
        mean = self.model.mean + self.model.deviation * (cross @ self.alpha)
        shrunk = cross @ linalg.cho_solve(self.factor, cross.T, check_finite=False)
        return mean, (self.model.deviation / self.model.unit) ** 2 * (prior - shrunk)

    @property
    def skill(self) -> float:
        """The share of the variation that is predicted of trials left out one at a time.

        Below 0 their mean would be better.
        """
        inverse = linalg.cho_solve(self.factor, np.eye(self.model.n), check_finite=False)
        errors = self.alpha / np.diag(inverse)
        return 1.0 - float((errors**2).sum() / (self.model.y**2).sum())


@lru_cache(maxsize=16)
def normal_draws(count: int) -> Array:
    """Return draws of standard normal variables, (draws, count), the same in every process."""
    return np.random.default_rng(0).standard_normal((DRAWS, count))


def evidence(model: Model, groups: Sequence[Sequence[int]], enough: float) -> list[tuple[float, float]]:
    """Return for each group of settings twice the log likelihood that the model gains by it.

    The second number is with a step in another setting, where that is enough by itself; else the same. The full
    likelihood is the largest of all that were found: a smaller model is a limit of the full optimum.
    """
    reduced = [model.without(group, enough) for group in groups]
    full = min([model.full.loss, *(optimum.loss for optimum in reduced)])
    for index, group in enumerate(groups):
        if 2 * (reduced[index].loss - full) >= enough:  # it would be stated: a better one without it must not exist
            reduced[index] = min(reduced[index], model.restarted_without(group), key=lambda optimum: optimum.loss)
    full = min(full, *(optimum.loss for optimum in reduced)) if reduced else full
    values = [2 * (optimum.loss - full) for optimum in reduced]
    return [
        (value, min(value, model.evidence_despite_step(group, optimum)) if value >= enough else value)
        for value, group, optimum in zip(values, groups, reduced, strict=True)
    ]
