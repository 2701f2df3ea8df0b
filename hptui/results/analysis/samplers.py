"""Which samplers choose by the values of earlier trials, and which trials were chosen so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from hptui.core import laws
from hptui.core.stages import as_stage, stage_named
from hptui.core.study import Study
from hptui.core.trial import Reason, Role, Trial, TrialStatus
from hptui.results.view import View

SAMPLERS_WITHOUT_MEMORY = ("random", "grid", "qmc", "sobol", "list")
"""Samplers that choose no trial by the values of earlier ones."""
STARTUP_TRIALS: Mapping[str, int] = {"tpe": 5, "gp": 4, "cmaes": 1, "nsga2": 10}
"""Trials that have ended before a sampler uses values; one that is not named needs one."""
STARTUP_AFTER_LAW = 2
"""That number of `gp` where a law has placed a trial."""
INFORMATIVE_REASONS = (Reason.OOM, Reason.HOST_OOM, Reason.NAN, Reason.TIMEOUT)
"""Ends of failed trials that a search learns from."""


def sampler_of(engine: str) -> str:
    """Return the sampler of an engine, which is recorded with its library: `optuna 5.0.0 tpe`, `ax 1.1.0`."""
    words = engine.split()
    return words[-1] if words[0] == "optuna" else words[0]


def own_sampler(study: Study, trial: Trial) -> str:
    """Return the sampler that proposed a trial: as recorded, else that of its stage."""
    return sampler_of(trial.engine or as_stage(study, stage_named(study, trial.stage)).search.sampler)


def uses_values(study: Study, proposed: Sequence[Trial], stage: str = "") -> bool:
    """Return whether anything was proposed by values, or would be by the sampler of a stage."""
    planned = as_stage(study, stage_named(study, stage)).search.sampler
    samplers = {own_sampler(study, trial) for trial in proposed} or {planned}
    return not samplers <= set(SAMPLERS_WITHOUT_MEMORY)


def proposed_since(proposed: Sequence[Trial], imported: Sequence[int]) -> list[Trial] | None:
    """Return the proposals since an import that came after others; None where it came before all of them."""
    if not imported or all(trial.number > max(imported) for trial in proposed):
        return None
    return [trial for trial in proposed if trial.number > max(imported)]


def chosen_by_values(
    view: View, trials: Sequence[Trial], knowledge: Mapping[str, Sequence[Mapping[str, Any]]] = MappingProxyType({})
) -> list[Trial]:
    """Return which of several trials a search chose by the values of earlier ones.

    The first ones of a search that learns are drawn without values. `knowledge` is what it knew of other studies, too.
    """
    prior = sum(int(source["heard"]) for sources in knowledge.values() for source in sources if "study" in source)
    learning = [
        trial
        for trial in trials
        if trial.role is Role.SEARCH and own_sampler(view.study, trial) not in SAMPLERS_WITHOUT_MEMORY
    ]
    known = [trial for trial in view.trials if _is_learned_from(trial)]
    return [trial for trial in learning if prior + _ended_before(trial, known) >= _needed(view, trial)]


def _is_learned_from(trial: Trial) -> bool:
    if trial.is_uninformative:
        return False
    return trial.status in (TrialStatus.COMPLETE, TrialStatus.PRUNED) or trial.reason in INFORMATIVE_REASONS


def _needed(view: View, trial: Trial) -> int:
    sampler = own_sampler(view.study, trial)
    if sampler == "gp" and any(other.engine == laws.ENGINE for other in view.trials):
        return STARTUP_AFTER_LAW
    return STARTUP_TRIALS.get(sampler, 1)


def _ended_before(trial: Trial, others: Sequence[Trial]) -> int:
    """Return how many of the trials were known when one began: had ended, or had been imported before it."""
    began = trial.started if trial.started is not None else trial.created
    return sum(
        other.number < trial.number
        if other.role is Role.IMPORTED
        else other.number != trial.number and (other.ended or 0.0) <= began
        for other in others
    )
