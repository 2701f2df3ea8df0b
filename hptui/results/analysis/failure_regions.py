"""Regions in which trials fail: out of memory, NaN, too long, nothing right, pruned.

One scan over all bounds, directions and settings: its smallest tail probability is compared with that of the same scan
over permuted labels, so that looking at many sets costs no false alarm. Labels are permuted among trials of about the
same time: a search drifts, so failures of one stretch of time (a full GPU) would otherwise be put down to the settings
that were tried then.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.trial import Reason, Role, Trial, TrialStatus, Value
from hptui.core.values import is_number, values_equal
from hptui.results.analysis import blas
from hptui.results.analysis.cohort import active_settings, ranked_trials, searched_space
from hptui.results.analysis.comparable import cohort_of
from hptui.results.analysis.factors import factors_of, points_of
from hptui.results.analysis.scores import MAX_TRIALS
from hptui.results.analysis.significance import SIGNIFICANCE_LEVEL, rate_counts
from hptui.results.view import View

FAILURE_KINDS = ("oom", "nan", "timeout", "zero", "pruned")
"""Kinds of failure: out of memory, NaN, longer than the timeout, a rate of 0, pruned."""
TO_THE_END = ("timeout", "zero")
"""Kinds that only a trial which ran to its end is known not to be of."""
TOO_LONG = (Reason.TIMEOUT, Reason.HUNG)
"""Ends of trials of which it is not known what they would have come to."""
MIN_FAILED = 3
"""Of fewer failures no region is stated."""
PERMUTATIONS = 999
TRIALS_PER_BLOCK = 5
"""Number of consecutive trials, about, among which labels are permuted; of rates of 0, which are values, all are."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A set of values of one setting: `at least` or `at most` a bound, or equal to a value."""

    setting: str
    relation: str
    """`>=`, `<=` or `=`."""
    bound: Value


@dataclass(frozen=True, slots=True)
class FailureRegion:
    """A set of trials in which one kind of failure is concentrated; conditions with the same trials stand together."""

    kind: str
    conditions: tuple[Condition, ...]
    bad: tuple[Trial, ...]
    """Failed trials inside."""
    inside: tuple[Trial, ...]
    outside: tuple[Trial, ...]
    bad_outside: tuple[Trial, ...]
    p: float
    """Share of scans over permuted labels (see above) that found as strong a concentration."""
    unexposed: tuple[Trial, ...] = ()
    """Ended trials that could not fail so, which are neither inside nor outside."""
    unexposed_inside: tuple[Trial, ...] = ()
    """Those of them that meet the conditions."""

    @property
    def exceptions(self) -> list[Trial]:
        """The trials in the region that did not fail."""
        numbers = {trial.number for trial in self.bad}
        return [trial for trial in self.inside if trial.number not in numbers]


def failure_kind(trial: Trial) -> str:
    """Return the kind of failure that ended a trial; '' for another end."""
    if trial.reason in (Reason.OOM, Reason.HOST_OOM):
        return "oom"
    if trial.reason is Reason.NAN:
        return "nan"
    if trial.reason is Reason.TIMEOUT:
        return "timeout"
    return "pruned" if trial.status is TrialStatus.PRUNED else ""


def was_nonfinite(trial: Trial, metric: str) -> bool:
    """Return whether the last value of a metric was no finite number when something else ended the trial."""
    value = trial.metrics.get(metric)
    is_other_end = trial.status in (TrialStatus.FAILED, TrialStatus.PRUNED) and trial.reason is not Reason.NAN
    return is_other_end and value is not None and not math.isfinite(value)


def trials_by_failure(view: View) -> dict[str, list[Trial]]:
    """Return failed trials by their kind; `zero` is a rate with nothing correct.

    A trial that had become NaN or infinite when something else ended it is of both kinds.
    """
    failures: dict[str, list[Trial]] = {kind: [] for kind in FAILURE_KINDS}
    metric, goal = view.study.objective.metric, view.study.objective.goal
    for trial in view.trials:
        if kind := failure_kind(trial):
            failures[kind].append(trial)
        if was_nonfinite(trial, metric):
            failures["nan"].append(trial)
    for trial in ranked_trials(view):
        counted = rate_counts(view, trial, metric)
        if goal == "maximize" and counted is not None and counted[0] == 0:
            failures["zero"].append(trial)
    return {kind: trials for kind, trials in failures.items() if trials}


