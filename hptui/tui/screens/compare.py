"""Two to eight trials side by side, of one study or several: settings that differ, metrics, curves in one chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical

from hptui.core.errors import HptuiError, UserError
from hptui.results.view import read_study
from hptui.store.paths import StudyDir, list_studies
from hptui.tui.cells import Cell, plain_line
from hptui.tui.host import host_of
from hptui.tui.keys import bindings
from hptui.tui.screens.chart_panel import ChartScreen, CurvePanel, curves_of_metric
from hptui.tui.screens.compare_rows import (
    ComparedTrial,
    difference_lines,
    metric_lines,
    rows_to_write,
    with_problems,
)
from hptui.tui.screens.dialogs import ChoiceDialog, TextDialog
from hptui.tui.sources.curves import CurveKey, CurvesSource
from hptui.tui.sources.pool import FeedSource
from hptui.tui.sources.study import StudySource
from hptui.tui.themes import N_SERIES_COLOURS
from hptui.tui.widgets.bars import CellLine, KeyLine, MessageLine
from hptui.tui.widgets.chart import Chart
from hptui.tui.widgets.chart_legend import ChartCurve
from hptui.tui.widgets.columns import ColumnFacts
from hptui.tui.widgets.facts import Facts

MAX_COMPARED = 8
"""Number of trials that are compared at most."""


class CompareScreen(ChartScreen):
    """Trials side by side; the first one is the reference."""

    scope = "compare"
    BINDINGS: ClassVar[list[BindingType]] = bindings("compare")

    def __init__(self, sd: StudyDir, study_source: StudySource, numbers: Sequence[int]) -> None:
        super().__init__()
        self.sd, self.study_source = sd, study_source
        self.numbers = list(dict.fromkeys(numbers))[:MAX_COMPARED]
        self._show_all_settings = False
        self.others: list[OtherTrial] = []

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
        others = [source for other in self.others for source in (other.study_source, other.source)]
        return [self.study_source, self.curves.source, *others]

    def read(self, source: FeedSource, snapshot: Any) -> None:
        """Show the new snapshot of a source."""
        if isinstance(source, StudySource):
            self._show_comparison()
        self._draw_curves()

    def _columns(self) -> list[ComparedTrial]:
        """Return the trials, those of other studies last."""
        snapshot = self.study_source.latest
        if snapshot is None:
            return []
        by_number = {trial.number: trial for trial in snapshot.view.trials}
        trials = [by_number[number] for number in self.numbers if number in by_number]
        colours = self.curves.palette.assign(self.numbers)
        columns = [ComparedTrial(snapshot.view, trial, colours.get(trial.number)) for trial in trials]
        free = [index for index in range(N_SERIES_COLOURS) if index not in colours.values()]
        for other, colour in zip(self.others, [*free, *([None] * len(self.others))], strict=False):
            if (column := other.column(colour)) is not None:
                columns.append(column)
        return with_problems(columns) if columns else []

    def request_curves(self) -> None:
        """Request the curves of these trials."""
        self._show_comparison()

    def _draw_curves(self) -> None:
        """Draw the curves of all trials in one chart."""
        self.curves.draw()
        chart = self.query_one("#overlay", Chart)
        columns = [column for column in self._columns() if column.study]
        curves = [curve for column, other in zip(columns, self.others, strict=False) for curve in other.curves(column)]
        if curves:
            chart.show([*chart.plots, *curves], length=chart.length, title=chart.title, percent=chart.percent)

    def _show_comparison(self) -> None:
        snapshot, columns = self.study_source.latest, self._columns()
        if snapshot is None or not columns:
            return
        wants = [self.curves.want(snapshot, self.numbers)]
        wants += [other.want(self.query_one("#overlay", Chart).metric) for other in self.others]
        if any(wants):
            self.feed.wake()
        listed = ", ".join([*map(str, self.numbers), *(other.name for other in self.others)])
        left = [Cell(plain_line(self.sd.name, 40), bold=True), Cell(f"compare trials {listed}", "muted")]
        self.query_one("#head", CellLine).show(left, [Cell(f"measured by trial {self.numbers[0]}", "muted")])
        pane = self.query_one("#differences", Facts)
        pane.title = "all settings" if self._show_all_settings else "settings that differ"
        pane.show(difference_lines(columns, everything=self._show_all_settings))
        pane = self.query_one("#metrics", Facts)
        pane.title = "measured"
        pane.show(metric_lines(columns))

    # keys -----------------------------------------------------------------------------------------------------

    def action_all_settings(self) -> None:
        self._show_all_settings = not self._show_all_settings
        self._show_comparison()

    def action_turn(self) -> None:
        """Use the next trial as the reference."""
        self.numbers = [*self.numbers[1:], self.numbers[0]]
        self._show_comparison()
        self._draw_curves()

    def action_other_study(self) -> None:
        """Add a trial of another study of HOME that has the same metric."""
        snapshot = self.study_source.latest
        if snapshot is None:
            return
        metric = snapshot.view.study.objective.metric
        studies = {sd.name: sd for sd in list_studies(host_of(self).home) if sd != self.sd and metric_of(sd) == metric}
        if not studies:
            host_of(self).say(f"no other study here is about {metric}", "warn")
        elif len(self.numbers) + len(self.others) >= MAX_COMPARED:
            host_of(self).say(f"{MAX_COMPARED} trials are compared at most", "warn")
        else:
            self.app.push_screen(
                ChoiceDialog(f"A trial of which study (with {metric})", list(studies)),
                lambda name: self._ask_trial(studies[name]) if name is not None else None,
            )

    def _ask_trial(self, sd: StudyDir) -> None:
        def check(text: str) -> None:
            if text.strip() != "best" and not text.strip().removeprefix("#").isdecimal():
                raise UserError(f"{text!r} is no trial", hint="best, or a number")

        def add(text: str | None) -> None:
            if text is not None:
                number = None if text.strip() == "best" else int(text.strip().removeprefix("#"))
                self.others.append(OtherTrial(sd, number))
                self.watch_sources()

        self.app.push_screen(
            TextDialog(f"Which trial of {sd.name}", "best", hint="best, or a number", check=check), add
        )

    def action_write(self) -> None:
        if columns := self._columns():
            rows = rows_to_write(columns, everything=self._show_all_settings)
            self.write_table(f"{self.sd.name}-compared", ["", *(column.label for column in columns)], rows)

    def action_copy(self) -> None:
        if columns := self._columns():
            lines = [*difference_lines(columns, everything=self._show_all_settings), *metric_lines(columns)]
            text = "\n".join("\t".join(cell.text.strip() for cell in line) for line in lines)
            host_of(self).copy(text + "\n", "the comparison")


class OtherTrial:
    """A trial of another study, with the sources that read it; without a number, the best one."""

    def __init__(self, sd: StudyDir, number: int | None) -> None:
        self.sd, self.number = sd, number
        self.study_source, self.source = StudySource(sd), CurvesSource(sd)
        self._metric = ""

    @property
    def name(self) -> str:
        """Its study and number."""
        return f"{plain_line(self.sd.name, 30)} {'best' if self.number is None else self.number}"

    def column(self, colour: int | None) -> ComparedTrial | None:
        """Return its column; None if the study is not read yet, or has no such trial."""
        snapshot = self.study_source.latest
        if snapshot is None:
            return None
        trial = snapshot.leading if self.number is None else snapshot.view.by_number.get(self.number)
        return None if trial is None else ComparedTrial(snapshot.view, trial, colour, self.sd.name)

    def want(self, metric: str) -> bool:
        """Request its curve of a metric; return whether that is another one than before."""
        column, self._metric = self.column(None), metric
        keys = () if column is None else (CurveKey(column.trial.number, metric),)
        if keys == self.source.want:
            return False
        self.source.want = keys
        return True

    def curves(self, column: ComparedTrial) -> list[ChartCurve]:
        """Return its curve, as far as it is read."""
        if self.source.latest is None:
            return []
        number = column.trial.number
        colours = {} if column.colour is None else {number: column.colour}
        return curves_of_metric(self.source.latest, [number], colours, self._metric, names={number: column.label})


def metric_of(sd: StudyDir) -> str:
    """Return the metric of a study's first objective; '' if it cannot be read."""
    try:
        return read_study(sd).objective.metric
    except HptuiError:
        return ""
