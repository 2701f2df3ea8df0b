"""Observations about groups: the best and worst value of each setting with an effect; equality of all trials."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.results.analysis.effects import Effect, Group
from hptui.results.analysis.outlook import overshadowed
from hptui.results.facts import Line, line
from hptui.results.sections.effects import label, where
from hptui.results.teller import Teller


def equal_lines(facts: Teller) -> Iterator[Line]:
    """Yield that all trials have the same value, which usually indicates a mistake."""
    order = facts.record.order
    values = {(trial.values or {})[facts.record.metric] for trial in order}
    if len(order) > 1 and len(values) == 1 and not facts.record.stepwise:
        yield line(
            "All {n} trials have the same {metric}, {value}: either nothing that was varied matters, or the metric "
            "does not tell them apart.",
            n=facts.count("equal.n", order),
            metric=facts.name(facts.record.metric),
            value=(facts.value(order[0], facts.record.metric),),
        )


def effect_lines(facts: Teller) -> Iterator[Line]:
    """Yield the best and the worst group of each setting with a measurable effect."""
    if facts.record.stepwise:
        return
    metric, is_minimized = facts.record.metric, facts.study.objective.goal == "minimize"
    weaker = overshadowed(facts.record.effects, facts.record.confounded)
    for effect in facts.record.effects:
        if not effect.measurable or effect.corrected is None or effect.setting in weaker:
            continue
        groups = sorted(effect.groups, key=lambda group: group.mean, reverse=not is_minimized)
        best, worst = (_group_text(facts, effect, group) for group in (groups[0], groups[-1]))
        yield line(
            "{metric} is best for {name} {best}, and worst for {worst} ({p}).",
            metric=facts.name(metric),
            name=facts.name(effect.setting),
            best=best,
            worst=worst,
            p=facts.p(f"effect.{effect.setting}.p", effect.corrected, effect.trials),
        )


def _group_text(facts: Teller, effect: Effect, group: Group) -> Line:
    """Return a group with its mean: `0.0005 to 0.002 (2.08 on average over 8 trials)`."""
    key = f"group.{effect.setting}.{label(group)}"
    mean = facts.of_metric(
        f"{key}.mean", facts.record.metric, group.mean, group.trials, f"values.{facts.record.metric}"
    )
    over: Line = (" in ", *facts.trial(group.trials[0])) if len(group.trials) == 1 else ()
    if not over:
        over = (" on average over ", *facts.many(f"{key}.trials", group.trials, "trial"))
    return line("{where}, {mean}{over}", where=where(facts, group, key), mean=mean, over=over)
