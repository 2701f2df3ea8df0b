"""Metrics in files: JSON, JSON lines, CSV, logs and TensorBoard's events, found by a path that may hold wildcards.

A JSON document may hold a curve and final results. TensorBoard's own reader reads its files."""

from __future__ import annotations

import csv
import glob
import json
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from hptui.core.errors import UserError, did_you_mean
from hptui.scripts.metrics.lines import LineReader
from hptui.scripts.metrics.pairs import MetricsReading, reading_of_record, to_number, to_step
from hptui.scripts.metrics.tail import FileTail, RewrittenFile

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


FORMAT_BY_SUFFIX = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".log": "log",
    ".txt": "log",
}
FORMATS = (*dict.fromkeys(FORMAT_BY_SUFFIX.values()), "tensorboard")
KEYS = ("file", "format", "fields", "step")


@dataclass(frozen=True, slots=True)
class FileSpec:
    """Which file, its format, and the fields of it that are metrics (all numbers if none is named)."""

    path: str
    format: str
    fields: Mapping[str, str] = field(default_factory=dict)
    step: str = ""


def read_specs(entries: Sequence[Any], key: str = "trainer.metrics") -> tuple[list[FileSpec], list[re.Pattern[str]]]:
    """Read `metrics = […]` as files and patterns.

    Raises: UserError, which names the entry.
    """
    files: list[FileSpec] = []
    patterns: list[re.Pattern[str]] = []
    for index, entry in enumerate(entries):
        label = f"{key}[{index}]"
        if isinstance(entry, str) and "(?P<" in entry:
            patterns.append(compile_pattern(entry, label))
        elif isinstance(entry, dict) and "line" in entry:
            patterns.append(compile_pattern(str(entry["line"]), label))
        elif isinstance(entry, str):
            files.append(_file({"file": entry}, label))
        elif isinstance(entry, dict):
            files.append(_file(entry, label))
        else:
            raise UserError(f"{label}: must be a file, a pattern or a table, got {entry!r}")
    return files, patterns


def compile_pattern(text: str, key: str) -> re.Pattern[str]:
    """Compile a regular expression whose named groups are metrics.

    Raises: UserError.
    """
    try:
        compiled = re.compile(text)
    except re.error as error:
        raise UserError(f"{key}: {text!r} is no regular expression: {error}") from None
    if not compiled.groupindex:
        raise UserError(f"{key}: {text!r} names no group", hint=r"for instance 'loss (?P<loss>\S+)'")
    return compiled


def _file(entry: Mapping[str, Any], label: str) -> FileSpec:
    for key in entry:
        if key not in KEYS:
            raise UserError(f"{label}: unknown key {key!r}", hint=did_you_mean(key, (*KEYS, "line")))
    path, fields = str(entry.get("file", "")), entry.get("fields") or {}
    if not path:
        raise UserError(f"{label}: names no file", hint='for instance { file = "{trial_dir}/log.jsonl" }')
    if not isinstance(fields, dict) or not all(isinstance(item, str) for item in fields.values()):
        raise UserError(f"{label}.fields: must be a table of texts", hint='for instance { val_loss = "eval.loss" }')
    format_ = str(entry.get("format") or FORMAT_BY_SUFFIX.get(Path(path).suffix.lower(), "tensorboard"))
    if format_ not in FORMATS:
        raise UserError(f"{label}.format: there is no format {format_!r}", hint=did_you_mean(format_, FORMATS))
    return FileSpec(path, format_, fields, str(entry.get("step", "")))


class MetricsReader(Protocol):
    """Reads one file as it grows."""

    def read(self, *, last: bool) -> Iterator[MetricsReading]: ...


