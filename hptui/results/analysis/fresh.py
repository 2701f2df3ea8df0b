"""Repeated runs: seeds that change nothing, the noise between seeds, and runs that did not choose the best trial.

A trial that is the best of many is likely to look better than it is. Only runs that had no part in choosing it tell how
good it is: the run that won is shown next to them, and never averaged in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from hptui.core.dataclass import dataclass
from hptui.core.stages import stage_named
from hptui.core.trial import Role, Trial, TrialStatus
from hptui.results.analysis import blas
from hptui.results.analysis.cohort import (
    MAX_FOR_CONFIGURATIONS,
    has_finite_values,
    objective_value,
    of_same_code,
    ranked_trials,
    replicates,
    same_configuration,
    violates_outcome,
)
from hptui.results.analysis.comparable import barriers
from hptui.results.analysis.confounding import TELLING_DIGITS, curve_fingerprint, is_telling, significant_digits
from hptui.results.analysis.evaluation import has_unequal_evaluations
from hptui.results.analysis.significance import (
    Interval,
    pooled_counts,
    rate_counts,
    student_interval,
    upper_bound,
    widened,
)
from hptui.results.roles import lower_bound
from hptui.results.view import View
from hptui.store.records import MetricSummary

EQUAL = 1e-9
"""A spread below this share of the value counts as none."""

Summaries = Mapping[str, Mapping[int, MetricSummary]]
"""Summaries of curves by metric and trial."""


def runs_of(view: View, trial: Trial) -> list[Trial]:
    """Return the complete runs of a configuration, each as it was recorded."""
    return sorted(replicates(view, trial), key=lambda run: run.number)


def runs_of_mean(view: View, trial: Trial) -> list[Trial]:
    """Return the runs behind a value that is their mean; none behind the value of one run."""
    recorded = view.by_number[trial.number]
    return [] if trial.values == recorded.values else runs_of(view, recorded)


def dead_seeds(view: View, summaries: Summaries) -> list[tuple[Trial, Trial]]:
    """Return pairs of runs of one configuration with different seeds that are equal in every point.

    All its runs must be: where two of them differ, a seed changes something, and others are equal by chance. Curves
    that do not move say nothing; without curves the values must be equal, and no counts.
    """
    pairs = []
    for trial in view.trials:
        if trial.role is not Role.REPLICATE or trial.status is not TrialStatus.COMPLETE:
            continue
        for other in runs_of(view, trial):
            if other.number < trial.number and other.seed != trial.seed and _is_same(view, other, trial, summaries):
                pairs.append((other, trial))
                break
    return pairs


def _is_same(view: View, single: Trial, other: Trial, summaries: Summaries) -> bool:
    first, second = (curve_fingerprint(trial, summaries) for trial in (single, other))
    runs = runs_of(view, other)
    if first or second:
        all_equal = first == second and all(curve_fingerprint(run, summaries) == first for run in runs)
        return bool(first) and all_equal and is_telling(first, len(runs))
    metric = view.study.objective.metric
    if not has_finite_values(view, single) or not has_finite_values(view, other) or rate_counts(view, single, metric):
        return False
    values = [objective_value(view, run) for run in runs]
    a, b = objective_value(view, single), objective_value(view, other)
    all_equal = _is_equal(a, b) and all(_is_equal(a, value) for value in values)
    return all_equal and significant_digits(a) * (len(values) - 1) >= TELLING_DIGITS


def _is_equal(a: float, b: float) -> bool:
    return a != 0 and abs(a - b) <= EQUAL * abs(a)


def dead_numbers(pairs: list[tuple[Trial, Trial]]) -> frozenset[int]:
    """Return the trials of such pairs."""
    return frozenset(trial.number for pair in pairs for trial in pair)


def independent_runs(view: View, trial: Trial, dead: frozenset[int] = frozenset()) -> list[Trial]:
    """Return the runs of a configuration that may differ by noise, itself included."""
    runs = runs_of(view, trial)
    own = [run for run in runs if run.number == trial.number] or [trial]
    return own if not runs or any(run.number in dead for run in runs) else runs


def runs_of_settings(view: View, trial: Trial, dead: frozenset[int] = frozenset()) -> list[Trial]:
    """Return the runs of a trial's settings, in whichever trials.

    Those of a stage that ran them again count, too. The very same run again (its seed and its value) is no further one.
    """
    runs = independent_runs(view, trial, dead)
    if not has_finite_values(view, trial):
        return runs
    ranked = ranked_trials(view)[:MAX_FOR_CONFIGURATIONS]
    for other in same_configuration(view, trial, ranked):
        if other.role is Role.IMPORTED or barriers(view, trial, other):
            continue
        known = {run.number for run in runs}
        again = [run for run in independent_runs(view, view.by_number[other.number], dead) if run.number not in known]
        seen = {(run.seed, objective_value(view, run)) for run in runs}
        runs += [run for run in again if (run.seed, objective_value(view, run)) not in seen and run.number not in dead]
    return sorted(runs, key=lambda run: run.number)


def mean_of_runs(
    view: View, trial: Trial, dead: frozenset[int] = frozenset(), against: Trial | None = None
) -> tuple[float, list[Trial]]:
    """Return the mean of all runs of a configuration that nobody chose for its value, and the runs.

    Not those of `against`, with which it is compared: they may be of the same settings.
    """
    theirs = set() if against is None else {run.number for run in runs_of(view, view.by_number[against.number])}
    runs = [run for run in runs_of_settings(view, trial, dead) if run.number not in theirs]
    runs = runs or independent_runs(view, trial, dead)
    return math.fsum(objective_value(view, run) for run in runs) / len(runs), runs


@dataclass(frozen=True, slots=True)
class Noise:
    """The standard deviation between runs of one configuration, pooled over the repeated ones."""

    deviation: float
    df: int
    trials: tuple[Trial, ...]

    def largest_by_chance(self, runs: int, others: Sequence[int]) -> float:
        """Return how much means of `others` runs may differ from one of `runs` by chance, all together.

        With a probability of 95 % no difference without an effect is larger: two-sided limits of Student's t, which
        knows that the deviation is estimated, corrected for the number of comparisons by Bonferroni.
        """
        blas.load()
        from scipy import stats  # not at start

        limit = float(stats.t.ppf(1 - 0.05 / 2 / max(1, len(others)), self.df))
        return limit * self.deviation * math.sqrt(1 / runs + 1 / min(others, default=1))


def noise_of(view: View, dead: frozenset[int] = frozenset()) -> Noise | None:
    """Return the noise between seeds that all trials have.

    None if nothing was repeated with a seed that matters, and where trials were measured by evaluations of different
    sizes: a smaller one scatters more.
    """
    return None if has_unequal_evaluations(view) else pooled_noise(view, dead)


def pooled_noise(view: View, dead: frozenset[int] = frozenset()) -> Noise | None:
    """Return the noise between seeds, whatever trials were measured by; None if no repeats differ."""
    squares, df, used = 0.0, 0, []
    for trial in of_same_code(view, ranked_trials(view), view.best):
        runs = independent_runs(view, trial, dead)
        if len(runs) < 2:
            continue
        values = [objective_value(view, run) for run in runs]
        mean = math.fsum(values) / len(values)
        squares += math.fsum((value - mean) ** 2 for value in values)
        df += len(values) - 1
        used += runs
    if not df:
        return None
    deviation = math.sqrt(squares / df)
    level = max(abs(objective_value(view, run)) for run in used)
    return Noise(deviation, df, tuple(used)) if deviation > EQUAL * level else None


MEAN_TEMPLATE, SINGLE_TEMPLATE = "mean of {n} fresh runs {mean}", "one fresh run {value}"
"""The words for fresh runs, in reports, on screens and on the command line."""
CHOSEN_TEMPLATE, LEADER_TEMPLATE = "chosen by {value}", "by fresh runs {other} leads: {value}"
"""The words for the run that was ranked, and for another trial that leads by fresh runs."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """The runs of a trial that had no part in choosing it, with their values; `chosen` is the one that was ranked.

    `noise` is the standard deviation between runs with its degrees of freedom, pooled as for all comparisons: that
    of two runs alone would contradict them.
    """

    trial: Trial
    runs: tuple[Trial, ...]
    values: tuple[float, ...]
    chosen: float
    floor: float | None = None
    ceiling: float | None = None
    noise: tuple[float, int] | None = None
    counts: tuple[int, int] | None = None
    """How many questions all runs together answered right, of how many; None where that is not known."""

    @property
    def mean(self) -> float:
        """The mean of the fresh runs alone."""
        return math.fsum(self.values) / len(self.values)

    @property
    def interval(self) -> Interval | None:
        """The interval of the mean, from two runs on; of counted rates no narrower than that of the counts."""
        if len(self.values) < 2 or self.noise is None:
            return None
        return widened(student_interval(self.values, self.floor, self.ceiling, self.noise), self.counts)


def fresh_runs(
    view: View, trial: Trial, dead: frozenset[int] = frozenset(), ranked: Sequence[Trial] | None = None
) -> Fresh | None:
    """Return the fresh runs of a ranked trial; None if there are none.

    They are complete replicates that began after it had ended, with a seed that no ranked run used, and are not part
    of the value by which it is ranked. `ranked` are the ranked trials, where they are known.
    """
    stage = stage_named(view.study, trial.stage)
    if (stage is not None and stage.seeds > 1) or trial.number in dead or trial.number not in view.replicates:
        return None
    seeds = {run.seed for run in (ranked_trials(view) if ranked is None else ranked)}
    runs = tuple(
        run
        for run in runs_of(view, trial)
        if run.replicate_of == trial.number
        and run.seed not in seeds
        and (run.started or 0.0) >= (trial.ended or 0.0)
        and run.number not in dead
    )
    if not runs:
        return None
    values = tuple(objective_value(view, run) for run in runs)
    metric = view.study.objective.metric
    ceiling = upper_bound(view, runs, metric)
    floor = 0.0 if ceiling is not None else lower_bound(metric)
    noise = _noise_of_fresh(view, trial, runs, dead)
    counts = pooled_counts(view, runs, metric)
    return Fresh(trial, runs, values, objective_value(view, trial), floor, ceiling, noise, counts)


def all_fresh(view: View, ranked: Sequence[Trial], dead: frozenset[int] = frozenset()) -> list[Fresh]:
    """Return the fresh runs of each ranked trial of the best's code that has any and keeps the conditions."""
    if len(view.study.objectives) != 1:
        return []
    alike = of_same_code(view, ranked, view.best)
    repeated = [t for t in alike if t.number in view.replicates and not violates_outcome(view, t)]
    return [fresh for trial in repeated if (fresh := fresh_runs(view, trial, dead, ranked)) is not None]


