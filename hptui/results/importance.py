"""How much of the objective's variation each setting explains: Optuna's fANOVA, or PED-ANOVA of the better half.

As a program, `python -m hptui.results.importance STUDYDIR` prints it as JSON, for a screen that must not wait.
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

from hptui.model.parameters import Choice, Float, Int, Parameter
from hptui.model.trial import Trial
from hptui.model.values import canonical, is_number
from hptui.results.analysis.cohort import ranked, searched, value_of
from hptui.results.view import View

LEAST = 4
"""Fewer trials than these say nothing."""
FEW = 20
"""From fewer than these per setting the shares are a rough guess, and said to be."""
SEED = 0
MOST = 200
"""As many trials, evenly taken, are looked at: the forest's time grows with them, its answer does not change."""


@dataclass(frozen=True, slots=True)
class Importance:
    """Shares of the variation by setting, the largest first; they sum to 1. `caveat` says why to doubt them."""

    method: str
    shares: dict[str, float]
    trials: tuple[int, ...]
    caveat: str = ""


def importance(view: View, method: str = "fanova") -> Importance | None:
    """Over the ranked trials and the settings that were searched; None where nothing can be said."""
    trials = ranked(view)
    if len(trials) > MOST:
        trials = [trials[round(n * (len(trials) - 1) / (MOST - 1))] for n in range(MOST)]
    names = [p for p in searched(view).parameters if _spread(view, p, trials)]
    values = {value_of(view, trial) for trial in trials}
    if len(trials) < LEAST or len(values) < 2 or not names:
        return None
    shares = _shares(view, trials, names, method)
    if shares is None or not all(map(math.isfinite, shares.values())):
        return None
    few = len(trials) < FEW * len(names)
    caveat = "few trials for so many settings: a rough guess" if few and len(names) > 1 else "few trials" if few else ""
    order = dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))
    return Importance(method, order, tuple(trial.number for trial in trials), caveat)


def _spread(view: View, parameter: Parameter, trials: Sequence[Trial]) -> bool:
    """Whether all trials have a value of it, within its range or not, and not always the same."""
    values = [view.settings(trial).get(parameter.name) for trial in trials]
    if not isinstance(parameter, Choice) and not all(map(is_number, values)):
        return False
    return len({canonical(value) for value in values}) > 1


def _shares(
    view: View, trials: Sequence[Trial], parameters: Sequence[Parameter], method: str
) -> dict[str, float] | None:
    import optuna
    from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    direction = "maximize" if view.study.objective.goal == "maximize" else "minimize"
    study = optuna.create_study(direction=direction)
    columns = {one.name: [view.settings(trial).get(one.name) for trial in trials] for one in parameters}
    spaces = {one.name: _distribution(one, columns[one.name]) for one in parameters}
    for index, trial in enumerate(trials):
        params = {one.name: _cell(one, columns[one.name][index]) for one in parameters}
        study.add_trial(optuna.trial.create_trial(params=params, distributions=spaces, value=value_of(view, trial)))
    evaluator: Any = FanovaImportanceEvaluator(seed=SEED) if method == "fanova" else PedAnovaImportanceEvaluator()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = evaluator.evaluate(study, params=[one.name for one in parameters])
        except (ValueError, RuntimeError):  # it has its own ideas of what is too little
            return None
    total = math.fsum(found.values())
    return {name: float(share) / total for name, share in found.items()} if total > 0 else None


def _distribution(parameter: Parameter, values: Sequence[Any]) -> Any:
    """The range of the space, widened to what was tried: a listed trial may lie outside."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if isinstance(parameter, Choice):
        return CategoricalDistribution(sorted({canonical(value) for value in (*parameter.choices, *values)}))
    numbers = [float(value) for value in values]
    low, high = min([parameter.low, *numbers]), max([parameter.high, *numbers])
    return FloatDistribution(low, high, log=parameter.log and low > 0)


def _cell(parameter: Float | Int | Choice, value: Any) -> Any:
    return canonical(value) if isinstance(parameter, Choice) else float(value)


def main(argv: Sequence[str]) -> int:
    """Print the importance of the settings of the study in a directory."""
    from hptui.results.view import look
    from hptui.storage.paths import StudyDir

    method = argv[1] if len(argv) > 1 else "fanova"
    found = importance(look(StudyDir(Path(argv[0]))), method)
    print(json.dumps(None if found is None else asdict(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
