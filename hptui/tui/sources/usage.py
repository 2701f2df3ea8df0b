"""What trials used while they ran, as curves on the axes of their metrics: memory, load, power, CPU.

The runner's samples carry times; a metric of the same trial tells at which step each was taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hptui.core.dataclass import dataclass
from hptui.core.trial import Attempt
from hptui.store.reader import StoreReader
from hptui.store.records import Sample
from hptui.store.samples import measured_fields

if TYPE_CHECKING:
    from hptui.tui.charts.series import CurveArrays

USAGE_METRICS: Mapping[str, str] = {
    "GPU memory GiB": "gpu_gb",
    "GPU load %": "util",
    "GPU power W": "watts",
    "GPU clock MHz": "mhz",
    "CPU %": "cpu",
    "RSS GiB": "rss_gb",
}
"""Name of a curve -> the field of a sample that it shows."""
MAX_PROBED_SAMPLES = 500
"""Samples in which is looked for what this machine can measure."""
MAX_CLOCK_BUCKETS = 400
"""Points of the metric that tells the steps of samples."""


def usage_names(reader: StoreReader) -> tuple[str, ...]:
    """Return the curves of usage that a study has."""
    fields = measured_fields(reader.connection, MAX_PROBED_SAMPLES)
    return tuple(name for name, field in USAGE_METRICS.items() if field in fields)


@dataclass(frozen=True, slots=True)
class TrialUsage:
    """The samples of a trial, each with its seconds of training, without those before it began again."""

    seconds: Sequence[float]
    samples: Sequence[Sample]


def read_usage(reader: StoreReader, trial: int) -> TrialUsage:
    """Read the samples of a trial."""
    seconds: list[float] = []
    samples: list[Sample] = []
    earlier = 0.0
    for attempt in reader.attempts(trial):
        if attempt.resumed_step is None:
            earlier = 0.0
            seconds.clear()
            samples.clear()
        for sample in reader.samples(attempt.token):
            seconds.append(earlier + max(0.0, sample.at - attempt.started))
            samples.append(sample)
        earlier += _duration(attempt)
    return TrialUsage(seconds, samples)


def _duration(attempt: Attempt) -> float:
    return attempt.seconds or max(0.0, (attempt.ended or attempt.started) - attempt.started)


def usage_curve(reader: StoreReader, trial: int, usage: TrialUsage, name: str) -> CurveArrays:
    """Return one curve of usage over the steps of the trial."""
    import numpy as np  # NumPy: not for the first frame

    from hptui.tui.charts import series

    field = USAGE_METRICS[name]
    pairs = [
        (second, float(value))
        for second, sample in zip(usage.seconds, usage.samples, strict=True)
        if (value := getattr(sample, field)) is not None
    ]
    times = np.array([second for second, _ in pairs], dtype=np.float64)
    clock_seconds, clock_steps = _clock_of(reader, trial)
    steps = np.interp(times, clock_seconds, clock_steps) if len(clock_seconds) > 1 else times
    values = np.array([value for _, value in pairs], dtype=np.float64)
    return series.CurveArrays(steps, values, values, values, np.ones(len(values)), times)


def _clock_of(reader: StoreReader, trial: int) -> tuple[list[float], list[float]]:
    """Return seconds and steps of the metric that was reported most often; both begin at 0."""
    summaries = reader.metric_summaries(trial)
    if not summaries:
        return [0.0], [0.0]
    name = max(summaries, key=lambda metric: summaries[metric].n)
    seconds, steps = [0.0], [0.0]
    for bucket in reader.buckets(trial, name, MAX_CLOCK_BUCKETS):
        if bucket.seconds >= seconds[-1]:
            seconds.append(bucket.seconds)
            steps.append(float(bucket.last))
    return seconds, steps
