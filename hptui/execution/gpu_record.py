"""What attempts have recorded of their GPUs: the memory that they needed of each, and which GPUs failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hptui.core.trial import Attempt, AttemptState, Reason

GPU_PEAKS = "gpu_peaks_gb"
"""Key of an attempt's environment: the most memory (GiB) that it needed of each of its GPUs, by UUID."""
MEAN_CLOCK, SLOWED_BY = "gpu_mean_clock_mhz", "gpu_slowed_by"
"""Keys of the mean of the clocks that were sampled, and of why they were low at any time."""
MAX_FAULTS = 2
"""Faults of a GPU in a row after which a study uses it no more."""


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


def faulty_gpus(attempts: Iterable[Attempt], since: float) -> Mapping[str, str]:
    """Return the GPUs (UUIDs) that failed `MAX_FAULTS` times in a row, each with a sentence about it.

    Faults before `since` do not count. A trial counts only on the first GPU that fails under it: if it also fails
    on others, it may be the cause.
    """
    faults: dict[str, list[Attempt]] = {}
    first: dict[int, list[str]] = {}
    for attempt in sorted((a for a in attempts if a.ended and a.started >= since), key=lambda a: a.ended or 0.0):
        gpus = gpu_uuids(attempt)
        if attempt.reason is not Reason.GPU_FAULT:
            for gpu in gpus if attempt.state is AttemptState.DONE else ():
                faults.pop(gpu, None)
            continue
        for gpu in set(gpus) & set(first.setdefault(attempt.trial, gpus)):
            faults.setdefault(gpu, []).append(attempt)
    return {gpu: _fault_sentence(failed) for gpu, failed in faults.items() if len(failed) >= MAX_FAULTS}


def _fault_sentence(failed: list[Attempt]) -> str:
    last = failed[-1]
    numbers = list(dict.fromkeys(str(attempt.trial) for attempt in failed))
    trials = f"trial{'' if len(numbers) == 1 else 's'} {', '.join(numbers)}"
    return (
        f"{last.device} ({last.environment.get('gpu', '')}) failed {len(failed)} times ({trials}): "
        f"it gets no more trials until the study is started again; the last time: {last.message}"
    )
