"""Metrics in files: JSON, JSON lines, CSV, logs and TensorBoard's events, found by a path that may hold wildcards."""

from __future__ import annotations

import csv
import glob
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from hptui.model.errors import UserError, did_you_mean
from hptui.trainers.metrics_in.documents import curve, results
from hptui.trainers.metrics_in.lines import LineReader
from hptui.trainers.metrics_in.reading import Reading, number, record, whole
from hptui.trainers.metrics_in.tail import Document, Tail

KINDS = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".log": "log",
    ".txt": "log",
}
FORMATS = (*dict.fromkeys(KINDS.values()), "tensorboard")
KEYS = ("file", "format", "fields", "step")


@dataclass(frozen=True, slots=True)
class FileSpec:
    """Which file, how it is written, which fields of it are metrics (all numbers if none is named)."""

    path: str
    format: str
    fields: Mapping[str, str] = field(default_factory=dict)
    step: str = ""


def read_specs(entries: Sequence[Any], where: str = "trainer.metrics") -> tuple[list[FileSpec], list[re.Pattern[str]]]:
    """`metrics = […]` as files and patterns; `UserError` names the entry."""
    files: list[FileSpec] = []
    patterns: list[re.Pattern[str]] = []
    for index, entry in enumerate(entries):
        place = f"{where}[{index}]"
        if isinstance(entry, str) and "(?P<" in entry:
            patterns.append(pattern(entry, place))
        elif isinstance(entry, dict) and "line" in entry:
            patterns.append(pattern(str(entry["line"]), place))
        elif isinstance(entry, str):
            files.append(_file({"file": entry}, place))
        elif isinstance(entry, dict):
            files.append(_file(entry, place))
        else:
            raise UserError(f"{place}: must be a file, a pattern or a table, got {entry!r}")
    return files, patterns


def pattern(text: str, where: str) -> re.Pattern[str]:
    """A regular expression whose named groups are metrics."""
    try:
        found = re.compile(text)
    except re.error as error:
        raise UserError(f"{where}: {text!r} is no regular expression: {error}") from None
    if not found.groupindex:
        raise UserError(f"{where}: {text!r} names no group", hint=r"for instance 'loss (?P<loss>\S+)'")
    return found


def _file(entry: Mapping[str, Any], where: str) -> FileSpec:
    for key in entry:
        if key not in KEYS:
            raise UserError(f"{where}: unknown key {key!r}", hint=did_you_mean(key, (*KEYS, "line")))
    path, fields = str(entry.get("file", "")), entry.get("fields") or {}
    if not path:
        raise UserError(f"{where}: names no file", hint='for instance { file = "{trial_dir}/log.jsonl" }')
    if not isinstance(fields, dict) or not all(isinstance(item, str) for item in fields.values()):
        raise UserError(f"{where}.fields: must be a table of texts", hint='for instance { val_loss = "eval.loss" }')
    format_ = str(entry.get("format") or KINDS.get(Path(path).suffix.lower(), "tensorboard"))
    if format_ not in FORMATS:
        raise UserError(f"{where}.format: there is no format {format_!r}", hint=did_you_mean(format_, FORMATS))
    return FileSpec(path, format_, fields, str(entry.get("step", "")))


class Watcher(Protocol):
    """Reads one file as it grows."""

    def read(self, *, last: bool) -> Iterator[Reading]: ...