class MetricFiles:
    """All files of one entry. What they held before the script began is not read: it is of another trial."""

    def __init__(self, spec: FileSpec, path: str, objectives: Sequence[str]) -> None:
        self._spec, self._path, self._objectives = spec, path, objectives
        self._readers: dict[str, MetricsReader] = {}
        self.name = f"file {Path(path).name}" if spec.format != "tensorboard" else "tensorboard"
        for existing in self._paths():
            self._readers[existing] = self._reader_for(Path(existing), existed=True)

    def _paths(self) -> list[str]:
        if self._spec.format != "tensorboard":
            return sorted(glob.glob(self._path, recursive=True))
        patterns = [self._path, os.path.join(self._path, "**", "events.out.tfevents.*")]
        return sorted(
            path
            for path_pattern in patterns
            for path in glob.glob(path_pattern, recursive=True)
            if os.path.isfile(path)
        )

    def _reader_for(self, path: Path, *, existed: bool) -> MetricsReader:
        if self._spec.format == "tensorboard":
            return EventFile(path, skip=existed)
        if self._spec.format == "json":
            return _Json(RewrittenFile.from_now(path) if existed else RewrittenFile(path), self._spec)
        tail = FileTail.from_now(path) if existed else FileTail(path)
        if self._spec.format == "log":
            return _Log(tail, LineReader(self._objectives))
        if self._spec.format == "csv":
            return _Csv(tail, self._spec, FileTail(path) if existed else None)
        return _JsonLines(tail, self._spec)

    def read(self, *, last: bool = False) -> Iterator[MetricsReading]:
        """Yield what is new. `last`: the script has ended."""
        for path in self._paths():
            if path not in self._readers:
                self._readers[path] = self._reader_for(Path(path), existed=False)
        for reader in self._readers.values():
            yield from reader.read(last=last)


def reading_of(values: Any, spec: FileSpec) -> MetricsReading | None:
    """Return the reading of one record: the named fields, or all numbers; None if there are none."""
    if not spec.fields:
        reading = reading_of_record(values, spec.step) if isinstance(values, Mapping) else MetricsReading()
        return reading if reading.metrics else None
    metrics = {
        name: numeric
        for name, path in spec.fields.items()
        if (numeric := to_number(value_at_path(values, path))) is not None
    }
    step = (
        to_step(value_at_path(values, spec.step))
        if spec.step
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
class _Json:
    document: RewrittenFile
    spec: FileSpec
    _count_read: int = 0

    def read(self, *, last: bool) -> Iterator[MetricsReading]:
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
        readings = [reading for values in records[self._count_read :] if (reading := reading_of(values, self.spec))]
        yield from readings
        self._count_read += len(readings)
        if self.spec.fields and not self._count_read:  # the fields are those of the document, not of its records
            remainder = document
        if (
            remainder
            and (reading := reading_of(remainder if self.spec.fields else without_settings(remainder), self.spec))
            is not None
        ):
            yield reading


@dataclass
class _JsonLines:
    tail: FileTail
    spec: FileSpec

    def read(self, *, last: bool) -> Iterator[MetricsReading]:
        for line in self.tail.lines(last=last):
            try:
                values = json.loads(line)
            except ValueError:
                continue
            if reading := reading_of(values, self.spec):
                yield reading


@dataclass
class _Csv:
    """A CSV file. `before` is set where earlier content is skipped: it still holds the heading."""

    tail: FileTail
    spec: FileSpec
    before: FileTail | None = None
    _heading: list[str] = field(default_factory=list)

    def read(self, *, last: bool) -> Iterator[MetricsReading]:
        if self.before is not None and not self._heading:
            first = self.before.lines()[:1]
            self._heading = next(self._rows(first), [])
        for row in self._rows(self.tail.lines(last=last)):
            if not self._heading or row == self._heading:
                self._heading = row
            elif reading := reading_of(dict(zip(self._heading, row, strict=False)), self.spec):
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
class _Log:
    tail: FileTail
    reader: LineReader

    def read(self, *, last: bool) -> Iterator[MetricsReading]:
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
            list(self.read(last=False))

    def read(self, *, last: bool) -> Iterator[MetricsReading]:
        """Yield the new scalars, those of one step together."""
        step, metrics = 0, dict[str, float]()
        for event in self._loader.Load():
            if event.step != step and metrics:
                yield MetricsReading(metrics, step)
                metrics = {}
            step = int(event.step)
            metrics |= {value.tag: number for value in event.summary.value if (number := _scalar(value)) is not None}
        if metrics:
            yield MetricsReading(metrics, step)


def _scalar(value: Any) -> float | None:
    if value.WhichOneof("value") == "simple_value":
        return float(value.simple_value)
    if value.WhichOneof("value") == "tensor" and value.metadata.plugin_data.plugin_name in ("scalars", ""):
        from tensorboard.util import tensor_util

        array = tensor_util.make_ndarray(value.tensor)
        return float(array) if array.ndim == 0 and array.dtype.kind in "fiu" else None
    return None
