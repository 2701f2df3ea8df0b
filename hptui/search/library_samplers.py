"""The samplers that Optuna or Ax proposes for: what each is called, and what it cannot search.

Neither library is imported here, which would take seconds; the engines do that."""

from __future__ import annotations

from importlib.util import find_spec

from hptui.core.errors import Unsupported
from hptui.core.masking import mask
from hptui.core.space import Choice
from hptui.core.study import Study
from hptui.plugins import SamplerSpec

TPE = SamplerSpec(
    "tpe",
    "Tree-structured Parzen estimator: any space, any number of trials and objectives.",
    engine="hptui.search.optuna.tpe:TpeEngine",
    own_process_from=1000,
)
GP = SamplerSpec(
    "gp",
    "Gaussian process: the best settings in the fewest trials, up to 250 of them.",
    engine="hptui.search.optuna.gp:GpEngine",
    own_process_from=0,
)
QMC = SamplerSpec(
    "qmc",
    "Scrambled Sobol sequence: covers the space more evenly than chance.",
    engine="hptui.search.optuna.qmc:QmcEngine",
    asks_ahead=True,
)
NSGA2 = SamplerSpec(
    "nsga2",
    "Genetic algorithm NSGA-II: several objectives and many cheap trials.",
    engine="hptui.search.optuna.nsga2:Nsga2Engine",
    own_process_from=1000,
)


def check_cmaes(study: Study) -> None:
    """Raise for unordered choices, conditions or several objectives, which CMA-ES cannot search."""
    for parameter in study.space.parameters:
        where = f"space.{parameter.name}"
        if isinstance(parameter, Choice) and not parameter.ordinal:
            shown = mask(parameter.describe(), parameter.name)
            message = f"{where}: 'cmaes' searches numbers, and {shown} has no order"
            raise Unsupported(message, hint="tpe, gp, nsga2, qmc and ax choose between such values")
        if parameter.when is not None:
            message = f"{where}: 'cmaes' cannot search a parameter that is there only when {parameter.when.text}"
            raise Unsupported(message, hint="tpe can, and so can gp, nsga2, qmc and ax")
    if len(study.objectives) > 1:
        message = f"objective: 'cmaes' has one goal, and there are {len(study.objectives)} objectives"
        raise Unsupported(message, hint="tpe, gp, nsga2 and ax trade several against each other")


CMAES = SamplerSpec(
    "cmaes",
    "Covariance matrix adaptation: one objective over numbers, many trials.",
    engine="hptui.search.optuna.cmaes:CmaesEngine",
    check=check_cmaes,
    own_process_from=500,
)


def check_ax(study: Study) -> None:
    """Raise unless Ax is installed."""
    if find_spec("ax") is None:
        message = "search.sampler: 'ax' needs Ax, which is not installed"
        raise Unsupported(message, hint='install it with "pip install ax-platform", or let auto choose another sampler')


AX = SamplerSpec(
    "ax",
    "Ax and BoTorch: several objectives under conditions on the outcome.",
    engine="hptui.search.ax:AxEngine",
    check=check_ax,
    own_process_from=0,
)
