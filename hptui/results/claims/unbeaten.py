"""That no trial was better than the baseline: of which trials that is known, and whether by its ranked run alone."""

from __future__ import annotations

from hptui.core.trial import Role, Trial, TrialStatus
from hptui.results.analysis.cohort import has_finite_values, objective_value, same_configuration, violates_outcome
from hptui.results.analysis.comparable import barriers
from hptui.results.analysis.fresh import mean_of_runs
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Line, line


def unbeaten(facts: FactWriter, baseline: Trial) -> Line:
    """Return that no trial was better than the baseline.

    Where it ran several times its ranked run is the best of what was ranked, and so likely to be a lucky one: then the
    trials that are better than the mean of its runs are counted.
    """
    who, goal = none_better(facts, baseline), facts.study.objective
    mean, runs = mean_of_runs(facts.view, baseline, facts.data.dead)
    if len(runs) < 2 or not goal.better(objective_value(facts.view, baseline), mean):
        return (f"{who} was better than the baseline",)
    better = [
        trial
        for trial in facts.data.candidates
        if goal.better(objective_value(facts.view, trial), mean)
        and trial.number != baseline.number
        and not same_configuration(facts.view, baseline, [trial])
        and not barriers(facts.view, baseline, trial)
    ]
    key, metric = f"baseline.{baseline.number}.mean", facts.data.metric
    return line(
        "{who} was better than the ranked run of the baseline; {n} {was} better than the mean of its {k} runs, {mean}",
        who=who,
        n=facts.count(f"{key}.better", better) if better else "none",
        was="were" if len(better) > 1 else "was",
        k=facts.count(f"{key}.n", runs),
        mean=facts.of_metric(key, metric, mean, runs, f"values.{metric}"),
    )


def none_better(facts: FactWriter, baseline: Trial) -> str:
    """Return `no trial`, or `no ranked trial` where one that is not ranked is better than the baseline."""
    goals, own = facts.study.objectives, baseline.values or {}
    better = [
        trial
        for trial in facts.view.trials
        if trial.role is not Role.BASE
        and has_finite_values(facts.view, trial)
        and all(goal.better((trial.values or {})[goal.metric], own[goal.metric]) for goal in goals)
    ]
    others = [trial for trial in facts.view.trials if trial.number != baseline.number]
    if all(trial.status.open for trial in others):
        return "no other trial has ended, so none"
    if not any(has_finite_values(facts.view, trial) for trial in others):
        return "no other trial has a value, so none"
    ranked = {trial.number for trial in facts.data.order}
    word = "no trial" if all(trial.number in ranked for trial in better) else "no ranked trial"
    if word == "no trial" and any(trial.status is TrialStatus.PRUNED for trial in facts.view.trials):
        word = "no complete trial"
    broken = any(violates_outcome(facts.view, trial) for trial in better if trial.number in ranked)
    return f"{word} that keeps the conditions" if broken else word
