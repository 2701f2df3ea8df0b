"""Whether all trials were measured by as large an evaluation: where not, one noise is not that of all."""

from __future__ import annotations

import math

from hptui.core.format import TOTAL_SUFFIX
from hptui.core.trial import Role, Trial
from hptui.results.analysis.cohort import has_finite_values
from hptui.results.roles import SETTING_NAMES
from hptui.results.view import View


def has_unequal_evaluations(view: View) -> bool:
    """Return whether complete trials are known to have had evaluations of different sizes.

    The size is the number of questions behind the objective, or what a setting says of it.
    """
    if "evaluations" not in view.memo:
        own = [trial for trial in view.trials if has_finite_values(view, trial) and not trial.is_uninformative]
        metric = view.study.objective.metric
        totals = (trial.metrics.get(metric + TOTAL_SUFFIX) for trial in own)
        counts = {total for total in totals if total and math.isfinite(total)}
        view.memo["evaluations"] = len(counts) > 1 or len({_sizes(view, trial) for trial in own}) > 1
    return bool(view.memo["evaluations"])


def declared_samples(view: View, trial: Trial, metric: str) -> int | None:
    """Return `samples` of an objective, the number of questions, where it holds for a trial.

    Not of an imported trial, which another program measured. Where a setting says that trials had evaluations of
    different sizes, it is that of the trials whose setting is this number.
    """
    samples = next((objective.samples for objective in view.study.objectives if objective.metric == metric), None)
    if not samples or trial.role is Role.IMPORTED:
        return None
    if "sizes" not in view.memo:
        own = [other for other in view.trials if not other.is_uninformative and other.role is not Role.IMPORTED]
        view.memo["sizes"] = len({_sizes(view, other) for other in own}) > 1
    if view.memo["sizes"] and repr(samples) not in _sizes(view, trial):
        return None
    return samples


def _sizes(view: View, trial: Trial) -> tuple[str, ...]:
    settings = view.settings(trial)
    return tuple(repr(settings.get(name)) for name in SETTING_NAMES["evaluation"] if name in settings)
