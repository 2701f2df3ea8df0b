"""The section `Effect of each parameter`: groups with their spread, one-factor steps, importance."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.core.format import NO_VALUE, setting
from hptui.results import claims
from hptui.results.analysis.cohort import measured_value
from hptui.results.analysis.effects import EffectGroup, OneFactorStep, SettingGroups
from hptui.results.analysis.reference import metric_change, metric_changes
from hptui.results.document import Block, Heading, Paragraph, ReportTable
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line, Name, join_parts, join_with_and, line
from hptui.results.roles import is_cost

COST_COLUMNS = ("seconds", "peak_memory_gb")
"""Costs that are shown next to the metric."""


def parameter_effects(facts: FactWriter) -> Iterator[Block]:
    """Yield a table of groups for each setting, and the importance of those that matter."""
    grouped = [groups for groups in facts.data.groups if len(groups.groups) > 1]
    if not grouped:
        return
    yield Heading(2, ("Effect of each parameter",))
    if facts.data.is_stepwise:
        yield from _step_table(facts)
        return
    if facts.data.effect_trials != facts.data.order:
        stage = facts.data.effect_trials[0].stage
        yield Paragraph(line("Among the trials of stage {stage}, which has the most.", stage=Name(stage or "none")))
    caveat = claims.search_caveat(facts)
    if caveat is not None:
        yield Paragraph(caveat.line)
    for groups in grouped:
        yield from _group_table(facts, groups, "spread of the trials" if caveat is not None else "interval of the mean")
    yield from _importance_table(facts)


def _group_table(facts: FactWriter, groups: SettingGroups, spread: str) -> Iterator[Block]:
    metric = facts.data.metric
    yield Heading(3, (facts.name(groups.setting),))
    columns = [objective.metric for objective in facts.study.objectives[1:]]
    columns += [name for name in COST_COLUMNS if _costs_differ(facts, groups, name)]
    head: list[Line] = [
        (facts.name(groups.setting),),
        ("Trials",),
        ("Mean ", facts.name(metric)),
        (facts.confidence(), f" {spread}"),
    ]
    rows = []
    for group in groups.groups:
        key = f"group.{groups.setting}.{group_key(group)}"
        row: list[Line] = [group_values(facts, group, key), (facts.count(f"{key}.trials", group.trials),)]
        row.append((facts.of_metric(f"{key}.mean", metric, group.mean, group.trials, f"values.{metric}"),))
        row.append(_interval_cell(facts, group, metric, key))
        row += [_mean_cell(facts, group, name, f"{key}.{name}") for name in columns]
        rows.append(tuple(row))
    names = (((facts.name(name),) if name in COST_COLUMNS else ("Mean ", facts.name(name))) for name in columns)
    yield ReportTable((*head, *names), tuple(rows), frozenset(range(1, len(head) + len(columns))))
    if groups.constant:
        yield Paragraph(("All of them are equal.",))


def _interval_cell(facts: FactWriter, group: EffectGroup, metric: str, key: str) -> Line:
    """Return the interval of a group over its trials; of two trials both values, of one nothing."""
    if len(group.trials) == 1:
        return ("one trial",)
    if group.interval is None:
        values = [facts.value(trial, metric) for trial in group.trials[:2]]
        return join_with_and(values) if len(group.trials) == 2 else ("all equal",)
    return facts.interval(f"{key}.interval", metric, group.interval, group.trials)


def _step_table(facts: FactWriter) -> Iterator[Block]:
    """Yield a table of steps from the baseline: their effect on all metrics, time and memory."""
    order = {name: index for index, name in enumerate(facts.view.base)}
    steps = sorted(
        facts.data.steps, key=lambda step: (order.get(next(iter(step.changed)), len(order)), step.trial.number)
    )
    first_changes = metric_changes(facts.view, steps[0].base, steps[0].trial)
    metrics = [
        change.metric
        for change in first_changes
        if change.metric in facts.study.metrics or change.metric == facts.data.metric
    ]
    names = [name for name in metrics if name == facts.data.metric or not is_cost(name)]
    names += [name for name in COST_COLUMNS if all(getattr(step.trial, name) for step in steps)]
    rows = []
    for step in steps:
        changed = join_parts(
            (
                facts.name(setting_name),
                " ",
                *facts.setting(step.base, setting_name),
                " → ",
                *facts.setting(step.trial, setting_name),
            )
            for setting_name in step.changed
        )
        rows.append((facts.trial(step.trial), changed, *(_step_cell(facts, step, name) for name in names)))
    base = next(iter(steps)).base
    yield ReportTable(
        (("Trial",), ("Changed alone",), *((facts.name(name),) for name in names)),
        tuple(rows),
        frozenset(range(2, len(names) + 2)),
    )
    yield Paragraph(
        line("Each against {base}. Not repeated: how small a difference is noise is not known.", base=facts.trial(base))
    )


def _step_cell(facts: FactWriter, step: OneFactorStep, name: str) -> Line:
    old, new = measured_value(step.base, name), measured_value(step.trial, name)
    if old is None or new is None:
        return ("–",)
    change = metric_change(facts.view, name, old, new)
    if name in COST_COLUMNS and old != new and facts.format_value(name, old) == facts.format_value(name, new):
        return ("about equal",)
    key = f"step.{step.trial.number}.{name}"
    delta = facts.difference(key, name, new - old, [step.base, step.trial]) if old != new else "equal"
    word = "" if change.better is None or name in COST_COLUMNS else " better" if change.better else " worse"
    return (delta, word)


def group_key(group: EffectGroup) -> str:
    """Return the name of a group within the keys of facts."""
    return setting(group.value) if group.low is None else f"{setting(group.low)}-{setting(group.high)}"


def group_values(facts: FactWriter, group: EffectGroup, key: str) -> Line:
    """Return the value of a group, or the range of its values."""
    if group.low is not None and group.low == group.high:
        return (facts.of_value(f"{key}.low", group.low, group.trials),)
    if group.low is None:
        text = setting(group.value)
        return (
            (facts.of_value(f"{key}.value", group.value, group.trials),)
            if not isinstance(group.value, str)
            else (Name(text),)
        )
    return line(
        "{low} to {high}",
        low=facts.of_value(f"{key}.low", group.low, group.trials),
        high=facts.of_value(f"{key}.high", group.high, group.trials),
    )


def _costs_differ(facts: FactWriter, effect: SettingGroups, name: str) -> bool:
    """Return whether the groups differ in cost by more than 5 %, and visibly in the displayed format."""
    values = [getattr(trial, name) for trial in effect.trials]
    if not all(values) or max(values) <= 1.05 * min(values):
        return False
    means = [sum(getattr(trial, name) for trial in group.trials) / len(group.trials) for group in effect.groups]
    return len({facts.format_value(name, mean) for mean in means}) > 1


def _mean_cell(facts: FactWriter, group: EffectGroup, name: str, key: str) -> Line:
    field = name if name in COST_COLUMNS else f"values.{name}"
    values = [value for trial in group.trials if (value := measured_value(trial, name)) is not None]
    return (facts.of_metric(key, name, sum(values) / len(values), group.trials, field),) if values else (NO_VALUE,)


def _importance_table(facts: FactWriter) -> Iterator[Block]:
    """Yield the shares of the settings that matter, of settings together, and of what is not explained."""
    result = facts.data.importance
    if result is None or not result.shares:
        return
    yield Heading(3, ("Importance",))
    rows: list[tuple[Line, ...]] = [
        ((facts.name(name),), (Fact(f"importance.{name}", share, f"{share:.0%}", result.trials),))
        for name, share in result.shares.items()
    ]
    for label, key, share in (
        ("settings together", "together", result.together),
        ("noise, and what the model does not see", "unexplained", result.unexplained),
    ):
        rows.append(((label,), (Fact(f"importance.({key})", share, f"{share:.0%}", result.trials),)))
    yield ReportTable((("Parameter",), ("Share of the variation",)), tuple(rows), frozenset({1}))
    if result.unseen:
        names = join_with_and(facts.name(name) for name in result.unseen)
        yield Paragraph(line("Nothing was seen of {names}.", names=names))
