"""Key observations: regions, steps from the baseline, edges, confounded and ignored settings. Each is computed."""

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
STEPS = 4
"""More changes of one setting alone are a search of it, and told by its groups."""


def observations(t: Teller) -> Iterator[Block]:
    """Key observations: sentences about regions, groups, confounding; each computed."""
    found = [
        *equal_lines(t),
        *effect_lines(t),
        *_region_lines(t),
        *_one_factor_lines(t),
        *_edge_lines(t),
        *_length_lines(t),
        *_confounded_lines(t),
        *_inert_lines(t),
        *_ratio_lines(t),
    ]
    silent = (
        []
        if t.record.stepwise
        else [one for one in t.record.effects if one.corrected is not None and not one.measurable]
    )
    if silent:
        names = listed(t.name(one.setting) for one in silent)
        found.append(
            line(
                "No measurable effect on {metric}: {names}. A difference between their groups may be chance.",
                metric=t.name(t.record.metric),
                names=names,
            )
        )
    if found:
        yield Heading(2, ("Key observations",))
        yield Bullets(tuple(found), "1.")


def _region_lines(t: Teller) -> Iterator[Line]:
    told = {"zero": "are at zero", "oom": "ran out of memory", "nan": "became NaN or infinite"}
    for region in t.record.regions:
        key = f"region.{region.kind}.{region.setting}"
        side = "at or above" if region.above else "at or below"
        yield line(
            "{bad} {told}, and {n} lie {side} {name} = {bound} ({p}){exceptions}.",
            bad=capital(t.trials(region.bad, key)),
            told=told[region.kind],
            n="both" if len(region.bad) == 2 else ("all ", t.count(f"{key}.bad", region.bad)),
            side=side,
            name=t.name(region.setting),
            bound=_bound(t, region),
            p=t.p(f"{key}.p", region.p, region.inside),
            exceptions=_exceptions(t, region),
        )


def _bound(t: Teller, region: Region) -> Line:
    trial = next(one for one in region.bad if t.view.settings(one).get(region.setting) == region.bound)
    return t.setting(trial, region.setting)


def _exceptions(t: Teller, region: Region) -> Line:
    if not region.exceptions:
        return ()
    parts = []
    for trial in region.exceptions[:3]:
        where: Line = (t.name(region.setting), " ", *t.setting(trial, region.setting))
        parts.append(
            line(
                "{trial} ({where}: {value})",
                trial=t.trial(trial),
                where=where,
                value=(t.value(trial, t.record.metric),),
            )
        )
    more: Line = (
        (" and ", t.count(f"region.{region.kind}.{region.setting}.exceptions", region.exceptions[3:]), " more")
        if region.exceptions[3:]
        else ()
    )
    word = "an exception is" if len(region.exceptions) == 1 else "exceptions are"
    return line("; {word} {parts}{more}", word=word, parts=listed(parts), more=more)


def _one_factor_lines(t: Teller) -> Iterator[Line]:
    steps = t.record.steps
    for names in dict.fromkeys(tuple(step.changed) for step in steps):
        mine = sorted((step for step in steps if tuple(step.changed) == names), key=_upwards)
        parts = []
        for step in mine if len(mine) <= STEPS or t.record.stepwise else ():  # else the table of effects tells it
            if told := moved(t, step):
                what = joined(t.setting(step.trial, name) for name in names)
                parts.append(line("{what}: {told}", what=what, told=_with_costs(t, step, told)))
        if parts:
            start = joined((t.name(name), " ", *t.setting(mine[0].base, name)) for name in names)
            yield line("Changed alone from {start} to {parts}.", start=start, parts=joined(parts, "; to "))


def _upwards(step: Step) -> tuple[float, int]:
    """Steps in the order of what they changed to, where that is a number."""
    _, value = next(iter(step.changed.values()))
    return (float(value) if is_number(value) else 0.0, step.trial.number)


def _with_costs(t: Teller, step: Step, told: Line) -> Line:
    for name in ALSO:
        old, new = getattr(step.base, name), getattr(step.trial, name)
        if old and new and abs(new - old) / old > 0.02 and t.shown(name, old) != t.shown(name, new):
            told += (
                ", ",
                t.name(name),
                " ",
                t.difference(f"step.{step.trial.number}.{name}", name, new - old, [step.base, step.trial]),
            )
    return told


def _length_lines(t: Teller) -> Iterator[Line]:
    groups = lengths(t.view, t.record.order)
    if len(groups) < 2:
        return
    usual = next(iter(groups))
    rest = [one for length in list(groups)[1:] for one in groups[length]]
    yield line(
        "{which} did not train for {n} {unit} as most did: differences to the others may be the length of training.",
        which=capital(t.trials(rest, "length.others")),
        n=t.plain("length.usual", usual.amount, groups[usual], field=usual.field),
        unit=usual.unit,
    )


