"""Importance by other estimators than the report's, each under its own assumption and next to what chance alone gives.

The report states none of them. They give every setting a number, also one without any influence: the number that a
setting gets when the values are dealt out at random among the trials tells which of them say something.

Numpy is loaded with this module, so others import it inside functions.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hptui.core.space import Space
from hptui.results.analysis.evidence import distinct_factors
from hptui.results.analysis.factors import points_of
from hptui.results.analysis.points import Array, Points
from hptui.results.analysis.scores import Scores
from hptui.results.analysis.shares import DIGITS, Importance
from hptui.results.view import View

if TYPE_CHECKING:
    from optuna.importance import BaseImportanceEvaluator

SHUFFLES = 19
"""Number of times that values are dealt out at random: the largest result is exceeded by chance once in 20."""
BEST_SHARE = 0.1
"""Share of the trials that count as the best, at least as many as `MIN_BEST`."""
MIN_BEST = 4
INACTIVE = -1.0
"""Coordinate of a conditional setting that is inactive."""


def _by_optuna(points: Points, values: Array, evaluator: BaseImportanceEvaluator) -> Array:
    """Return the shares of settings by an evaluator of Optuna."""
    import optuna  # optuna: seconds to import
    from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

    table = np.where(points.inactive, INACTIVE, points.position)
    distributions: dict[str, BaseDistribution] = {}
    for column in range(table.shape[1]):
        codes = sorted({float(value) for value in table[:, column]})
        is_category = points.category[column]
        distributions[str(column)] = CategoricalDistribution(codes) if is_category else FloatDistribution(INACTIVE, 1)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    for row, value in zip(table, values, strict=True):
        params = {str(column): float(setting) for column, setting in enumerate(row)}
        study.add_trial(optuna.trial.create_trial(value=float(value), params=params, distributions=distributions))
    importances = evaluator.evaluate(study)
    shares = np.array([importances.get(str(column), 0.0) for column in range(table.shape[1])])
    return np.asarray(shares / (shares.sum() or 1.0))


def _forest(points: Points, values: Array) -> Array:
    """Return the share of what a random forest explains by its splits at each setting."""
    from optuna.importance import MeanDecreaseImpurityImportanceEvaluator  # optuna: seconds to import

    return _by_optuna(points, values, MeanDecreaseImpurityImportanceEvaluator(seed=0))


def _best(points: Points, values: Array) -> Array:
    """Return by which settings the best trials differ from all, as shares."""
    from optuna.importance import PedAnovaImportanceEvaluator  # optuna: seconds to import

    quantile = max(BEST_SHARE, MIN_BEST / len(values))
    return _by_optuna(points, values, PedAnovaImportanceEvaluator(target_quantile=quantile))


def _rank(points: Points, values: Array) -> Array:
    """Return the rank correlation of each setting with the values, without its sign.

    Of a category it is the correlation ratio of the ranks.
    """
    from scipy import stats  # scipy: not at start

    ranks, correlations = stats.rankdata(values), []
    for column in range(points.position.shape[1]):
        active = ~points.inactive[:, column]
        setting, rank = points.position[active, column], ranks[active]
        levels = np.unique(setting)
        if len(levels) < 2 or np.ptp(rank) == 0:
            correlations.append(0.0)
        elif points.category[column]:
            means = [(np.count_nonzero(setting == level), rank[setting == level].mean()) for level in levels]
            between = sum(count * (mean - rank.mean()) ** 2 for count, mean in means)
            correlations.append(float(np.sqrt(between / ((rank - rank.mean()) ** 2).sum())))
        else:
            correlations.append(abs(float(stats.spearmanr(setting, rank).statistic)))
    return np.array(correlations)


ESTIMATORS: Mapping[str, tuple[str, str, Callable[[Points, Array], Array]]] = {
    "forest": (
        "share of what a random forest explains (mean decrease of impurity)",
        "takes steps and interactions of any kind; settings with many values look more important",
        _forest,
    ),
    "best": (
        "share of what separates the best tenth from all (PED-ANOVA)",
        "looks only at where the best trials stand; a search that has narrowed a setting makes it look unimportant",
        _best,
    ),
    "rank": (
        "rank correlation",
        "assumes that more of a setting is always better or always worse; settings one by one",
        _rank,
    ),
}
"""Estimators by name: what their numbers are, what they assume, and the function."""


def estimated(view: View, space: Space, scores: Scores, ignored: Sequence[str], name: str) -> Importance | None:
    """Return the importance of all settings that varied; None if nothing can be stated of settings."""
    factors, reason = distinct_factors(view, space, scores, ignored)
    if reason:
        return None
    title, assumes, estimate = ESTIMATORS[name]
    trials = [score.trial for score in scores.scores]
    points, values = points_of(view, space, factors, trials), np.array([score.value for score in scores.scores])
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna marks what is new in it
        shares_by_column = estimate(points, values)
        chance = np.max([estimate(points, rng.permutation(values)) for _ in range(SHUFFLES)], axis=0)
    order = sorted(range(len(factors)), key=lambda column: (-shares_by_column[column], factors[column].name))
    shares = {factors[column].name: round(float(shares_by_column[column]), DIGITS) for column in order}
    by_chance = {factors[column].name: round(float(chance[column]), DIGITS) for column in order}
    numbers = tuple(trial.number for trial in trials)
    return Importance(title, shares, numbers, caveat=assumes, chance=by_chance)
