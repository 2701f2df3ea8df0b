"""What the memory of trials is fitted to, and the fit: linear regression with a prior and one-sided measurements."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from operator import mul
from typing import Protocol

from hptui.core.memory import MemoryRule
from hptui.core.parameters import Choice
from hptui.core.study import Study
from hptui.core.trial import Value
from hptui.core.values import values_equal

NOISE = 0.1
"""Relative error that is expected of a peak before anything is measured."""
NOISE_WEIGHT = 2.0
"""Number of measurements that this expectation counts for."""
ROUNDS, SWEEPS = 3, 60
"""Estimates of the error, and passes over the coefficients for each."""
CONVERGED = 1e-6
"""Largest change of a coefficient that is none."""
FAR = 30.0
"""Standard errors beyond which the tail of a normal distribution is taken by its first terms."""
SIZE_SPREAD, POWER, POWER_SPREAD, LEVEL_SPREAD, CONSTANT_SPREAD = 0.7, 0.4, 0.4, 1.0, 2.0
"""How far estimated sizes may be off, as a factor; the expected power of a setting; how far that, the logarithm of the
effect of a choice, and that of the middle may be off."""

Expected = tuple[list[float], list[float], list[float]]
"""What is expected of the coefficients, how far they may be off, and the least that they can be."""
Measured = Sequence[tuple[Sequence[float], float, bool]]
"""Features, value, and whether it is a lower bound, for each trial."""


class Form(Protocol):
    """What is linear in the coefficients. `size` is their number."""

    size: int

    def row(self, params: Mapping[str, Value], gib: float) -> tuple[list[float], float] | None: ...
    def expected(self, measured: Measured) -> Expected: ...
    def predict(self, params: Mapping[str, Value], factors: Sequence[float]) -> tuple[float, list[float]] | None: ...


class KnownSizes:
    """The peak, as the sum of sizes that a trainer knows; errors are relative to it."""

    def __init__(self, rule: MemoryRule, base: Mapping[str, Value], directory: str) -> None:
        self._rule, self._base, self._directory = rule, base, directory
        terms = rule.terms(base, directory)
        self.size = 0 if terms is None else len(terms.growing)

    def row(self, params: Mapping[str, Value], gib: float) -> tuple[list[float], float] | None:
        """Return the features and the value of a measurement; None where the sizes are not known."""
        terms = self._rule.terms({**self._base, **params}, self._directory)
        if terms is None:
            return None
        return [size / gib for size in terms.growing.values()], (gib - terms.fixed) / gib

    def expected(self, measured: Measured) -> Expected:
        """See `Expected`."""
        return [1.0] * self.size, [SIZE_SPREAD] * self.size, [0.0] * self.size

    def predict(self, params: Mapping[str, Value], factors: Sequence[float]) -> tuple[float, list[float]] | None:
        """Return the peak in GiB, and the features of its relative error."""
        terms = self._rule.terms({**self._base, **params}, self._directory)
        if terms is None:
            return None
        sizes = list(terms.growing.values())
        gib = terms.fixed + _dot(factors, sizes)
        return gib, [size / gib for size in sizes]


class GrowingSettings:
    """What trials need above a constant, as a product of powers of settings that should grow it, and of choices.

    Without the constant (libraries, the model itself) powers that fit small trials are too small for large ones.
    """

    def __init__(self, study: Study, base: Mapping[str, Value], constant: float = 0.0) -> None:
        self._base, self._constant = base, constant
        self._names, self._levels = _growing_settings(study, base), _levels_of_choices(study, base)
        self.size = 1 + len(self._names) + (len(self._levels) if self._names else 0)

    def row(self, params: Mapping[str, Value], gib: float) -> tuple[list[float], float] | None:
        """Return the features and the value of a measurement, so scaled that its error is relative."""
        share = 1 - self._constant / gib
        return [share * feature for feature in self._features(params)], share * math.log(gib - self._constant)

    def _features(self, params: Mapping[str, Value]) -> list[float]:
        settings = {**self._base, **params}
        numbers = [math.log((number(settings.get(name)) or own) / own) for name, own in self._names.items()]
        return [1.0, *numbers, *(float(values_equal(settings.get(name), level)) for name, level in self._levels)]

    def expected(self, measured: Measured) -> Expected:
        """See `Expected`: the middle is that of the measured peaks."""
        peaks = [(row[0], value) for row, value, exceeded in measured if not exceeded]
        numbers, levels = len(self._names), len(self._levels)
        return (
            [sum(value / share for share, value in peaks) / len(peaks), *[POWER] * numbers, *[0.0] * levels],
            [CONSTANT_SPREAD, *[POWER_SPREAD] * numbers, *[LEVEL_SPREAD] * levels],
            [-math.inf, *[0.0] * numbers, *[-math.inf] * levels],
        )

    def predict(self, params: Mapping[str, Value], factors: Sequence[float]) -> tuple[float, list[float]] | None:
        """Return the peak in GiB, and the features of its relative error."""
        features = self._features(params)
        growing = math.exp(min(_dot(factors, features), LARGEST))
        gib = self._constant + growing
        return gib, [growing / gib * feature for feature in features]


LARGEST = 50.0
"""Logarithm of the largest prediction."""
MOST_LEVELS = 4
"""Values of a choice up to which each may have a memory of its own."""
GROWING_WORDS = ("batch", "length", "seq", "ctx", "context", "rank", "width", "dim", "hidden", "layer", "depth", "size")
"""Parts of names of settings that need more memory where they are larger; those that trainers declare come besides."""


def _growing_settings(study: Study, base: Mapping[str, Value]) -> dict[str, float]:
    """Return the searched numbers that should need more memory where they are larger, with the baseline's."""
    names = [entry.name for entry in (*study.space.parameters, *study.space.derived)]
    measured = {name: number(base.get(name)) for name in names if any(word in name.lower() for word in GROWING_WORDS)}
    return {name: value for name, value in measured.items() if value is not None}


