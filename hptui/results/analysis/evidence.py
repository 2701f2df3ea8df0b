"""Which settings matter for an objective: the data must be far likelier with a setting than without it.

A ratio of likelihoods holds under any search that chooses its trials by earlier values; a rank test does not. Nothing
is ever stated to have no effect: of a setting without evidence, the largest effect that it may still have is stated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import field
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any

from hptui.core.dataclass import dataclass
from hptui.core.space import Space
from hptui.core.study import Objective
from hptui.core.trial import Trial
from hptui.results.analysis import blas
from hptui.results.analysis.factors import Factor, factors_of, points_of
from hptui.results.analysis.scores import Scores
from hptui.results.analysis.threshold import needed
from hptui.results.view import View

if TYPE_CHECKING:
    from hptui.results.analysis.activity import Activity
    from hptui.results.analysis.kernel import Model
    from hptui.results.analysis.points import Points

MIN_TRIALS = 8
"""Of fewer trials nothing is stated of settings."""
MIN_DISTINCT = 3
"""Least number of distinct values among the complete trials."""
MIN_SKILL = 0.1
"""Share of the variation that must be predicted of left-out trials before a setting is stated to matter."""
MAX_SETTINGS = 100
"""Of more settings nothing is stated: the model takes minutes, and no study has the trials to tell them apart."""
MIN_FOR_ASSOCIATION = 4
"""Of fewer trials it is not known whether two settings changed together."""
ALIASED = 0.9
"""Association from which settings count as one."""


@dataclass(frozen=True, slots=True)
class SettingEvidence:
    """The evidence of one setting, or of several that changed together and cannot be distinguished."""

    settings: tuple[str, ...]
    evidence: float
    needed: float
    columns: tuple[int, ...]
    alone: float = 0.0
    """The evidence if no other setting may have a step."""

    @property
    def is_open(self) -> bool:
        """Whether only a step in another setting makes it unnecessary: then nothing is known of its size."""
        return not self.matters and self.alone >= self.needed

    @property
    def matters(self) -> bool:
        """Whether the evidence suffices; the analysis must have skill besides."""
        return self.evidence >= self.needed


@dataclass(frozen=True)
class EffectAnalysis:
    """What trials say of settings for one objective. `reason` is why nothing can be stated; '' if something can."""

    objective: Objective
    scores: Scores
    factors: tuple[Factor, ...] = ()
    groups: tuple[SettingEvidence, ...] = ()
    skill: float = 0.0
    reason: str = ""
    model: Model | None = field(default=None, compare=False, repr=False)
    view: View | None = field(default=None, compare=False, repr=False)
    space: Space | None = field(default=None, compare=False, repr=False)
    activity: Activity | None = field(default=None, compare=False, repr=False)

    @property
    def trials(self) -> list[Trial]:
        """The trials that it rests on."""
        return [score.trial for score in self.scores.scores]

    @property
    def matter(self) -> list[SettingEvidence]:
        """The settings and groups that matter, most evidence first; none without skill."""
        matches = [group for group in self.groups if group.matters] if self.skill >= MIN_SKILL else []
        return sorted(matches, key=lambda group: (-group.evidence, group.settings))

    @property
    def unseen(self) -> list[SettingEvidence]:
        """The settings and groups of which nothing was seen, in the order of the space."""
        seen = {group.settings for group in self.matter}
        return [group for group in self.groups if group.settings not in seen]

    def factor(self, name: str) -> Factor:
        """Return a setting by name."""
        return next(factor for factor in self.factors if factor.name == name)

    @cached_property
    def averaged(self) -> Any:
        """The averages over the current space, made on first use."""
        blas.load()
        from hptui.results.analysis.averaged import Averaged  # numpy: not at start

        assert self.model is not None
        assert self.view is not None
        assert self.space is not None
        assert self.activity is not None
        single = [group.columns[0] for group in self.matter if len(group.columns) == 1]
        lower = self.objective.goal == "minimize"
        study = (self.view, self.space, self.model, self.factors, self.trials)
        return Averaged(*study, single, self.activity, lower_is_better=lower)


def analyse(
    view: View, space: Space, objective: Objective, scores: Scores, ignored: Sequence[str] = (), objectives: int = 1
) -> EffectAnalysis:
    """Return the evidence of the settings that vary among scored trials.

    `ignored` are settings that the trainer does not read; `objectives` is the number of objectives looked at.
    """
    trials = [score.trial for score in scores.scores]
    factors, reason = distinct_factors(view, space, scores, ignored)
    if reason:
        return EffectAnalysis(objective, scores, factors, reason=reason)
    blas.load()
    from hptui.results.analysis.activity import activity_of  # numpy and scipy: not at start
    from hptui.results.analysis.kernel import Model, evidence

    points = points_of(view, space, factors, trials)
    activity = activity_of(space, factors, points)
    model = Model(activity.add(points), [score.value for score in scores.scores])
    groups = [tuple(group) for group in aliased(points) if any(j in model.varied for j in group)]
    count = len(groups) * objectives
    threshold = needed(count, len(trials))
    values = evidence(model, [activity.with_conditions(group) for group in groups], threshold)
    matches = tuple(
        SettingEvidence(tuple(factors[j].name for j in group), beside, threshold, group, alone)
        for group, (alone, beside) in zip(groups, values, strict=True)
    )
    skill = model.posterior().skill
    return EffectAnalysis(objective, scores, factors, matches, skill, "", model, view, space, activity)


def distinct_factors(
    view: View, space: Space, scores: Scores, ignored: Sequence[str] = ()
) -> tuple[tuple[Factor, ...], str]:
    """Return the settings that vary among scored trials, and why nothing can be stated of them, or ''."""
    trials = [score.trial for score in scores.scores]
    if len(trials) < MIN_TRIALS:
        few = len(trials) < 2 or bool(factors_of(view, space, trials, ignored))
        return (), "few" if few else "nothing varied"
    if scores.distinct < MIN_DISTINCT or scores.spread <= 0:
        return (), "equal" if len(trials) - len(scores.partial) >= MIN_DISTINCT else "incomplete"
    factors = tuple(factors_of(view, space, trials, ignored))
    reason = "nothing varied" if not factors else "many" if len(factors) > MAX_SETTINGS else ""
    return factors, reason


def aliased(points: Points) -> list[list[int]]:
    """Return the settings in groups that changed together, by single linkage, in their order."""
    count = points.position.shape[1]
    group = list(range(count))
    if len(points.position) >= MIN_FOR_ASSOCIATION:
        for i, j in combinations(range(count), 2):
            if group[i] != group[j] and association(points, i, j) >= ALIASED:
                old, new = group[j], group[i]
                group = [new if label == old else label for label in group]
    return [[j for j in range(count) if group[j] == name] for name in dict.fromkeys(group)]


def association(points: Points, i: int, j: int) -> float:
    """Return how strongly two settings changed together, 0 to 1.

    Spearman's rank correlation of ordered ones, Cramér's V corrected for bias with a category; 1 if knowing one is
    knowing the other. Of conditional ones, among the trials in which they are in use; 0 of few of these.
    """
    blas.load()
    import numpy as np  # numpy and scipy: not at start
    from scipy import stats

    unused = (points.inactive & points.conditional)[:, [i, j]].any(1)
    if unused.any():
        points = points.of(~unused)
        if len(points.position) < MIN_TRIALS:
            return 0.0
    first, second = (_codes(points, column) for column in (i, j))
    if max(first) == 0 or max(second) == 0:
        return 0.0
    pairs = len(set(zip(first.tolist(), second.tolist(), strict=True)))
    # Of replicates and of continuous settings hardly second values are equal: that both divide alike says nothing.
    configurations = len(np.unique(np.c_[points.position, points.inactive], axis=0))
    if pairs == len(set(first.tolist())) == len(set(second.tolist())) <= configurations / 2:
        return 1.0
    ordered = not (points.category[i] or points.category[j])
    if ordered and not points.inactive[:, [i, j]].any():
        return abs(float(stats.spearmanr(points.position[:, i], points.position[:, j]).statistic))
    first, second = (_thirds(points, column) for column in (i, j))
    table = np.zeros((max(first) + 1, max(second) + 1))
    np.add.at(table, (first, second), 1)
    table = table[table.sum(1) > 0][:, table.sum(0) > 0]
    rows, columns, n = len(table), len(table[0]), len(first)
    if rows < 2 or columns < 2:
        return 0.0
    expected = np.outer(table.sum(1), table.sum(0)) / n
    phi = float(((table - expected) ** 2 / expected).sum()) / n
    phi = max(0.0, phi - (rows - 1) * (columns - 1) / (n - 1))
    small = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return math.sqrt(phi / small) if small > 0 else 0.0


def _codes(points: Points, column: int) -> Any:
    """Return the distinct values of a setting as numbers from 0; an inactive one is a value."""
    blas.load()
    import numpy as np  # numpy: not at start

    values = np.where(points.inactive[:, column], np.inf, points.position[:, column])
    return np.unique(values, return_inverse=True)[1]


def _thirds(points: Points, column: int) -> Any:
    """Return the categories of a setting, an ordered one in three bins; an inactive one is a category."""
    blas.load()
    import numpy as np  # numpy: not at start

    if points.category[column]:
        return _codes(points, column)
    values = points.position[:, column]
    low, high = values.min(), values.max()
    bins = np.minimum(2, ((values - low) / ((high - low) or 1.0) * 3).astype(int))
    return np.where(points.inactive[:, column], 3, bins)