def fresh_leader(view: View, repeated: Sequence[Fresh]) -> Fresh | None:
    """Return the fresh runs with the best mean; None if there are none."""
    sign = 1 if view.study.objective.goal == "minimize" else -1
    return min(repeated, key=lambda fresh: (sign * fresh.mean, fresh.trial.number), default=None)


def leads(view: View, leader: Fresh, best: Trial, own: Fresh | None) -> bool:
    """Return whether fresh runs of another trial are better than what is known of the best one.

    That is its own fresh runs; without any the value by which it was chosen, which looks better than it is.
    """
    if leader.trial.number == best.number:
        return False
    return own is not None or view.study.objective.better(leader.mean, objective_value(view, best))


def _noise_of_fresh(
    view: View, chosen: Trial, fresh: Sequence[Trial], dead: frozenset[int]
) -> tuple[float, int] | None:
    """Return the pooled deviation and its degrees of freedom, without the run that was chosen."""
    if has_unequal_evaluations(view):
        return None
    squares, df = 0.0, 0
    for trial in of_same_code(view, ranked_trials(view), chosen):
        runs = fresh if trial.number == chosen.number else independent_runs(view, trial, dead)
        values = [objective_value(view, run) for run in runs]
        mean = math.fsum(values) / len(values)
        squares += math.fsum((value - mean) ** 2 for value in values)
        df += len(values) - 1
    return (math.sqrt(squares / df), df) if df and squares > 0 else None
