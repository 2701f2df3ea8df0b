"""A study: its trials next to their curves, the log of the trial under the cursor, the machine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Input

from hptui.core.errors import HptuiError, NotFound
from hptui.core.stages import stage_named
from hptui.core.trial import TrialStatus
from hptui.results.view import View
from hptui.store.paths import StudyDir
from hptui.tui import verbs
from hptui.tui.cells import plain_line
from hptui.tui.config import StudyLayout, load_layout, save_layout
from hptui.tui.feed import Trouble
from hptui.tui.filters import FilterError
from hptui.tui.keys import bindings
from hptui.tui.labels import head_cells, machine_cells, runner_text
from hptui.tui.screens.chart_panel import ChartScreen, CurvePanel
from hptui.tui.screens.dialogs import TextDialog, TextInput
from hptui.tui.screens.screen import app_of
from hptui.tui.screens.steering import SteeringScreen
from hptui.tui.sources.curves import TrendsSource
from hptui.tui.sources.log import LogSource
from hptui.tui.sources.machine import MachineSource
from hptui.tui.sources.pool import FeedSource
from hptui.tui.sources.study import StudySnapshot, StudySource
from hptui.tui.widgets.bars import CellLine, KeyLine, MessageLine
from hptui.tui.widgets.chart import Chart
from hptui.tui.widgets.logview import LogView
from hptui.tui.widgets.table import TableWidget
from hptui.tui.widgets.trials import TrialTable

PANEL_CLASSES = ("", "-only-chart", "-only-log", "-only-table")
"""CSS classes of the panels that a key goes through; '' shows all."""
CURSOR_REST_S = 0.08
"""Seconds that the cursor must rest before curves and log follow it, so that the table scrolls without delay."""


class StudyScreen(ChartScreen, SteeringScreen):
    """The dashboard of one study."""

    scope = "study"
    BINDINGS: ClassVar[list[BindingType]] = bindings("study")

    def __init__(self, sd: StudyDir) -> None:
        super().__init__()
        self.sd = sd
        self.study_source = StudySource(sd)
        self.trends = TrendsSource(sd, "")
        self.log_source = LogSource(None, "no trial yet")
        self.machine = MachineSource()
        self._panel_index = 0
        self._showed_partial = False
        self._cursor_timer: Timer | None = None
        self._log_target: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        app = app_of(self)
        charts, smoothing = app.config.charts, app.config.smoothing
        yield CellLine(id="head", classes="bar")
        with Vertical(id="body"):
            with Horizontal(id="wide"):
                yield TrialTable(glyphs=app.glyphs, id="trials", classes="pane")
                with Vertical(id="charts"):
                    yield Chart(charts=charts, smoothing=smoothing, id="chart1", classes="pane")
                    yield Chart(charts=charts, smoothing=smoothing, id="chart2", classes="pane")
            yield LogView(id="tail", classes="pane")
        yield TextInput(id="filter", placeholder="lr<3e-4 status=complete r=8,16 note~warm !oom")
        yield CellLine(id="machine")
        yield MessageLine(id="answer")
        yield KeyLine(ascii=charts == "ascii")

    def on_mount(self) -> None:
        self.table = self.query_one("#trials", TrialTable)
        self.curves = CurvePanel(self.sd, [self.query_one("#chart1", Chart), self.query_one("#chart2", Chart)])
        self.query_one("#filter", TextInput).can_focus = False
        self._restore_layout()
        self.table.focus()
        self.table.set_title("trials")
        self.query_one("#head", CellLine).show([])

    def _restore_layout(self) -> None:
        layout, rows, charts = load_layout(self.sd.root), self.table.trials, self.curves.charts
        rows.chosen, rows.by, rows.down = layout.columns, layout.by, layout.down
        self.curves.both = layout.both
        for chart, metric, log_y in zip(charts, layout.metrics, layout.log_y, strict=False):
            chart.log_y = log_y
            if metric:
                self.curves.set_metric(chart, metric)
            if layout.smoothing is not None:
                chart.smoothing = layout.smoothing

    def on_unmount(self) -> None:
        if app_of(self).config.readonly or self.snapshot is None:
            return
        rows, charts, study = self.table.trials, self.curves.charts, self.snapshot.view.study
        by, down = rows.sorting()
        default_order = (study.objective.metric, study.objective.goal == "maximize")
        smoothing = charts[0].smoothing
        layout = StudyLayout(
            columns=rows.chosen,
            by="" if (by, down) == default_order else by,
            down=False if (by, down) == default_order else down,
            metrics=tuple(self.curves.chosen(chart) for chart in charts),
            log_y=tuple(chart.log_y for chart in charts),
            smoothing=None if smoothing == app_of(self).config.smoothing else smoothing,
            both=self.curves.both,
        )
        save_layout(self.sd.root, layout)

    # what is read ---------------------------------------------------------------------------------------------

    @property
    def snapshot(self) -> StudySnapshot | None:
        """The last read state of the study."""
        return self.study_source.latest

    @property
    def view(self) -> View | None:
        """The last read state of the study."""
        return self.snapshot.view if self.snapshot is not None else None

    def sources(self) -> Sequence[FeedSource]:
        """Return the sources to poll while this screen is in front."""
        return [self.study_source, self.trends, self.curves.source, self.log_source, self.machine]

    def read(self, source: FeedSource, snapshot: Any) -> None:
        """Show the new snapshot of a source."""
        if source is self.study_source:
            self._show_study(snapshot)
        elif source is self.trends:
            if self.table.trials.show_trends(snapshot):
                self.table.repaint()
        elif source is self.curves.source:
            self.curves.draw()
        elif source is self.log_source:
            self.query_one("#tail", LogView).show(snapshot)
            self._entitle_log()
        elif source is self.machine:
            self._show_machine()

    def trouble(self, source: FeedSource, trouble: Trouble) -> None:
        """Show why a source cannot be read; a study that was never read opens another screen."""
        if source is self.study_source and self.snapshot is None:
            # A study that could never be read has a screen of its own.
            from hptui.tui.screens.broken import BrokenScreen

            self.app.switch_screen(BrokenScreen(self.sd, trouble))
        elif source is self.study_source:
            super().trouble(source, trouble)

    def _show_study(self, snapshot: StudySnapshot) -> None:
        app = app_of(self)
        rows, view = self.table.trials, snapshot.view
        # Where only the best trials were shown, the first of them need not be the first of all.
        jump_to_top = not len(rows) or (self._showed_partial and self.table.cursor == 0)
        self._showed_partial = snapshot.partial
        rows.show(view, snapshot.best, snapshot.metrics)
        self.table.update()
        if jump_to_top and len(rows):
            self.table.action_edge(-1)
        self._entitle_table(snapshot)
        self.query_one("#head", CellLine).show(*head_cells(snapshot, app.glyphs))
        self.trends.metric = view.study.objective.metric
        self.machine.active = snapshot.alive
        self._show_machine()
        self._request_shown()
        self.refresh_bindings()
        if snapshot.partial:
            self.request_poll()

    def _entitle_table(self, snapshot: StudySnapshot) -> None:
        rows = self.table.trials
        count = f"{len(rows)} of {snapshot.total}" if rows.filter_text or snapshot.partial else f"{snapshot.total}"
        marks = f"{len(rows.marks)} marked" if rows.marks else ""
        filtered = f"filter {plain_line(rows.filter_text, 60)}" if rows.filter_text else ""
        title = " · ".join(part for part in (f"trials {count}", filtered, marks) if part)
        by, down = rows.sorting()
        glyphs = app_of(self).glyphs
        self.table.set_title(title, f"by {plain_line(by, 30)} {glyphs.down if down else glyphs.up}" if by else "")

    def _show_machine(self) -> None:
        snapshot = self.snapshot
        left, right = machine_cells(self.machine.latest, runner_text(snapshot) if snapshot is not None else "")
        self.query_one("#machine", CellLine).show(left, right)

    # what follows the cursor ----------------------------------------------------------------------------------

    @on(TableWidget.Moved, "#trials")
    @on(TableWidget.Scrolled, "#trials")
    def _cursor_moved(self) -> None:
        if self._cursor_timer is not None:
            self._cursor_timer.stop()
        self._cursor_timer = self.set_timer(CURSOR_REST_S, self._request_shown)

    @on(TrialTable.MarksChanged)
    def _marked(self) -> None:
        if self.snapshot is not None:
            self._entitle_table(self.snapshot)
        self._request_shown()

    def request_curves(self) -> None:
        """Request what is to be shown now."""
        self._request_shown()

    def _request_shown(self) -> None:
        """Request what is to be shown now: trends of the rows in sight, curves, the log."""
        snapshot = self.snapshot
        if snapshot is None:
            return
        rows = self.table.trials
        numbers_in_sight = tuple(sorted(rows.key(index) for index in self.table.in_sight()))
        is_new = numbers_in_sight != self.trends.want
        self.trends.want = numbers_in_sight
        is_new = self.curves.aim(snapshot, rows, self.table.number) or is_new
        is_new = self._request_log() or is_new
        if is_new:
            self.request_poll()

    def _request_log(self) -> bool:
        """Point the log at the trial under the cursor; return whether that is another file."""
        from hptui.operations.logs import log_of

        trial = self.table.trial
        target = (None,) if trial is None else (trial.number, trial.attempts, trial.status)
        if target == self._log_target:
            return False
        self._log_target = target
        if trial is None:
            return False
        try:
            self.log_source.path = log_of(self.sd, trial)
        except NotFound as error:
            self.log_source.path, self.log_source.why = None, error.message
        self._entitle_log()
        return True

    def _entitle_log(self) -> None:
        pane, number = self.query_one("#tail", LogView), self.table.number
        following = " · following" if pane.follow else ""
        pane.set_title("log" if number is None else f"log · trial {number}{following}")

    @on(LogView.StateChanged, "#tail")
    def _log_changed(self) -> None:
        self._entitle_log()

    # keys: looking --------------------------------------------------------------------------------------------

    @on(TableWidget.Opened, "#trials")
    def _open(self) -> None:
        from hptui.tui.screens.trial import TrialScreen

        if self.table.number is not None:
            self.app.push_screen(TrialScreen(self.sd, self.study_source, self.table.number), self._returned)

    def _returned(self, _: object) -> None:
        self._request_shown()

    @property
    def chart(self) -> Chart:
        """The chart that keys act on: the focused one, else the first."""
        return self.focused if isinstance(self.focused, Chart) else self.curves.charts[0]

    def action_all(self) -> None:
        self.curves.all = not self.curves.all
        app_of(self).say("charts show all trials in the table" if self.curves.all else "charts show some trials")
        self._request_shown()
        self.curves.draw()

    def action_panel(self) -> None:
        self._panel_index = (self._panel_index + 1) % len(PANEL_CLASSES)
        for name in PANEL_CLASSES[1:]:
            self.set_class(name == PANEL_CLASSES[self._panel_index], name)
        target = {"-only-chart": "#chart1", "-only-log": "#tail"}.get(PANEL_CLASSES[self._panel_index], "#trials")
        self.query_one(target).focus()

    def action_compare(self) -> None:
        from hptui.tui.screens.compare import CompareScreen

        snapshot, cursor = self.snapshot, self.table.number
        numbers = sorted(self.table.trials.marks)
        if not numbers and snapshot is not None:
            numbers = [*sorted(snapshot.best)[:1], *([cursor] if cursor is not None else [])]
        numbers = list(dict.fromkeys(numbers))
        if len(numbers) < 2:
            app_of(self).say("mark two to eight trials with space", "warn")
            return
        self.app.push_screen(CompareScreen(self.sd, self.study_source, numbers))

    def action_report(self) -> None:
        from hptui.tui.screens.report import ReportScreen, report_target

        self.app.push_screen(ReportScreen(self.sd, report_target(self.view.study) if self.view is not None else ""))

    def action_health(self) -> None:
        from hptui.tui.screens.health import HealthScreen

        self.app.push_screen(HealthScreen(self.sd, self.study_source))

    def action_insights(self) -> None:
        from hptui.tui.screens.plots import PlotsScreen

        self.app.push_screen(PlotsScreen(self.sd))

    def action_space(self) -> None:
        from hptui.tui.screens.space import SpaceScreen

        self.app.push_screen(SpaceScreen(self.sd))

    def action_log(self) -> None:
        from hptui.tui.screens.log import LogScreen

        trial = self.table.trial
        if trial is not None:
            self.app.push_screen(LogScreen(f"{self.sd.name} › trial {trial.number}", self.log_source))

    def action_runner_log(self) -> None:
        from hptui.tui.screens.log import LogScreen

        self.app.push_screen(LogScreen(f"{self.sd.name} › runner", LogSource(self.sd.runner_log)))

    @on(LogView.InputRequested)
    def _search_log(self) -> None:
        self.action_log()

    # keys: the filter -----------------------------------------------------------------------------------------

    def _open_filter(self) -> None:
        line = self._show_filter(shown=True)
        line.value = self.table.trials.filter_text
        line.focus()

    def _show_filter(self, *, shown: bool) -> TextInput:
        """Show or hide the input of the filter. It replaces the machine's line, so that nothing else moves."""
        line = self.query_one("#filter", TextInput)
        line.can_focus = shown
        line.set_class(shown, "shown")
        self.query_one("#machine").set_class(shown, "hidden")
        return line

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        if not event.input.has_class("shown"):
            return
        try:
            self.table.trials.set_filter(event.value)
        except FilterError as error:
            app_of(self).say(str(error).replace("\n", " "), "warn")
            return
        app_of(self).say("")
        self.table.update()
        if self.snapshot is not None:
            self._entitle_table(self.snapshot)

    @on(Input.Submitted, "#filter")
    def _filter_submitted(self, event: Input.Submitted) -> None:
        self._show_filter(shown=False)
        self.table.focus()

    def action_unfilter(self) -> None:
        """Remove the filter; escape does so before it goes back."""
        self._show_filter(shown=False)
        self.table.trials.set_filter("")
        self.table.update()
        self.table.focus()
        if self.snapshot is not None:
            self._entitle_table(self.snapshot)

    def key_escape(self, event: Any) -> None:
        if self.query_one("#filter").has_class("shown") or self.table.trials.filter_text:
            event.stop()
            event.prevent_default()
            self.action_unfilter()

    # keys: steering -------------------------------------------------------------------------------------------

    @on(TrialTable.ActionRequested)
    def _trials_requested(self, message: TrialTable.ActionRequested) -> None:
        numbers, cursor = message.numbers, self.table.number
        match message.action:
            case "filter":
                self._open_filter()
            case "columns":
                self._choose_columns()
            case "best":
                if self.snapshot is not None and self.snapshot.best:
                    self.table.go_to(min(self.snapshot.best))
            case "stop":
                self.stop_trials(self._open_trials(numbers))
            case "kill":
                self.stop_trials(self._open_trials(numbers), now=True)
            case "hold":
                self.hold_trials(numbers)
            case "retry":
                self.retry_trials(numbers)
            case "note" if cursor is not None:
                self.note_trial(cursor)
            case "write_note" if cursor is not None:
                self.write_note(cursor)
            case "clone" if cursor is not None:
                self.clone_trial(cursor)
            case "copy" if cursor is not None:
                self.copy_config(cursor)

    def _open_trials(self, numbers: Sequence[int]) -> list[int]:
        """Return the trials that have not ended; show a message if there are none."""
        open_numbers = [
            number for number in numbers if (trial := self._trial(number)) is not None and trial.status.open
        ]
        if not open_numbers:
            app_of(self).say("that has ended already" if len(numbers) == 1 else "none of them runs or waits", "warn")
        return open_numbers

    def _choose_columns(self) -> None:
        from hptui.tui.screens.dialogs import ColumnsDialog

        rows = self.table.trials

        def apply(names: list[str] | None) -> None:
            if names is not None:
                rows.set_columns(names)
                self.table.column = min(self.table.column, len(rows.columns) - 1)
                self.table.left = 0
                self.table.update()

        self.app.push_screen(
            ColumnsDialog(rows.available(), rows.chosen or tuple(rows.default_columns()), rows.default_columns()), apply
        )

    def action_run(self) -> None:
        self.run_study(self.sd, alive=self.snapshot is not None and self.snapshot.alive)

    def action_pause(self) -> None:
        app_of(self).run_in_background(lambda: verbs.pause(self.sd), f"pausing {self.sd.name}…")

    def action_drain(self) -> None:
        app_of(self).run_in_background(lambda: verbs.pause(self.sd, after_trials=True), "draining…")

    def action_stop(self) -> None:
        running = 0 if self.snapshot is None else self.snapshot.counts.get(TrialStatus.RUNNING, 0)
        details = [f"{running} running {'trial saves' if running == 1 else 'trials save'} a checkpoint and end."]
        details.append("Nothing new starts; r lets the study go on later.")
        stop = partial(verbs.stop, self.sd)
        self.ask(
            f"Stop the study {self.sd.name}?",
            details,
            lambda: app_of(self).run_in_background(stop, "stopping…"),
            yes="Stop",
        )

    def action_budget(self) -> None:
        def change_budget(text: str | None) -> None:
            if text:
                app_of(self).run_in_background(lambda: verbs.run(self.sd, trials=text), "changing the budget…")

        present = "" if self.view is None else f"{_budget_text(self.view)}; "
        self.app.push_screen(
            TextDialog("How many trials", "+10", hint=f"{present}40 sets the total, +10 adds ten", check=_check_budget),
            change_budget,
        )

    def action_queue(self) -> None:
        self.clone_trial(None)


def _budget_text(view: View) -> str:
    """Return the budget as it is; with stages, that of the current stage."""
    stage = stage_named(view.study, view.stage)
    stage_trials = None if stage is None else stage.trials
    budget = view.study.search.trials if stage_trials is None else stage_trials
    prefix = f"stage {stage.name}: " if stage is not None else ""
    return prefix + (f"now {budget} in all" if budget is not None else "now without a limit")


def _check_budget(text: str) -> None:
    if not text.strip().removeprefix("+").isdecimal():
        raise HptuiError(f"{text!r} is not a number of trials", hint="40, or +10")
