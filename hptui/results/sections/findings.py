"""The section `Key observations`: regions, steps from the baseline, edges, confounded and ignored settings."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.model.format import setting
from hptui.model.trial import Trial
from hptui.model.values import is_number
from hptui.results.analysis.cohort import lengths
from hptui.results.analysis.compare import ALPHA
from hptui.results.analysis.effects import Effect, Group, Step, spearman
from hptui.results.analysis.regions import Region
from hptui.results.document import Block, Bullets, Heading
from hptui.results.facts import Line, capital, joined, line, listed
from hptui.results.roles import number_of, setting_of
from hptui.results.sections.groups import effect_lines, equal_lines
from hptui.results.sections.trials import moved
from hptui.results.teller import Teller

ALSO = ("seconds", "peak_memory_gb")
"""Costs that are stated with a step."""
STEPS = 4
"""With more changes of one setting, its groups describe it better than single steps."""


def observations(facts: Teller) -> Iterator[Block]:
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
        if facts.record.stepwise
        else [effect for effect in facts.record.effects if effect.corrected is not None and not effect.measurable]
    )
    if insignificant:
        names = listed(facts.name(effect.setting) for effect in insignificant)
        lines.append(
            line(
                "No measurable effect on {metric}: {names}. A difference between their groups may be chance.",
                metric=facts.name(facts.record.metric),
                names=names,
            )
        )
    if lines:
        yield Heading(2, ("Key observations",))
        yield Bullets(tuple(lines), "1.")


def _region_lines(facts: Teller) -> Iterator[Line]:
    outcomes = {"zero": "are at zero", "oom": "ran out of memory", "nan": "became NaN or infinite"}
    for region in facts.record.regions:
        key = f"region.{region.kind}.{region.setting}"
        side = "at or above" if region.above else "at or below"
        yield line(
            "{bad} {told}, and {n} lie {side} {name} = {bound} ({p}){exceptions}.",
            bad=capital(facts.trials(region.bad, key)),
            told=outcomes[region.kind],  # language: placeholder
            n="both" if len(region.bad) == 2 else ("all ", facts.count(f"{key}.bad", region.bad)),
            side=side,
            name=facts.name(region.setting),
            bound=_bound_text(facts, region),
            p=facts.p(f"{key}.p", region.p, region.inside),
            exceptions=_exceptions(facts, region),
        )


def _bound_text(facts: Teller, region: Region) -> Line:
    trial = next(bad for bad in region.bad if facts.view.settings(bad).get(region.setting) == region.bound)
    return facts.setting(trial, region.setting)


def _exceptions(facts: Teller, region: Region) -> Line:
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
                value=(facts.value(trial, facts.record.metric),),
            )
        )
    more: Line = (
        (" and ", facts.count(f"region.{region.kind}.{region.setting}.exceptions", region.exceptions[3:]), " more")
        if region.exceptions[3:]
        else ()
    )
    word = "an exception is" if len(region.exceptions) == 1 else "exceptions are"
    return line("; {word} {parts}{more}", word=word, parts=listed(parts), more=more)


def _one_factor_lines(facts: Teller) -> Iterator[Line]:
    steps = facts.record.steps
    for names in dict.fromkeys(tuple(step.changed) for step in steps):
        own_steps = sorted((step for step in steps if tuple(step.changed) == names), key=_step_order)
        parts = []
        for step in own_steps if len(own_steps) <= STEPS or facts.record.stepwise else ():  # else covered by its groups
            if effect := moved(facts, step):
                values = joined(facts.setting(step.trial, name) for name in names)
                parts.append(
                    line("{what}: {told}", what=values, told=_with_costs(facts, step, effect))  # language: placeholder
                )
        if parts:
            start = joined((facts.name(name), " ", *facts.setting(own_steps[0].base, name)) for name in names)
            yield line("Changed alone from {start} to {parts}.", start=start, parts=joined(parts, "; to "))


def _step_order(step: Step) -> tuple[float, int]:
    """Return a sort key: the new value of a step, if it is a number."""
    _, value = next(iter(step.changed.values()))
    return (float(value) if is_number(value) else 0.0, step.trial.number)


def _with_costs(facts: Teller, step: Step, text: Line) -> Line:
    for name in ALSO:
        old, new = getattr(step.base, name), getattr(step.trial, name)
        if old and new and abs(new - old) / old > 0.02 and facts.shown(name, old) != facts.shown(name, new):
            text += (
                ", ",
                facts.name(name),
                " ",
                facts.difference(f"step.{step.trial.number}.{name}", name, new - old, [step.base, step.trial]),
            )
    return text


def _length_lines(facts: Teller) -> Iterator[Line]:
    groups = lengths(facts.view, facts.record.order)
    if len(groups) < 2:
        return
    common_length = next(iter(groups))
    other_trials = [trial for length in list(groups)[1:] for trial in groups[length]]
    yield line(
        "{which} did not train for {n} {unit} as most did: differences to the others may be the length of training.",
        which=capital(facts.trials(other_trials, "length.others")),
        n=facts.plain("length.usual", common_length.amount, groups[common_length], field=common_length.field),
        unit=common_length.unit,
    )


def _edge_lines(facts: Teller) -> Iterator[Line]:
    for edge in facts.record.edges:
        yield line(
            "The best {name}, {value}, is at the {side} edge of what was searched: further out may be better.",
            name=facts.name(edge.setting),
            value=facts.setting(facts.record.best, edge.setting) if facts.record.best else (),
            side="low" if edge.low else "high",
        )


def _confounded_lines(facts: Teller) -> Iterator[Line]:
    for pair in facts.record.confounded:
        key = f"confounded.{pair.one}.{pair.other}"
        effect = next((e for e in facts.record.effects if e.setting == pair.one), None)
        text = line(
            "{one} and {other} are confounded: they changed together (rank correlation {rho}, {p}), so their effects "
            "cannot be told apart here",
            one=facts.name(pair.one),  # language: placeholder
            other=facts.name(pair.other),
            rho=facts.plain(f"{key}.rho", pair.strength, pair.trials, text=f"{pair.strength:+.2f}".replace("-", "−")),
            p=facts.p(f"{key}.p", pair.p, pair.trials),
        )
        if effect is not None and effect.groups and all(group.counts for group in effect.groups):
            text += line(
                ": {counts} were right", counts=joined(_count_text(facts, effect, group) for group in effect.groups)
            )
        for restricted in pair.pinned:
            low, high = (
                min(restricted.trials, key=lambda x: _setting_value(facts, x, pair.other)),
                max(restricted.trials, key=lambda x: _setting_value(facts, x, pair.other)),
            )
            text += line(
                "; {name} = {value} was only tried with {other} from {low} to {high}",
                name=facts.name(pair.one),
                value=facts.setting(restricted.trials[0], pair.one),
                other=facts.name(pair.other),
                low=facts.setting(low, pair.other),
                high=facts.setting(high, pair.other),
            )
        yield (*text, ".")


def _setting_value(facts: Teller, trial: Trial, name: str) -> float:
    value = facts.view.settings(trial)[name]
    return float(value) if isinstance(value, int | float) else 0.0


def _count_text(facts: Teller, effect: Effect, group: Group) -> Line:
    assert group.counts is not None
    key = f"group.{effect.setting}.{setting(group.value)}"
    value = facts.plain(f"{key}.value", group.value, group.trials)
    if group.low is not None:
        value = facts.plain(f"{key}.value", group.low, group.trials)
    return line(
        "{k}/{n} for {value}",
        k=facts.plain(f"{key}.k", group.counts[0], group.trials),
        n=facts.plain(f"{key}.n", group.counts[1], group.trials),
        value=value,
    )


def _ignored_lines(facts: Teller) -> Iterator[Line]:
    for ignored in facts.record.inert:
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
                n=facts.plain(f"inert.{ignored.setting}.more", len(ignored.pairs) - 1),
                pairs="pair" if len(ignored.pairs) == 2 else "pairs",
            )
            if len(ignored.pairs) > 1
            else (),
        )


def _ratio_lines(facts: Teller) -> Iterator[Line]:
    """Yield the correlation of the metric with alpha / rank, if both vary."""
    trials = sorted(facts.record.order, key=lambda trial: trial.number)
    names = {role: setting_of(facts.view.base, role) for role in ("rank", "alpha")}
    ratios = []
    for trial in trials:
        settings = facts.view.settings(trial)
        rank, alpha = number_of(settings, "rank"), number_of(settings, "alpha")
        if not rank or alpha is None:
            return
        ratios.append(alpha / rank)
    if len(trials) < 5 or len(set(ratios)) < 2 or not all(names.values()):
        return
    rho, p = spearman(ratios, [float((trial.values or {})[facts.record.metric]) for trial in trials])
    if rho is None or p is None:
        return
    yield line(
        "The ratio {alpha} / {rank}, from {low} to {high}, has {word} effect on {metric} (rank "
        "correlation {rho}, {p}).",
        alpha=facts.name(str(names["alpha"])),
        rank=facts.name(str(names["rank"])),
        low=facts.plain("ratio.low", min(ratios), trials),
        high=facts.plain("ratio.high", max(ratios), trials),
        word="a measurable" if p < ALPHA else "no measurable",
        metric=facts.name(facts.record.metric),
        rho=facts.plain("ratio.rho", rho, trials, text=f"{rho:+.2f}".replace("-", "−")),
        p=facts.p("ratio.p", p, trials),
    )
