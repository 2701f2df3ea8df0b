"""Observes everything that a running script produces: reports, tapped calls, files, output, effective settings."""

from __future__ import annotations

import json
import os
import re
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hptui.core.errors import UserError, did_you_mean
from hptui.core.gpu_variables import leaves_its_gpu
from hptui.core.masking import recordable_variables
from hptui.core.values import read_value
from hptui.scripts.metrics.collector import (
    FILE,
    OUTPUT,
    REPORT,
    TAP,
    TENSORBOARD,
    MetricsCollector,
    MetricsSource,
)
from hptui.scripts.metrics.columns import PrintedTableReader
from hptui.scripts.metrics.files import FileSpec, MetricFiles, compile_pattern, format_of, read_specs
from hptui.scripts.metrics.lines import LineReader, plain_text
from hptui.scripts.metrics.pairs import MetricsReading, canonical_name
from hptui.scripts.metrics.ranks import PiecedLines, labels_lines
from hptui.scripts.metrics.readers import TEXT_SUFFIXES, UNREADABLE, value_at_path
from hptui.scripts.metrics.reading_budget import ReadingBudget
from hptui.scripts.metrics.reduction import RankReduction
from hptui.scripts.metrics.reports import TAP_PREFIX, ReportsReader
from hptui.scripts.settings import CommandTable
from hptui.trainers.context import TrialContext

EFFECTIVE_KEY = "trainer.effective_from"
EFFECTIVE_KEYS = ("file", "line", "fields")


class EffectiveSettings:
    """Finds the settings that `trainer.effective_from` describes; `fields` maps our parameters to their paths.

    Raises: UserError.
    """

    def __init__(self, spec: CommandTable, fill: Callable[[str, str], str], directory: Path) -> None:
        value = spec.settings.effective_from
        if isinstance(value, str):
            value = {"line": value} if "(?P<" in value else {"file": value}
        if value is not None and not isinstance(value, dict):
            raise UserError(f"{EFFECTIVE_KEY}: must be a file, a pattern or a table, got {value!r}")
        table: dict[str, Any] = value or {}
        for key in table:
            if key not in EFFECTIVE_KEYS:
                raise UserError(f"{EFFECTIVE_KEY}: unknown key {key!r}", hint=did_you_mean(key, EFFECTIVE_KEYS))
        self._file = directory / fill(str(table["file"]), "effective_from") if "file" in table else None
        self._line = compile_pattern(str(table["line"]), EFFECTIVE_KEY) if "line" in table else None
        self._fields = {spec.name_in_script(name): name for name in spec.parameters} | {
            str(path): name for name, path in (table.get("fields") or {}).items()
        }

    def read_line(self, text: str) -> dict[str, Any]:
        """Return the settings that a line reports; a group named `json` holds all of them."""
        match = self._line.search(text) if self._line else None
        if match is None:
            return {}
        groups = {name: value for name, value in match.groupdict().items() if value is not None}
        if "json" in groups:
            try:
                return self.select(json.loads(groups["json"]))
            except ValueError:
                return {}
        return {self._fields.get(name, name): read_value_or_text(value) for name, value in groups.items()}

    def read_file(self) -> dict[str, Any]:
        """Return the settings that the file reports; {} if no file is named or readable."""
        if self._file is None:
            return {}
        try:
            content = _parse(self._file)
        except (OSError, ValueError):
            return {}
        return self.select(content)

    def select(self, values: Any) -> dict[str, Any]:
        """Return the settings that are parameters of the trial, or listed in `fields`."""
        if not isinstance(values, Mapping):
            return {}
        return {
            name: value for path, name in self._fields.items() if (value := value_at_path(values, path)) is not None
        }


def _parse(path: Path) -> Any:
    text = path.read_text()
    if path.suffix in (".yaml", ".yml"):
        import yaml

        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from None
    if path.suffix == ".toml":
        return tomllib.loads(text)
    return json.loads(text)


def read_value_or_text(text: str) -> Any:
    """Read `1e-4` as a number, `true` as a boolean, other words as text."""
    try:
        return read_value(re.sub(r"[,;]$", "", text))
    except ValueError:
        return text


FILE_POLL_S = 0.25
"""Seconds between two looks at files: each costs a glob and a stat per file."""
OUTPUT_EVENT_INTERVAL_S = 60.0
"""Seconds between two events that show the runner that the script still prints."""

Fill = Callable[[str, str], str]


