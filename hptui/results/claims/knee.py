"""The knee of a Pareto front that was repeated: what its fresh runs have, and which trials are better than that."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hptui.core.trial import Trial
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Line, join_with_and, line


def nearest_text(facts: FactWriter, front: Sequence[Trial], knee: Trial) -> Line:
    """Return which trial is nearest to the best of everything, and which beat its fresh runs."""
    text: Line = ("; nearest to the best of everything is ", *facts.trial(knee))
    if ahead := ahead_of_knee(facts, front, knee):
        be = "is" if len(ahead) == 1 else "are"
        which = facts.trials(ahead, "front.ahead")
        text += line(" by one run, but {which} {be} better in every objective than its fresh runs", which=which, be=be)
    return text


def knee_text(facts: FactWriter, front: Sequence[Trial], knee: Trial) -> Line:
    """Return what fresh runs of the knee have; () if there are none."""
    fresh = facts.data.fresh(knee)
    if fresh is None:
        return ()
    means = fresh_values(facts, knee)
    parts = [
        (
            facts.name(name),
            " ",
            facts.of_metric(f"fresh.{knee.number}.mean.{name}", name, value, fresh.runs, f"values.{name}"),
        )
        for name, value in means.items()
    ]
    text = line(
        " That rests on one run of it: {runs} {have} {values}.",
        runs=facts.count_with_noun(f"fresh.{knee.number}.n", fresh.runs, "fresh run", "fresh runs"),
        have="has" if len(fresh.runs) == 1 else "have on average",
        values=join_with_and(parts),
    )
    ahead = ahead_of_knee(facts, front, knee)
    if ahead:
        be = "is" if len(ahead) == 1 else "are"
        which = facts.trials(ahead, "front.ahead", capital=True)
        text += line(" {which} {be} better than that in every objective.", which=which, be=be)
    return text


def ahead_of_knee(facts: FactWriter, front: Sequence[Trial], knee: Trial) -> list[Trial]:
    """Return the trials of a front that are better in everything than fresh runs of its knee."""
    own = fresh_values(facts, knee)
    ahead = []
    for trial in front:
        theirs = fresh_values(facts, trial) or (trial.values or {})
        if own and all(goal.better(theirs[goal.metric], own[goal.metric]) for goal in facts.study.objectives):
            ahead.append(trial)
    return sorted((trial for trial in ahead if trial.number != knee.number), key=lambda trial: trial.number)


def fresh_values(facts: FactWriter, trial: Trial) -> dict[str, float]:
    """Return the mean of each objective over fresh runs of a trial; empty without any."""
    fresh = facts.data.fresh(trial)
    if fresh is None:
        return {}
    names = [goal.metric for goal in facts.study.objectives]
    return {name: math.fsum((run.values or {})[name] for run in fresh.runs) / len(fresh.runs) for name in names}
