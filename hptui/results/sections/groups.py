"""Observations about groups: the best and worst value of each setting with an effect; equality of all trials."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.results.analysis.effects import Effect, EffectGroup
from hptui.results.analysis.outlook import weaker_of_confounded
from hptui.results.facts import Line, line
from hptui.results.sections.effects import group_key, group_values
from hptui.results.teller import FactWriter


def equal_lines(facts: FactWriter) -> Iterator[Line]:
    """Yield that all trials have the same value, which usually indicates a mistake."""
    order = facts.data.order
    values = {(trial.values or {})[facts.data.metric] for trial in order}
    if len(order) > 1 and len(values) == 1 and not facts.data.is_stepwise:
        yield line(
            "All {n} trials have the same {metric}, {value}: either nothing that was varied matters, or the metric "
            "does not tell them apart.",
            n=facts.count("equal.n", order),
            metric=facts.name(facts.data.metric),
            value=(facts.value(order[0], facts.data.metric),),
        )


def effect_lines(facts: FactWriter) -> Iterator[Line]:
    """Yield the best and the worst group of each setting with a measurable effect."""
    if facts.data.is_stepwise:
        return
    metric, is_minimized = facts.data.metric, facts.study.objective.goal == "minimize"
    weaker = weaker_of_confounded(facts.data.effects, facts.data.confounded)
    for effect in facts.data.effects:
        if not effect.is_significant or effect.corrected is None or effect.setting in weaker:
            continue
        groups = sorted(effect.groups, key=lambda group: group.mean, reverse=not is_minimized)
        best, worst = (_group_text(facts, effect, group) for group in (groups[0], groups[-1]))
        yield line(
            "{metric} is best for {name} {best}, and worst for {worst} ({p}).",
            metric=facts.name(metric),
            name=facts.name(effect.setting),
            best=best,
            worst=worst,
            p=facts.p_value(f"effect.{effect.setting}.p", effect.corrected, effect.trials),
        )


def _group_text(facts: FactWriter, effect: Effect, group: EffectGroup) -> Line:
    """Return a group with its mean: `0.0005 to 0.002 (2.08 on average over 8 trials)`."""
    key = f"group.{effect.setting}.{group_key(group)}"
    mean = facts.of_metric(f"{key}.mean", facts.data.metric, group.mean, group.trials, f"values.{facts.data.metric}")
    over: Line = (" in ", *facts.trial(group.trials[0])) if len(group.trials) == 1 else ()
    if not over:
        over = (" on average over ", *facts.count_with_noun(f"{key}.trials", group.trials, "trial"))
    return line("{where}, {mean}{over}", where=group_values(facts, group, key), mean=mean, over=over)