class Files:
    """All files of one entry. What stood in them before the script began is not this trial's."""

    def __init__(self, spec: FileSpec, path: str, objectives: Sequence[str]) -> None:
        self._spec, self._path, self._objectives = spec, path, objectives
        self._watched: dict[str, Watcher] = {}
        self.name = f"file {Path(path).name}" if spec.format != "tensorboard" else "tensorboard"
        for found in self._found():
            self._watched[found] = self._watcher(Path(found), known=True)

    def _found(self) -> list[str]:
        if self._spec.format != "tensorboard":
            return sorted(glob.glob(self._path, recursive=True))
        places = [self._path, os.path.join(self._path, "**", "events.out.tfevents.*")]
        return sorted(path for place in places for path in glob.glob(place, recursive=True) if os.path.isfile(path))

    def _watcher(self, path: Path, *, known: bool) -> Watcher:
        if self._spec.format == "tensorboard":
            from hptui.trainers.metrics_in.tensorboard import Events

            return Events(path, skip=known)
        if self._spec.format == "json":
            return _Json(Document.from_now(path) if known else Document(path), self._spec)
        tail = Tail.from_now(path) if known else Tail(path)
        if self._spec.format == "log":
            return _Log(tail, LineReader(self._objectives))
        if self._spec.format == "csv":
            return _Csv(tail, self._spec, Tail(path) if known else None)
        return _JsonLines(tail, self._spec)

    def read(self, *, last: bool = False) -> Iterator[Reading]:
        """What is new; `last`: the script has ended."""
        for found in self._found():
            if found not in self._watched:
                self._watched[found] = self._watcher(Path(found), known=False)
        for watcher in self._watched.values():
            yield from watcher.read(last=last)


def chosen(values: Any, spec: FileSpec) -> Reading | None:
    """A reading of one record: the named fields, or all numbers."""
    if not spec.fields:
        found = record(values, spec.step) if isinstance(values, Mapping) else Reading()
        return found if found.metrics else None
    metrics = {name: numeric for name, path in spec.fields.items() if (numeric := number(at(values, path))) is not None}
    step = whole(at(values, spec.step)) if spec.step else record(values).step if isinstance(values, Mapping) else None
    return Reading(metrics, step) if metrics else None


def at(values: Any, path: str) -> Any:
    """The value at a dotted path: `results.0.acc`, `history[-1].loss`. None when there is none."""
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
    document: Document
    spec: FileSpec
    _read: int = 0

    def read(self, *, last: bool) -> Iterator[Reading]:
        text = self.document.text()
        if text is None:
            return
        try:
            found = json.loads(text)
        except ValueError:  # just being written
            self.document.seen = (0, 0, 0)
            return
        records, rest = curve(found)
        if len(records) < self._read:
            self._read = 0
        readings = [reading for values in records[self._read :] if (reading := chosen(values, self.spec))]
        yield from readings
        self._read += len(readings)
        if self.spec.fields and not self._read:  # the fields are those of the whole
            rest = found
        if rest and (reading := chosen(rest if self.spec.fields else results(rest), self.spec)) is not None:
            yield reading


@dataclass
class _JsonLines:
    tail: Tail
    spec: FileSpec

    def read(self, *, last: bool) -> Iterator[Reading]:
        for line in self.tail.lines(last=last):
            try:
                values = json.loads(line)
            except ValueError:
                continue
            if reading := chosen(values, self.spec):
                yield reading


@dataclass
class _Csv:
    """`before` is the file as it was when its first lines are another's: it still holds the heading."""

    tail: Tail
    spec: FileSpec
    before: Tail | None = None
    _heading: list[str] = field(default_factory=list)

    def read(self, *, last: bool) -> Iterator[Reading]:
        if self.before is not None and not self._heading:
            first = self.before.lines()[:1]
            self._heading = next(self._rows(first), [])
        for row in self._rows(self.tail.lines(last=last)):
            if not self._heading or row == self._heading:
                self._heading = row
            elif reading := chosen(dict(zip(self._heading, row, strict=False)), self.spec):
                yield reading

    def _rows(self, lines: list[str]) -> Iterator[list[str]]:
        delimiter = "\t" if self.tail.path.suffix == ".tsv" else ","
        for line in lines:
            try:
                row = next(
                    csv.reader([line.strip("\r\ufeff").replace("\r", " ").replace("\0", "")], delimiter=delimiter), []
                )
            except csv.Error:  # a cell without end
                continue
            if row:
                yield [cell.strip() for cell in row]


@dataclass
class _Log:
    tail: Tail
    reader: LineReader

    def read(self, *, last: bool) -> Iterator[Reading]:
        for line in self.tail.lines(last=last):
            if reading := self.reader.read(line):
                yield reading
