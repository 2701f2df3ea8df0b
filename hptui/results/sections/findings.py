"""The section `Key observations`: groups, regions, steps from the baseline, edges, confounded and ignored settings."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.core.format import setting
from hptui.core.trial import Trial
from hptui.core.values import is_number
from hptui.results.analysis.cohort import trials_by_length
from hptui.results.analysis.effects import Effect, EffectGroup, OneFactorStep, spearman_correlation
from hptui.results.analysis.failure_regions import FailureRegion
from hptui.results.analysis.next_steps import weaker_of_confounded
from hptui.results.analysis.significance import SIGNIFICANCE_LEVEL
from hptui.results.document import Block, Bullets, Heading
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Line, capitalize_first, join_parts, join_with_and, line
from hptui.results.roles import number_with_role, setting_with_role
from hptui.results.sections.effects import group_key, group_values
from hptui.results.sections.trials import step_effect


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


STEP_COSTS = ("seconds", "peak_memory_gb")
"""Costs that are stated with a step."""
MAX_LISTED_STEPS = 4
"""With more changes of one setting, its groups describe it better than single steps."""


def observations(facts: FactWriter) -> Iterator[Block]:
    """Yield the observations as a numbered list; each is computed from the trials."""
    lines = [
        *equal_lines(facts),
        *effect_lines(facts),
        *_region_lines(facts),
        *_one_factor_lines(facts),
        *_edge_lines(facts),
        *_length_lines(facts),
        *_confounded_lines(facts),
        *_ignored_lines(facts),
        *_ratio_lines(facts),
    ]
    insignificant = (
        []
        if facts.data.is_stepwise
        else [effect for effect in facts.data.effects if effect.corrected is not None and not effect.is_significant]
    )
    if insignificant:
        names = join_with_and(facts.name(effect.setting) for effect in insignificant)
        lines.append(
            line(
                "No measurable effect on {metric}: {names}. A difference between their groups may be chance.",
                metric=facts.name(facts.data.metric),
                names=names,
            )
        )
    if lines:
        yield Heading(2, ("Key observations",))
        yield Bullets(tuple(lines), "1.")


def _region_lines(facts: FactWriter) -> Iterator[Line]:
    outcomes = {"zero": "are at zero", "oom": "ran out of memory", "nan": "became NaN or infinite"}
    for region in facts.data.regions:
        key = f"region.{region.kind}.{region.setting}"
        side = "at or above" if region.above else "at or below"
        yield line(
            "{bad} {told}, and {n} lie {side} {name} = {bound} ({p}){exceptions}.",
            bad=capitalize_first(facts.trials(region.bad, key)),
            told=outcomes[region.kind],  # language: placeholder
            n="both" if len(region.bad) == 2 else ("all ", facts.count(f"{key}.bad", region.bad)),
            side=side,
            name=facts.name(region.setting),
            bound=_bound_text(facts, region),
            p=facts.p_value(f"{key}.p", region.p, region.inside),
            exceptions=_exceptions(facts, region),
        )


def _bound_text(facts: FactWriter, region: FailureRegion) -> Line:
    trial = next(bad for bad in region.bad if facts.view.settings(bad).get(region.setting) == region.bound)
    return facts.setting(trial, region.setting)


def _exceptions(facts: FactWriter, region: FailureRegion) -> Line:
    if not region.exceptions:
        return ()
    parts = []
    for trial in region.exceptions[:3]:
        where: Line = (facts.name(region.setting), " ", *facts.setting(trial, region.setting))
        parts.append(
            line(
                "{trial} ({where}: {value})",
                trial=facts.trial(trial),
                where=where,
                value=(facts.value(trial, facts.data.metric),),
            )
        )
    more: Line = (
        (" and ", facts.count(f"region.{region.kind}.{region.setting}.exceptions", region.exceptions[3:]), " more")
        if region.exceptions[3:]
        else ()
    )
    word = "an exception is" if len(region.exceptions) == 1 else "exceptions are"
    return line("; {word} {parts}{more}", word=word, parts=join_with_and(parts), more=more)


def _one_factor_lines(facts: FactWriter) -> Iterator[Line]:
    steps = facts.data.steps
    for names in dict.fromkeys(tuple(step.changed) for step in steps):
        own_steps = sorted((step for step in steps if tuple(step.changed) == names), key=_step_order)
        parts = []
        for step in (
            own_steps if len(own_steps) <= MAX_LISTED_STEPS or facts.data.is_stepwise else ()
        ):  # else covered by its groups
            if effect := step_effect(facts, step):
                values = join_parts(facts.setting(step.trial, name) for name in names)
                parts.append(
                    line("{what}: {told}", what=values, told=_with_costs(facts, step, effect))  # language: placeholder
                )
        if parts:
            start = join_parts((facts.name(name), " ", *facts.setting(own_steps[0].base, name)) for name in names)
            yield line("Changed alone from {start} to {parts}.", start=start, parts=join_parts(parts, "; to "))


def _step_order(step: OneFactorStep) -> tuple[float, int]:
    """Return a sort key: the new value of a step, if it is a number."""
    _, value = next(iter(step.changed.values()))
    return (float(value) if is_number(value) else 0.0, step.trial.number)


def _with_costs(facts: FactWriter, step: OneFactorStep, text: Line) -> Line:
    for name in STEP_COSTS:
        old, new = getattr(step.base, name), getattr(step.trial, name)
        if (
            old
            and new
            and abs(new - old) / old > 0.02
            and facts.format_value(name, old) != facts.format_value(name, new)
        ):
            text += (
                ", ",
                facts.name(name),
                " ",
                facts.difference(f"step.{step.trial.number}.{name}", name, new - old, [step.base, step.trial]),
            )
    return text


def _length_lines(facts: FactWriter) -> Iterator[Line]:
    groups = trials_by_length(facts.view, facts.data.order)
    if len(groups) < 2:
        return
    common_length = next(iter(groups))
    other_trials = [trial for length in list(groups)[1:] for trial in groups[length]]
    yield line(
        "{which} did not train for {n} {unit} as most did: differences to the others may be the length of training.",
        which=capitalize_first(facts.trials(other_trials, "length.others")),
        n=facts.of_value("length.usual", common_length.amount, groups[common_length], field=common_length.field),
        unit=common_length.unit,
    )


def _edge_lines(facts: FactWriter) -> Iterator[Line]:
    for edge in facts.data.edges:
        yield line(
            "The best {name}, {value}, is at the {side} edge of what was searched: further out may be better.",
            name=facts.name(edge.setting),
            value=facts.setting(facts.data.best, edge.setting) if facts.data.best else (),
            side="low" if edge.low else "high",
        )


def _confounded_lines(facts: FactWriter) -> Iterator[Line]:
    for pair in facts.data.confounded:
        key = f"confounded.{pair.first}.{pair.second}"
        effect = next((e for e in facts.data.effects if e.setting == pair.first), None)
        text = line(
            "{one} and {other} are confounded: they changed together (rank correlation {rho}, {p}), so their effects "
            "cannot be told apart here",
            one=facts.name(pair.first),  # language: placeholder
            other=facts.name(pair.second),
            rho=facts.of_value(
                f"{key}.rho", pair.strength, pair.trials, text=f"{pair.strength:+.2f}".replace("-", "−")
            ),
            p=facts.p_value(f"{key}.p", pair.p, pair.trials),
        )
        if effect is not None and effect.groups and all(group.counts for group in effect.groups):
            text += line(
                ": {counts} were right", counts=join_parts(_count_text(facts, effect, group) for group in effect.groups)
            )
        for restricted in pair.restricted:
            low, high = (
                min(restricted.trials, key=lambda x: _setting_value(facts, x, pair.second)),
                max(restricted.trials, key=lambda x: _setting_value(facts, x, pair.second)),
            )
            text += line(
                "; {name} = {value} was only tried with {other} from {low} to {high}",
                name=facts.name(pair.first),
                value=facts.setting(restricted.trials[0], pair.first),
                other=facts.name(pair.second),
                low=facts.setting(low, pair.second),
                high=facts.setting(high, pair.second),
            )
        yield (*text, ".")


def _setting_value(facts: FactWriter, trial: Trial, name: str) -> float:
    value = facts.view.settings(trial)[name]
    return float(value) if isinstance(value, int | float) else 0.0


def _count_text(facts: FactWriter, effect: Effect, group: EffectGroup) -> Line:
    assert group.counts is not None
    key = f"group.{effect.setting}.{setting(group.value)}"
    value = facts.of_value(f"{key}.value", group.value, group.trials)
    if group.low is not None:
        value = facts.of_value(f"{key}.value", group.low, group.trials)
    return line(
        "{k}/{n} for {value}",
        k=facts.of_value(f"{key}.k", group.counts[0], group.trials),
        n=facts.of_value(f"{key}.n", group.counts[1], group.trials),
        value=value,
    )


def _ignored_lines(facts: FactWriter) -> Iterator[Line]:
    for ignored in facts.data.ignored_settings:
        first, second = ignored.pairs[0]
        yield line(
            "{name} seems to be ignored: {first} and {second} have {a} and {b}, and the very same "
            "curves{more}. Whatever "
            "else is said of it here is noise.",
            name=facts.name(ignored.setting),
            first=facts.trial(first),
            second=facts.trial(second),
            a=facts.setting(first, ignored.setting),
            b=facts.setting(second, ignored.setting),
            more=line(
                " (and {n} {pairs} more)",
                n=facts.of_value(f"inert.{ignored.setting}.more", len(ignored.pairs) - 1),
                pairs="pair" if len(ignored.pairs) == 2 else "pairs",
            )
            if len(ignored.pairs) > 1
            else (),
        )


def _ratio_lines(facts: FactWriter) -> Iterator[Line]:
    """Yield the correlation of the metric with alpha / rank, if both vary."""
    trials = sorted(facts.data.order, key=lambda trial: trial.number)
    names = {role: setting_with_role(facts.view.base, role) for role in ("rank", "alpha")}
    ratios = []
    for trial in trials:
        settings = facts.view.settings(trial)
        rank, alpha = number_with_role(settings, "rank"), number_with_role(settings, "alpha")
        if not rank or alpha is None:
            return
        ratios.append(alpha / rank)
    if len(trials) < 5 or len(set(ratios)) < 2 or not all(names.values()):
        return
    rho, p = spearman_correlation(ratios, [float((trial.values or {})[facts.data.metric]) for trial in trials])
    if rho is None or p is None:
        return
    yield line(
        "The ratio {alpha} / {rank}, from {low} to {high}, has {word} effect on {metric} (rank "
        "correlation {rho}, {p}).",
        alpha=facts.name(str(names["alpha"])),
        rank=facts.name(str(names["rank"])),
        low=facts.of_value("ratio.low", min(ratios), trials),
        high=facts.of_value("ratio.high", max(ratios), trials),
        word="a measurable" if p < SIGNIFICANCE_LEVEL else "no measurable",
        metric=facts.name(facts.data.metric),
        rho=facts.of_value("ratio.rho", rho, trials, text=f"{rho:+.2f}".replace("-", "−")),
        p=facts.p_value("ratio.p", p, trials),
    )
