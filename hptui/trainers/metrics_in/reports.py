"""What `hptui.report` and the tap have written inside the script: the most trusted way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hptui.trainers.metrics_in.reading import Reading, number
from hptui.trainers.metrics_in.tail import Tail

TAPPED = "tap "


class Reports:
    """Follows the file that `reporting.py` appends to. Everything but metrics is kept as facts about the script."""

    def __init__(self, path: Path) -> None:
        self._tail = Tail(path)
        self.tapped: Mapping[str, Any] | None = None
        self.cooperates = False
        self.effective: dict[str, Any] = {}
        self.odd: list[str] = []
        self.packages: dict[str, str] = {}

    def read(self, *, last: bool = False) -> Iterator[tuple[str, Reading]]:
        """(source, reading) of what is new: source is `report`, `tap transformers` or `tap wandb`."""
        for line in self._tail.lines(last=last):
            try:
                found = json.loads(line)
                kind = found["k"]
            except (ValueError, KeyError, TypeError):
                continue
            if kind == "metrics":
                self.odd += found.get("odd") or []
                yield str(found.get("source")), _reading(found)
            elif kind == "tap":
                self.tapped = self.tapped or found
            elif kind == "cooperates":
                self.cooperates = True
            elif kind == "packages":
                self.packages |= found.get("packages") or {}
            elif kind == "effective":
                self.effective |= found.get("settings") or {}


def _reading(found: Mapping[str, Any]) -> Reading:
    metrics = {str(name): value for name, raw in found["m"].items() if (value := number(raw)) is not None}
    return Reading(metrics, found.get("s"), found.get("total"), found.get("p"))
