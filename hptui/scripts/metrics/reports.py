"""Reads the records that `hptui.report` and the tap append to a trial's file, each with the process that wrote it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.scripts.metrics.pairs import MetricsReading, to_number, to_step
from hptui.scripts.metrics.tail import FileTail

TAP_PREFIX = "tap "
"""What the names of tapped sources begin with."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one process reported at once: `source` is `report`, `tap transformers` or `tap wandb`."""

    source: str
    reading: MetricsReading
    rank: int | None = None


class ReportsReader:
    """Follows the file that `reporting.py` appends to; records without metrics are kept as facts about the script.

    `world` is the largest number of processes that one of them says it belongs to. A line that cannot be understood is
    skipped: scripts can write to the file.
    """

    def __init__(self, path: Path) -> None:
        self._tail = FileTail(path)
        self.tapped: Mapping[str, Any] | None = None
        self.cooperates = False
        self.effective: dict[str, Any] = {}
        self.non_numbers: list[str] = []
        self.packages: dict[str, str] = {}
        self.variables: list[dict[str, str]] = []
        self.world = 1

    def read(self, *, last: bool = False) -> Iterator[Report]:
        """Yield what is new."""
        for line in self._tail.lines(last=last):
            try:
                report = self._take(json.loads(line))
            except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
                continue
            if report is not None:
                yield report

    def _take(self, entry: Any) -> Report | None:
        kind, rank, world = entry["k"], to_step(entry.get("rank")), to_step(entry.get("world")) or 1
        self.world = max(self.world, min(world, MAX_WORLD))
        if kind == "metrics":
            self.non_numbers += [str(text)[:MAX_TEXT_CHARS] for text in entry.get("odd") or []]
            return Report(str(entry.get("source")), _reading(entry), rank)
        if kind == "tap":
            self.tapped = self.tapped or entry
        elif kind == "cooperates":
            self.cooperates = True
        elif kind == "packages":
            self.packages |= entry.get("packages") or {}
        elif kind == "variables":
            self.variables.append({str(name): str(value) for name, value in (entry.get("variables") or {}).items()})
        elif kind == "effective":
            self.effective |= entry.get("settings") or {}
        return None


MAX_WORLD = 1 << 20
MAX_TEXT_CHARS = 200


def _reading(entry: Mapping[str, Any]) -> MetricsReading:
    metrics = {str(name): value for name, raw in entry["m"].items() if (value := to_number(raw)) is not None}
    progress = to_number(entry.get("p"))
    return MetricsReading(metrics, to_step(entry.get("s")), to_step(entry.get("total")), progress)