def make_line_reader(spec: CommandTable, objectives: Sequence[str]) -> LineReader | None:
    """Return a new reader of a script's output; None if metrics are not read from it."""
    _, patterns = read_specs(spec.settings.metrics)
    if not spec.settings.read_output and not patterns:
        return None
    return PrintedTableReader(objectives, patterns, [spec.name_in_script(name) for name in spec.parameters])


def _alone(name: str) -> Callable[[MetricsReading], MetricsReading]:
    """Return what leaves one metric in a reading, under the name of an objective."""

    def leave(reading: MetricsReading) -> MetricsReading:
        same = [value for own, value in reading.metrics.items() if canonical_name(own) == canonical_name(name)]
        return replace(reading, metrics={name: same[0]} if same else {})

    return leave


def _source_of(files: MetricFiles) -> MetricsSource:
    return MetricsSource(TENSORBOARD if files.name == "tensorboard" else FILE, files.name)


class ScriptObserver:
    """Observes the script of one trial and records what it reports.

    `at`, once set, is the step of every later reading: the last step of the training that is being evaluated.
    """

    def __init__(
        self,
        spec: CommandTable,
        trial: TrialContext,
        fill: Fill,
        directory: Path,
        reports: Path,
        reduction: RankReduction | None = None,
    ) -> None:
        self.trial, self._spec, self._reduction = trial, spec, reduction or RankReduction()
        self.collector = MetricsCollector(trial)
        self.reports = ReportsReader(reports)
        files, _ = read_specs(spec.settings.metrics)
        self._files = [
            MetricFiles(entry, str(directory / fill(entry.path, "metrics")), trial.objectives, str(trial.directory))
            for entry in files
        ]
        self._effective = EffectiveSettings(spec, fill, directory)
        self._readers, self._budget = dict[int | None, LineReader | None](), ReadingBudget()
        self._files_read_at = self._output_event_at = time.monotonic()
        self._tapped, self._pieces = False, PiecedLines()
        self._odd_reported: set[str] = set()
        self.fixed_step: int | None = None
        self.is_labelled = labels_lines(spec.settings.command)
        self.environment: Mapping[str, str] = os.environ

    def line_reader(self) -> LineReader | None:
        """Return a new reader of the script's output; None if metrics are not read from it."""
        return make_line_reader(self._spec, self.trial.objectives)

    def existing_readings(self) -> Iterator[tuple[MetricsSource, MetricsReading]]:
        """Yield what the files of metrics hold already."""
        for files in self._files:
            yield from ((_source_of(files), reading) for reading in files.read_existing())

    def begin_evaluation(self) -> None:
        """Assign all later readings to the last step of the training."""
        self.fixed_step = self.collector.step
        self._readers.clear()

    def take_line(self, text: str) -> None:
        """Take a line that the script printed, or a state of its progress bar."""
        for rank, line in self._pieces.lines(text, srun=self.is_labelled):
            self._take_ranked(rank, line)

    def _take_ranked(self, rank: int | None, text: str) -> None:
        if not rank and (settings := self._effective.read_line(plain_text(text))):
            self.trial.effective(**settings)
        if rank not in self._readers:
            self._readers[rank] = self.line_reader()
        reader = self._readers[rank]
        if reader is not None:
            self._read_line(reader, text, rank)
        now = time.monotonic()
        # Output, even without metrics, shows that the script does not hang.
        if now - self._output_event_at > OUTPUT_EVENT_INTERVAL_S:
            self._output_event_at = now
            self.trial.phase("output", 0.0)

    def _read_line(self, reader: LineReader, text: str, rank: int | None) -> None:
        if self._budget.is_tight() and not reader.may_hold_objective(text):
            self._budget.skipped += 1
            if self._budget.skipped == 1:
                self.trial.warn("the script prints faster than it can be read: only lines that matter are looked at")
            return
        began = time.process_time()
        reader.clock.joins_epochs = rank is not None or not self.collector.first_counts
        readings: list[MetricsReading] = []
        try:
            readings = reader.read_all(text)
        except UNREADABLE as error:  # a line that nobody expects costs that line, never the trial
            self._warn_once(f"a line of output could not be read ({type(error).__name__}): {text[:80]!r}")
        self._budget.add(time.process_time() - began)
        for reading in readings:
            self._take(MetricsSource(OUTPUT, "output", rank), reading)

    def _warn_once(self, text: str) -> None:
        if text not in self._odd_reported and len(self._odd_reported) < 20:
            self._odd_reported.add(text)
            self.trial.warn(text)

    def tick(self, last: bool) -> None:
        """Read what is new in reports and files, and record what is due. `last`: the script has ended."""
        for report in self.reports.read(last=last):
            trust = TAP if report.source.startswith(TAP_PREFIX) else REPORT
            self._take(MetricsSource(trust, report.source, report.rank), report.reading)
        self.collector.first_counts |= self.reports.world > 1
        self._reduction.world = max(self._reduction.world, self.reports.world)
        now = time.monotonic()
        if last or now - self._files_read_at > FILE_POLL_S:
            self._files_read_at = now
            for files in self._files:
                for reading in files.read(last=last):
                    self._take(_source_of(files), reading)
        self._record_facts()
        if last:
            for source, reading in self._reduction.finish():
                self.collector.take(source, reading)
            if text := self._reduction.warning():
                self._warn_once(text)
        self.collector.flush(everything=last)
        if last and (settings := self._effective.read_file()):
            self.trial.effective(**settings)

    def _take(self, source: MetricsSource, reading: MetricsReading) -> None:
        if self.fixed_step is not None:
            reading = replace(reading, step=self.fixed_step, total=None, progress=None, begun=True)
        for reduced_source, reduced in self._reduction.take(source, reading):
            self.collector.take(reduced_source, reduced)

    def read_missing(self, output: Path) -> Iterator[str]:
        """Read objectives that nothing has reported from the files of the trial; yield what to say of each.

        It is called when all is over: a line of `metrics` would have read them as they were written.
        """
        missing = [name for name in self.trial.objectives if name not in self.collector.last_values()]
        for name in missing:
            for path, entry in unread_files(output, name):
                spec = FileSpec(str(path), format_of(path))
                files = MetricFiles(spec, str(path), [name], str(self.trial.directory), existed=False)
                readings = [reading for reading in map(_alone(name), files.read(last=True)) if reading.metrics]
                for reading in readings:
                    self.collector.take(_source_of(files), reading)
                self.collector.flush(everything=True)
                where = "files of TensorBoard" if EVENTS_MARK in path.name else path.name
                if readings:
                    yield f'{name} was read from {where} at the end: metrics = ["{entry}"] reads it as it is written'
                else:
                    yield f"{name} seems to stand in {where}, but no number of it could be read there"
                break

    def _record_facts(self) -> None:
        reports = self.reports
        if reports.tapped is not None and not self._tapped:
            self._tapped = True
            self.trial.environment(python=reports.tapped.get("python"), executable=reports.tapped.get("executable"))
        if reports.packages:
            self.trial.environment(packages=reports.packages)
            reports.packages = {}
        self._record_variables()
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
            self._warn_once(f"the script reported {name}, which is no number")
        reports.non_numbers = []

    def _record_variables(self) -> None:
        """Record which GPUs the script could see; an evaluation may have a device of its own."""
        reported, self.reports.variables = self.reports.variables, []
        for seen in reported if self.fixed_step is None else ():
            if text := leaves_its_gpu(os.environ, seen):
                self._warn_once(text)
                self.trial.environment(variables={**recordable_variables(self.environment), **seen})


