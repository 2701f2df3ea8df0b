"""The section `Effect of each parameter`: groups with intervals, tests, one-factor steps, importance."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.core.format import NO_VALUE, setting
from hptui.results.analysis.cohort import measured_value, trials_by_length
from hptui.results.analysis.effects import MIN_TRIALS_FOR_EFFECT, Effect, EffectGroup, OneFactorStep
from hptui.results.analysis.reference import metric_change, metric_changes
from hptui.results.document import Block, Heading, Paragraph, ReportTable
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line, Name, join_parts, join_with_and, line
from hptui.results.fence import fenced
from hptui.results.roles import is_cost

COST_COLUMNS = ("seconds", "peak_memory_gb")
"""Costs that are shown next to the metric."""
MIN_GROUP_SIZE = 3
"""A mean of fewer values has an interval too wide to be useful."""


def parameter_effects(facts: FactWriter) -> Iterator[Block]:
    """Yield a table of groups for each setting, with the result of its test."""
    grouped_effects = [effect for effect in facts.data.effects if len(effect.groups) > 1]
    if not grouped_effects:
        return
    yield Heading(2, ("Effect of each parameter",))
    if facts.data.is_stepwise:
        yield from _step_table(facts)
        return
    if len(facts.data.effect_trials) < MIN_TRIALS_FOR_EFFECT:
        trial_count = facts.count("effects.n", facts.data.effect_trials)
        yield Paragraph(line("{n} trials are too few to tell effects from chance.", n=trial_count))
        return
    stage = facts.data.effect_trials[0].stage
    if facts.data.effect_trials != facts.data.order:
        yield Paragraph(line("Among the trials of stage {stage}, which has the most.", stage=Name(stage or "none")))
    groups = trials_by_length(facts.view, facts.data.effect_trials)
    if len(groups) > 1:
        other_trials = [trial for length in list(groups)[1:] for trial in groups[length]]
        trials_text = facts.trials(other_trials, "length.others")
        yield Paragraph(
            line("Careful: trials of different length of training are mixed here ({which} differ).", which=trials_text)
        )
    metric = facts.data.metric
    for effect in grouped_effects:
        yield Heading(3, (facts.name(effect.setting),))
        columns = [objective.metric for objective in facts.study.objectives[1:]]
        columns += [name for name in COST_COLUMNS if _costs_differ(facts, effect, name)]
        head: list[Line] = [
            (facts.name(effect.setting),),
            ("Trials",),
            ("Mean ", facts.name(metric)),
            (facts.confidence(), " interval of the mean"),
        ]
        rows = []
        for group in effect.groups:
            key = f"group.{effect.setting}.{group_key(group)}"
            row: list[Line] = [group_values(facts, group, key), (facts.count(f"{key}.trials", group.trials),)]
            row.append((facts.of_metric(f"{key}.mean", metric, group.mean, group.trials, f"values.{metric}"),))
            row.append(_interval_cell(facts, group, metric, key))
            row += [_mean_cell(facts, group, name, f"{key}.{name}") for name in columns]
            rows.append(tuple(row))
        yield ReportTable(
            (
                *head,
                *(((facts.name(name),) if name in COST_COLUMNS else ("Mean ", facts.name(name))) for name in columns),
            ),
            tuple(rows),
            frozenset(range(1, len(head) + len(columns))),
        )
        yield Paragraph(_effect_text(facts, effect))
        costs = [text for name in columns if (text := _cost_effect_text(facts, effect.setting, name)) is not None]
        if costs:
            yield Paragraph((*join_parts(costs, "; "), "."))
    yield from fenced("table of", "importance", lambda: _importance_table(facts))


def _interval_cell(facts: FactWriter, group: EffectGroup, metric: str, key: str) -> Line:
    """Return the interval of a group; none for two values, which would be uninformatively wide."""
    if group.interval is None:
        return ("not repeated",)
    if group.counts is None and len(group.trials) < MIN_GROUP_SIZE:
        return ("too few",)
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
    yield Paragraph(line("Each against {base}. Not repeated: small differences may be chance.", base=facts.trial(base)))


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


def _costs_differ(facts: FactWriter, effect: Effect, name: str) -> bool:
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


def _effect_text(facts: FactWriter, effect: Effect) -> Line:
    key = f"effect.{effect.setting}"
    if effect.constant:
        return ("All of them are equal.",)
    if effect.p is None or effect.corrected is None:
        return line(
            "{n} trials are too few to say whether this is more than chance.", n=facts.count(f"{key}.n", effect.trials)
        )
    how: Line = (effect.how,)
    if effect.is_trend and effect.strength is not None:
        rho = facts.of_value(
            f"{key}.rho", effect.strength, effect.trials, text=f"{effect.strength:+.2f}".replace("-", "−")
        )
        how = (effect.how, " ", rho)
    test_text = line(
        " ({how}, {p}, corrected for the number of parameters)",
        how=how,
        p=facts.p_value(f"{key}.p", effect.corrected, effect.trials),
    )
    if effect.is_significant and effect.is_trend and effect.strength is not None:
        moves = "rises" if effect.strength > 0 else "falls"
        text = line(
            "Measurable effect: {metric} {moves} as it grows", metric=facts.name(facts.data.metric), moves=moves
        )
        return (*text, *test_text, *_confounding_note(facts, effect), ".")
    if effect.is_significant:
        is_minimized = facts.study.objective.goal == "minimize"
        best = (min if is_minimized else max)(effect.groups, key=lambda group: group.mean)
        text = line(
            "Measurable effect: {metric} is best for {where}",
            metric=facts.name(facts.data.metric),
            where=group_values(facts, best, f"group.{effect.setting}.{group_key(best)}"),
        )
        return (*text, *test_text, *_confounding_note(facts, effect), ".")
    return ("No measurable effect: these differences may be chance", *test_text, ".")


def _confounding_note(facts: FactWriter, effect: Effect) -> Line:
    """Return that the effect may be that of a confounded setting."""
    pairs = [(pair.first, pair.second) for pair in facts.data.confounded if effect.setting in (pair.first, pair.second)]
    others = [second if first == effect.setting else first for first, second in pairs]
    names = join_with_and(facts.name(name) for name in others)
    return line("; it may be that of {names}, which changed with it", names=names) if others else ()


def _cost_effect_text(facts: FactWriter, setting: str, name: str) -> Line | None:
    """Return the effect on another objective, time or memory, if it is significant."""
    cost_effect = next((effect for effect in facts.data.effects_on(name) if effect.setting == setting), None)
    if cost_effect is None or not cost_effect.is_significant or cost_effect.corrected is None:
        return None
    if not cost_effect.is_trend:
        return line(
            "{name} differs between them ({how}, {p})",
            name=facts.name(name),
            how=cost_effect.how,
            p=facts.p_value(f"effect.{setting}.{name}.p", cost_effect.corrected, cost_effect.trials),
        )
    key, strength = f"effect.{setting}.{name}", cost_effect.strength or 0.0
    return line(
        "{name} {moves} as it grows ({how} {rho}, {p})",
        name=facts.name(name),
        moves="rises" if strength > 0 else "falls",
        how=cost_effect.how,
        rho=facts.of_value(f"{key}.rho", strength, cost_effect.trials, text=f"{strength:+.2f}".replace("-", "−")),
        p=facts.p_value(f"{key}.p", cost_effect.corrected, cost_effect.trials),
    )


def _importance_table(facts: FactWriter) -> Iterator[Block]:
    result = facts.data.importance
    if result is None or len(result.shares) < 2:
        return
    yield Heading(3, ("Importance",))
    rows = []
    for name, share in result.shares.items():
        fact = Fact(f"importance.{name}", share, f"{share:.0%}", result.trials)
        rows.append(((facts.name(name),), (fact,)))
    yield ReportTable((("Parameter",), ("Share of the variation",)), tuple(rows), frozenset({1}))
    method = "fANOVA" if result.method == "fanova" else "PED-ANOVA"
    caveat = f", {result.caveat}" if result.caveat else ""
    yield Paragraph((f"By {method}{caveat}. A parameter that changed together with another shares its importance.",))
