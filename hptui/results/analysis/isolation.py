"""Each setting by itself: what became of the trials at each of its values, or in each third of its range."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence

from hptui.core.dataclass import dataclass
from hptui.core.parameters import Choice
from hptui.core.stages import stage_named, stage_space
from hptui.core.trial import Role, Trial, TrialStatus, Value
from hptui.core.values import canonical_json, is_number
from hptui.results.analysis.cohort import active_settings
from hptui.results.analysis.factors import LOG_FROM
from hptui.results.view import View

MAX_ROWS = 6
"""Rows of a setting; more numbers are divided into thirds."""
OTHERS = "other values"
"""The values of a category that have no row of their own."""
THIRDS = 3
"""Parts of equal width into which a range is divided, on its own scale."""
ENDED = (TrialStatus.COMPLETE, TrialStatus.PRUNED, TrialStatus.FAILED, TrialStatus.STOPPED)
"""Statuses of trials that have ended."""


@dataclass(frozen=True, slots=True)
class IsolationRow:
    """The ended trials at one value of a setting, or at values from `low` to `high`."""

    value: Value
    low: float | None
    high: float | None
    trials: tuple[Trial, ...]
    best: Trial | None
    """The best ranked one of them, with the value by which it is ranked."""
    proposals: int
    infeasible: int
    """Proposals of the search here, and those of them that violated a constraint and never ran."""

    def with_status(self, *statuses: TrialStatus) -> list[Trial]:
        """Return the trials with one of these statuses."""
        return [trial for trial in self.trials if trial.status in statuses]


class Isolation:
    """The ended trials of a study, by the value of each of their settings.

    They are those of the stage of the `ranked` trials, which come best first; the base model is none of them.
    """

    def __init__(self, view: View, ranked: Sequence[Trial]) -> None:
        stage = ranked[0].stage if ranked else ""
        in_stage = [trial for trial in view.trials if not view.study.stages or trial.stage == stage]
        self.trials = [trial for trial in in_stage if trial.status in ENDED and trial.role is not Role.BASE]
        self.space = stage_space(view.study, stage_named(view.study, stage)) if view.study.stages else view.study.space
        """The space of that stage: it says which settings have a part in a trial."""
        self._settings = [(trial, active_settings(view, trial, self.space)) for trial in self.trials]
        self._rank = {trial.number: position for position, trial in enumerate(ranked)}
        self._ranked = {trial.number: trial for trial in ranked}
        self._rejected = [(item.params, item.margin > 0) for trial in in_stage for item in trial.rejections]

    @property
    def is_ranked_by_means(self) -> bool:
        """Whether a configuration that ran several times is ranked by the mean of its runs."""
        return any(
            trial.values != self._ranked[trial.number].values for trial in self.trials if trial.number in self._ranked
        )

    def without(self, name: str) -> list[Trial]:
        """Return the trials that ran without a setting: it was not set, or its condition did not hold."""
        return [trial for trial, settings in self._settings if name not in settings]

    def row_of(self, value: str, trials: Sequence[Trial], rejected: Sequence[bool] = ()) -> IsolationRow:
        """Return a row of trials under words that stand for their values."""
        return self._row(trials, value, None, None, rejected)

    def varied(self) -> list[str]:
        """Return the settings with several values; a derived one says what its source says."""
        derived = {item.name for item in self.space.derived}
        names = dict.fromkeys([*self.space.names, *(name for trial in self.trials for name in trial.params)])
        return [name for name in names if name not in derived and self._has_several(name)]

    def _has_several(self, name: str) -> bool:
        keys = (_key(settings[name]) for _, settings in self._settings if name in settings)
        first = next(keys, None)
        return any(key != first for key in keys)

    def rows(self, name: str) -> list[IsolationRow]:
        """Return a setting's rows in the order of its values."""
        by_value: dict[Hashable, list[Trial]] = {}
        values: dict[Hashable, Value] = {}
        for trial, settings in self._settings:
            if name in settings:
                key = _key(settings[name])
                values.setdefault(key, settings[name])
                by_value.setdefault(key, []).append(trial)
        parameter = self.space.get(name)
        count = sum(map(len, by_value.values()))
        is_numeric = all(is_number(value) for value in values.values())
        is_spread = len(values) > max(THIRDS, count / 2) and not isinstance(parameter, Choice)
        if is_numeric and (len(values) > MAX_ROWS or is_spread):
            return self._thirds(name, [(float(values[key]), group) for key, group in by_value.items()])  # type: ignore[arg-type]
        keys = sorted(by_value, key=lambda key: _order(values[key], parameter))
        others: list[Hashable] = []
        if len(keys) > MAX_ROWS:  # those with the best trial and with the most trials; the rest stand together
            place = {key: min(self._rank.get(t.number, math.inf) for t in by_value[key]) for key in keys}
            most = sorted(keys, key=lambda key: (place[key] != min(place.values()), -len(by_value[key])))
            others = [key for key in keys if key not in most[: MAX_ROWS - 1]]
            keys = [key for key in keys if key not in others]
        rejected = [(_key(params[name]), bad) for params, bad in self._rejected if name in params]
        rows = [
            self._row(by_value[key], values[key], None, None, [bad for other, bad in rejected if other == key])
            for key in keys
        ]
        if others:
            trials = sorted((trial for key in others for trial in by_value[key]), key=lambda trial: trial.number)
            rows.append(self.row_of(OTHERS, trials, [bad for other, bad in rejected if other in others]))
        return rows

    def _thirds(self, name: str, groups: Sequence[tuple[float, list[Trial]]]) -> list[IsolationRow]:
        parameter = self.space.get(name)
        low, high = min(value for value, _ in groups), max(value for value, _ in groups)
        wide = low > 0 and high >= LOG_FROM * low
        is_log = low > 0 and not isinstance(parameter, Choice) and (wide if parameter is None else parameter.log)
        scale: Callable[[float], float] = math.log if is_log else float
        width = scale(high) - scale(low)

        def third(value: float) -> int:
            return max(0, min(THIRDS - 1, int(THIRDS * (scale(value) - scale(low)) / width)))

        members: list[list[tuple[float, list[Trial]]]] = [[] for _ in range(THIRDS)]
        for value, group in groups:
            members[third(value)].append((value, group))
        rejected: list[list[bool]] = [[] for _ in range(THIRDS)]
        for params, bad in self._rejected:
            rejected_value = params.get(name)
            if is_number(rejected_value) and (not is_log or rejected_value > 0):  # also beyond what was tried
                rejected[third(rejected_value)].append(bad)
        rows = []
        for part, inside in zip(members, rejected, strict=True):
            if part:
                trials = sorted((trial for _, group in part for trial in group), key=lambda trial: trial.number)
                numbers = [value for value, _ in part]
                rows.append(self._row(trials, None, min(numbers), max(numbers), inside))
        return rows

    def _row(
        self, trials: Sequence[Trial], value: Value, low: float | None, high: float | None, rejected: Sequence[bool]
    ) -> IsolationRow:
        ranked = [trial for trial in trials if trial.number in self._rank]
        best = min(ranked, key=lambda trial: self._rank[trial.number], default=None)
        best = best if best is None else self._ranked[best.number]
        proposals = sum(trial.role is Role.SEARCH for trial in trials) + len(rejected)
        return IsolationRow(value, low, high, tuple(trials), best, proposals, sum(rejected))


def _key(value: Value) -> Hashable:
    """Return a key under which equal values are one: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, bool):
        return ("bool", value)
    return value if isinstance(value, str | int | float) or value is None else canonical_json(value)


def _order(value: Value, parameter: object) -> tuple[int, float, str]:
    """Return a sort key: numbers by size, choices in the order of the study file, other texts by alphabet."""
    if is_number(value):
        return (0, float(value), "")
    if isinstance(parameter, Choice) and value in parameter.choices:
        return (1, float(parameter.choices.index(value)), "")
    return (2, 0.0, str(value))