MAX_SEARCHED_CHARS = 1 << 20
"""Characters of a file that are searched."""
MAX_SEARCHED_FILES = 50
"""Files that are searched."""
EVENTS_MARK = "tfevents"
"""Part of the name of each file of TensorBoard."""


SETTINGS_FILE = re.compile(r"(?:.*[_.-])?(?:config|settings|args|arguments|hparams|params|options)", re.IGNORECASE)
"""Names of files, without their ending, that hold settings and no results."""


def unread_files(output: Path, objective: str) -> Iterator[tuple[Path, str]]:
    """Yield the files of a trial that seem to hold an objective, each with the entry of `metrics`."""
    present = [
        path for path in sorted(output.rglob("*"))[:MAX_SEARCHED_FILES] if path.is_file() and not path.is_symlink()
    ]
    for path in present:
        relative = path.relative_to(output)
        if any(path.suffix.lower() in suffixes for suffixes in TEXT_SUFFIXES.values()):
            text = path.read_text(errors="replace")[:MAX_SEARCHED_CHARS]
            if canonical_name(objective) in canonical_name(text) and not SETTINGS_FILE.fullmatch(path.stem):
                yield path, f"{{trial_dir}}/{relative.as_posix()}"
        elif EVENTS_MARK in path.name and objective.encode() in _first_bytes(path):
            # The first folder, since those below it may be named after the time.
            yield path, "/".join(["{trial_dir}", *relative.parent.parts[:1]])


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_SEARCHED_CHARS)
