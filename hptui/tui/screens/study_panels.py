"""Parts of the screen of a study: log, the layout that is kept, titles, columns, budget."""

from __future__ import annotations

from functools import partial

from hptui.core.errors import HptuiError, UserError
from hptui.core.stages import stage_named
from hptui.core.study import Study
from hptui.core.trial import Trial, TrialStatus
from hptui.operations.logs import log_of
from hptui.results.view import View
from hptui.store.paths import StudyDir
from hptui.tui import verbs
from hptui.tui.alerts import StudyFacts
from hptui.tui.cells import plain_line
from hptui.tui.config import StudyLayout
from hptui.tui.host import Host
from hptui.tui.labels import facts_of_study
from hptui.tui.screens.chart_panel import CurvePanel
from hptui.tui.screens.dialogs import ColumnsDialog, TextDialog
from hptui.tui.sources.log import LogSnapshot, LogSource
from hptui.tui.sources.start_watch import starting_runner
from hptui.tui.sources.study import StudySnapshot
from hptui.tui.themes import Glyphs
from hptui.tui.trial_rows import TrialRows
from hptui.tui.widgets.logview import LogView
from hptui.tui.widgets.trials import TrialTable


class LogPanel:
    """The log of the trial under the cursor, in a pane."""

    def __init__(self, sd: StudyDir, pane: LogView) -> None:
        self.source = LogSource(None, "no trial yet")
        self._sd, self._pane = sd, pane
        self._number: int | None = None
        self._target: tuple[object, ...] = ()

    def aim(self, trial: Trial | None) -> bool:
        """Point the source at the log of a trial; return whether that is another file."""
        self._number = trial.number if trial is not None else None
        target = (None,) if trial is None else (trial.number, trial.attempts, trial.status)
        if target == self._target:
            return False
        self._target = target
        if trial is None:
            return False
        # The file may not be there yet: it is looked for at each poll.
        self.source.find, self.source.path = partial(log_of, self._sd, trial), None
        self.update_title()
        return True

    def show(self, snapshot: LogSnapshot) -> None:
        """Show a new state of the log."""
        self._pane.show(snapshot)
        self.update_title()

    def update_title(self) -> None:
        """Show which trial wrote the log, and whether its end is followed."""
        following = " · following" if self._pane.follow else ""
        self._pane.set_title("log" if self._number is None else f"log · trial {self._number}{following}")


def restore_layout(layout: StudyLayout, rows: TrialRows, curves: CurvePanel) -> None:
    """Show a study as it was left: columns, order, metrics of the charts."""
    rows.chosen, rows.by, rows.down = layout.columns, layout.by, layout.down
    curves.both = layout.both
    for chart, metric, log_y in zip(curves.charts, layout.metrics, layout.log_y, strict=False):
        chart.log_y = log_y
        if metric:
            curves.set_metric(chart, metric)
        if layout.smoothing is not None:
            chart.smoothing = layout.smoothing


def present_layout(rows: TrialRows, curves: CurvePanel, study: Study, smoothing: float) -> StudyLayout:
    """Return how a study is shown now; `smoothing` is that of the config, which need not be kept."""
    by, down = rows.sorting()
    is_default = (by, down) == (study.objective.metric, study.objective.goal == "maximize")
    present_smoothing = curves.charts[0].smoothing
    return StudyLayout(
        columns=rows.chosen,
        by="" if is_default else by,
        down=False if is_default else down,
        metrics=tuple(curves.chosen(chart) for chart in curves.charts),
        log_y=tuple(chart.log_y for chart in curves.charts),
        smoothing=None if present_smoothing == smoothing else present_smoothing,
        both=curves.both,
    )


