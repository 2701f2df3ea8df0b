"""The diagnosis of a trial from its curves and the way it ended, with changes of its settings that may help.

`diagnose` reads nothing but the given curves; `diagnose_trials` reads them from the store."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from hptui.core.command_settings import COMMAND_KIND
from hptui.core.format import memory, visible_metrics
from hptui.core.trial import Reason, Trial, TrialStatus
from hptui.results import suggestions as remedies
from hptui.results.analysis.comparable import cohort_of
from hptui.results.analysis.turn import LONG_CURVE
from hptui.results.facts import Fact, Name, line
from hptui.results.learning import (
    Curves,
    Diagnosis,
    Pools,
    TrialFacts,
    diagnose_learning,
    exploded,
    learning_curve,
    overfitting,
    scatter_pools,
)
from hptui.results.roles import goal_of, training_and_validation
from hptui.results.view import View
from hptui.store.reader import StoreReader

__all__ = [
    "Curves",
    "Diagnosis",
    "curves_for_diagnosis",
    "diagnose",
    "diagnose_trials",
    "read_scatter_pools",
    "scatter_pools",
]


def diagnose(view: View, trial: Trial, curves: Curves, pools: Pools | None = None) -> Diagnosis:
    """Return the diagnosis of one trial. The reason of a failure takes precedence over its curves.

    `pools` is the scatter of all comparable curves, by which short curves are judged.
    """
    facts = TrialFacts(trial.number, has_ended=not trial.status.open)
    suggestions = remedies.SuggestionRules(view, trial)
    if trial.reason in (Reason.OOM, Reason.HOST_OOM):
        device = "the GPU" if trial.reason is Reason.OOM else "the machine"
        peak = {} if trial.peak_memory_gb is None else {"peak_memory_gb": trial.peak_memory_gb}
        # Of a script nobody else saw it, unless the kernel killed it.
        by_output = view.study.trainer.kind == COMMAND_KIND and not trial.message.startswith("killed by the kernel")
        message = line(
            f"its output says that {device} ran out of memory" if by_output else f"{device} ran out of memory"
        )
        if trial.peak_memory_gb is not None:
            gb, key = trial.peak_memory_gb, f"trial.{trial.number}.diagnosis.peak_memory_gb"
            message += line(
                "; the peak that was measured of its processes is {gb}", gb=Fact(key, gb, memory(gb), (trial.number,))
            )
        return Diagnosis("oom", message, peak, suggestions.oom())
    objective = next((goal.metric for goal in view.study.objectives), "")
    if (diagnosis := _nonfinite(trial, objective, curves, facts, suggestions)) is not None:
        return diagnosis
    matches = {name: learning_curve(view, name, points, pools or {}) for name, points in curves.items()}
    matches = {name: curve for name, curve in matches.items() if curve.values}
    train_metric, val_metric = training_and_validation(objective, matches)
    falling = [
        name
        for name in dict.fromkeys((train_metric, val_metric, objective))
        if name in matches and goal_of(view.study, str(name)) == "minimize"
    ]
    # What only the validation metric did after it had been low is overfitting, however far it rose.
    overfit = overfitting(matches, (train_metric, val_metric), facts, suggestions)
    if overfit is not None and trial.status is not TrialStatus.FAILED:
        return overfit
    for name in falling:
        if (diagnosis := exploded(matches[str(name)], facts, suggestions)) is not None:
            return diagnosis
    if trial.status is TrialStatus.FAILED:
        return Diagnosis("failed", line("failed ({why})", why=Name(str(trial.reason or "unknown"))))
    return diagnose_learning(view, trial, matches, (train_metric, val_metric), facts, suggestions)


def _nonfinite(
    trial: Trial, objective: str, curves: Curves, facts: TrialFacts, suggestions: remedies.SuggestionRules
) -> Diagnosis | None:
    """Return the diagnosis of a trial with a value that is no number; None if all are finite."""
    steps = {
        name: next((point[0] for point in curves[name] if not math.isfinite(point[1])), None)
        for name in [objective, *curves]
        if name in curves
    }
    name = next((name for name, step in steps.items() if step is not None), None)
    if trial.reason is not Reason.NAN and name is None:
        return None
    if name is None or (step := steps[name]) is None:
        return Diagnosis("nan", line("a value became NaN or infinite"), {}, suggestions.nan())
    message = line("{metric} became NaN or infinite at step {step}", metric=Name(name), step=facts.fact("step", step))
    return Diagnosis("nan", message, {"step": step}, suggestions.nan())


MAX_DIAGNOSED_METRICS = 12
"""Number of metrics of a trial that are examined, the objectives first."""
MAX_DIAGNOSED_POINTS = 2000
"""A longer curve is reduced to the means of this number of stretches."""
MAX_POOLED_TRIALS = 40
"""Number of trials whose short curves are read for their common scatter."""


def diagnose_trials(view: View, reader: StoreReader, trials: Iterable[Trial]) -> Iterator[tuple[Trial, Diagnosis]]:
    """Yield the diagnosis of each trial, one at a time."""
    pools = read_scatter_pools(view, reader)
    for trial in trials:
        yield trial, diagnose(view, trial, curves_for_diagnosis(view, reader, trial), pools)


def read_scatter_pools(view: View, reader: StoreReader) -> Pools:
    """Return the scatter of each metric that has short curves, over complete trials."""
    curves: dict[int, dict[str, Sequence[tuple[int, float, float]]]] = {}
    complete = [trial for trial in cohort_of(view).trials if trial.status is TrialStatus.COMPLETE]
    for trial in complete[:MAX_POOLED_TRIALS]:
        summaries = reader.metric_summaries(trial.number)
        names = _examined(view, summaries)
        curves[trial.number] = {
            name: reader.curve(trial.number, name) for name in names if summaries[name].n < LONG_CURVE
        }
    return scatter_pools(view, curves)


def _examined(view: View, names: Iterable[str]) -> list[str]:
    objectives = [objective.metric for objective in view.study.objectives]
    return sorted(visible_metrics(names), key=lambda name: name not in objectives)[:MAX_DIAGNOSED_METRICS]


def curves_for_diagnosis(view: View, reader: StoreReader, trial: Trial) -> Curves:
    """Return the curves of a trial that `diagnose` examines."""
    summaries = reader.metric_summaries(trial.number)
    return {name: _curve(reader, trial.number, name, summaries[name].n) for name in _examined(view, summaries)}


def _curve(reader: StoreReader, trial: int, name: str, count: int) -> list[tuple[int, float, float]]:
    if count <= MAX_DIAGNOSED_POINTS:
        return reader.curve(trial, name)
    stretches = reader.buckets(trial, name, MAX_DIAGNOSED_POINTS)
    return [(bucket.last, float("nan") if bucket.mean is None else bucket.mean, 0.0) for bucket in stretches]
