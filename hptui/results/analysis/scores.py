"""Which trials say something of settings, and the value that each of them counts with.

Complete trials count with their value, cut on the bad side: a wall in the loss must not outweigh everything else. On
the good side, where a search wants to be, they are cut only if one is far from all others. A trial that was pruned, ran
out of time or became NaN is ranked by comparing two trials at a time at the last progress that both reached; its rank
gives it a value on the scale of the complete ones.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.study import Objective
from hptui.core.trial import Reason, Role, Trial, TrialStatus
from hptui.results.analysis import blas
from hptui.results.view import View

Points = Sequence[tuple[int, float, float]]
"""Points (step, value, seconds) of one metric of one trial."""

MAX_TRIALS = 400
"""Of more trials every k-th is used, in the order of trials and never by value."""
CUT_IQR = 1.5
"""Values worse than the median by more than this multiple of the interquartile range count as that."""

FAR_IQR = 4.0
"""If a value is better than the median by more than this multiple, better ones are cut as worse ones are."""
MAX_SHARE_CUT = 0.1
"""Share of the trials up to which better ones are cut; more of them are what was searched for."""


@dataclass(frozen=True, slots=True)
class Score:
    """The value that a trial counts with, turned so that lower is better. `partial`: it was ranked by what it showed
    until it was stopped."""

    trial: Trial
    value: float
    partial: bool


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of trials, the value from which on worse ones were cut (as recorded, None if none was), and the
    trials that were left out, by what became of them."""

    scores: tuple[Score, ...]
    cut: float | None
    left_out: Mapping[str, tuple[Trial, ...]]
    distinct: int
    """Number of distinct values among the complete trials."""
    spread: float
    """Interquartile range of the complete trials."""
    better_cut: float | None = None
    """The value from which on better ones were cut, as recorded; None if none was."""
    thinned: int = 0
    """Number of trials before only every k-th was used; 0 if all were."""

    @property
    def range(self) -> float:
        """The difference between the best and the worst value with which a trial counts."""
        values = [score.value for score in self.scores]
        return max(values) - min(values) if values else 0.0

    @property
    def partial(self) -> list[Trial]:
        """The trials that count with what they showed until they were stopped."""
        return [score.trial for score in self.scores if score.partial]


def left_out_as(trial: Trial) -> str:
    """Return why a trial says nothing of its settings; '' if it counts (perhaps with a part of its curve)."""
    if trial.status.open:
        return "not ended"
    if trial.is_uninformative:
        return "base model" if trial.role is Role.BASE else "continued"
    if trial.status is TrialStatus.COMPLETE or trial.status is TrialStatus.PRUNED:
        return ""
    if trial.status is TrialStatus.FAILED and trial.reason in (Reason.NAN, Reason.TIMEOUT):
        return ""
    if trial.status is TrialStatus.STOPPED:
        return "stopped"
    return "out of memory" if trial.reason in (Reason.OOM, Reason.HOST_OOM) else "failed"


def became_nan(trial: Trial, metric: str, objectives: int) -> bool:
    """Return whether an objective became NaN or infinite; of several the last report says which."""
    if trial.reason is not Reason.NAN:
        return False
    return objectives == 1 or not math.isfinite(trial.metrics.get(metric, math.nan))


def score_trials(view: View, trials: Sequence[Trial], objective: Objective, curves: Mapping[int, Points]) -> Scores:
    """Return the scores of trials for one objective. `curves` are of its metric, by number of trial."""
    sign = 1.0 if objective.goal == "minimize" else -1.0
    left_out: dict[str, list[Trial]] = {}
    used: list[Trial] = []
    finished: dict[int, float] = {}
    for trial in sorted(trials, key=lambda trial: trial.number):
        why = left_out_as(trial)
        value = (trial.values or {}).get(objective.metric) if trial.status is TrialStatus.COMPLETE else None
        if not why and trial.status is TrialStatus.COMPLETE and value is None:
            why = "no value"
        diverged = became_nan(trial, objective.metric, len(view.study.objectives))
        if not why and value is None and not diverged and not curves.get(trial.number):
            why = "no curve"
        if why:
            left_out.setdefault(why, []).append(trial)
            continue
        used.append(trial)
        if value is not None and math.isfinite(value):
            finished[trial.number] = sign * value
    whole = len(used)
    if whole > MAX_TRIALS:
        used = used[:: math.ceil(whole / MAX_TRIALS)]
    finished = {trial.number: finished[trial.number] for trial in used if trial.number in finished}
    floor, cut, spread = _cuts(list(finished.values()))
    capped = {number: max(floor, min(value, cut)) for number, value in finished.items()}
    unfinished = [trial for trial in used if trial.number not in finished]
    if unfinished and capped:
        nan = {t.number for t in used if became_nan(t, objective.metric, len(view.study.objectives))}
        capped |= _partial_scores(used, finished, capped, cut, objective, sign, curves, nan)
    scores = tuple(
        Score(trial, capped[trial.number], trial.number not in finished) for trial in used if trial.number in capped
    )
    was_cut = any(value > cut for value in finished.values()) or (
        bool(unfinished) and any(score.value >= cut for score in scores)
    )
    return Scores(
        scores,
        sign * cut if was_cut and scores else None,
        {why: tuple(matches) for why, matches in left_out.items()},
        len(set(finished.values())),
        spread,
        sign * floor if math.isfinite(floor) and scores else None,
        whole if whole != len(used) else 0,
    )


