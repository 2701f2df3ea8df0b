"""Why the best trial was stopped early: evaluations since the best one, its patience, and its trainer's message."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hptui.model.trial import Reason, Trial
from hptui.results.facts import Line, Name, line
from hptui.results.roles import goal_of
from hptui.results.teller import FactWriter

EARLY_STOPPING_METRIC = "early_stopping_metric"
"""The setting that names the metric of early stopping."""
PATIENCE_SETTINGS = ("early_stopping_patience", "patience")
"""Settings that give the number of evaluations without improvement before a trial is stopped."""


def stopped_early(facts: FactWriter, trial: Trial) -> Iterator[Line]:
    """Yield how many evaluations followed the best one, and the trainer's message.

    The count holds for any trainer; only the message states the reason.
    """
    if trial.reason is not Reason.EARLY_STOP:
        return
    text: Line = ()
    settings = facts.view.settings(trial)
    curves = facts.data.curves.get(trial.number, {})
    configured = settings.get(EARLY_STOPPING_METRIC)
    metric = configured if isinstance(configured, str) and configured in curves else facts.data.metric
    goal = goal_of(facts.study, metric)
    points = [point for point in curves.get(metric, []) if math.isfinite(point[1])]
    if points and goal is not None:
        sign = 1 if goal == "minimize" else -1
        step, value, _ = min(points, key=lambda point: (sign * point[1], point[0]))
        later = sum(point[0] > step for point in points)
        text = line(
            "It was stopped early: {n} {evaluations} of {metric} came after the best one, {value} at step {step}, and "
            "{none} better",
            n=facts.of_value("early.after", later, [trial]),
            evaluations="evaluation" if later == 1 else "evaluations",
            metric=facts.name(metric),
            value=facts.of_metric("early.best", metric, value, [trial]),
            step=facts.of_value("early.step", step, [trial]),
            none="that was no" if later == 1 else "none was",
        )
        name = next((candidate for candidate in PATIENCE_SETTINGS if candidate in settings), None)
        if name is not None:
            text += line(" ({name} is {value})", name=facts.name(name), value=facts.setting(trial, name))
        text += (".",)
    if trial.message:
        text += (" " if text else "It was stopped early. ", "The trainer said: ", Name(trial.message), ".")
    if text:
        yield text
