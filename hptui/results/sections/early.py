"""Why the best was stopped early: what came after its best evaluation, its patience, and what its trainer said."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hptui.model.trial import Reason, Trial
from hptui.results.facts import Line, Name, line
from hptui.results.roles import goal_of
from hptui.results.teller import Teller

WATCHED = "early_stopping_metric"
PATIENCE = ("early_stopping_patience", "patience")


def stopped_early(t: Teller, trial: Trial) -> Iterator[Line]:
    """True of any trainer: how many values came after the best. That these were the reason only its own words say."""
    if trial.reason is not Reason.EARLY_STOP:
        return
    told: Line = ()
    settings = t.view.settings(trial)
    curves = t.record.curves.get(trial.number, {})
    wanted = settings.get(WATCHED)
    metric = wanted if isinstance(wanted, str) and wanted in curves else t.record.metric
    goal = goal_of(t.study, metric)
    points = [point for point in curves.get(metric, []) if math.isfinite(point[1])]
    if points and goal is not None:
        sign = 1 if goal == "minimize" else -1
        step, value, _ = min(points, key=lambda point: (sign * point[1], point[0]))
        after = sum(point[0] > step for point in points)
        told = line(
            "It was stopped early: {n} {evaluations} of {metric} came after the best one, {value} at step {step}, and "
            "{none} better",
            n=t.plain("early.after", after, [trial]),
            evaluations="evaluation" if after == 1 else "evaluations",
            metric=t.name(metric),
            value=t.of_metric("early.best", metric, value, [trial]),
            step=t.plain("early.step", step, [trial]),
            none="that was no" if after == 1 else "none was",
        )
        name = next((one for one in PATIENCE if one in settings), None)
        if name is not None:
            told += line(" ({name} is {value})", name=t.name(name), value=t.setting(trial, name))
        told += (".",)
    if trial.message:
        told += (" " if told else "It was stopped early. ", "The trainer said: ", Name(trial.message), ".")
    if told:
        yield told
