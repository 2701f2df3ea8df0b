"""Each setting by itself: what became of the trials at each of its values, or in each third of its range."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hptui.core.parameters import Choice
from hptui.core.trial import Role, Trial, TrialStatus, Value
from hptui.core.values import canonical_json, is_number
from hptui.results.analysis.cohort import searched_space
from hptui.results.view import View

MAX_ROWS = 6
"""Values of a setting that are listed; more numbers are divided into thirds."""
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
    """The best ranked one of them."""
    proposals: int
    infeasible: int
    """Proposals of the search here, and those of them that violated a constraint and never ran."""

    def with_status(self, *statuses: TrialStatus) -> list[Trial]:
        """Return the trials with one of these statuses."""
        return [trial for trial in self.trials if trial.status in statuses]


def ended_trials(view: View, ranked: Sequence[Trial]) -> list[Trial]:
    """Return the ended trials to compare: those of the stage of the ranked ones, without the base model."""
    stage = ranked[0].stage if ranked else ""
    in_stage = [trial for trial in view.trials if not view.study.stages or trial.stage == stage]
    return [trial for trial in in_stage if trial.status in ENDED and trial.role is not Role.BASE]


def varied_settings(view: View, trials: Sequence[Trial]) -> list[str]:
    """Return the settings with several values among these trials; a derived one says what its source says."""
    derived = {item.name for item in searched_space(view).derived}
    names = dict.fromkeys([*searched_space(view).names, *(name for trial in trials for name in trial.params)])
    settings = [view.settings(trial) for trial in trials]
    return [
        name
        for name in names
        if name not in derived and len({canonical_json(row[name]) for row in settings if name in row}) > 1
    ]


def isolate(view: View, name: str, trials: Sequence[Trial], ranked: Sequence[Trial]) -> list[IsolationRow]:
    """Return a setting's rows in the order of its values; `ranked` are the ranked trials, best first."""
    settings = {trial.number: view.settings(trial) for trial in trials}
    having = [trial for trial in trials if name in settings[trial.number]]
    rejected = [
        (item.params[name], item.margin > 0) for t in view.trials for item in t.rejections if name in item.params
    ]
    by_value: dict[str, list[Trial]] = {}
    for trial in having:
        by_value.setdefault(canonical_json(settings[trial.number][name]), []).append(trial)
    values = {key: settings[group[0].number][name] for key, group in by_value.items()}
    rank = {trial.number: position for position, trial in enumerate(ranked)}

    def row(
        group: Sequence[Trial], value: Value, low: float | None, high: float | None, there: list[bool]
    ) -> IsolationRow:
        best = min(
            (trial for trial in group if trial.number in rank), key=lambda trial: rank[trial.number], default=None
        )
        searched = [trial for trial in group if trial.role is Role.SEARCH]
        return IsolationRow(value, low, high, tuple(group), best, len(searched) + len(there), sum(there))

    parameter = searched_space(view).get(name)
    is_numeric = all(is_number(value) for value in values.values())
    is_spread = len(values) > max(THIRDS, len(having) / 2) and not isinstance(parameter, Choice)
    if not is_numeric or (len(values) <= MAX_ROWS and not is_spread):
        keys = sorted(by_value, key=lambda key: _order(values[key], parameter))
        if len(keys) > MAX_ROWS:
            most = sorted(by_value, key=lambda key: (-len(by_value[key]), key))[:MAX_ROWS]
            keys = [key for key in keys if key in most]
        there = {key: [bad for value, bad in rejected if canonical_json(value) == key] for key in keys}
        return [row(by_value[key], values[key], None, None, there[key]) for key in keys]
    positions = {trial.number: float(settings[trial.number][name]) for trial in having}  # type: ignore[arg-type]
    low, high = min(positions.values()), max(positions.values())
    is_log = low > 0 and not isinstance(parameter, Choice) and parameter is not None and parameter.log
    scale = math.log if is_log else float
    width = scale(high) - scale(low)

    def third(value: float) -> int:
        return max(0, min(THIRDS - 1, int(THIRDS * (scale(value) - scale(low)) / width)))

    rows = []
    for part in range(THIRDS):
        group = [trial for trial in having if third(positions[trial.number]) == part]
        inside = [bad for value, bad in rejected if is_number(value) and low <= value <= high and third(value) == part]
        if group:
            numbers = [positions[trial.number] for trial in group]
            rows.append(row(group, None, min(numbers), max(numbers), inside))
    return rows


def _order(value: Value, parameter: object) -> tuple[int, float, str]:
    """Return a sort key: numbers by size, choices in the order of the study file, other texts by alphabet."""
    if is_number(value):
        return (0, float(value), "")
    if isinstance(parameter, Choice) and value in parameter.choices:
        return (1, float(parameter.choices.index(value)), "")
    return (2, 0.0, str(value))
