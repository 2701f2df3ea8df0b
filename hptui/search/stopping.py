"""Stop rules for a trial, and when a whole study has done enough: pure functions of what is recorded.

`[search] stop` ends one trial by its own metrics, whatever the others do; the baseline is spared by the caller, as with
pruners. `outcome_margins` and `satisfies` say what `[search] outcome` makes of a trial.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hptui.model.errors import ExpressionError
from hptui.model.naming import by_identifier
from hptui.model.outcome import hypervolumes, in_order, outcome_margins, point, satisfies, usable
from hptui.model.pareto import Point, dominates
from hptui.model.study import StopRule, Study
from hptui.model.trial import Role, Trial, TrialStatus

__all__ = ["broken", "why", "unmet", "until_reached", "outcome_margins", "satisfies", "usable", "hypervolumes"]

CLOSE = 1e-9
"""Progress is a quotient: 0.1 has been reached at 0.1, however that was computed."""

# -- one trial


def broken(rules: Sequence[StopRule], progress: float | None, metrics: Mapping[str, float]) -> StopRule | None:
    """The first rule that says to stop a trial that has shown these metrics (their last values) by `progress`.

    Asked at every report, so that a rule is tried at its `after` and from then on. One that cannot be worked out, for
    want of a value or of progress, stops nobody.
    """
    values = by_identifier(metrics)
    for rule in rules:
        due = rule.after == 0 or (progress is not None and progress >= rule.after - CLOSE)
        if due and rule.when.names <= values.keys() and _holds(rule, values):
            return rule
    return None


def _holds(rule: StopRule, values: Mapping[str, float]) -> bool:
    try:
        return rule.when.holds(values)
    except ExpressionError:
        return False


def why(rule: StopRule, progress: float | None, metrics: Mapping[str, float]) -> str:
    """The reason, for the person whose trial it is: what was seen, and when."""
    values = by_identifier(metrics)
    seen = " and ".join(f"{name} is {values[name]:.6g}" for name in sorted(rule.when.names) if name in values)
    when = "" if progress is None else f" at {100 * progress:.0f} % of training"
    return f"stop rule {rule}: {seen}{when}"


def unmet(rule: StopRule, metrics: Mapping[str, float]) -> tuple[str, ...]:
    """The names in a rule that no metric has given a value: while there are any, it cannot be tried."""
    return tuple(sorted(rule.when.names - by_identifier(metrics).keys()))


# -- the whole study


def until_reached(study: Study, trials: Sequence[Trial], seconds: float) -> str:
    """Why the study has done enough, as `[search] until` has it after `seconds` of activity; '' while it has not."""
    return over(study, trials, seconds) or stagnant(study, trials)


def over(study: Study, trials: Sequence[Trial], seconds: float) -> str:
    """Why a whole study is over, whatever its stages: its hours have passed, or its target has been reached."""
    return _over_time(study, seconds) or _on_target(study, trials)


def _over_time(study: Study, seconds: float) -> str:
    hours = study.search.until.hours
    return f"the {hours:g} hours of `until` are over" if hours is not None and seconds >= hours * 3600 else ""


def _on_target(study: Study, trials: Sequence[Trial]) -> str:
    """Whether a trial of this study (not an imported one) is as good as the target, and keeps `outcome`."""
    target, objective = study.search.until.target, study.objective
    if target is None or len(study.objectives) > 1:
        return ""
    for trial in in_order(trials):
        value = (trial.values or {}).get(objective.metric)
        if value is None or trial.role is Role.IMPORTED or not usable(study, trial):
            continue
        if not objective.better(target, value):
            return f"trial {trial.number} reached the target: {objective.metric} {value:.6g}, wanted {target:g}"
    return ""


def stagnant(study: Study, trials: Sequence[Trial]) -> str:
    """Whether so many complete trials of the search in a row have left the best (or the Pareto set) as it was.

    Where there are stages, this ends the search of one. A hand-made trial, the baseline or an imported one may be the
    best, but does not count; a replicate is neither.
    """
    patience = study.search.until.no_improvement
    best, since = _stagnation(study, trials)
    if patience is None or best is None or since < patience:
        return ""
    if len(study.objectives) > 1:
        return f"the last {since} trials added nothing to the Pareto set"
    metric = study.objective.metric
    value = (best.values or {})[metric]
    return f"no improvement in {since} trials on trial {best.number} ({metric} {value:.6g})"


def _stagnation(study: Study, trials: Sequence[Trial]) -> tuple[Trial | None, int]:
    """The trial that last improved on all before it, and how many of the search have completed since."""
    best, since = None, 0
    front: list[Point] = []
    for trial in in_order(trials):
        if trial.status is not TrialStatus.COMPLETE or trial.role is Role.REPLICATE or trial.continued:
            continue
        own = point(study, trial) if usable(study, trial) else None
        if own is not None and not any(other == own or dominates(other, own) for other in front):
            front = [other for other in front if not dominates(own, other)] + [own]
            best, since = trial, 0
        elif trial.role is Role.SEARCH:
            since += 1
    return best, since
