"""Reads what `hptui.report` and the tap have written inside the script: the most trusted source."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hptui.trainers.metrics_in.reading import MetricsReading, to_number
from hptui.trainers.metrics_in.tail import FileTail

TAP_PREFIX = "tap "
"""What the names of tapped sources begin with."""


class ReportsReader:
    """Follows the file that `reporting.py` appends to; records without metrics are kept as facts about the script."""

    def __init__(self, path: Path) -> None:
        self._tail = FileTail(path)
        self.tapped: Mapping[str, Any] | None = None
        self.cooperates = False
        self.effective: dict[str, Any] = {}
        self.non_numbers: list[str] = []
        self.packages: dict[str, str] = {}

    def read(self, *, last: bool = False) -> Iterator[tuple[str, MetricsReading]]:
        """Yield (source, reading) of what is new; source is `report`, `tap transformers` or `tap wandb`."""
        for line in self._tail.lines(last=last):
            try:
                entry = json.loads(line)
                kind = entry["k"]
            except (ValueError, KeyError, TypeError):
                continue
            if kind == "metrics":
                self.non_numbers += entry.get("odd") or []
                yield str(entry.get("source")), _reading(entry)
            elif kind == "tap":
                self.tapped = self.tapped or entry
            elif kind == "cooperates":
                self.cooperates = True
            elif kind == "packages":
                self.packages |= entry.get("packages") or {}
            elif kind == "effective":
                self.effective |= entry.get("settings") or {}


def _reading(entry: Mapping[str, Any]) -> MetricsReading:
    metrics = {str(name): value for name, raw in entry["m"].items() if (value := to_number(raw)) is not None}
    return MetricsReading(metrics, entry.get("s"), entry.get("total"), entry.get("p"))
