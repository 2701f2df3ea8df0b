"""Makes the pruner that `[search] pruner` names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hptui.core.errors import StudyError, did_you_mean
from hptui.core.study import Objective, PrunerSpec
from hptui.search.pruners.base import MultiObjectivePruner, Pruner
from hptui.search.pruners.halving import AshaPruner, HyperbandPruner, WandbHyperbandPruner
from hptui.search.pruners.rules import MedianPruner, PatientPruner, PercentilePruner, ThresholdPruner

PRUNER_KINDS = ("none", "median", "percentile", "asha", "hyperband", "patient", "threshold", "bands")
"""Allowed values of `[search] pruner`."""


def make_pruner(spec: PrunerSpec, objectives: Sequence[Objective]) -> MultiObjectivePruner | None:
    """Return the pruner of a study; None for `none`. With `on`, that objective decides alone.

    Raises: StudyError for an unknown kind or objective.
    """
    selected = [objective for objective in objectives if spec.on in ("", objective.metric)]
    if not selected:
        metrics = [objective.metric for objective in objectives]
        raise StudyError(
            "is no objective", where="search.pruner.on", value=spec.on, hint=did_you_mean(spec.on, metrics)
        )
    pruners = [(objective, pruner_for(spec, objective)) for objective in selected]
    return (
        MultiObjectivePruner(tuple((objective, pruner) for objective, pruner in pruners if pruner))
        if pruners[0][1]
        else None
    )


def pruner_for(spec: PrunerSpec, objective: Objective) -> Pruner | None:
    """Return the pruner over one objective; None for `none`. Raises: StudyError for an unknown kind."""
    match spec.kind:
        case "none":
            return None
        case "median":
            return MedianPruner(objective, spec.warmup, spec.startup)
        case "percentile":
            return PercentilePruner(objective, spec.warmup, spec.startup, spec.percentile)
        case "asha":
            return AshaPruner(objective, spec.warmup, spec.startup, int(spec.eta))
        case "hyperband":
            return HyperbandPruner(objective, spec.warmup, spec.startup, int(spec.eta))
        case "patient":
            inner = pruner_for(replace(spec, kind=spec.wraps), objective)
            return PatientPruner(objective, spec.warmup, spec.patience, spec.min_delta, inner)
        case "threshold":
            return ThresholdPruner(objective, spec.warmup, spec.low, spec.high)
        case "bands":
            return WandbHyperbandPruner(objective, spec.bands, spec.eta, spec.strict)
        case other:
            raise StudyError(
                "there is no such pruner",
                where="search.pruner.kind",
                value=other,
                hint=did_you_mean(other, PRUNER_KINDS),
            )
