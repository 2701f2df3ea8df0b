"""Stop rules for a trial, stopping conditions of a whole study, and warnings about recorded trials.

All are pure functions of what is recorded. The caller exempts the baseline from stop rules, as with pruners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hptui.core.errors import ExpressionError
from hptui.core.metric_names import by_identifier, metric_named
from hptui.core.ranking import (
    ObjectivePoint,
    dominates,
    hypervolumes,
    in_order_of_end,
    is_usable,
    meets_outcome,
    objective_point,
    outcome_margins,
)
from hptui.core.space import configuration_key
from hptui.core.study import StopRule, Study
from hptui.core.trial import Role, Trial, TrialStatus

__all__ = [
    "first_broken_rule",
    "explain_rule",
    "unreported_names",
    "until_reached",
    "outcome_margins",
    "meets_outcome",
    "is_usable",
    "hypervolumes",
]

PROGRESS_TOLERANCE = 1e-9
"""Tolerance of comparisons of progress, which is a quotient: 0.1 counts as reached despite rounding."""

# -- one trial


def first_broken_rule(
    rules: Sequence[StopRule], metrics: Mapping[str, float], progress: Mapping[str, float]
) -> StopRule | None:
    """Return the first rule that a trial's last values of its metrics break; None if it may go on.

    `progress` is by metric the share of the training at which it had its last value: a rule waits for values that
    were measured at its `after` or later, however far the training is. A rule that cannot be evaluated, for lack of a
    value or of progress, stops no trial.
    """
    values = by_identifier(metrics)
    for rule in rules:
        measured_at = _measured_at(rule, metrics, progress)
        due = rule.after == 0 or (measured_at is not None and measured_at >= rule.after - PROGRESS_TOLERANCE)
        if due and rule.when.names <= values.keys() and _holds(rule, values):
            return rule
    return None


def _holds(rule: StopRule, values: Mapping[str, float]) -> bool:
    try:
        return rule.when.holds(values)
    except ExpressionError:
        return False


def _measured_at(rule: StopRule, metrics: Mapping[str, float], progress: Mapping[str, float]) -> float | None:
    """Return the progress at which the oldest value that a rule uses was measured; None if one is unknown."""
    known = [progress.get(metric_named(name, metrics) or "") for name in rule.when.names]
    shares = [share for share in known if share is not None]
    return min(shares) if shares and len(shares) == len(known) else None


def explain_rule(rule: StopRule, metrics: Mapping[str, float], progress: Mapping[str, float]) -> str:
    """Return the reason for stopping a trial: the values that broke the rule, and the progress there.

    Of values that were measured at different moments it is the progress of the oldest.
    """
    values = by_identifier(metrics)
    shown = " and ".join(f"{name} is {values[name]:.6g}" for name in sorted(rule.when.names) if name in values)
    measured_at = _measured_at(rule, metrics, progress)
    when = "" if measured_at is None else f" at {100 * measured_at:.0f} % of training"
    return f"stop rule {rule}: {shown}{when}"


def unreported_names(rule: StopRule, metrics: Mapping[str, float]) -> tuple[str, ...]:
    """Return the names in a rule for which no metric has a value: until all have, it is not tried."""
    return tuple(sorted(rule.when.names - by_identifier(metrics).keys()))


# -- the whole study


def until_reached(study: Study, trials: Sequence[Trial], seconds: float) -> str:
    """Return the reason why `[search] until` ends the study; '' while it does not.

    `seconds`: how long the study has been active.
    """
    return study_is_over(study, trials, seconds) or no_improvement(study, trials)


def study_is_over(study: Study, trials: Sequence[Trial], seconds: float) -> str:
    """Return the reason why a study is over, whatever its stages; '' while it is not.

    Its hours have passed, or its target has been reached.
    """
    return _hours_reason(study, seconds) or _target_reason(study, trials)


def _hours_reason(study: Study, seconds: float) -> str:
    hours = study.search.until.hours
    return f"the {hours:g} hours of `until` are over" if hours is not None and seconds >= hours * 3600 else ""


def _target_reason(study: Study, trials: Sequence[Trial]) -> str:
    """Return the reason when a usable trial has reached the target; else ''.

    Imported trials do not count.
    """
    target, objective = study.search.until.target, study.objective
    if target is None or len(study.objectives) > 1:
        return ""
    for trial in in_order_of_end(trials):
        value = (trial.values or {}).get(objective.metric)
        if value is None or trial.role is Role.IMPORTED or not is_usable(study, trial):
            continue
        if not objective.better(target, value):
            return f"trial {trial.number} reached the target: {objective.metric} {value:.6g}, wanted {target:g}"
    return ""


def no_improvement(study: Study, trials: Sequence[Trial]) -> str:
    """Return the reason when the last complete trials did not improve the best or Pareto set; else ''.

    Where there are stages, this ends the search of one. Hand-made trials, the baseline and imported ones can be the
    best, but are not counted; replicates are neither.
    """
    limit = study.search.until.no_improvement
    if limit is None:  # before anything is sorted: it is asked at every decision
        return ""
    best, since = _last_improvement(study, trials)
    if best is None or since < limit:
        return ""
    if len(study.objectives) > 1:
        return f"the last {since} trials added nothing to the Pareto set"
    metric = study.objective.metric
    value = (best.values or {})[metric]
    return f"no improvement in {since} trials on trial {best.number} ({metric} {value:.6g})"


def _last_improvement(study: Study, trials: Sequence[Trial]) -> tuple[Trial | None, int]:
    """Return the trial that last improved on all before it, and the search trials completed since."""
    best, since = None, 0
    front: list[ObjectivePoint] = []
    for trial in in_order_of_end(trials):
        if trial.status is not TrialStatus.COMPLETE or trial.role is Role.REPLICATE or trial.continued_from:
            continue
        values = objective_point(study, trial) if is_usable(study, trial) else None
        if values is not None and not any(other == values or dominates(other, values) for other in front):
            front = [other for other in front if not dominates(values, other)] + [values]
            best, since = trial, 0
        elif trial.role is Role.SEARCH:
            since += 1
    return best, since


MIN_CONFIGURATIONS = 4
"""Different configurations with one value that are no coincidence."""
MAX_CHECKED_TRIALS = 50
"""Complete trials beyond which the check is skipped: by then the warning was shown, or does not apply."""


def constant_objective_warning(study: Study, trials: Sequence[Trial]) -> str:
    """Return a warning when every configuration has the same value of an objective; else ''.

    Nothing can be optimized there.
    """
    complete = [trial for trial in trials if trial.status is TrialStatus.COMPLETE and trial.values]
    if (
        len(complete) > MAX_CHECKED_TRIALS
        or len({configuration_key(trial.params) for trial in complete}) < MIN_CONFIGURATIONS
    ):
        return ""
    for objective in study.objectives:
        values = {(trial.values or {}).get(objective.metric) for trial in complete}
        if len(values) == 1 and (value := values.pop()) is not None:
            meaning = "either nothing that is searched has an influence on it, or it does not measure what it should"
            return f"{objective.metric} is {value:.6g} in all of {len(complete)} trials: {meaning}"
    return ""
