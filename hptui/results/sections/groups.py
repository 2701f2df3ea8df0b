"""Observations of groups: the best and the worst value of each setting with an effect; and that all are equal."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.results.analysis.effects import Effect, Group
from hptui.results.analysis.outlook import overshadowed
from hptui.results.facts import Line, line
from hptui.results.sections.effects import label, where
from hptui.results.teller import Teller


def equal_lines(t: Teller) -> Iterator[Line]:
    """Where all trials came out the same, which is hardly ever what was meant."""
    order = t.record.order
    values = {(trial.values or {})[t.record.metric] for trial in order}
    if len(order) > 1 and len(values) == 1 and not t.record.stepwise:
        yield line(
            "All {n} trials have the same {metric}, {value}: either nothing that was varied matters, or the metric "
            "does not tell them apart.",
            n=t.count("equal.n", order),
            metric=t.name(t.record.metric),
            value=(t.value(order[0], t.record.metric),),
        )


def effect_lines(t: Teller) -> Iterator[Line]:
    """The best and the worst group of each setting with a measurable effect."""
    if t.record.stepwise:
        return
    metric, down = t.record.metric, t.study.objective.goal == "minimize"
    shadows = overshadowed(t.record.effects, t.record.confounded)
    for effect in t.record.effects:
        if not effect.measurable or effect.corrected is None or effect.setting in shadows:
            continue
        groups = sorted(effect.groups, key=lambda group: group.mean, reverse=not down)
        best, worst = (_group(t, effect, group) for group in (groups[0], groups[-1]))
        yield line(
            "{metric} is best for {name} {best}, and worst for {worst} ({p}).",
            metric=t.name(metric),
            name=t.name(effect.setting),
            best=best,
            worst=worst,
            p=t.p(f"effect.{effect.setting}.p", effect.corrected, effect.trials),
        )


def _group(t: Teller, effect: Effect, group: Group) -> Line:
    """`0.0005 to 0.002 (2.08 on average over 8 trials)`."""
    key = f"group.{effect.setting}.{label(group)}"
    mean = t.of_metric(f"{key}.mean", t.record.metric, group.mean, group.trials, f"values.{t.record.metric}")
    over: Line = (" in ", *t.trial(group.trials[0])) if len(group.trials) == 1 else ()
    if not over:
        over = (" on average over ", *t.many(f"{key}.trials", group.trials, "trial"))
    return line("{where}, {mean}{over}", where=where(t, group, key), mean=mean, over=over)
