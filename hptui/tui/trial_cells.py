"""The cells of a table of trials: text and colour of a trial in each column, and headings. No Textual in here."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from operator import attrgetter
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.format import clock
from hptui.core.format import number as written
from hptui.core.trial import SECONDS_ALONE, Trial, TrialStatus
from hptui.results.columns import (
    HEADINGS,
    MEASURED_COLUMNS,
    TRIAL_FACT_COLUMNS,
    column_getter,
    format_cell,
    standing_text,
)
from hptui.results.digits import column_decimals, fixed_text
from hptui.results.view import View
from hptui.tui.cells import Cell, plain_line, width_of
from hptui.tui.labels import short_number
from hptui.tui.themes import STATUS_MEANINGS, Glyphs, sparkline

MAX_HEADING_CELLS = 13
"""Cells that a heading takes at most; a shorter name is used where there is one."""
TREND_COLUMN = "trend"
"""Column of the sparkline."""
STATUS_COLUMN = "status"
"""Column of the status sign."""
MAX_DISTINCT_VALUES = 10
"""Number of best values that are shown with as many digits as tell them apart."""
MAX_COARSE_DECIMALS = 2
"""Digits behind the point that values of few digits have at most."""
SHORT_HEADINGS = {
    "learning_rate": "lr",
    "batch_size": "batch",
    "lora_rank": "rank",
    "lora_alpha": "alpha",
    "peak_memory_gb": "memory",
    "last_step": "step",
    "seconds": "time",
    SECONDS_ALONE: "own time",
    "gradient_accumulation": "accum",
    "weight_decay": "decay",
    "warmup_steps": "warmup",
}
"""Headings of columns whose names are longer than their values."""
STEP_COLUMN = "last_step"
"""Column of the last step."""
TIME_COLUMN = "seconds"
"""Column of the time."""

STATUS_ORDER = (
    TrialStatus.RUNNING,
    TrialStatus.PAUSED,
    TrialStatus.WAITING,
    TrialStatus.COMPLETE,
    TrialStatus.PRUNED,
    TrialStatus.STOPPED,
    TrialStatus.FAILED,
)
"""Statuses in the order in which a table sorts them."""
STATUS_RANK = {status: rank for rank, status in enumerate(STATUS_ORDER)}
"""Rank of a status in that order."""


@dataclass(frozen=True, slots=True)
class TrialCells:
    """The cells of one state of a study.

    `best` are the numbers of the best trials, `trends` the sparklines of the trials that have one.
    """

    view: View
    best: frozenset[int]
    trends: Mapping[int, tuple[float | None, ...]]
    glyphs: Glyphs
    starred: frozenset[int] = frozenset()
    decimals: Mapping[str, int] = field(default_factory=dict)
    """Digits behind the point of objectives whose values differ in later ones only."""
    now: float = 0.0
    """Present time in seconds; 0 if no runner lives: what counts as running then does not go on."""

    def value_getter(self, name: str) -> Callable[[Trial], Any]:
        """Return the function that gives the value of a trial in a column."""
        return attrgetter(STEP_COLUMN) if name == STEP_COLUMN else column_getter(self.view, name)

    def cell(self, trial: Trial, name: str) -> Cell:
        """Return the cell of a trial in a column."""
        meaning = STATUS_MEANINGS[trial.status]
        if name == "number":
            best = trial.number in self.best
            star = self.glyphs.star if trial.number in self.starred else ""
            sign = self.glyphs.best if best else "" if star else " "
            return Cell(f"{star}{sign}{trial.number}", "best" if best else "mark" if star else "")
        if name == STATUS_COLUMN:
            return Cell(self.glyphs.status[trial.status], meaning)
        if name == TREND_COLUMN:
            return Cell(
                sparkline(self.trends.get(trial.number, ()), self.glyphs), "muted" if meaning == "muted" else "accent"
            )
        if name == STEP_COLUMN:
            return Cell("" if trial.last_step is None else str(trial.last_step), "muted")
        if name == TIME_COLUMN:
            return Cell(self._time_text(trial), "muted")
        if name == "name" and (standing := standing_text(self.view, trial)):
            return Cell(plain_line(", ".join(filter(None, (standing, trial.name)))), "warn")
        if name == "stage":
            return Cell(plain_line(trial.stage), "muted")
        if any(objective.metric == name for objective in self.view.study.objectives):
            return self._objective_cell(trial, name)
        text = self._setting_text(trial, name)
        if " → " in text and name not in TRIAL_FACT_COLUMNS:
            return Cell(text, "warn")
        quiet = name in MEASURED_COLUMNS or name in TRIAL_FACT_COLUMNS
        ended_badly = trial.status in (TrialStatus.PRUNED, TrialStatus.FAILED, TrialStatus.STOPPED)
        return Cell(text, "muted" if quiet or ended_badly else "")

    def _time_text(self, trial: Trial) -> str:
        """Return how long a trial ran, or has run so far."""
        seconds = trial.seconds
        is_first_attempt = trial.attempts <= 1 and trial.started is not None
        if trial.status is TrialStatus.RUNNING and self.now and is_first_attempt:
            seconds = max(seconds, self.now - (trial.started or self.now))
        return clock(seconds) if seconds else ""

    def _setting_text(self, trial: Trial, name: str) -> str:
        """Return a setting in few characters; the trial's own screen shows the exact value."""
        value = self.value_getter(name)(trial)
        spec = self.view.study.metrics.get(name)
        if isinstance(value, float) and name not in MEASURED_COLUMNS and not (spec and spec.format):
            if name in trial.metrics and name not in trial.params and name not in self.view.base:
                return aligned_metric(value)
            used = trial.effective.get(name, value)
            return (
                short_setting(value)
                if used == value or not isinstance(used, float)
                else f"{short_setting(value)} → {short_setting(used)}"
            )
        return plain_line(format_cell(self.view, trial, name), limit=200)

    def _objective_cell(self, trial: Trial, name: str) -> Cell:
        """Return the cell of an objective.

        Only a complete trial has a value; a failed one shows its reason, any other its latest value in brackets.
        """
        if trial.values and name in trial.values:
            best = trial.number in self.best
            value = trial.values[name]
            return Cell(trial.mark(self._metric_text(value, name)), "best" if best else "")
        if trial.status is TrialStatus.FAILED or (trial.status is TrialStatus.STOPPED and name not in trial.metrics):
            return Cell(str(trial.reason or trial.status), "bad" if trial.status is TrialStatus.FAILED else "muted")
        latest = trial.metrics.get(name)
        if latest is None:
            return Cell("" if trial.status is not TrialStatus.PRUNED else "pruned", "muted")
        return Cell(
            f"({trial.mark(self._metric_text(latest, name))})",
            "running" if trial.status is TrialStatus.RUNNING else "muted",
        )

    def _metric_text(self, value: float, name: str) -> str:
        """Return a value of an objective, with more digits where only those tell trials apart."""
        spec = self.view.study.metrics.get(name)
        if spec and spec.format:
            return short_number(value, spec)
        decimals = self.decimals.get(name)
        return aligned_metric(value) if decimals is None else fixed_text(value, decimals)

    def is_numeric(self, name: str, trials: Sequence[Trial]) -> bool:
        """Return whether a column holds numbers, which are aligned right; settings are judged by these trials."""
        if name in MEASURED_COLUMNS or name == STEP_COLUMN:
            return True
        if name in (TREND_COLUMN, "stage", STATUS_COLUMN, *TRIAL_FACT_COLUMNS):
            return False
        values = [value for trial in trials if (value := self.value_getter(name)(trial)) is not None]
        objectives = [objective.metric for objective in self.view.study.objectives]
        return name in objectives or (bool(values) and all(isinstance(value, int | float) for value in values))

    def heading(self, name: str) -> str:
        """Return the heading of a column: the shortest of its names that fits, else the first."""
        study = self.view.study
        spec = study.metrics.get(name)
        listed = study.report.columns.get(name, "")
        heading = listed if listed != name else ""  # a list of columns gives them no other names
        heading = heading or (spec.heading if spec else "")
        if name == STATUS_COLUMN:
            return ""
        names = [
            plain_line(text, limit=60) for text in (heading, HEADINGS.get(name), SHORT_HEADINGS.get(name), name) if text
        ]
        return next((text for text in names if width_of(text) < MAX_HEADING_CELLS), names[0])


