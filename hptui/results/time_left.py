"""How long a study will still take: from the pace at which its trials end, or from how long they took."""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections.abc import Sequence

from hptui.core.dataclass import dataclass
from hptui.core.format import duration
from hptui.core.stages import expected_total
from hptui.core.trial import Trial, TrialStatus
from hptui.results.view import View

PACE_TRIALS = 20
"""Ended trials, the newest, from which the pace is measured."""
MIN_PACE_TRIALS = 5
"""Ended trials from which on there is a pace; before, the mean duration of a trial has to serve."""
PAUSE_S = 60.0
"""A time without any running trial that is at least so long is a pause, and no part of the pace."""
MIN_PROGRESS = 0.05
"""Progress from which on the time that a trial needs is extrapolated from it."""
MARGIN_SD = 2.0
"""Standard errors of the pace between the estimate and the ends of its range."""


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """An estimate in seconds, and its range; without a measured pace the range is the estimate alone."""

    seconds: float
    low: float
    high: float

    @property
    def text(self) -> str:
        """The range in words, one duration where both ends read the same."""
        low, high = duration(self.low), duration(self.high)
        if low == high or self.low == self.high:
            return duration(self.seconds)
        number, _, unit = low.removeprefix("~").partition(" ")
        if high.endswith(f" {unit}"):
            return f"{'~' if high.startswith('~') else ''}{number} to {high.removeprefix('~')}"
        return f"{low} to {high.removeprefix('~')}"


def time_left(view: View, now: float | None = None) -> TimeLeft | None:
    """Return the estimated time until the study ends.

    None while no trial is complete or the number of trials is unlimited. The limit `until.hours` of the search caps it.
    """
    now = time.time() if now is None else now
    durations = [trial.seconds for trial in view.trials if trial.status is TrialStatus.COMPLETE and trial.seconds > 0]
    total = expected_total(view.study, view.trials)
    if not durations or total is None:
        return None
    mean_seconds = sum(durations) / len(durations)
    running = [trial for trial in view.trials if trial.status is TrialStatus.RUNNING]
    to_start = sum(trial.status is TrialStatus.WAITING for trial in view.trials) + max(0, total - len(view.trials))
    current = [_seconds_left_of(trial, mean_seconds, now) for trial in running]
    intervals = _intervals(view.trials)
    if len(intervals) >= MIN_PACE_TRIALS and to_start:
        # What runs is partly done; each trial that is still to start takes one interval.
        trials_left = to_start + sum(min(1.0, seconds / mean_seconds) for seconds in current)
        pace, error = _mean_and_error(intervals)
        least = max(current, default=0.0)
        values = [max(least, trials_left * max(0.0, pace + side * error)) for side in (0.0, -MARGIN_SD, MARGIN_SD)]
    else:  # what runs at once ends at once; what is still to start shares its places
        work = sum(current) + (mean_seconds + _gap(view.trials)) * to_start
        values = [max(max(current, default=0.0), work / max(1, len(running)))] * 3
    max_hours = view.study.search.until.hours
    if max_hours is not None:
        values = [min(value, max(0.0, max_hours * 3600 - view.row.seconds)) for value in values]
    return TimeLeft(*values)


def _intervals(trials: Sequence[Trial]) -> list[float]:
    """Return the wall-clock seconds between the ends of the newest trials, without pauses.

    While the first that ended is among them, the time until it ended counts: trials that run at once end at once.
    """
    spans = sorted(
        (trial.ended, trial.started)
        for trial in trials
        if trial.ended is not None and trial.started is not None and not trial.status.open
    )
    intervals = []
    if spans and len(spans) <= PACE_TRIALS:
        intervals.append(max(0.0, spans[0][0] - min(started for _, started in spans)))
    spans = spans[-PACE_TRIALS - 1 :]
    for index, (ended, _) in enumerate(spans[1:], 1):
        before = spans[index - 1][0]
        # The next trial that ends, of those that were running by then, tells how long nothing ran.
        resumed = min(started for _, started in spans[index:])
        idle = max(0.0, resumed - before)
        intervals.append(ended - before - (idle if idle >= PAUSE_S else 0.0))
    return intervals


def _gap(trials: Sequence[Trial]) -> float:
    """Return the mean seconds from the end of a trial to the start of the next one, without pauses."""
    ends = sorted(trial.ended for trial in trials if trial.ended is not None and not trial.status.open)
    starts = [trial.started for trial in trials if trial.started is not None]
    gaps = [at - ends[place - 1] for at in starts if (place := bisect_right(ends, at))]
    gaps = [gap for gap in gaps if gap < PAUSE_S]
    return sum(gaps) / len(gaps) if gaps else 0.0


def _mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / max(1, len(values) - 1)
    return mean, math.sqrt(variance / len(values))


def _seconds_left_of(trial: Trial, mean_seconds: float, now: float) -> float:
    """Return the seconds that a running trial still takes: by its own pace the more, the further it is.

    Early on its own pace is mostly the start of its process, and the mean of those that are complete tells more.
    """
    elapsed = max(0.0, now - trial.started) if trial.started else 0.0
    if trial.progress and trial.progress > MIN_PROGRESS and elapsed:
        share = min(1.0, trial.progress)
        return (1 - share) * (elapsed + (1 - share) * mean_seconds)
    return max(0.0, mean_seconds - elapsed)
