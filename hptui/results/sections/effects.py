"""The section `Effect of each parameter`: groups with intervals, tests, one-factor steps, importance."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.model.format import NOTHING, setting
from hptui.results.analysis.against import change_of, changes
from hptui.results.analysis.cohort import lengths, measured
from hptui.results.analysis.effects import FEW, Effect, Group, Step
from hptui.results.document import Block, Heading, Paragraph, Table
from hptui.results.facts import Fact, Line, Name, joined, line, listed
from hptui.results.roles import is_cost
from hptui.results.teller import Teller

ALSO = ("seconds", "peak_memory_gb")
"""Costs that are shown next to the metric."""
LEAST = 3
"""A mean of fewer values has an interval too wide to be useful."""


def per_parameter(facts: Teller) -> Iterator[Block]:
    """Yield a table of groups for each setting, with the result of its test."""
    grouped_effects = [effect for effect in facts.record.effects if len(effect.groups) > 1]
    if not grouped_effects:
        return
    yield Heading(2, ("Effect of each parameter",))
    if facts.record.stepwise:
        yield from _step_table(facts)
        return
    if len(facts.record.field) < FEW:
        trial_count = facts.count("effects.n", facts.record.field)
        yield Paragraph(line("{n} trials are too few to tell effects from chance.", n=trial_count))
        return
    stage = facts.record.field[0].stage
    if facts.record.field != facts.record.order:
        yield Paragraph(line("Among the trials of stage {stage}, which has the most.", stage=Name(stage or "none")))
    groups = lengths(facts.view, facts.record.field)
    if len(groups) > 1:
        other_trials = [trial for length in list(groups)[1:] for trial in groups[length]]
        trials_text = facts.trials(other_trials, "length.others")
        yield Paragraph(
            line("Careful: trials of different length of training are mixed here ({which} differ).", which=trials_text)
        )
    metric = facts.record.metric
    for effect in grouped_effects:
        yield Heading(3, (facts.name(effect.setting),))
        columns = [objective.metric for objective in facts.study.objectives[1:]]
        columns += [name for name in ALSO if _costs_differ(facts, effect, name)]
        head: list[Line] = [
            (facts.name(effect.setting),),
            ("Trials",),
            ("Mean ", facts.name(metric)),
            (facts.confidence(), " interval of the mean"),
        ]
        rows = []
        for group in effect.groups:
            key = f"group.{effect.setting}.{label(group)}"
            row: list[Line] = [where(facts, group, key), (facts.count(f"{key}.trials", group.trials),)]
            row.append((facts.of_metric(f"{key}.mean", metric, group.mean, group.trials, f"values.{metric}"),))
            row.append(_interval_cell(facts, group, metric, key))
            row += [_mean_cell(facts, group, name, f"{key}.{name}") for name in columns]
            rows.append(tuple(row))
        yield Table(
            (*head, *(((facts.name(name),) if name in ALSO else ("Mean ", facts.name(name))) for name in columns)),
            tuple(rows),
            frozenset(range(1, len(head) + len(columns))),
        )
        yield Paragraph(_effect_text(facts, effect))
        costs = [text for name in columns if (text := _cost_effect_text(facts, effect.setting, name)) is not None]
        if costs:
            yield Paragraph((*joined(costs, "; "), "."))
    yield from _importance_table(facts)


def _interval_cell(facts: Teller, group: Group, metric: str, key: str) -> Line:
    """Return the interval of a group; none for two values, which would be uninformatively wide."""
    if group.interval is None:
        return ("not repeated",)
    if group.counts is None and len(group.trials) < LEAST:
        return ("too few",)
    return facts.interval(f"{key}.interval", metric, group.interval, group.trials)


def _step_table(facts: Teller) -> Iterator[Block]:
    """Yield a table of steps from the baseline: their effect on all metrics, time and memory."""
    order = {name: index for index, name in enumerate(facts.view.base)}
    steps = sorted(
        facts.record.steps, key=lambda step: (order.get(next(iter(step.changed)), len(order)), step.trial.number)
    )
    first_changes = changes(facts.view, steps[0].base, steps[0].trial)
    metrics = [
        change.metric
        for change in first_changes
        if change.metric in facts.study.metrics or change.metric == facts.record.metric
    ]
    names = [name for name in metrics if name == facts.record.metric or not is_cost(name)]
    names += [name for name in ALSO if all(getattr(step.trial, name) for step in steps)]
    rows = []
    for step in steps:
        changed = joined(
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
    yield Table(
        (("Trial",), ("Changed alone",), *((facts.name(name),) for name in names)),
        tuple(rows),
        frozenset(range(2, len(names) + 2)),
    )
    yield Paragraph(line("Each against {base}. Not repeated: small differences may be chance.", base=facts.trial(base)))


def _step_cell(facts: Teller, step: Step, name: str) -> Line:
    old, new = measured(step.base, name), measured(step.trial, name)
    if old is None or new is None:
        return ("–",)
    change = change_of(facts.view, name, old, new)
    if name in ALSO and old != new and facts.shown(name, old) == facts.shown(name, new):
        return ("about equal",)
    key = f"step.{step.trial.number}.{name}"
    delta = facts.difference(key, name, new - old, [step.base, step.trial]) if old != new else "equal"
    word = "" if change.better is None or name in ALSO else " better" if change.better else " worse"
    return (delta, word)


def label(group: Group) -> str:
    """Return the name of a group within the keys of facts."""
    return setting(group.value) if group.low is None else f"{setting(group.low)}-{setting(group.high)}"


def where(facts: Teller, group: Group, key: str) -> Line:
    """Return the value of a group, or the range of its values."""
    if group.low is not None and group.low == group.high:
        return (facts.plain(f"{key}.low", group.low, group.trials),)
    if group.low is None:
        text = setting(group.value)
        return (
            (facts.plain(f"{key}.value", group.value, group.trials),)
            if not isinstance(group.value, str)
            else (Name(text),)
        )
    return line(
        "{low} to {high}",
        low=facts.plain(f"{key}.low", group.low, group.trials),
        high=facts.plain(f"{key}.high", group.high, group.trials),
    )


def _costs_differ(facts: Teller, effect: Effect, name: str) -> bool:
    """Return whether the groups differ in cost by more than 5 %, and visibly in the displayed format."""
    values = [getattr(trial, name) for trial in effect.trials]
    if not all(values) or max(values) <= 1.05 * min(values):
        return False
    means = [sum(getattr(trial, name) for trial in group.trials) / len(group.trials) for group in effect.groups]
    return len({facts.shown(name, mean) for mean in means}) > 1


def _mean_cell(facts: Teller, group: Group, name: str, key: str) -> Line:
    field = name if name in ALSO else f"values.{name}"
    values = [value for trial in group.trials if (value := measured(trial, name)) is not None]
    return (facts.of_metric(key, name, sum(values) / len(values), group.trials, field),) if values else (NOTHING,)


def _effect_text(facts: Teller, effect: Effect) -> Line:
    key = f"effect.{effect.setting}"
    if effect.constant:
        return ("All of them are equal.",)
    if effect.p is None or effect.corrected is None:
        return line(
            "{n} trials are too few to say whether this is more than chance.", n=facts.count(f"{key}.n", effect.trials)
        )
    how: Line = (effect.how,)
    if effect.steady and effect.strength is not None:
        rho = facts.plain(
            f"{key}.rho", effect.strength, effect.trials, text=f"{effect.strength:+.2f}".replace("-", "−")
        )
        how = (effect.how, " ", rho)
    test_text = line(
        " ({how}, {p}, corrected for the number of parameters)",
        how=how,
        p=facts.p(f"{key}.p", effect.corrected, effect.trials),
    )
    if effect.measurable and effect.steady and effect.strength is not None:
        moves = "rises" if effect.strength > 0 else "falls"
        text = line(
            "Measurable effect: {metric} {moves} as it grows", metric=facts.name(facts.record.metric), moves=moves
        )
        return (*text, *test_text, *_confounding_note(facts, effect), ".")
    if effect.measurable:
        is_minimized = facts.study.objective.goal == "minimize"
        best = (min if is_minimized else max)(effect.groups, key=lambda group: group.mean)
        text = line(
            "Measurable effect: {metric} is best for {where}",
            metric=facts.name(facts.record.metric),
            where=where(facts, best, f"group.{effect.setting}.{label(best)}"),
        )
        return (*text, *test_text, *_confounding_note(facts, effect), ".")
    return ("No measurable effect: these differences may be chance", *test_text, ".")


def _confounding_note(facts: Teller, effect: Effect) -> Line:
    """Return that the effect may be that of a confounded setting."""
    pairs = [(pair.one, pair.other) for pair in facts.record.confounded if effect.setting in (pair.one, pair.other)]
    others = [second if first == effect.setting else first for first, second in pairs]
    names = listed(facts.name(name) for name in others)
    return line("; it may be that of {names}, which changed with it", names=names) if others else ()


def _cost_effect_text(facts: Teller, setting: str, name: str) -> Line | None:
    """Return the effect on another objective, time or memory, if it is significant."""
    cost_effect = next((effect for effect in facts.record.effects_on(name) if effect.setting == setting), None)
    if cost_effect is None or not cost_effect.measurable or cost_effect.corrected is None:
        return None
    if not cost_effect.steady:
        return line(
            "{name} differs between them ({how}, {p})",
            name=facts.name(name),
            how=cost_effect.how,
            p=facts.p(f"effect.{setting}.{name}.p", cost_effect.corrected, cost_effect.trials),
        )
    key, strength = f"effect.{setting}.{name}", cost_effect.strength or 0.0
    return line(
        "{name} {moves} as it grows ({how} {rho}, {p})",
        name=facts.name(name),
        moves="rises" if strength > 0 else "falls",
        how=cost_effect.how,
        rho=facts.plain(f"{key}.rho", strength, cost_effect.trials, text=f"{strength:+.2f}".replace("-", "−")),
        p=facts.p(f"{key}.p", cost_effect.corrected, cost_effect.trials),
    )


def _importance_table(facts: Teller) -> Iterator[Block]:
    result = facts.record.importance
    if result is None or len(result.shares) < 2:
        return
    yield Heading(3, ("Importance",))
    rows = []
    for name, share in result.shares.items():
        fact = Fact(f"importance.{name}", share, f"{share:.0%}", result.trials)
        rows.append(((facts.name(name),), (fact,)))
    yield Table((("Parameter",), ("Share of the variation",)), tuple(rows), frozenset({1}))
    method = "fANOVA" if result.method == "fanova" else "PED-ANOVA"
    caveat = f", {result.caveat}" if result.caveat else ""
    yield Paragraph((f"By {method}{caveat}. A parameter that changed together with another shares its importance.",))