def objective_decimals(view: View) -> dict[str, int]:
    """Return the digits behind the point of objectives whose best values four digits do not tell apart.

    Trials far behind the best may look alike. Values of few digits (a share of 100 questions) get no others.
    """
    decimals = {}
    for objective in view.study.objectives:
        name = objective.metric
        values = {float(trial.values[name]) for trial in view.trials if trial.values and name in trial.values}
        finite = sorted(filter(math.isfinite, values), reverse=objective.goal == "maximize")
        first = finite[:MAX_DISTINCT_VALUES]
        needed = column_decimals(first)
        if (coarse := _measured_decimals(finite)) is not None:
            decimals[name] = coarse
        elif needed is not None and len(set(map(aligned_metric, first))) < len(first):
            decimals[name] = needed
    return decimals


def _measured_decimals(values: Sequence[float]) -> int | None:
    """Return the digits behind the point that all values have; None if they are more than a few."""
    for decimals in range(1, MAX_COARSE_DECIMALS + 1):
        if all(math.isclose(value, round(value, decimals), rel_tol=1e-12) for value in values):
            return decimals if len(values) > 1 else None
    return None


def name_columns(view: View) -> list[str]:
    """Return the column of names and of why trials are not ranked; none if it had one name."""
    has_names = sum(bool(trial.name) for trial in view.trials) > 1
    return ["name"] if has_names or any(standing_text(view, trial) for trial in view.trials) else []


def short_setting(value: float) -> str:
    """Return a setting's number in few characters: `8.3e-4`, `0.05`, `128`."""
    if not math.isfinite(value):
        return str(value)
    if value and (abs(value) < 1e-3 or abs(value) >= 1e6):
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return f"{value:.3g}"


def aligned_metric(value: float) -> str:
    """Return a metric with four significant digits, aligned with its neighbours: `1.510`."""
    return f"{value:#.4g}" if 1e-3 <= abs(value) < 1e4 else written(value)
