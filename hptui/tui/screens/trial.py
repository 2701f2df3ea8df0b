"""One trial: its settings next to its curves, its metrics, its attempts and files."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical

from hptui.core.trial import Trial
from hptui.results.diagnosis import Diagnosis
from hptui.results.fresh_means import whole_text
from hptui.store.paths import StudyDir
from hptui.tui.cells import Cell, plain_line
from hptui.tui.feed import Trouble
from hptui.tui.host import host_of
from hptui.tui.images import IMAGE_SUFFIXES, show_image
from hptui.tui.keys import bindings
from hptui.tui.labels import leading_name
from hptui.tui.screens.chart_panel import ChartScreen, CurvePanel
from hptui.tui.screens.dialogs import ChoiceDialog
from hptui.tui.screens.steering import SteeringScreen
from hptui.tui.screens.trial_facts import about_lines, diagnosis_lines, metric_lines, setting_lines
from hptui.tui.sources.health import HealthSource
from hptui.tui.sources.log import LogSource
from hptui.tui.sources.pool import FeedSource
from hptui.tui.sources.records import is_records, series_of
from hptui.tui.sources.study import StudySource, TrialSnapshot, TrialSource
from hptui.tui.themes import STATUS_MEANINGS
from hptui.tui.widgets.bars import CellLine, KeyLine, MessageLine
from hptui.tui.widgets.chart import Chart
from hptui.tui.widgets.facts import Facts

PANES = ("settings", "about", "curve", "measured")
"""Panes that a key shows alone, one after the other."""


class TrialScreen(ChartScreen, SteeringScreen):
    """A trial next to the best one."""

    scope = "trial"
    BINDINGS: ClassVar[list[BindingType]] = bindings("trial")

    def __init__(self, sd: StudyDir, study_source: StudySource, number: int) -> None:
        super().__init__()
        self.sd = sd
        self.number = number
        self.study_source = study_source
        self.trial_source = TrialSource(sd, number)
        self.health = HealthSource(sd, study_source, [number])
        self._show_all_settings = False
        self._panel_index = 0

    def compose(self) -> ComposeResult:
        host = host_of(self)
        yield CellLine(id="head", classes="bar")
        with Horizontal(id="whole"):
            with Vertical(id="left"):
                yield Facts(wrap=False, id="settings", classes="pane")
                yield Facts(id="about", classes="pane")
            with Vertical(id="right"):
                yield Chart(charts=host.config.charts, smoothing=host.config.smoothing, id="curve", classes="pane")
                yield Facts(wrap=False, id="measured", classes="pane")
        yield MessageLine(id="answer")
        yield KeyLine(ascii=host.config.charts == "ascii")

    def on_mount(self) -> None:
        self.curves = CurvePanel(self.sd, [self.query_one("#curve", Chart)], host_of(self).palette_of(self.sd))
        for name in ("settings", "about", "measured"):
            self.query_one(f"#{name}", Facts).set_title(name)
            self.query_one(f"#{name}", Facts).title = name
        self.query_one("#settings").focus()
        self._show_trial()

    # what is read ---------------------------------------------------------------------------------------------

    @property
    def trial(self) -> Trial | None:
        """The last read state of the trial."""
        trial_snapshot = self.trial_source.latest
        return trial_snapshot.trial if trial_snapshot is not None else self._trial(self.number)

    def sources(self) -> Sequence[FeedSource]:
        """Return the sources to poll while this screen is in front."""
        return [self.study_source, self.trial_source, self.curves.source, self.health]

    def read(self, source: FeedSource, snapshot: Any) -> None:
        """Show the new snapshot of a source."""
        if source is self.curves.source:
            self.curves.draw()
        else:
            self._show_trial()

    def trouble(self, source: FeedSource, trouble: Trouble) -> None:
        """Show why the trial cannot be read."""
        if source is self.trial_source:
            super().trouble(source, trouble)

    def request_curves(self) -> None:
        """Request the curves of this trial and the best one."""
        self._show_trial()

    def _show_trial(self) -> None:
        snapshot, trial = self.snapshot, self.trial
        if snapshot is None or trial is None:
            return
        view = snapshot.view
        best = snapshot.leading
        others = [best.number] if best is not None and best.number != self.number else []
        if self.curves.want(snapshot, [self.number, *others]):
            self.feed.wake()
        self._update_head(trial, best)
        pane = self.query_one("#settings", Facts)
        pane.title = "all settings" if self._show_all_settings else "settings"
        pane.show(setting_lines(view, trial, best, everything=self._show_all_settings))
        trial_snapshot = self.trial_source.latest
        if isinstance(trial_snapshot, TrialSnapshot) and trial_snapshot.trial.number == self.number:
            lines = about_lines(self.sd, view, trial_snapshot, time.time() if snapshot.alive else 0.0)
            diagnosis = self.diagnosis
            self.query_one("#about", Facts).show([*(diagnosis_lines(diagnosis) if diagnosis else []), *lines])
            self.query_one("#measured", Facts).show(metric_lines(view, trial_snapshot, best))
        self.refresh_bindings()

    def idle_keys(self) -> Collection[str]:
        """Return the keys that need a trial that has not ended, or one that something may help."""
        trial, diagnosis = self.trial, self.diagnosis
        idle = ["trial.stop"] if trial is not None and not trial.status.open else []
        return idle if diagnosis is not None and diagnosis.suggestions else [*idle, "trial.cure"]

    def _update_head(self, trial: Trial, best: Trial | None) -> None:
        glyphs, snapshot = host_of(self).glyphs, self.snapshot
        left = [Cell(f"{plain_line(self.sd.name, 64)} › trial {trial.number}", bold=True)]
        left.append(Cell(plain_line(trial.title or trial.name, 60)))
        status = f"{glyphs.status[trial.status]} {trial.status}"
        reason = f": {trial.reason}" if trial.reason is not None and str(trial.reason) != "finished" else ""
        left.append(Cell(status + reason, STATUS_MEANINGS[trial.status]))
        if trial.last_step is not None:
            left.append(Cell(f"step {trial.last_step}{f'/{trial.total_steps}' if trial.total_steps else ''}", "muted"))
        if snapshot is None:
            return
        study = snapshot.view.study
        if trial.number in snapshot.best:
            left.append(
                Cell(f"{glyphs.best} {'best' if len(study.objectives) == 1 else 'on the Pareto front'}", "best")
            )
        if snapshot.fresh is not None:
            fresh = snapshot.fresh.of(trial.number)
            left.append(Cell("" if fresh is None else whole_text(study, fresh), "best"))
        is_other = best is not None and best.number != trial.number
        right = [Cell(leading_name(study, best) if best is not None and is_other else "", "muted")]
        self.query_one("#head", CellLine).show(left, right)

    # keys -----------------------------------------------------------------------------------------------------

    def action_step(self, by: int) -> None:
        view = self.view
        if view is None:
            return
        numbers = [trial.number for trial in view.trials]
        if self.number not in numbers:
            return
        index = numbers.index(self.number) + by
        if 0 <= index < len(numbers):
            self.number = numbers[index]
            self.trial_source = TrialSource(self.sd, self.number)
            self.health.want = (self.number,)
            self._show_trial()
            self.watch_sources()

    def action_all_settings(self) -> None:
        self._show_all_settings = not self._show_all_settings
        self._show_trial()

    def action_panel(self) -> None:
        """Show one pane after the other alone."""
        self._panel_index = (self._panel_index + 1) % (len(PANES) + 1)
        for index, name in enumerate(PANES):
            self.set_class(self._panel_index == index + 1, f"-only-{name}")
        self.query_one(f"#{PANES[self._panel_index - 1] if self._panel_index else PANES[0]}").focus()

    def action_metrics(self) -> None:
        host_of(self).open("metrics", sd=self.sd, study_source=self.study_source, numbers=self.curves.numbers)

    def action_log(self) -> None:
        from hptui.operations.logs import log_of

        trial = self.trial
        if trial is None:
            return
        source = LogSource(find=partial(log_of, self.sd, trial))
        host_of(self).open("log", title=f"{self.sd.name} › trial {trial.number}", source=source)

    def action_artifact(self) -> None:
        """Show a text file that the trial has left."""
        trial_snapshot = self.trial_source.latest
        names = [row.path for row in trial_snapshot.artifacts] if trial_snapshot is not None else []
        if not names:
            host_of(self).say("it has left no artifact", "warn")
        elif len(names) == 1:
            self._open_artifact(names[0])
        else:
            self.app.push_screen(ChoiceDialog("Artifact", names), self._open_artifact)

    def _open_artifact(self, name: str | None) -> None:
        if name is None:
            return
        root = self.sd.trial(self.number)
        path = root / name
        if not path.resolve().is_relative_to(root.resolve()):
            host_of(self).say(f"{name!r} lies outside the trial", "bad")
            return
        title = f"{self.sd.name} › trial {self.number} › {name}"
        if path.suffix.lower() in IMAGE_SUFFIXES:
            show_image(host_of(self), path)
        else:
            snapshot = self.trial_source.latest
            names = [row.path for row in snapshot.artifacts] if snapshot is not None else [name]
            paths = [root / other for other in series_of(name, names)]
            if is_records(path):
                host_of(self).open("records", title=title, paths=paths, path=path)
            else:
                host_of(self).open("sample", title=title, paths=paths, path=path)

    def action_stop(self) -> None:
        self._stop_if_open(now=False)

    def action_kill(self) -> None:
        self._stop_if_open(now=True)

    def _stop_if_open(self, *, now: bool) -> None:
        trial = self.trial
        if trial is not None and trial.status.open:
            self.stop_trials([self.number], now=now)
        else:
            host_of(self).say("it has ended already", "warn")

    def action_hold(self) -> None:
        self.hold_trials([self.number])

    def action_retry(self) -> None:
        self.retry_trials([self.number])

    def action_note(self) -> None:
        self.note_trial(self.number)

    def action_write_note(self) -> None:
        self.write_note(self.number)

    @property
    def diagnosis(self) -> Diagnosis | None:
        """The diagnosis of the trial; None if it is not known yet."""
        health = self.health.latest
        return health.diagnoses.get(self.number) if health is not None else None

    def action_cure(self) -> None:
        if self.trial is not None and self.diagnosis is not None:
            self.cure_trial(self.trial, self.diagnosis)
        else:
            host_of(self).say("it is not diagnosed yet", "warn")

    def action_space(self) -> None:
        if self.trial is not None and self.diagnosis is not None:
            self.cure_space(self.trial, self.diagnosis)

    def action_clone(self) -> None:
        self.clone_trial(self.number)

    def action_copy(self) -> None:
        self.copy_config(self.number)

    def action_copy_command(self) -> None:
        self.copy_command(self.number)
