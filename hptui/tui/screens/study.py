"""A study: its trials next to their curves, the log of the trial under the cursor, the machine."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer

from hptui.core.trial import TrialStatus
from hptui.store.paths import StudyDir
from hptui.tui import verbs
from hptui.tui.cells import Cell
from hptui.tui.config import LETTER_STYLES, load_layout, save_layout
from hptui.tui.feed import Trouble
from hptui.tui.host import host_of
from hptui.tui.keys import bindings
from hptui.tui.labels import head_cells, machine_cells, runner_cell
from hptui.tui.screens.chart_panel import ChartScreen, CurvePanel
from hptui.tui.screens.dialogs import TextInput
from hptui.tui.screens.filter_line import FilterLine
from hptui.tui.screens.saved_filters import choose_filter
from hptui.tui.screens.study_filter import FilteringScreen
from hptui.tui.screens.study_panels import (
    LogPanel,
    change_budget,
    choose_columns,
    compared_trials,
    facts_of,
    go_to_trial,
    present_layout,
    restore_layout,
    search_logs,
    table_titles,
)
from hptui.tui.sources.curves import TrendsSource
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


class StudyScreen(ChartScreen, FilteringScreen):
    """The dashboard of one study."""

    scope = "study"
    BINDINGS: ClassVar[list[BindingType]] = bindings("study")

    def __init__(self, sd: StudyDir) -> None:
        super().__init__()
        self.sd = sd
        self.study_source = StudySource(sd)
        self.trends = TrendsSource(sd, "")
        self.machine = MachineSource()
        self._panel_index = 0
        self._showed_partial = False
        self._cursor_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        host = host_of(self)
        charts, smoothing = host.config.charts, host.config.smoothing
        yield CellLine(id="head", classes="bar")
        with Vertical(id="body"):
            with Horizontal(id="wide"):
                yield TrialTable(glyphs=host.glyphs, with_letters=charts in LETTER_STYLES, id="trials", classes="pane")
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
        self.curves = CurvePanel(
            self.sd,
            [self.query_one("#chart1", Chart), self.query_one("#chart2", Chart)],
            host_of(self).palette_of(self.sd),
        )
        self.table.colour_of = self.curves.palette.colour_of
        self.log_panel = LogPanel(self.sd, self.query_one("#tail", LogView))
        self.filter_line = FilterLine(self.query_one("#filter", TextInput), self.query_one("#machine", CellLine))
        restore_layout(load_layout(self.sd.root), self.table.trials, self.curves)
        self.table.focus()
        self.table.set_title("trials")
        self.query_one("#head", CellLine).show([])

    def on_unmount(self) -> None:
        config = host_of(self).config
        if not config.readonly and self.snapshot is not None:
            study = self.snapshot.view.study
            save_layout(self.sd.root, present_layout(self.table.trials, self.curves, study, config.smoothing))

    # what is read ---------------------------------------------------------------------------------------------

    def sources(self) -> Sequence[FeedSource]:
        """Return the sources to poll while this screen is in front."""
        return [self.study_source, self.trends, self.curves.source, self.log_panel.source, self.machine]

    def alerts_of(self, key: str) -> bool:
        """Return whether this screen itself tells what happens to a study: it does of its own."""
        return key == str(self.sd.root)

    def read(self, source: FeedSource, snapshot: Any) -> None:
        """Show the new snapshot of a source."""
        if source is self.study_source:
            self._show_study(snapshot)
        elif source is self.trends:
            if self.table.trials.show_trends(snapshot):
                self.table.repaint()
        elif source is self.curves.source:
            self.curves.draw()
            self.table.repaint()
        elif source is self.log_panel.source:
            self.log_panel.show(snapshot)
        elif source is self.machine:
            self._show_machine()

    def trouble(self, source: FeedSource, trouble: Trouble) -> None:
        """Show why a source cannot be read; a study that was never read opens another screen."""
        if source is self.study_source and self.snapshot is None:
            # A study that could never be read has a screen of its own.
            host_of(self).open("broken", sd=self.sd, trouble=trouble, replace=True)
        elif source is self.study_source:
            super().trouble(source, trouble)

    def _show_study(self, snapshot: StudySnapshot) -> None:
        rows, view = self.table.trials, snapshot.view
        # Where only the best trials were shown, the first of them need not be the first of all.
        jump_to_top = not len(rows) or (self._showed_partial and self.table.cursor == 0)
        self._showed_partial = snapshot.partial
        now = time.time() if snapshot.alive else 0.0
        rows.show(view, snapshot.best, snapshot.metrics, snapshot.starred, now)
        self.table.update()
        if jump_to_top and len(rows):
            self.table.action_edge(-1)
        # All trials are sorted by now: what stands around them comes in a turn of its own, so that keys may come first.
        self.call_later(self._show_facts, snapshot)

    def _show_facts(self, snapshot: StudySnapshot) -> None:
        """Show what stands around the table, and request the curves of what it shows."""
        host, view = host_of(self), snapshot.view
        self.update_title()
        host.watch_study(facts_of(snapshot))
        self.query_one("#head", CellLine).show(*head_cells(snapshot, host.glyphs, readonly=host.readonly))
        self.trends.metric = view.study.objective.metric
        self.machine.active = snapshot.alive
        self._show_machine()
        self.request_curves()
        self.refresh_bindings()
        if snapshot.partial:
            self.request_poll()

    def update_title(self) -> None:
        """Show in the title how many trials there are, by what they are sorted and filtered."""
        if self.snapshot is not None:
            self.table.set_title(*table_titles(self.table.trials, self.snapshot, host_of(self).glyphs))

    def _show_machine(self) -> None:
        snapshot = self.snapshot
        left, right = machine_cells(self.machine.latest, runner_cell(snapshot) if snapshot is not None else Cell(""))
        self.query_one("#machine", CellLine).show(left, right)

    # what follows the cursor ----------------------------------------------------------------------------------

    @on(TableWidget.Moved, "#trials")
    @on(TableWidget.Scrolled, "#trials")
    def _cursor_moved(self) -> None:
        if self._cursor_timer is not None:
            self._cursor_timer.stop()
        self._cursor_timer = self.set_timer(CURSOR_REST_S, self.request_curves)

    @on(TrialTable.MarksChanged)
    def _marked(self) -> None:
        self.update_title()
        self.request_curves()

    def request_curves(self) -> None:
        """Request what is to be shown now: trends of the rows in sight, curves, the log."""
        snapshot = self.snapshot
        if snapshot is None:
            return
        rows = self.table.trials
        numbers_in_sight = tuple(sorted(rows.key(index) for index in self.table.in_sight()))
        is_new = numbers_in_sight != self.trends.want
        self.trends.want = numbers_in_sight
        is_new = self.curves.aim(snapshot, rows, self.table.number) or is_new
        is_new = self.log_panel.aim(self.table.trial) or is_new
        if is_new:
            self.request_poll()

    @on(LogView.StateChanged, "#tail")
    def _log_changed(self) -> None:
        self.log_panel.update_title()

    def idle_keys(self) -> Collection[str]:
        """Return the keys that need a study that runs, or a trial that has not ended."""
        snapshot = self.snapshot
        idle = [] if snapshot is not None and snapshot.alive else ["study.pause", "study.drain"]
        has_open = snapshot is not None and any(count for status, count in snapshot.counts.items() if status.open)
        return idle if has_open else [*idle, "trials.stop"]

    # keys: looking --------------------------------------------------------------------------------------------

    @on(TableWidget.Opened, "#trials")
    def _open(self) -> None:
        if (number := self.table.number) is not None:
            then = lambda _: self.request_curves()
            host_of(self).open("trial", sd=self.sd, study_source=self.study_source, number=number, then=then)

    @property
    def chart(self) -> Chart:
        """The chart that keys act on: the focused one, else the first."""
        return self.focused if isinstance(self.focused, Chart) else self.curves.charts[0]

    def action_all(self) -> None:
        self.curves.all = not self.curves.all
        host_of(self).say("charts show all trials in the table" if self.curves.all else "charts show some trials")
        self.request_curves()
        self.curves.draw()

    def action_panel(self) -> None:
        self._panel_index = (self._panel_index + 1) % len(PANEL_CLASSES)
        for name in PANEL_CLASSES[1:]:
            self.set_class(name == PANEL_CLASSES[self._panel_index], name)
        target = {"-only-chart": "#chart1", "-only-log": "#tail"}.get(PANEL_CLASSES[self._panel_index], "#trials")
        self.query_one(target).focus()

    def action_compare(self) -> None:
        numbers = compared_trials(self.snapshot, self.table)
        if len(numbers) < 2:
            host_of(self).say("mark two to eight trials with space", "warn")
            return
        host_of(self).open("compare", sd=self.sd, study_source=self.study_source, numbers=numbers)

    def action_metrics(self) -> None:
        host_of(self).open("metrics", sd=self.sd, study_source=self.study_source, numbers=self.curves.numbers)

    def action_report(self) -> None:
        host_of(self).open("report", sd=self.sd, study=self.view.study if self.view is not None else None)

    def action_health(self) -> None:
        host_of(self).open("health", sd=self.sd, study_source=self.study_source)

    def action_insights(self) -> None:
        host_of(self).open("plots", sd=self.sd, on_filter=self.filter_by)

    def action_space(self) -> None:
        host_of(self).open("space", sd=self.sd)

    def action_log(self) -> None:
        trial = self.table.trial
        if trial is not None:
            host_of(self).open("log", title=f"{self.sd.name} › trial {trial.number}", source=self.log_panel.source)

    def action_runner_log(self) -> None:
        host_of(self).open("decisions", sd=self.sd)

    def action_search_logs(self) -> None:
        search_logs(host_of(self), self.sd, self.view)

    @on(LogView.InputRequested)
    def _search_log(self) -> None:
        self.action_log()

    # keys: steering -------------------------------------------------------------------------------------------

    @on(TrialTable.ActionRequested)
    def _trials_requested(self, message: TrialTable.ActionRequested) -> None:
        numbers, cursor = message.numbers, self.table.number
        match message.action:
            case "filter":
                self.filter_line.open(self.table.trials.filter_text)
            case "columns":
                choose_columns(host_of(self), self.table)
            case "best":
                if self.snapshot is not None and (best := self.snapshot.leading) is not None:
                    self.table.go_to(best.number)
            case "go_to":
                go_to_trial(host_of(self), self.table)
            case "saved":
                choose_filter(host_of(self), self.table)
            case "star":
                self.star_trials(numbers)
            case "stop":
                self.stop_trials(self.open_trials(numbers))
            case "kill":
                self.stop_trials(self.open_trials(numbers), now=True)
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

    def action_run(self) -> None:
        self.run_study(self.sd, alive=self.snapshot is not None and self.snapshot.alive)

    def action_pause(self) -> None:
        host_of(self).run_in_background(lambda: verbs.pause(self.sd), f"pausing {self.sd.name}…")

    def action_drain(self) -> None:
        host_of(self).run_in_background(lambda: verbs.pause(self.sd, after_trials=True), "draining…")

    def action_stop(self) -> None:
        running = 0 if self.snapshot is None else self.snapshot.counts.get(TrialStatus.RUNNING, 0)
        details = [f"{running} running {'trial saves' if running == 1 else 'trials save'} a checkpoint and end."]
        details.append("Nothing new starts; r lets the study go on later.")
        stop = partial(verbs.stop, self.sd)
        self.ask(
            f"Stop the study {self.sd.name}?",
            details,
            lambda: host_of(self).run_in_background(stop, "stopping…"),
            yes="Stop",
        )

    def action_budget(self) -> None:
        change_budget(host_of(self), self.sd, self.view)

    def action_queue(self) -> None:
        self.clone_trial(None)
