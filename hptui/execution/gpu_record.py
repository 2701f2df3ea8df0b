"""What attempts have recorded of their GPUs: the memory that they needed of each."""

from __future__ import annotations

from collections.abc import Iterable

from hptui.core.trial import Attempt, Reason

GPU_PEAKS = "gpu_peaks_gb"
"""Key of an attempt's environment: the most memory (GiB) that it needed of each of its GPUs, by UUID."""


def gpu_uuids(attempt: Attempt) -> list[str]:
    """Return the UUIDs of the GPUs that an attempt had."""
    return [uuid for uuid in str(attempt.environment.get("gpu_uuid", "")).split(", ") if uuid]


def peak_of_one_gpu(attempts: Iterable[Attempt]) -> float | None:
    """Return the most memory (GiB) that an attempt has needed of one GPU; None if none is known.

    One that ran out of memory has not shown what it needs.
    """
    return max((_peak(attempt) for attempt in attempts if attempt.reason is not Reason.OOM), default=0.0) or None


def _peak(attempt: Attempt) -> float:
    """Return an attempt's peak on one GPU; the recorded figure of several is their sum."""
    peaks = attempt.environment.get(GPU_PEAKS)
    sizes = [float(size) for size in peaks.values() if isinstance(size, int | float)] if isinstance(peaks, dict) else []
    total = attempt.peak_gpu_gb or 0.0
    return max(sizes, default=total / max(1, len(gpu_uuids(attempt))))
