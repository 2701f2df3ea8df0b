"""Whether all trials were measured by as large an evaluation: where not, one noise is not that of all."""

from __future__ import annotations

import math

from hptui.core.format import TOTAL_SUFFIX
from hptui.core.trial import Trial
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


def _sizes(view: View, trial: Trial) -> tuple[str, ...]:
    settings = view.settings(trial)
    return tuple(repr(settings.get(name)) for name in SETTING_NAMES["evaluation"] if name in settings)