def _levels_of_choices(study: Study, base: Mapping[str, Value]) -> tuple[tuple[str, Value], ...]:
    """Return the values that a searched switch or choice may have besides the baseline's, with its name."""
    return tuple(
        (parameter.name, level)
        for parameter in study.space.parameters
        if isinstance(parameter, Choice) and len(parameter.levels) <= MOST_LEVELS and not parameter.ordinal
        for level in parameter.levels
        if not values_equal(level, base.get(parameter.name))
    )


def number(value: object) -> float | None:
    """Return a number above 0; None for anything else."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0
    return float(value) if known else None  # type: ignore[arg-type]  # a number, as was just seen


def fit(
    measured: Measured,
    prior: Sequence[float],
    spread: Sequence[float],
    floors: Sequence[float],
) -> tuple[list[float], float, list[list[float]]]:
    """Return the coefficients, the standard error of a measurement, and the coefficients' covariance.

    `measured` has (features, value, exceeded) for each trial; an exceeded value is a lower bound, which counts as the
    mean of what lies beyond it (a Tobit model): at the edge of the memory only the peaks with luck are measured.
    Coefficients are not below their floors; `prior` and `spread` are what is expected of them and how far they may be
    off.
    """
    size, noise, coefficients = len(prior), NOISE, list(prior)
    peaks = [(row, value) for row, value, exceeded in measured if not exceeded]
    bounds = [(row, value) for row, value, exceeded in measured if exceeded]
    sums = Sums(size)
    for row, value in (*peaks, *bounds):
        sums.add(row, value)
    assumed = [value for _, value in bounds]
    for _ in range(ROUNDS):  # the noise and what is assumed of the bounds depend on the fit
        weights = [(noise / own) ** 2 for own in spread]
        for _ in range(SWEEPS):
            for n, (row, value) in enumerate(bounds):
                predicted = _dot(coefficients, row)
                value = predicted + noise * _mean_above((value - predicted) / noise)
                sums.shift(row, value - assumed[n])
                assumed[n] = value
            moved = 0.0
            for j in range(size):
                others = _dot(sums.products[j], coefficients) - sums.products[j][j] * coefficients[j]
                new = (weights[j] * prior[j] + sums.values[j] - others) / (weights[j] + sums.products[j][j])
                new = max(floors[j], new)
                moved, coefficients[j] = max(moved, abs(new - coefficients[j])), new
            if moved < CONVERGED:
                break
        squares = sum((value - _dot(coefficients, row)) ** 2 for row, value in peaks) + NOISE_WEIGHT * NOISE**2
        far = _distances(bounds, coefficients, noise)
        count = len(peaks) + NOISE_WEIGHT
        # Bounds above the prediction ask for more noise, those below it for less: where the likelihood is largest.
        noise = math.sqrt(squares / max(count / 4, count - sum(bound * _mean_above(bound) for bound in far)))
    # A bound says the less the further the prediction is above it.
    sums = Sums(size)
    for row, value in peaks:
        sums.add(row, value)
    for (row, value), bound in zip(bounds, _distances(bounds, coefficients, noise), strict=True):
        mean = _mean_above(bound)
        sums.add(row, value, mean * (mean - bound))
    covariance = _covariance(sums, noise, spread)
    # Coefficients that few peaks have settled follow those: what remains of the peaks is less than their error.
    settled = sum(1 - covariance[j][j] / spread[j] ** 2 for j in range(size))
    noise *= math.sqrt((len(peaks) + NOISE_WEIGHT) / max(NOISE_WEIGHT, len(peaks) + NOISE_WEIGHT - settled))
    return coefficients, noise, _covariance(sums, noise, spread)


def _distances(
    bounds: Sequence[tuple[Sequence[float], float]], coefficients: Sequence[float], noise: float
) -> list[float]:
    """Return by how many standard errors each lower bound lies above its prediction."""
    return [(value - _dot(coefficients, row)) / noise for row, value in bounds]


def _mean_above(bound: float) -> float:
    """Return the mean of what a standard normal variable is where it exceeds a bound."""
    if bound > FAR:
        return bound + 1 / bound - 2 / bound**3
    density = math.exp(-(bound**2) / 2) / math.sqrt(2 * math.pi)
    return density / _share_above(bound)


def _share_above(bound: float) -> float:
    """Return the probability that a standard normal variable exceeds a bound."""
    return math.erfc(bound / math.sqrt(2)) / 2


def _covariance(sums: Sums, noise: float, spread: Sequence[float]) -> list[list[float]]:
    size = len(spread)
    return _inverse(
        [
            [sums.products[i][j] / noise**2 + (1 / spread[i] ** 2 if i == j else 0.0) for j in range(size)]
            for i in range(size)
        ]
    )


def misfit(measured: Measured, expected: Expected, coefficients: Sequence[float], noise: float) -> float:
    """Return how unlikely measurements and coefficients are, to compare fits of the same trials."""
    prior, spread, _ = expected
    errors = [(value - _dot(coefficients, row), exceeded) for row, value, exceeded in measured]
    squares = sum(error**2 for error, exceeded in errors if not exceeded) + NOISE_WEIGHT * NOISE**2
    peaks = sum(not exceeded for _, exceeded in errors) + NOISE_WEIGHT
    beyond = sum(_surprise(error / noise) for error, exceeded in errors if exceeded)
    far = sum(((value - centre) / width) ** 2 for value, centre, width in zip(coefficients, prior, spread, strict=True))
    return squares / noise**2 + 2 * peaks * math.log(noise) + beyond + far


def _surprise(bound: float) -> float:
    """Return how unlikely it is that a standard normal variable exceeds a bound."""
    if bound > FAR:
        return bound**2 + 2 * math.log(bound * math.sqrt(2 * math.pi))
    return -2 * math.log(_share_above(bound))


class Sums:
    """Sums over the trials that count: of products of two features, and of a feature and the value.

    A pass over the coefficients needs nothing else, so its time does not grow with the trials.
    """

    def __init__(self, size: int) -> None:
        self.products = [[0.0] * size for _ in range(size)]
        self.values = [0.0] * size

    def add(self, row: Sequence[float], value: float, by: float = 1.0) -> None:
        """Count a trial, or a part of what it says."""
        for i, feature in enumerate(row):
            if feature:
                self.values[i] += by * feature * value
                self.products[i] = [a + by * feature * b for a, b in zip(self.products[i], row, strict=True)]

    def shift(self, row: Sequence[float], change: float) -> None:
        """Take in that the value of a trial is another."""
        for i, feature in enumerate(row):
            self.values[i] += change * feature


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    return float(sum(map(mul, left, right)))


def product(vector: Sequence[float], matrix: Sequence[Sequence[float]]) -> float:
    """Return the square of the error of a prediction with these features."""
    return sum(a * _dot(vector, row) for a, row in zip(vector, matrix, strict=True))


def _inverse(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the inverse of a small positive definite matrix."""
    size = len(matrix)
    rows = [[*map(float, row), *(float(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    for i in range(size):
        pivot = rows[i][i]
        rows[i] = [value / pivot for value in rows[i]]
        for k in range(size):
            if k != i:
                factor = rows[k][i]
                rows[k] = [a - factor * b for a, b in zip(rows[k], rows[i], strict=True)]
    return [row[size:] for row in rows]