def failure_regions(view: View) -> list[FailureRegion]:
    """Return the region of each kind of failure that is more than chance, at most one a kind."""
    ended = [
        trial
        for trial in cohort_of(view).everything_here
        if trial.status in (TrialStatus.COMPLETE, TrialStatus.FAILED, TrialStatus.PRUNED) and not trial.is_unranked
    ]
    ended = ended[:: -(-len(ended) // MAX_TRIALS) or 1]
    numbers = {trial.number for trial in ended}
    kinds = {
        kind: bad
        for kind, trials in trials_by_failure(view).items()
        if len(bad := [trial for trial in trials if trial.number in numbers]) >= MIN_FAILED and len(bad) < len(ended)
    }
    regions = [_scan(view, kind, bad, _exposed(kind, bad, ended), ended) for kind, bad in kinds.items()]
    return [region for region in regions if region is not None and region.p < SIGNIFICANCE_LEVEL / len(kinds)]


def _exposed(kind: str, bad: Sequence[Trial], ended: Sequence[Trial]) -> list[Trial]:
    """Return the trials of which it is known whether they failed so.

    One that ran too long before it could is none of them, nor what never came to a value. Of a pruned one it is not
    known whether it would have been in time, or had nothing right. One that became NaN had room in memory. No
    pruner ends the baseline.
    """
    known = {trial.number for trial in bad}
    whole = (TrialStatus.COMPLETE,) if kind in TO_THE_END else (TrialStatus.COMPLETE, TrialStatus.PRUNED)
    unknown = TOO_LONG if kind == "oom" else (*TOO_LONG, Reason.OOM, Reason.HOST_OOM)
    return [
        trial
        for trial in ended
        if trial.number in known
        or (trial.status in whole and not (kind == "pruned" and trial.role is Role.BASELINE))
        or (kind not in TO_THE_END and trial.status is TrialStatus.FAILED and trial.reason not in unknown)
    ]


def _scan(
    view: View, kind: str, bad: Sequence[Trial], ended: Sequence[Trial], everyone: Sequence[Trial]
) -> FailureRegion | None:
    """Return the strongest concentration among the trials that ended and could have failed so."""
    blas.load()
    import numpy as np  # numpy and scipy: not at start
    from scipy import stats

    sets, conditions = _sets(view, ended)
    if not len(sets):
        return None
    failed = {trial.number for trial in bad}
    labels = np.array([trial.number in failed for trial in ended], float)
    count, total = len(ended), int(labels.sum())
    sizes = sets.sum(1).astype(int)
    hits = np.arange(total + 1)
    tails = {size: stats.hypergeom.sf(hits - 1, count, total, size) for size in set(sizes.tolist())}
    table = np.array([tails[size] for size in sizes.tolist()])
    blocks = np.arange(count) * (1 if kind == "zero" else max(1, count // TRIALS_PER_BLOCK)) // count
    keys = np.random.default_rng(0).random((count, PERMUTATIONS)) + blocks[:, None]
    shuffled = labels[keys.argsort(0)]
    rows = np.arange(len(sets))
    own = table[rows, (sets @ labels).astype(int)]
    drawn = np.take_along_axis(table, (sets @ shuffled).astype(int), axis=1).min(0)
    p = (1 + int((drawn <= own.min() * (1 + 1e-12)).sum())) / (PERMUTATIONS + 1)
    # Of equally strong sets the smallest.
    best = min(np.flatnonzero(own <= own.min() * (1 + 1e-12)).tolist(), key=lambda row: (sizes[row], row))
    inside = [trial for trial, is_in in zip(ended, sets[best], strict=True) if is_in]
    outside = [trial for trial, is_in in zip(ended, sets[best], strict=True) if not is_in]
    exposed = {trial.number for trial in ended}
    unexposed = [trial for trial in everyone if trial.number not in exposed]
    return FailureRegion(
        kind,
        conditions[best],
        tuple(trial for trial in inside if trial.number in failed),
        tuple(inside),
        tuple(outside),
        tuple(trial for trial in outside if trial.number in failed),
        p,
        tuple(unexposed),
        tuple(_meeting(view, unexposed, conditions[best][0])),
    )


def _meeting(view: View, trials: Sequence[Trial], condition: Condition) -> list[Trial]:
    """Return the trials that meet a condition."""
    met = []
    for trial in trials:
        value, bound = active_settings(view, trial).get(condition.setting), condition.bound
        if condition.relation == "=":
            is_in = value is not None and values_equal(value, bound)
        elif is_number(value) and is_number(bound):
            is_in = value >= bound if condition.relation == ">=" else value <= bound
        else:
            is_in = False
        met += [trial] * is_in
    return met


def _sets(view: View, trials: Sequence[Trial]) -> tuple[Any, list[tuple[Condition, ...]]]:
    """Return all sets of trials that one bound or value of one setting makes, with their conditions."""
    blas.load()
    import numpy as np  # numpy: not at start

    space = searched_space(view)
    factors = factors_of(view, space, trials)
    points = points_of(view, space, factors, trials)
    matches: dict[bytes, tuple[Any, list[Condition]]] = {}
    for column, factor in enumerate(factors):
        values = np.where(points.inactive[:, column], np.nan, points.position[:, column])
        distinct = np.unique(values[~np.isnan(values)])
        raw = {
            float(value): view.settings(trial)[factor.name]
            for value, trial in zip(values, trials, strict=True)
            if not np.isnan(value)
        }
        for value in distinct:
            if factor.ordered:
                candidates = [(">=", values >= value), ("<=", values <= value)]
            else:
                candidates = [("=", values == value)]
            for relation, members in candidates:
                if members.all() or not members.any():
                    continue
                condition = Condition(factor.name, relation, raw[float(value)])
                entry = matches.setdefault(np.packbits(members).tobytes(), (members.astype(float), []))
                if factor.name not in [known.setting for known in entry[1]]:
                    entry[1].append(condition)
    sets = np.array([members for members, _ in matches.values()])
    return sets, [tuple(conditions) for _, conditions in matches.values()]
