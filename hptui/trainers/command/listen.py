"""Observes everything that a running script produces: reports, tapped calls, files, output."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from hptui.trainers.command.effective import EffectiveSettings
from hptui.trainers.command.settings import CommandSpec
from hptui.trainers.context import TrialContext
from hptui.trainers.metrics_in.budget import ReadingBudget
from hptui.trainers.metrics_in.collect import FILE, OUTPUT, REPORT, TAP, TENSORBOARD, MetricsCollector, MetricsSource
from hptui.trainers.metrics_in.files import MetricFiles, read_specs
from hptui.trainers.metrics_in.lines import LineReader, plain_text
from hptui.trainers.metrics_in.reading import MetricsReading
from hptui.trainers.metrics_in.reports import TAP_PREFIX, ReportsReader

FILE_POLL_S = 0.25
"""Seconds between two looks at files: each costs a glob and a stat per file."""
OUTPUT_EVENT_INTERVAL_S = 60.0
"""Seconds between two events that show the runner that the script still prints."""

Fill = Callable[[str, str], str]


class ScriptObserver:
    """Observes the script of one trial and records what it reports.

    `at`, once set, is the step of every later reading: the last step of the training that is being evaluated.
    """

    def __init__(self, spec: CommandSpec, trial: TrialContext, fill: Fill, directory: Path, reports: Path) -> None:
        self.trial, self._spec = trial, spec
        self.collector = MetricsCollector(trial)
        self.reports = ReportsReader(reports)
        files, self._patterns = read_specs(spec.settings.metrics)
        self._files = [
            MetricFiles(entry, str(directory / fill(entry.path, "metrics")), trial.objectives) for entry in files
        ]
        self._effective = EffectiveSettings(spec, fill, directory)
        self._reader, self._budget = self.line_reader(), ReadingBudget()
        self._files_read_at = self._output_event_at = time.monotonic()
        self._tapped = False
        self._odd_reported: set[str] = set()
        self.fixed_step: int | None = None

    def line_reader(self) -> LineReader | None:
        """Return a new reader of the script's output; None if metrics are not read from it."""
        if not self._spec.settings.read_output and not self._patterns:
            return None
        settings = [self._spec.name_in_script(name) for name in self._spec.parameters]
        return LineReader(self.trial.objectives, self._patterns, settings)

    def begin_evaluation(self) -> None:
        """Assign all later readings to the last step of the training."""
        self.fixed_step, self._reader = self.collector.step, self.line_reader()

    def take_line(self, text: str) -> None:
        """Take a line that the script printed, or a state of its progress bar."""
        if settings := self._effective.read_line(plain_text(text)):
            self.trial.effective(**settings)
        if self._reader is not None:
            self._read_line(self._reader, text)
        now = time.monotonic()
        # Output, even without metrics, shows that the script does not hang.
        if now - self._output_event_at > OUTPUT_EVENT_INTERVAL_S:
            self._output_event_at = now
            self.trial.phase("output", 0.0)

    def _read_line(self, reader: LineReader, text: str) -> None:
        if self._budget.is_tight() and (self._budget.is_spent() or not reader.may_hold_objective(text)):
            self._budget.skipped += 1
            if self._budget.skipped == 1:
                self.trial.warn("the script prints faster than it can be read: only lines that matter are looked at")
            return
        began = time.process_time()
        reading = reader.read(text)
        self._budget.add(time.process_time() - began)
        if reading is not None:
            self._take(MetricsSource(OUTPUT, "output"), reading)

    def tick(self, last: bool) -> None:
        """Read what is new in reports and files, and record what is due. `last`: the script has ended."""
        for name, reading in self.reports.read(last=last):
            self._take(MetricsSource(TAP if name.startswith(TAP_PREFIX) else REPORT, name), reading)
        now = time.monotonic()
        if last or now - self._files_read_at > FILE_POLL_S:
            self._files_read_at = now
            for files in self._files:
                trust = TENSORBOARD if files.name == "tensorboard" else FILE
                for reading in files.read(last=last):
                    self._take(MetricsSource(trust, files.name), reading)
        self._record_facts()
        self.collector.flush(everything=last)
        if last and (settings := self._effective.read_file()):
            self.trial.effective(**settings)

    def _take(self, source: MetricsSource, reading: MetricsReading) -> None:
        if self.fixed_step is not None:
            reading = MetricsReading(reading.metrics, self.fixed_step)
        self.collector.take(source, reading)

    def _record_facts(self) -> None:
        reports = self.reports
        if reports.tapped is not None and not self._tapped:
            self._tapped = True
            self.trial.environment(python=reports.tapped.get("python"), executable=reports.tapped.get("executable"))
        if reports.packages:
            self.trial.environment(packages=reports.packages)
            reports.packages = {}
        if reports.effective:
            settings = {
                name: reports.effective[script_name]
                for name in self._spec.parameters
                if (script_name := self._spec.name_in_script(name)) in reports.effective
            }
            reports.effective = {}
            if settings:
                self.trial.effective(**settings)
        for name in reports.non_numbers:
            if name not in self._odd_reported and len(self._odd_reported) < 20:
                self._odd_reported.add(name)
                self.trial.warn(f"the script reported {name}, which is no number")
        reports.non_numbers = []
