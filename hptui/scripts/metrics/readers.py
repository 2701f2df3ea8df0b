"""Formats of files with metrics, and a reader for each: JSON, JSON lines, CSV, logs, TensorBoard's events.

A JSON document may hold a curve and final results. TensorBoard's own reader reads its files."""

from __future__ import annotations

import csv
import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from hptui.plugins import MetricsReaderSpec
from hptui.scripts.metrics.lines import LineReader
from hptui.scripts.metrics.pairs import MetricsReading, reading_of_record, to_number, to_step
from hptui.scripts.metrics.tail import FileTail, RewrittenFile


@dataclass(frozen=True, slots=True)
class ReaderOptions:
    """How to read a file: `fields` (our name -> path in a record) are its metrics, or all if none is named.

    `step` is the field with the step. `skip_existing`: what the file holds already is of another trial.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    step: str = ""
    objectives: Sequence[str] = ()
    skip_existing: bool = False


class MetricsReader(Protocol):
    """Reads one file as it grows."""

    def read_new(self, *, last: bool = False) -> Iterable[MetricsReading]:
        """Return what is new since the last call; `last`: the file will not grow any more.

        Half a record at the end is left for the next call; what cannot be understood is skipped.
        """
        ...


LOG_HISTORY_KEY = "log_history"
"""Key of the curve in `trainer_state.json` of transformers."""
CURVE_KEYS = (
    "history",
    "log",
    "logs",
    "epochs",
    "steps",
    "curve",
    "metrics",
    "results",
    "train_log",
    "training_history",
)
"""Keys of the curve in other documents."""
SETTINGS_KEYS = ("config", "cfg", "args", "arguments", "hparams", "hyperparameters", "params", "parameters", "settings")
"""Keys of settings."""


def split_curve(document: Any) -> tuple[list[Any], Any]:
    """Return the records of a document's curve, and what else the document holds.

    Forms are `{"history": [{…}, …], "best": …}`, `[{…}, …]`, and Keras' `{"loss": [1.0, 0.5], "val_loss": [1.1, 0.7]}`.
    """
    if _is_records(document):
        return document, None
    if not isinstance(document, Mapping):
        return [], document
    if _is_records(document.get(LOG_HISTORY_KEY)):
        return document[LOG_HISTORY_KEY], None
    for name in CURVE_KEYS:
        if name in document and (records := split_curve(document[name])[0]):
            return records, {key: value for key, value in document.items() if key != name}
    lists = {name: value for name, value in document.items() if isinstance(value, list) and len(value) > 2}
    lengths = {len(value) for value in lists.values()}
    if len(lengths) != 1 or not all(isinstance(item, int | float) for value in lists.values() for item in value):
        return [], document
    rows = [
        {"step": index + 1, **{name: value[index] for name, value in lists.items()}} for index in range(lengths.pop())
    ]
    return rows, {name: value for name, value in document.items() if name not in lists}


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def without_settings(document: Any) -> Any:
    """Return a document without its tables of settings, which are no metrics."""
    if not isinstance(document, Mapping):
        return document
    return {
        name: value
        for name, value in document.items()
        if name.lower() not in SETTINGS_KEYS or isinstance(value, int | float)
    }


def reading_of(values: Any, options: ReaderOptions) -> MetricsReading | None:
    """Return the reading of one record: the named fields, or all numbers; None if there are none."""
    if not options.fields:
        reading = reading_of_record(values, options.step) if isinstance(values, Mapping) else MetricsReading()
        return reading if reading.metrics else None
    metrics = {
        name: numeric
        for name, path in options.fields.items()
        if (numeric := to_number(value_at_path(values, path))) is not None
    }
    step = (
        to_step(value_at_path(values, options.step))
        if options.step
        else reading_of_record(values).step
        if isinstance(values, Mapping)
        else None
    )
    return MetricsReading(metrics, step) if metrics else None


def value_at_path(values: Any, path: str) -> Any:
    """Return the value at a dotted path, as `results.0.acc` or `history[-1].loss`; None if there is none."""
    if isinstance(values, Mapping) and path in values:
        return values[path]
    for part in re.sub(r"\[(-?\d+)\]", r".\1", path).split("."):
        if isinstance(values, Mapping) and part in values:
            values = values[part]
        elif isinstance(values, list) and part.lstrip("-").isdigit() and -len(values) <= int(part) < len(values):
            values = values[int(part)]
        else:
            return None
    return values


@dataclass
class JsonReader:
    """A JSON document that is rewritten as a whole."""

    document: RewrittenFile
    options: ReaderOptions
    _count_read: int = 0

    def read_new(self, *, last: bool = False) -> Iterator[MetricsReading]:
        text = self.document.text()
        if text is None:
            return
        try:
            document = json.loads(text)
        except ValueError:  # half written: read it again
            self.document.last_stamp = (0, 0, 0)
            return
        records, remainder = split_curve(document)
        if len(records) < self._count_read:
            self._count_read = 0
        readings = [reading for values in records[self._count_read :] if (reading := reading_of(values, self.options))]
        yield from readings
        self._count_read += len(readings)
        if self.options.fields and not self._count_read:  # the fields are those of the document, not of its records
            remainder = document
        if (
            remainder
            and (reading := reading_of(remainder if self.options.fields else without_settings(remainder), self.options))
            is not None
        ):
            yield reading


@dataclass
class JsonLinesReader:
    """A file with a JSON object in each line."""

    tail: FileTail
    options: ReaderOptions

    def read_new(self, *, last: bool = False) -> Iterator[MetricsReading]:
        for line in self.tail.lines(last=last):
            try:
                values = json.loads(line)
            except ValueError:
                continue
            if reading := reading_of(values, self.options):
                yield reading


@dataclass
class CsvReader:
    """A CSV file. `before` is set where earlier content is skipped: it still holds the heading."""

    tail: FileTail
    options: ReaderOptions
    before: FileTail | None = None
    _heading: list[str] = field(default_factory=list)

    def read_new(self, *, last: bool = False) -> Iterator[MetricsReading]:
        if self.before is not None and not self._heading:
            first = self.before.lines()[:1]
            self._heading = next(self._rows(first), [])
        for row in self._rows(self.tail.lines(last=last)):
            if not self._heading or row == self._heading:
                self._heading = row
            elif reading := reading_of(dict(zip(self._heading, row, strict=False)), self.options):
                yield reading

    def _rows(self, lines: list[str]) -> Iterator[list[str]]:
        delimiter = "\t" if self.tail.path.suffix == ".tsv" else ","
        for line in lines:
            try:
                row = next(
                    csv.reader([line.strip("\r\ufeff").replace("\r", " ").replace("\0", "")], delimiter=delimiter), []
                )
            except csv.Error:  # an unclosed quote
                continue
            if row:
                yield [cell.strip() for cell in row]


@dataclass
class LogReader:
    """A log for people, with names and numbers in its lines."""

    tail: FileTail
    reader: LineReader

    def read_new(self, *, last: bool = False) -> Iterator[MetricsReading]:
        for line in self.tail.lines(last=last):
            if reading := self.reader.read(line):
                yield reading


class EventFile:
    """The scalars of one event file. `skip`: leave out what it holds already."""

    def __init__(self, path: Path, *, skip: bool = False) -> None:
        from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

        logging.getLogger("tensorboard").setLevel(logging.ERROR)
        self._loader = LegacyEventFileLoader(str(path))
        if skip:
            list(self.read_new())

    def read_new(self, *, last: bool = False) -> Iterator[MetricsReading]:
        """Yield the new scalars, those of one step together."""
        step, metrics = 0, dict[str, float]()
        for event in self._events():
            if event.step != step and metrics:
                yield MetricsReading(metrics, step)
                metrics = {}
            step = int(event.step)
            metrics |= {value.tag: number for value in event.summary.value if (number := _scalar(value)) is not None}
        if metrics:
            yield MetricsReading(metrics, step)

    def _events(self) -> Iterator[Any]:
        """Yield the new events."""
        try:
            yield from self._loader.Load()
        except Exception as error:  # noqa: BLE001  the library raises its own errors for a file that was removed
            logging.getLogger(__name__).debug("%s", error)


def _scalar(value: Any) -> float | None:
    if value.WhichOneof("value") == "simple_value":
        return float(value.simple_value)
    if value.WhichOneof("value") == "tensor" and value.metadata.plugin_data.plugin_name in ("scalars", ""):
        from tensorboard.util import tensor_util

        array = tensor_util.make_ndarray(value.tensor)
        return float(array) if array.ndim == 0 and array.dtype.kind in "fiu" else None
    return None


def read_json(path: Path, options: ReaderOptions) -> MetricsReader:
    """Return the reader of a JSON document."""
    return JsonReader(RewrittenFile.from_now(path) if options.skip_existing else RewrittenFile(path), options)


def read_json_lines(path: Path, options: ReaderOptions) -> MetricsReader:
    """Return the reader of a file with a JSON object in each line."""
    return JsonLinesReader(_tail(path, options), options)


def read_csv(path: Path, options: ReaderOptions) -> MetricsReader:
    """Return the reader of a table."""
    return CsvReader(_tail(path, options), options, FileTail(path) if options.skip_existing else None)


def read_log(path: Path, options: ReaderOptions) -> MetricsReader:
    """Return the reader of a log for people."""
    return LogReader(_tail(path, options), LineReader(options.objectives))


def read_events(path: Path, options: ReaderOptions) -> MetricsReader:
    """Return the reader of an event file of TensorBoard."""
    return EventFile(path, skip=options.skip_existing)


def _tail(path: Path, options: ReaderOptions) -> FileTail:
    return FileTail.from_now(path) if options.skip_existing else FileTail(path)


TEXT_SUFFIXES = {
    "json": (".json",),
    "jsonl": (".jsonl", ".ndjson"),
    "csv": (".csv", ".tsv"),
    "log": (".log", ".txt"),
}
"""Endings of the files of each built-in text format."""


def _ends_as(name: str) -> Callable[[Path], bool]:
    return lambda path: path.suffix.lower() in TEXT_SUFFIXES[name]


JSON = MetricsReaderSpec("json", "A document: a curve, final results, or both.", _ends_as("json"), read_json)
JSONL = MetricsReaderSpec("jsonl", "A JSON object in each line.", _ends_as("jsonl"), read_json_lines)
CSV = MetricsReaderSpec("csv", "A table with a heading.", _ends_as("csv"), read_csv)
LOG = MetricsReaderSpec("log", "A log: names and numbers in lines.", _ends_as("log"), read_log)
TENSORBOARD = MetricsReaderSpec(
    "tensorboard", "Event files of TensorBoard.", lambda path: "tfevents" in path.name, read_events
)