def _cuts(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the bounds to which better and worse values are cut, and the interquartile range.

    The first is minus infinity where no value is cut so.
    """
    if not values:
        return -math.inf, math.inf, 0.0
    low, middle, high = (_quantile(sorted(values), share) for share in (0.25, 0.5, 0.75))
    spread = high - low
    floor = middle - CUT_IQR * spread
    beyond = sum(value < floor for value in values)
    is_cut = min(values) < middle - FAR_IQR * spread and beyond <= max(1, MAX_SHARE_CUT * len(values))
    return floor if is_cut else -math.inf, middle + CUT_IQR * spread, spread


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile, to the bit as numpy does, which takes 0.1 s to load."""
    place = share * (len(ordered) - 1)
    index = int(place)
    low, high, weight = ordered[index], ordered[min(index + 1, len(ordered) - 1)], place - index
    return high - (high - low) * (1 - weight) if weight >= 0.5 else low + (high - low) * weight


def _partial_scores(
    used: Sequence[Trial],
    finished: Mapping[int, float],
    capped: Mapping[int, float],
    cut: float,
    objective: Objective,
    sign: float,
    curves: Mapping[int, Points],
    nan: Collection[int],
) -> dict[int, float]:
    """Return the values of trials without one, by their rank at the last common progress."""
    blas.load()
    import numpy as np  # numpy and scipy: not at start
    from scipy import stats

    count = len(used)
    ends = np.empty(count)
    lines: list[tuple[Any, Any]] = []
    for index, trial in enumerate(used):
        points = [(step, sign * value) for step, value, *_ in curves.get(trial.number, ()) if math.isfinite(value)]
        scale = float(trial.total_steps or 1)
        at = np.array([step / scale for step, _ in points])
        values = np.array([value for _, value in points])
        if objective.select == "best" and len(values):
            values = np.minimum.accumulate(values)
        lines.append((at, values))
        ends[index] = at[-1] if len(at) else 0.0
        if trial.number in finished:
            ends[index] = np.inf
    reached = np.full((count, count), np.nan)  # [i, j]: what i showed at the end of j, at most its own end
    for index, (trial, (at, values)) in enumerate(zip(used, lines, strict=True)):
        if len(at):
            place = np.searchsorted(at, np.minimum(ends, ends[index]), side="right") - 1
            reached[index] = np.where(place >= 0, values[np.maximum(place, 0)], np.nan)
        elif trial.number in finished:
            reached[index] = finished[trial.number]  # its curve was not read: its value stands for it
    final = np.array([finished.get(trial.number, np.nan) for trial in used])
    done = np.isfinite(final)
    diverged = np.array([trial.number not in finished and trial.number in nan for trial in used])
    diverged |= np.array([trial.status is TrialStatus.COMPLETE and trial.number not in finished for trial in used])
    mine = np.where(done[:, None] & done[None, :], final[:, None], reached)
    theirs = np.where(done[:, None] & done[None, :], final[None, :], reached.T)
    worse = np.where(np.isnan(mine) | np.isnan(theirs), 0.5, (mine > theirs) + 0.5 * (mine == theirs))
    worse = np.where(diverged[:, None] & ~diverged[None, :], 1.0, worse)
    worse = np.where(~diverged[:, None] & diverged[None, :], 0.0, worse)
    worse = np.where(diverged[:, None] & diverged[None, :], 0.5, worse)
    np.fill_diagonal(worse, 0.5)
    rank = (stats.rankdata(worse.sum(1)) - 0.5) / count
    known_ranks = np.sort(rank[done])
    known_values = np.sort([capped[trial.number] for trial in used if trial.number in finished])
    guessed = np.interp(rank, known_ranks, known_values)
    guessed = np.where(rank > known_ranks[-1], max(cut, known_values[-1]), guessed)
    return {trial.number: float(guessed[i]) for i, trial in enumerate(used) if trial.number not in finished}
