"""Pruners, which stop a trial that does worse than the others did at the same share of their training.

Trials are compared on a progress axis, 0 to 1, never on raw steps: two trials whose batch sizes differ report at steps
that never coincide. The metrics are recorded ones, so pruning works for every engine, and a verdict can be replayed.

Which trials may be pruned at all (the baseline and hand-picked ones may not) is decided by the caller.
"""

from hptui.search.pruners.base import KEEP, MultiObjectivePruner, ProgressCurve, Pruner, Verdict, best_at
from hptui.search.pruners.factory import counts_reports, make_pruner, pruner_for, pruner_settings
from hptui.search.pruners.halving import AshaPruner, HyperbandPruner, WandbHyperbandPruner
from hptui.search.pruners.rules import MedianPruner, PatientPruner, PercentilePruner, ThresholdPruner

__all__ = [
    "ProgressCurve",
    "Verdict",
    "KEEP",
    "Pruner",
    "MultiObjectivePruner",
    "make_pruner",
    "pruner_for",
    "pruner_settings",
    "counts_reports",
    "MedianPruner",
    "PercentilePruner",
    "AshaPruner",
    "WandbHyperbandPruner",
    "HyperbandPruner",
    "PatientPruner",
    "ThresholdPruner",
    "best_at",
]
