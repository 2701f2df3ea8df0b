"""Formats of files with metrics, and a reader for each: JSON, JSON lines, CSV, logs, TensorBoard's events.

A JSON document may hold a curve and final results. TensorBoard's own reader reads its files."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Protocol

from hptui.core.dataclass import dataclass
from hptui.plugins import MetricsReaderSpec
from hptui.scripts.metrics.lines import LineReader
from hptui.scripts.metrics.pairs import MetricsReading, canonical_name, reading_of_record, to_number, to_step
from hptui.scripts.metrics.spellings import plain_cell
from hptui.scripts.metrics.split_fields import contradicts, split_of_fields, with_split
from hptui.scripts.metrics.tail import FileTail, RewrittenFile
from hptui.scripts.metrics.wording import with_entries


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
        values = with_entries(values) if isinstance(values, Mapping) else values
        reading = reading_of_record(values, options.step) if isinstance(values, Mapping) else MetricsReading()
        if reading.metrics and (split := split_of_fields(values)):
            reading = with_split(reading, split, {canonical_name(name) for name in options.objectives})
        return reading if reading.metrics else None
    split = split_of_fields(values) if isinstance(values, Mapping) else ""
    metrics = {
        name: numeric
        for name, path in options.fields.items()
        if (numeric := to_number(value_at_path(values, path))) is not None and not contradicts(name, split)
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


UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, MemoryError)
"""What a record that no reader expects may raise. It costs that record."""


@dataclass
class JsonReader:
    """A JSON document that is rewritten as a whole."""

    document: RewrittenFile
    options: ReaderOptions
    _count_read: int = 0
    _last_record: Any = None
    _last_rest: Any = None
    _has_curve: bool = False
    _reading: int = 0

    def read_new(self, *, last: bool = False) -> Iterator[MetricsReading]:
        text = self.document.text()
        if text is None:
            return
        try:
            document = json.loads(text)
            records, remainder = split_curve(document)
        except (RecursionError, MemoryError):
            return
        except UNREADABLE:  # half written: read it again
            self.document.last_stamp = (0, 0, 0)
            return
        known = self._count_read
        if len(records) < known or (known and records[known - 1] != self._last_record):
            self._count_read = 0
            self._reading += 1  # another curve, or one that lost its beginning
        for values in records[self._count_read :]:
            if reading := safe_reading_of(values, self.options, self._reading):
                self._has_curve = True
                yield reading
        self._count_read = len(records)
        self._last_record = records[-1] if records else None
        if self.options.fields and not self._has_curve:  # the fields are those of the document, not of its records
            remainder = document
        if remainder and remainder != self._last_rest:
            self._last_rest = remainder
            rest = remainder if self.options.fields else without_settings(remainder)
            if (reading := safe_reading_of(rest, self.options)) is not None:
                yield reading


def safe_reading_of(values: Any, options: ReaderOptions, reading: int = 0) -> MetricsReading | None:
    """Return the reading of one record as `reading_of` does; None for one that cannot be understood."""
    try:
        record = reading_of(values, options)
    except UNREADABLE:
        return None
    return replace(record, reading=reading) if record is not None and reading else record


@dataclass
class JsonLinesReader:
    """A file with a JSON object in each line."""

    tail: FileTail
    options: ReaderOptions

    def read_new(self, *, last: bool = False) -> Iterator[MetricsReading]:
        for line in self.tail.lines(last=last):
            try:
                values = json.loads(line)
            except UNREADABLE:
                continue
            if reading := safe_reading_of(values, self.options, self.tail.reading):
                yield reading


DELIMITERS = (",", ";", "\t", "|")
"""What may be between the columns of a table; its heading shows which it is."""


@dataclass
class CsvReader:
    """A CSV file. `before` is set where earlier content is skipped: it still holds the heading."""

    tail: FileTail
    options: ReaderOptions
    before: FileTail | None = None
    _heading: list[str] = field(default_factory=list)
    _reading: int = 0
    _delimiter: str = ","

    def read_new(self, *, last: bool = False) -> Iterator[MetricsReading]:
        if self.before is not None and not self._heading:
            first = self.before.lines()[:1]
            self._heading = next(self._rows(first), [])
        lines = self.tail.lines(last=last)
        if self.tail.reading != self._reading:  # rewritten, perhaps with other columns
            self._reading, self._heading = self.tail.reading, []
        for row in self._rows(lines):
            if not self._heading or row == self._heading or self._is_heading(row):
                self._heading = row
            elif len(row) <= len(self._heading) and (reading := self._reading_of(row)):
                yield reading

    def _is_heading(self, row: list[str]) -> bool:
        """Return whether a row names columns: no number, and at least half of the names of before."""
        if any(to_number(cell) is not None for cell in row):
            return False
        return 2 * len(set(row) & set(self._heading)) >= len(self._heading)

    def _reading_of(self, row: list[str]) -> MetricsReading | None:
        return safe_reading_of(dict(zip(self._heading, row, strict=False)), self.options, self._reading)

    def _rows(self, lines: list[str]) -> Iterator[list[str]]:
        for line in lines:
            text = line.strip("\r\ufeff").replace("\r", " ").replace("\0", "")
            if not self._heading:
                self._delimiter = max(DELIMITERS, key=text.count)  # the first of those that come equally often
            try:
                row = next(csv.reader([text], delimiter=self._delimiter), [])
            except csv.Error:  # an unclosed quote, or a field beyond the limit
                continue
            while len(row) > len(self._heading) > 0 and not row[-1].strip():
                row.pop()
            if row:
                cells = [cell.strip() for cell in row]
                yield [*map(plain_cell, cells)] if self._delimiter != "," else cells


@dataclass
class LogReader:
    """A log for people, with names and numbers in its lines."""

    tail: FileTail
    reader: LineReader
    make: Callable[[], LineReader]
    _reading: int = 0

    def read_new(self, *, last: bool = False) -> Iterator[MetricsReading]:
        lines = self.tail.lines(last=last)
        if self.tail.reading != self._reading:
            self._reading, self.reader = self.tail.reading, self.make()
        for line in lines:
            try:
                readings = self.reader.read_all(line)
            except UNREADABLE:
                continue
            yield from (replace(reading, reading=self._reading) for reading in readings)


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

    def make() -> LineReader:
        return LineReader(options.objectives)

    return LogReader(_tail(path, options), make(), make)


def read_events(path: Path, options: ReaderOptions) -> MetricsReader:
    """Return the reader of an event file of TensorBoard."""
    from hptui.scripts.metrics.event_files import EventFile  # tensorboard: only where it is read

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
