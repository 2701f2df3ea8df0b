"""Importance of settings for the objective: Optuna's fANOVA, or PED-ANOVA of the better half.

As a program, `python -m hptui.results.importance STUDYDIR [METHOD]` prints it as JSON; screens run it as a process to
stay responsive.

Source: fANOVA, Hutter et al., ICML 2014; PED-ANOVA, arXiv:2304.10255.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hptui.core.parameters import Choice, Float, Int, Parameter
from hptui.core.trial import Trial
from hptui.core.values import canonical_json, is_number
from hptui.results.analysis.cohort import objective_value, ranked_trials, searched_space
from hptui.results.view import View, read_view
from hptui.store.paths import StudyDir

MIN_TRIALS_FOR_IMPORTANCE = 4
"""Nothing is estimated from fewer trials."""
MIN_TRIALS_PER_SETTING = 20
"""Shares from fewer trials per setting carry a caveat."""
SEED = 0
"""Fixed, so that the same trials give the same shares."""
MAX_TRIALS_FOR_IMPORTANCE = 200
"""Trials used of a larger study, evenly sampled: the forest's time grows with them, its result hardly changes."""


@dataclass(frozen=True, slots=True)
class Importance:
    """Shares of the variation by setting, largest first; they sum to 1. `caveat` limits their reliability."""

    method: str
    shares: dict[str, float]
    trials: tuple[int, ...]
    caveat: str = ""


def importance(view: View, method: str = "fanova") -> Importance | None:
    """Return the importance of settings over the ranked trials; None if it cannot be estimated."""
    trials = ranked_trials(view)
    if len(trials) > MAX_TRIALS_FOR_IMPORTANCE:
        trials = [
            trials[round(n * (len(trials) - 1) / (MAX_TRIALS_FOR_IMPORTANCE - 1))]
            for n in range(MAX_TRIALS_FOR_IMPORTANCE)
        ]
    parameters = [parameter for parameter in searched_space(view).parameters if _is_varied(view, parameter, trials)]
    values = {objective_value(view, trial) for trial in trials}
    if len(trials) < MIN_TRIALS_FOR_IMPORTANCE or len(values) < 2 or not parameters:
        return None
    shares = _shares(view, trials, parameters, method)
    if shares is None or not all(map(math.isfinite, shares.values())):
        return None
    is_rough = len(trials) < MIN_TRIALS_PER_SETTING * len(parameters)
    caveat = (
        "few trials for so many settings: a rough guess"
        if is_rough and len(parameters) > 1
        else "few trials"
        if is_rough
        else ""
    )
    order = dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))
    return Importance(method, order, tuple(trial.number for trial in trials), caveat)


def _is_varied(view: View, parameter: Parameter, trials: Sequence[Trial]) -> bool:
    """Return whether all trials have a value of the parameter, and not always the same."""
    values = [view.settings(trial).get(parameter.name) for trial in trials]
    if not isinstance(parameter, Choice) and not all(map(is_number, values)):
        return False
    return len({canonical_json(value) for value in values}) > 1


def _shares(
    view: View, trials: Sequence[Trial], parameters: Sequence[Parameter], method: str
) -> dict[str, float] | None:
    import optuna
    from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    direction = "maximize" if view.study.objective.goal == "maximize" else "minimize"
    study = optuna.create_study(direction=direction)
    columns = {
        parameter.name: [view.settings(trial).get(parameter.name) for trial in trials] for parameter in parameters
    }
    spaces = {parameter.name: _distribution(parameter, columns[parameter.name]) for parameter in parameters}
    for index, trial in enumerate(trials):
        params = {parameter.name: _optuna_value(parameter, columns[parameter.name][index]) for parameter in parameters}
        study.add_trial(
            optuna.trial.create_trial(params=params, distributions=spaces, value=objective_value(view, trial))
        )
    evaluator: Any = FanovaImportanceEvaluator(seed=SEED) if method == "fanova" else PedAnovaImportanceEvaluator()
    # Optuna warns that PED-ANOVA is experimental.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            importances = evaluator.evaluate(study, params=[parameter.name for parameter in parameters])
        # Optuna raises these when it considers the trials insufficient.
        except (ValueError, RuntimeError):
            return None
    total = math.fsum(importances.values())
    return {name: float(share) / total for name, share in importances.items()} if total > 0 else None


def _distribution(parameter: Parameter, values: Sequence[Any]) -> Any:
    """Return the range of the space, extended to the values that were run: a listed trial may lie outside."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if isinstance(parameter, Choice):
        return CategoricalDistribution(sorted({canonical_json(value) for value in (*parameter.choices, *values)}))
    numbers = [float(value) for value in values]
    low, high = min([parameter.low, *numbers]), max([parameter.high, *numbers])
    return FloatDistribution(low, high, log=parameter.log and low > 0)


def _optuna_value(parameter: Float | Int | Choice, value: Any) -> Any:
    return canonical_json(value) if isinstance(parameter, Choice) else float(value)


def main(argv: Sequence[str]) -> int:
    """Print the importance of the settings of a study directory as JSON."""
    method = argv[1] if len(argv) > 1 else "fanova"
    result = importance(read_view(StudyDir(Path(argv[0]))), method)
    print(json.dumps(None if result is None else asdict(result)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
