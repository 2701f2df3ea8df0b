"""Metrics in files, found by a path that may hold wildcards; each format has a reader, built in or of a package."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from hptui import plugins
from hptui.core.dataclass import dataclass
from hptui.core.errors import HptuiError, UserError, did_you_mean
from hptui.scripts.metrics.pairs import MetricsReading
from hptui.scripts.metrics.readers import MetricsReader, ReaderOptions

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
    format_ = str(entry.get("format") or format_of(Path(path)))
    if format_ not in plugins.names("metrics_readers") and ":" not in format_:
        known = plugins.names("metrics_readers", installed=True)
        if format_ not in known:
            raise UserError(f"{label}.format: there is no format {format_!r}", hint=did_you_mean(format_, known))
    return FileSpec(path, format_, fields, str(entry.get("step", "")))


def format_of(path: Path) -> str:
    """Return the format that a path means; TensorBoard's where it means none: such are directories."""
    for name in plugins.names("metrics_readers"):
        if plugins.load("metrics_readers", name, "matches")(path):
            return name
    for name in plugins.names("metrics_readers", installed=True) if path.suffix else ():
        try:
            if plugins.load("metrics_readers", name, "matches")(path):
                return name
        except HptuiError:  # one that cannot be loaded is an error only where it is named
            continue
    return "tensorboard"


class MetricFiles:
    """All files of one entry. What they held before the script began is not read: it is of another trial.

    Without `existed` all of it is the trial's own.
    """

    def __init__(
        self, spec: FileSpec, path: str, objectives: Sequence[str], directory: str = "", *, existed: bool = True
    ) -> None:
        self._spec, self._path, self._objectives = spec, path, objectives
        self._make = plugins.load("metrics_readers", spec.format, "reader", directory)
        self._readers: dict[str, MetricsReader] = {}
        self.name = f"file {Path(path).name}" if spec.format != "tensorboard" else "tensorboard"
        for existing in self._paths():
            self._readers[existing] = self._reader_for(Path(existing), existed=existed)

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
        options = ReaderOptions(self._spec.fields, self._spec.step, self._objectives, existed)
        reader: MetricsReader = self._make(path, options)
        return reader

    def read(self, *, last: bool = False) -> Iterator[MetricsReading]:
        """Yield what is new. `last`: the script has ended."""
        for path in self._paths():
            if path not in self._readers:
                self._readers[path] = self._reader_for(Path(path), existed=False)
        for reader in self._readers.values():
            yield from reader.read_new(last=last)

    def read_existing(self) -> Iterator[MetricsReading]:
        """Yield all that the files hold: what an earlier attempt of the trial wrote."""
        for path in self._paths():
            yield from self._reader_for(Path(path), existed=False).read_new(last=True)