def table_titles(rows: TrialRows, snapshot: StudySnapshot, glyphs: Glyphs) -> tuple[str, str]:
    """Return the texts in the border of the table: how many trials it shows, and in what order."""
    count = f"{len(rows)} of {snapshot.total}" if rows.filter_text or snapshot.partial else f"{snapshot.total}"
    marks = f"{len(rows.marks)} marked" if rows.marks else ""
    filtered = f"filter {plain_line(rows.filter_text, 60)}" if rows.filter_text else ""
    title = " · ".join(part for part in (f"trials {count}", filtered, marks) if part)
    by, down = rows.sorting()
    return title, f"by {plain_line(by, 30)} {glyphs.down if down else glyphs.up}" if by else ""


def choose_columns(host: Host, table: TrialTable) -> None:
    """Let the user tick the columns of the table."""
    rows = table.trials

    def apply(names: list[str] | None) -> None:
        if names is not None:
            rows.set_columns(names)
            table.column = min(table.column, len(rows.columns) - 1)
            table.left = 0
            table.update()

    defaults = rows.default_columns()
    host.push_screen(ColumnsDialog(rows.available(), rows.chosen or tuple(defaults), defaults), apply)


def go_to_trial(host: Host, table: TrialTable) -> None:
    """Ask for the number of a trial, and put the cursor on it."""

    def check(text: str) -> None:
        number = text.strip().removeprefix("#")
        if not number.isdecimal() or table.trials.trial(int(number)) is None:
            raise UserError(f"there is no trial {text!r}", hint="the number in the first column")
        if table.trials.index_of(int(number)) is None:
            raise UserError(f"the filter hides trial {number}", hint="esc removes the filter")

    def go(text: str | None) -> None:
        if text is not None:
            table.go_to(int(text.strip().removeprefix("#")))

    host.push_screen(TextDialog("Go to trial", hint="its number", check=check), go)


def facts_of(snapshot: StudySnapshot) -> StudyFacts:
    """Return what alerts of a study are made of."""
    view = snapshot.view
    failed = next((trial for trial in reversed(view.trials) if trial.status is TrialStatus.FAILED), None)
    failure = "" if failed is None else f"trial {failed.number} ({failed.reason or 'failed'})"
    fresh = snapshot.fresh.best if snapshot.fresh is not None else None
    others = max(0, len(snapshot.best) - 1)
    return facts_of_study(view.sd, view.row, view.study, snapshot.counts, snapshot.leading, others, fresh, failure)


def search_logs(host: Host, sd: StudyDir, view: View | None) -> None:
    """Ask for a text, and show the lines of all logs that contain it."""
    trials = () if view is None else view.trials

    def search(text: str | None) -> None:
        if text:
            host.open("found", sd=sd, trials=trials, text=text)

    host.push_screen(
        TextDialog("Find in the logs of all trials", hint="a text; upper and lower case are alike"), search
    )


def compared_trials(snapshot: StudySnapshot | None, table: TrialTable) -> list[int]:
    """Return the trials to compare: marked ones, else the best and that under the cursor, or another."""
    if table.trials.marks or snapshot is None:
        return sorted(table.trials.marks)
    cursor = [] if table.number is None else [table.number]
    view = snapshot.view
    baseline = [view.baseline.number] if view.baseline is not None and view.baseline.values else []
    best = [] if snapshot.leading is None else [snapshot.leading.number]
    in_order = [trial.number for trial in table.trials.all]  # the next ones, where the best is the baseline
    return list(dict.fromkeys([*best, *cursor, *baseline, *in_order]))[:2]


def change_budget(host: Host, sd: StudyDir, view: View | None) -> None:
    """Ask for the number of trials, in all or more, and set it."""

    def change(text: str | None) -> None:
        if text:
            host.run_in_background(lambda: run(text), "changing the budget…")

    def run(text: str) -> str:
        with starting_runner(sd.root):
            return verbs.run(sd, trials=text)

    present = "" if view is None else f"{_budget_text(view)}; "
    hint = f"{present}40 sets the total, +10 adds ten; it runs then"
    host.push_screen(TextDialog("How many trials", "+10", hint=hint, check=_check_budget), change)


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
