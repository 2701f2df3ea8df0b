"""Scalars in event files of TensorBoard."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hptui.scripts.metrics.pairs import MetricsReading


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
            new = {value.tag: number for value in event.summary.value if (number := _scalar(value)) is not None}
            if not metrics.keys().isdisjoint(new):  # a further value at this step
                yield MetricsReading(metrics, step)
                metrics = {}
            metrics |= new
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
