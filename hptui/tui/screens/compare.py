"""Two to eight trials side by side: settings that differ, metrics, and their curves in one chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical

from hptui.core.format import clock, memory, setting, visible_metrics
from hptui.core.trial import Trial, Value
from hptui.core.values import values_equal
from hptui.results.view import View
from hptui.store.paths import StudyDir
from hptui.tui.cells import Cell, fit_cells, plain_line, width_of
from hptui.tui.host import host_of
from hptui.tui.keys import bindings
from hptui.tui.labels import short_number
from hptui.tui.screens.chart_panel import ChartScreen, CurvePanel
from hptui.tui.sources.pool import FeedSource
from hptui.tui.sources.study import StudySource
from hptui.tui.widgets.bars import CellLine, KeyLine, MessageLine
from hptui.tui.widgets.chart import Chart
from hptui.tui.widgets.columns import ColumnFacts
from hptui.tui.widgets.facts import Facts

MAX_COMPARED = 8
"""Number of trials that are compared at most."""
NO_COLOURS: Mapping[int, int] = {}
"""Colours of trials of which none has one."""
MAX_COLUMN_CELLS = 18
"""Cells that a column takes at most."""


class CompareScreen(ChartScreen):
    """Trials side by side; the first one is the reference."""

    scope = "compare"
    BINDINGS: ClassVar[list[BindingType]] = bindings("compare")

    def __init__(self, sd: StudyDir, study_source: StudySource, numbers: Sequence[int]) -> None:
        super().__init__()
        self.sd, self.study_source = sd, study_source
        self.numbers = list(dict.fromkeys(numbers))[:MAX_COMPARED]
        self._show_all_settings = False

    def compose(self) -> ComposeResult:
        host = host_of(self)
        yield CellLine(id="head", classes="bar")
        with Horizontal(id="compare-panes"):
            with Vertical(id="compare-left"):
                yield ColumnFacts(id="differences", classes="pane")
                yield ColumnFacts(id="metrics", classes="pane")
            yield Chart(charts=host.config.charts, smoothing=host.config.smoothing, id="overlay", classes="pane")
        yield MessageLine(id="answer")
        yield KeyLine(ascii=host.config.charts == "ascii")

    def on_mount(self) -> None:
        self.curves = CurvePanel(self.sd, [self.query_one("#overlay", Chart)], host_of(self).palette_of(self.sd))
        self.query_one("#differences").focus()
        self._show_comparison()

    def sources(self) -> Sequence[FeedSource]:
        """Return the sources to poll while this screen is in front."""
        return [self.study_source, self.curves.source]

    def read(self, source: FeedSource, snapshot: Any) -> None:
        """Show the new snapshot of a source."""
        if source is self.curves.source:
            self.curves.draw()
        else:
            self._show_comparison()

    def _compared_trials(self) -> tuple[View, list[Trial]] | None:
        snapshot = self.study_source.latest
        if snapshot is None:
            return None
        trials_by_number = {trial.number: trial for trial in snapshot.view.trials}
        return snapshot.view, [trials_by_number[number] for number in self.numbers if number in trials_by_number]

    def request_curves(self) -> None:
        """Request the curves of these trials."""
        self._show_comparison()

    def _show_comparison(self) -> None:
        snapshot, view_and_trials = self.study_source.latest, self._compared_trials()
        if snapshot is None or view_and_trials is None:
            return
        view, trials = view_and_trials
        if self.curves.want(snapshot, self.numbers):
            self.feed.wake()
        listed = ", ".join(map(str, self.numbers))
        left = [Cell(plain_line(self.sd.name, 40), bold=True), Cell(f"compare trials {listed}", "muted")]
        self.query_one("#head", CellLine).show(left, [Cell(f"measured by trial {self.numbers[0]}", "muted")])
        pane = self.query_one("#differences", Facts)
        pane.title = "all settings" if self._show_all_settings else "settings that differ"
        colours = self.curves.palette.assign(self.numbers)
        pane.show(difference_lines(view, trials, everything=self._show_all_settings, colours=colours))
        pane = self.query_one("#metrics", Facts)
        pane.title = "measured"
        pane.show(metric_lines(view, trials, colours))

    # keys -----------------------------------------------------------------------------------------------------

    def action_all_settings(self) -> None:
        self._show_all_settings = not self._show_all_settings
        self._show_comparison()

    def action_turn(self) -> None:
        """Use the next trial as the reference."""
        self.numbers = [*self.numbers[1:], self.numbers[0]]
        self._show_comparison()
        self.curves.draw()

    def action_write(self) -> None:
        view_and_trials = self._compared_trials()
        if view_and_trials is not None:
            view, trials = view_and_trials
            lines = [*setting_rows(view, trials, everything=self._show_all_settings), *metric_rows(view, trials)]
            rows = [[cell.text.strip() for cell in line] for line in lines if len(line) > 1]
            headings = ["", *(f"#{trial.number} {trial.name}".strip() for trial in trials)]
            self.write_table(f"{self.sd.name}-compared", headings, rows)

    def action_copy(self) -> None:
        view_and_trials = self._compared_trials()
        if view_and_trials is not None:
            view, trials = view_and_trials
            lines = [*difference_lines(view, trials, everything=self._show_all_settings), *metric_lines(view, trials)]
            text = "\n".join("\t".join(cell.text.strip() for cell in line) for line in lines)
            host_of(self).copy(text + "\n", "the comparison")


def difference_lines(
    view: View, trials: Sequence[Trial], *, everything: bool = False, colours: Mapping[int, int] = NO_COLOURS
) -> list[list[Cell]]:
    """Return one row per setting and one column per trial; what differs from the first is in colour."""
    rows = setting_rows(view, trials, everything=everything)
    return align_cells([_heading_cells(trials, colours), *(rows or [[Cell("their settings are the same", "muted")]])])


def setting_rows(view: View, trials: Sequence[Trial], *, everything: bool = False) -> list[list[Cell]]:
    """Return the rows of `differences` without alignment and headings."""
    settings = [view.settings(trial) for trial in trials]
    names = list(dict.fromkeys(name for trial_settings in settings for name in trial_settings))
    rows: list[list[Cell]] = []
    for name in names:
        values = [trial_settings.get(name) for trial_settings in settings]
        differ = not all(values_equal(values[0], value) for value in values[1:])
        if everything or differ:
            pairs = zip(trials, values, strict=True)
            rows.append(
                [Cell(plain_line(name, 40)), *(_setting_cell(values[0], value, trial, name) for trial, value in pairs)]
            )
    return rows


def _setting_cell(first: Value, value: Value, trial: Trial, name: str) -> Cell:
    used = trial.effective.get(name, value)
    text = setting(value) if used == value else f"{setting(value)} → {setting(used)}"
    return Cell(plain_line(text, 60), "" if values_equal(first, value) else "accent")


def metric_lines(view: View, trials: Sequence[Trial], colours: Mapping[int, int] = NO_COLOURS) -> list[list[Cell]]:
    """Return one row per metric: the first trial's value, then the others' with their difference from it."""
    return align_cells([_heading_cells(trials, colours), *metric_rows(view, trials)])


def metric_rows(view: View, trials: Sequence[Trial]) -> list[list[Cell]]:
    """Return the rows of `measured` without alignment and headings."""
    objectives = {objective.metric: objective.goal for objective in view.study.objectives}
    names = list(dict.fromkeys([*objectives, *(name for trial in trials for name in visible_metrics(trial.metrics))]))
    rows = [[Cell("status", "muted"), *(Cell(str(trial.status), "muted") for trial in trials)]]
    for name in names:
        goal = objectives.get(name) or (view.study.metrics[name].goal if name in view.study.metrics else None)
        values = [(trial.values or {}).get(name, trial.metrics.get(name)) for trial in trials]
        if any(value is not None for value in values):
            cells = [_metric_cell(view, name, goal, values[0], value, n) for n, value in enumerate(values)]
            cells = _with_best_marked(cells, values, goal)
            cells = [replace(cell, text=trial.mark(cell.text)) for cell, trial in zip(cells, trials, strict=True)]
            rows.append([Cell(plain_line(name, 40), "accent" if name in objectives else ""), *cells])
    rows.append([Cell("time", "muted"), *(Cell(clock(trial.seconds) if trial.seconds else "–") for trial in trials)])
    peaks = [trial.peak_memory_gb for trial in trials]
    if any(peak is not None for peak in peaks):
        rows.append([Cell("memory", "muted"), *(Cell("–" if peak is None else memory(peak)) for peak in peaks)])
    return rows


def _metric_cell(view: View, name: str, goal: str | None, first: float | None, value: float | None, index: int) -> Cell:
    if value is None:
        return Cell("–", "muted")
    text = short_number(value, view.study.metrics.get(name))
    if index == 0 or first is None or value != value or first != first:
        return Cell(text)
    difference = value - first
    better = None if goal is None or difference == 0 else (difference < 0) == (goal == "minimize")
    meaning = "" if better is None else "good" if better else "bad"
    return Cell(f"{text} {_difference_text(difference)}", meaning)


def _with_best_marked(cells: list[Cell], values: Sequence[float | None], goal: str | None) -> list[Cell]:
    """Return the cells of a row with its best value marked, if one is better than another."""
    measured = [value for value in values if value is not None and value == value]
    if goal is None or len(set(measured)) < 2:
        return cells
    best = max(measured) if goal == "maximize" else min(measured)
    return [
        replace(cell, text=f"*{cell.text}", bold=True) if value == best else cell
        for cell, value in zip(cells, values, strict=True)
    ]


def _difference_text(value: float) -> str:
    """Return a difference in few characters: -0.096, +21k."""
    if value == 0:
        return "="
    if abs(value) >= 10_000:
        return f"{value / 1000:+,.0f}k"
    return f"{value:+.0f}" if abs(value) >= 100 else f"{value:+.2g}"


def _heading_cells(trials: Sequence[Trial], colours: Mapping[int, int]) -> list[Cell]:
    """Return the headings of the trials' columns, in the colours of their curves."""
    names = {trial.number: plain_line(f"#{trial.number} {trial.name}".strip(), 40) for trial in trials}
    cells = [
        Cell(name, f"series-{colours[number]}" if number in colours else "muted") for number, name in names.items()
    ]
    return [Cell("", "muted"), *cells]


def align_cells(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """Return cells in columns as wide as needed, up to a maximum; a row of a single cell stays as it is."""
    table = [row for row in rows if len(row) > 1]
    columns = zip(*table, strict=True)
    widths = [min(MAX_COLUMN_CELLS, max(width_of(cell.text) for cell in column)) + 2 for column in columns]

    def aligned_row(row: Sequence[Cell]) -> list[Cell]:
        return [
            Cell(fit_cells(cell.text, width), cell.meaning, cell.bold) for cell, width in zip(row, widths, strict=True)
        ]

    return [aligned_row(row) if len(row) > 1 else list(row) for row in rows]
