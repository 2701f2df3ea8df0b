"""`PlotContext`: what all plots of a study share (ranking, values, settings, importance), each computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from hptui.core.format import metric as metric_text
from hptui.core.format import short_metric
from hptui.core.space import Space
from hptui.core.study import Study
from hptui.core.trial import Role, Trial, Value
from hptui.results.analysis.cohort import (
    objective_value,
    ranked_trials,
    searched_space,
    sort_by_rank,
    varying_settings,
    violates_outcome,
)
from hptui.results.analysis.significance import Interval, rate_counts, trial_interval
from hptui.results.facts import Line, Name
from hptui.results.importance import Importance, importance
from hptui.results.plots.plot import axis_label
from hptui.results.view import View, best_trials
from hptui.store.reader import StoreReader


class PlotContext:
    """The view of a study, with a reader of its curves if there may be a plot of them.

    `known_importance` was computed by another process; without it, it is computed here when a plot needs it.
    """

    def __init__(
        self, view: View, reader: StoreReader | None = None, known_importance: Importance | None = None
    ) -> None:
        self.view, self.reader = view, reader
        self._known_importance = known_importance
        self._settings: dict[int, dict[str, Value]] = {}

    @property
    def study(self) -> Study:
        """The specification of the study."""
        return self.view.study

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All trials, by number."""
        return self.view.trials

    @property
    def metric(self) -> str:
        """The metric of the first objective."""
        return self.study.objective.metric

    @property
    def curves(self) -> StoreReader:
        """The reader of the curves. Raises: ValueError if there is none."""
        if self.reader is None:
            raise ValueError("the curves of a study are needed, but no reader was given")
        return self.reader

    @property
    def label(self) -> str:
        """The axis label of the first objective."""
        return axis_label(self.view, self.metric)

    def text(self, value: float, metric: str = "") -> str:
        """Return a value of a metric (by default the first objective) as its format says."""
        return metric_text(value, self.study.metrics.get(metric or self.metric))

    def short_text(self, value: float, metric: str = "") -> str:
        """Return the same in few characters, as tables have it."""
        return short_metric(value, self.study.metrics.get(metric or self.metric))

    @cached_property
    def space(self) -> Space:
        """The space in which the ranked trials were searched: that of their stage."""
        return searched_space(self.view)

    @cached_property
    def ranked(self) -> list[Trial]:
        """The ranked trials, by number."""
        return ranked_trials(self.view)

    @cached_property
    def order(self) -> list[Trial]:
        """The ranked trials, best first."""
        return sort_by_rank(self.view, self.ranked)

    @cached_property
    def front(self) -> frozenset[int]:
        """Numbers of the trials that no other beats: the best trial and its equals, or the Pareto set."""
        return frozenset(trial.number for trial in best_trials(self.study, self.trials))

    @cached_property
    def rank(self) -> Mapping[int, int]:
        """Rank by number of the ranked trial, 0 for the best."""
        return {trial.number: rank for rank, trial in enumerate(self.order)}

    @cached_property
    def kept(self) -> list[Trial]:
        """The ranked trials that break no condition of the study, by number."""
        return [trial for trial in self.ranked if not violates_outcome(self.view, trial)]

    @property
    def best(self) -> Trial | None:
        """The best trial by the first objective."""
        return self.order[0] if self.order else None

    def phrase_of(self, best: Trial) -> Line:
        """Return the phrase for the best of the drawn trials; with several objectives it names the first."""
        phrase: Line = ("the best",) if len(self.study.objectives) == 1 else ("the best by ", Name(self.metric))
        return phrase if self._is_best(best) else (*phrase, " of those drawn")

    def label_of(self, best: Trial) -> str:
        """Return the same for a legend."""
        return self.best_label if self._is_best(best) else f"{self.best_label} of those drawn"

    def _is_best(self, trial: Trial) -> bool:
        return self.best is not None and trial.number == self.best.number

    @property
    def best_label(self) -> str:
        """The phrase for the best trial in a legend."""
        return "best" if len(self.study.objectives) == 1 else f"best {self.label}"

    @cached_property
    def values(self) -> Mapping[int, float]:
        """Values of the first objective by number of the ranked trial."""
        return {trial.number: objective_value(self.view, trial) for trial in self.ranked}

    def settings(self, trial: Trial) -> Mapping[str, Value]:
        """Return the settings that a trial was started with."""
        if trial.number not in self._settings:
            self._settings[trial.number] = self.view.settings(trial)
        return self._settings[trial.number]

    def csv_rows(self, trials: Sequence[Trial], names: Sequence[str]) -> list[dict[str, Any]]:
        """Return settings and objectives of trials as rows of the CSV file."""
        metrics = [objective.metric for objective in self.study.objectives]
        return [
            {
                "trial": trial.number,
                **{name: self.settings(trial).get(name) for name in names},
                **{metric: (trial.values or {}).get(metric) for metric in metrics},
            }
            for trial in trials
        ]

    @cached_property
    def importance(self) -> Importance | None:
        """Importance of each setting; None if it cannot be estimated."""
        return self._known_importance or importance(self.view, self.reader)

    @cached_property
    def names(self) -> list[str]:
        """The settings that vary, the most important first."""
        varying = varying_settings(self.view, self.ranked)
        try:
            shares = self.importance.shares if self.importance else {}
        except Exception:  # noqa: BLE001  the plot of importance says why; the others only lose their order
            shares = {}
        return list(dict.fromkeys([*(name for name in shares if name in varying), *varying]))

    @cached_property
    def _repeated(self) -> set[int | None]:
        return {trial.replicate_of for trial in self.trials}

    def is_repeated(self, trial: Trial) -> bool:
        """Return whether a trial has further runs."""
        return trial.number in self._repeated

    def interval(self, trial: Trial) -> Interval | None:
        """Return the interval of a counted rate of one run, or of the mean of a trial's runs.

        None for the best and for what was repeated for its value: they were chosen by the runs that it would rest on.
        """
        if self._is_best(trial):
            return None
        if rate_counts(self.view, trial, self.metric) is not None:
            return trial_interval(self.view, trial, self.metric)
        is_mean = trial.values != self._originals[trial.number].values
        if self.is_repeated(trial) and (is_mean or trial.role is Role.BASELINE):
            return trial_interval(self.view, trial, self.metric)
        return None

    @cached_property
    def _originals(self) -> Mapping[int, Trial]:
        return {trial.number: trial for trial in self.trials}
