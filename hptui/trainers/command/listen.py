"""All that is listened to while a script runs: its reports, the tap, its files, what it prints."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from hptui.trainers.command.effective import Effective
from hptui.trainers.command.settings import Spec
from hptui.trainers.context import TrialContext
from hptui.trainers.metrics_in.budget import Budget
from hptui.trainers.metrics_in.collect import FILE, OUTPUT, REPORT, TAP, TENSORBOARD, Collector, Source
from hptui.trainers.metrics_in.files import Files, read_specs
from hptui.trainers.metrics_in.lines import LineReader, plain
from hptui.trainers.metrics_in.reading import Reading
from hptui.trainers.metrics_in.reports import TAPPED, Reports

FILES_SECONDS = 0.25
TOLD_SECONDS = 60.0

Fill = Callable[[str, str], str]


class Listener:
    """Hears one trial. `at` fixes the step of everything heard: that of the training that is being evaluated."""

    def __init__(self, spec: Spec, trial: TrialContext, fill: Fill, directory: Path, reports: Path) -> None:
        self.trial, self._spec = trial, spec
        self.collector = Collector(trial)
        self.reports = Reports(reports)
        files, self._patterns = read_specs(spec.own.metrics)
        self._files = [Files(one, str(directory / fill(one.path, "metrics")), trial.objectives) for one in files]
        self._effective = Effective(spec, fill, directory)
        self._reader, self._budget = self.line_reader(), Budget()
        self._looked = self._told = time.monotonic()
        self._tapped = False
        self._odd: set[str] = set()
        self.at: int | None = None

    def line_reader(self) -> LineReader | None:
        """A reader of what the script prints; None where nobody reads it."""
        if not self._spec.own.read_output and not self._patterns:
            return None
        settings = [self._spec.called(name) for name in self._spec.parameters]
        return LineReader(self.trial.objectives, self._patterns, settings)

    def evaluate(self) -> None:
        """What comes now belongs to the end of the training."""
        self.at, self._reader = self.collector.step, self.line_reader()

    def line(self, text: str) -> None:
        """The script printed a line, or redrew its progress bar."""
        if found := self._effective.line(plain(text)):
            self.trial.effective(**found)
        if self._reader is not None:
            self._read(self._reader, text)
        now = time.monotonic()
        if now - self._told > TOLD_SECONDS:  # what prints does not hang, whether there are metrics in it or not
            self._told = now
            self.trial.phase("output", 0.0)

    def _read(self, reader: LineReader, text: str) -> None:
        if self._budget.tight() and (self._budget.spent() or not reader.matters(text)):
            self._budget.skipped += 1
            if self._budget.skipped == 1:
                self.trial.warn("the script prints faster than it can be read: only lines that matter are looked at")
            return
        began = time.process_time()
        reading = reader.read(text)
        self._budget.count(time.process_time() - began)
        if reading is not None:
            self._take(Source(OUTPUT, "output"), reading)

    def tick(self, last: bool) -> None:
        """Look at everything that grows beside the output."""
        for name, reading in self.reports.read(last=last):
            self._take(Source(TAP if name.startswith(TAPPED) else REPORT, name), reading)
        now = time.monotonic()
        if last or now - self._looked > FILES_SECONDS:
            self._looked = now
            for files in self._files:
                trust = TENSORBOARD if files.name == "tensorboard" else FILE
                for reading in files.read(last=last):
                    self._take(Source(trust, files.name), reading)
        self._facts()
        self.collector.flush(everything=last)
        if last and (found := self._effective.file()):
            self.trial.effective(**found)

    def _take(self, source: Source, reading: Reading) -> None:
        if self.at is not None:
            reading = Reading(reading.metrics, self.at)
        self.collector.take(source, reading)

    def _facts(self) -> None:
        heard = self.reports
        if heard.tapped is not None and not self._tapped:
            self._tapped = True
            self.trial.environment(python=heard.tapped.get("python"), executable=heard.tapped.get("executable"))
        if heard.packages:
            self.trial.environment(packages=heard.packages)
            heard.packages = {}
        if heard.effective:
            known = {
                name: heard.effective[asked]
                for name in self._spec.parameters
                if (asked := self._spec.called(name)) in heard.effective
            }
            heard.effective = {}
            if known:
                self.trial.effective(**known)
        for odd in heard.odd:
            if odd not in self._odd and len(self._odd) < 20:
                self._odd.add(odd)
                self.trial.warn(f"the script reported {odd}, which is no number")
        heard.odd = []