def _edge_lines(t: Teller) -> Iterator[Line]:
    for edge in t.record.edges:
        yield line(
            "The best {name}, {value}, is at the {side} edge of what was searched: further out may be better.",
            name=t.name(edge.setting),
            value=t.setting(t.record.best, edge.setting) if t.record.best else (),
            side="low" if edge.low else "high",
        )


def _confounded_lines(t: Teller) -> Iterator[Line]:
    for one in t.record.confounded:
        key = f"confounded.{one.one}.{one.other}"
        effect = next((e for e in t.record.effects if e.setting == one.one), None)
        told = line(
            "{one} and {other} are confounded: they changed together (rank correlation {rho}, {p}), so their effects "
            "cannot be told apart here",
            one=t.name(one.one),
            other=t.name(one.other),
            rho=t.plain(f"{key}.rho", one.strength, one.trials, text=f"{one.strength:+.2f}".replace("-", "−")),
            p=t.p(f"{key}.p", one.p, one.trials),
        )
        if effect is not None and effect.groups and all(group.counts for group in effect.groups):
            told += line(": {counts} were right", counts=joined(_counted(t, effect, group) for group in effect.groups))
        for pin in one.pinned:
            low, high = (
                min(pin.trials, key=lambda x: _number(t, x, one.other)),
                max(pin.trials, key=lambda x: _number(t, x, one.other)),
            )
            told += line(
                "; {name} = {value} was only tried with {other} from {low} to {high}",
                name=t.name(one.one),
                value=t.setting(pin.trials[0], one.one),
                other=t.name(one.other),
                low=t.setting(low, one.other),
                high=t.setting(high, one.other),
            )
        yield (*told, ".")


def _number(t: Teller, trial: Trial, name: str) -> float:
    value = t.view.settings(trial)[name]
    return float(value) if isinstance(value, int | float) else 0.0


def _counted(t: Teller, effect: Effect, group: Group) -> Line:
    assert group.counts is not None
    key = f"group.{effect.setting}.{setting(group.value)}"
    value = t.plain(f"{key}.value", group.value, group.trials)
    if group.low is not None:
        value = t.plain(f"{key}.value", group.low, group.trials)
    return line(
        "{k}/{n} for {value}",
        k=t.plain(f"{key}.k", group.counts[0], group.trials),
        n=t.plain(f"{key}.n", group.counts[1], group.trials),
        value=value,
    )


def _inert_lines(t: Teller) -> Iterator[Line]:
    for one in t.record.inert:
        first, second = one.pairs[0]
        yield line(
            "{name} seems to be ignored: {first} and {second} have {a} and {b}, and the very same "
            "curves{more}. Whatever "
            "else is said of it here is noise.",
            name=t.name(one.setting),
            first=t.trial(first),
            second=t.trial(second),
            a=t.setting(first, one.setting),
            b=t.setting(second, one.setting),
            more=line(
                " (and {n} {pairs} more)",
                n=t.plain(f"inert.{one.setting}.more", len(one.pairs) - 1),
                pairs="pair" if len(one.pairs) == 2 else "pairs",
            )
            if len(one.pairs) > 1
            else (),
        )


def _ratio_lines(t: Teller) -> Iterator[Line]:
    """Alpha by rank, where both vary."""
    trials = sorted(t.record.order, key=lambda trial: trial.number)
    names = {role: setting_of(t.view.base, role) for role in ("rank", "alpha")}
    ratios = []
    for trial in trials:
        settings = t.view.settings(trial)
        rank, alpha = number_of(settings, "rank"), number_of(settings, "alpha")
        if not rank or alpha is None:
            return
        ratios.append(alpha / rank)
    if len(trials) < 5 or len(set(ratios)) < 2 or not all(names.values()):
        return
    rho, p = spearman(ratios, [float((trial.values or {})[t.record.metric]) for trial in trials])
    if rho is None or p is None:
        return
    yield line(
        "The ratio {alpha} / {rank}, from {low} to {high}, has {word} effect on {metric} (rank "
        "correlation {rho}, {p}).",
        alpha=t.name(str(names["alpha"])),
        rank=t.name(str(names["rank"])),
        low=t.plain("ratio.low", min(ratios), trials),
        high=t.plain("ratio.high", max(ratios), trials),
        word="a measurable" if p < ALPHA else "no measurable",
        metric=t.name(t.record.metric),
        rho=t.plain("ratio.rho", rho, trials, text=f"{rho:+.2f}".replace("-", "−")),
        p=t.p("ratio.p", p, trials),
    )
