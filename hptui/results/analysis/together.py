"""Two settings that work together: which value of one is better depends on the other.

Numpy is loaded with this module, so others import it inside functions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy import linalg, optimize

from hptui.core.dataclass import dataclass
from hptui.core.trial import Value
from hptui.results.analysis.activity import SpacePoints
from hptui.results.analysis.kernel import JITTER, Model, Posterior, matern, normal_draws
from hptui.results.analysis.points import Array
from hptui.results.analysis.threshold import needed

MIN_TRIALS_FOR_PAIRS = 16
"""Of fewer trials nothing is stated of settings that work together."""
MAX_PAIRED = 4
"""Number of settings, those with most evidence, among which pairs are looked at."""
SURE_OF_BOTH = 0.95
"""Posterior probability that other values are better at both ends."""


@dataclass(frozen=True, slots=True)
class Together:
    """Two settings that work together: a value of the first is better than another at the lowest value of the second,
    and worse at the highest, with a joint `probability`."""

    first: str
    second: str
    evidence: float
    needed: float
    probability: float
    at: tuple[tuple[Value, Value], tuple[Value, Value]]
    """((value of the second, better value of the first), …)."""


def pairs_together(posterior: Posterior, space: SpacePoints, single: Sequence[int]) -> list[Together]:
    """Return the pairs of settings that matter and work together.

    A product of terms is not enough: a cut makes the terms of a sum depend on each other, and so do weights that
    were fitted to another model. But no cut changes which of two values is better.
    """
    columns = single[:MAX_PAIRED]
    pairs = list(combinations(columns, 2))
    if posterior.model.n < MIN_TRIALS_FOR_PAIRS or not pairs:
        return []
    threshold = needed(len(pairs))
    matches = []
    for first, second in pairs:
        gain = _product_gain(posterior.model, columns, first, second)
        if gain < threshold:
            continue
        crossings = [_crossing(posterior, space, *order) for order in ((first, second), (second, first))]
        probability, order, at = max(crossings, key=lambda crossing: crossing[0])
        if probability >= SURE_OF_BOTH:
            names = space.factors[order[0]].name, space.factors[order[1]].name
            matches.append(Together(*names, gain, threshold, probability, at))
    return matches


def _product_gain(model: Model, columns: Sequence[int], first: int, second: int) -> float:
    """Return twice the gain of log likelihood by one product term next to an additive model."""
    shapes = [matern(model.full.weights[j] * model.distances[j])[0] for j in columns]
    product = shapes[columns.index(first)] * shapes[columns.index(second)]

    def loss(x: Array, terms: Sequence[Array]) -> tuple[float, Array]:
        matrix = np.ones((model.n, model.n))
        for weight, term in zip(x[:-1], terms, strict=True):
            matrix += math.exp(weight) * term
        matrix[np.diag_indices(model.n)] += math.exp(x[-1]) + JITTER
        try:
            lower = linalg.cholesky(matrix, lower=True, check_finite=False)
        except linalg.LinAlgError:
            return 1e10, np.zeros_like(x)
        alpha = linalg.cho_solve((lower, True), model.y, check_finite=False)
        inverse = linalg.cho_solve((lower, True), np.eye(model.n), check_finite=False)
        outer = inverse - np.outer(alpha, alpha)
        gradient = [0.5 * math.exp(w) * (outer * t).sum() for w, t in zip(x[:-1], terms, strict=True)]
        gradient.append(0.5 * math.exp(x[-1]) * np.trace(outer))
        value = 0.5 * float(model.y @ alpha) + float(np.log(np.diag(lower)).sum())
        # Flat towards 0, as for the weights: without a term is the limit of with it.
        over = np.maximum(0.0, x[:-1])
        noise = (x[-1] - math.log(0.05)) / 2
        value += 0.5 * float((over**2).sum()) / 2.25 + 0.5 * noise**2
        return value, np.array(gradient) + np.r_[over / 2.25, noise / 2]

    def fit(terms: Sequence[Array], start: Array) -> tuple[float, Array]:
        bounds = [(-9.0, 4.0)] * len(terms) + [(-12.0, 1.0)]
        options = {"maxiter": 40}
        matches = optimize.minimize(
            loss, start, args=(terms,), jac=True, method="L-BFGS-B", bounds=bounds, options=options
        )
        return float(matches.fun), matches.x

    additive, x = fit(shapes, np.r_[np.zeros(len(shapes)), math.log(0.1)])
    with_product, _ = fit([*shapes, product], np.r_[x[:-1], -1.0, x[-1]])
    return 2 * (additive - min(additive, with_product))


def _crossing(
    posterior: Posterior, space: SpacePoints, first: int, second: int
) -> tuple[float, tuple[int, int], tuple[tuple[Value, Value], tuple[Value, Value]]]:
    """Return with what probability another value of the first setting is better at each end of the second.

    The values are the best at either end by the model's mean.
    """
    steps, levels = space.factors[first].grid(), space.factors[second].grid()
    ends, count = (levels[0], levels[-1]), len(steps)
    places = [space.factors[first].coordinate(step) for step in steps]
    groups = [
        space.at({second: space.factors[second].coordinate(end), first: place}) for end in ends for place in places
    ]
    mean, cov = posterior.averages(groups)
    low, high = int(np.argmin(mean[:count])), int(np.argmin(mean[count:]))
    at = ((ends[0], steps[low]), (ends[1], steps[high]))
    if low == high:
        return 0.0, (first, second), at
    gains = np.zeros((2, 2 * count))
    gains[0, [high, low]] = gains[1, [count + low, count + high]] = 1.0, -1.0
    sizes, vectors = linalg.eigh(gains @ cov @ gains.T)
    root = vectors * (posterior.model.unit * np.sqrt(np.maximum(sizes, 0.0)))
    draws = gains @ mean + normal_draws(2) @ root.T
    return float((draws > 0).all(1).mean()), (first, second), at
