"""What each setting did: groups with n and interval, ranks, one factor at a time, importance; and what it did not."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.model.format import setting
from hptui.model.trial import Trial
from hptui.results.analysis.compare import ALPHA
from hptui.results.analysis.effects import Effect, Group, Step, one_factor, spearman
from hptui.results.analysis.regions import Region
from hptui.results.document import Block, Bullets, Heading, Paragraph, Table
from hptui.results.facts import Fact, Line, Name, capital, joined, line, listed
from hptui.results.roles import number_of, setting_of
from hptui.results.sections.trials import moved
from hptui.results.teller import Teller

ALSO = ("seconds", "peak_memory_gb")


def observations(t: Teller) -> Iterator[Block]:
    """Key observations: sentences about regions, groups, confounding; each computed."""
    found = [
        *_region_lines(t),
        *_one_factor_lines(t),
        *_edge_lines(t),
        *_confounded_lines(t),
        *_inert_lines(t),
        *_ratio_lines(t),
    ]
    silent = [one for one in t.record.effects if one.corrected is not None and not one.measurable]
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
    told = {"zero": "reached nothing at all", "oom": "ran out of memory", "nan": "became NaN or infinite"}
    for region in t.record.regions:
        key = f"region.{region.kind}.{region.setting}"
        side = "at or above" if region.above else "at or below"
        yield line(
            "{bad} {told}, and all {n} lie {side} {name} = {bound} ({p}){exceptions}.",
            bad=capital(t.trials(region.bad, key)),
            told=told[region.kind],
            n=t.count(f"{key}.bad", region.bad),
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
        return ("; every other trial there did so, too",) if len(region.inside) > len(region.bad) else ()
    parts = []
    for trial in region.exceptions[:3]:
        where: Line = (t.name(region.setting), " ", *t.setting(trial, region.setting))
        parts.append(
            line(
                "{trial} ({where}, {value})",
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
    return line("; but so do {parts}{more}, which did not", parts=listed(parts), more=more)


def _one_factor_lines(t: Teller) -> Iterator[Line]:
    steps = one_factor(t.view, t.view.trials)
    for names in dict.fromkeys(tuple(step.changed) for step in steps):
        mine = [step for step in steps if tuple(step.changed) == names]
        parts = []
        for step in mine:
            if told := moved(t, step):
                what = joined(t.setting(step.trial, name) for name in names)
                parts.append(line("{what}: {told}", what=what, told=_with_costs(t, step, told)))
        if parts:
            start = joined((t.name(name), " ", *t.setting(mine[0].base, name)) for name in names)
            yield line("Changed alone from {start} to {parts}.", start=start, parts=joined(parts, "; to "))


def _with_costs(t: Teller, step: Step, told: Line) -> Line:
    for name in ALSO:
        old, new = getattr(step.base, name), getattr(step.trial, name)
        if old and new and abs(new - old) / old > 0.02:
            told += (
                ", ",
                t.name(name),
                " ",
                t.difference(f"step.{step.trial.number}.{name}", name, new - old, [step.base, step.trial]),
            )
    return told


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
            more=line(" (and {n} pairs more)", n=t.plain(f"inert.{one.setting}.more", len(one.pairs) - 1))
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


def per_parameter(t: Teller) -> Iterator[Block]:
    """A table of groups for each setting, with what a test says of it."""
    found = [one for one in t.record.effects if len(one.groups) > 1]
    if not found:
        return
    yield Heading(2, ("Effect of each parameter",))
    metric = t.record.metric
    for effect in found:
        yield Heading(3, (t.name(effect.setting),))
        also = [name for name in ALSO if _differs(effect, name)]
        head: list[Line] = [
            (t.name(effect.setting),),
            ("Trials",),
            ("Mean ", t.name(metric)),
            (t.confidence(), " interval"),
        ]
        rows = []
        for group in effect.groups:
            key = f"group.{effect.setting}.{_label(group)}"
            row: list[Line] = [_where(t, effect, group, key), (t.count(f"{key}.trials", group.trials),)]
            row.append((t.of_metric(f"{key}.mean", metric, group.mean, group.trials, f"values.{metric}"),))
            row.append(
                t.interval(f"{key}.interval", metric, group.interval, group.trials)
                if group.interval
                else ("not repeated",)
            )
            row += [_mean(t, group, name, f"{key}.{name}") for name in also]
            rows.append(tuple(row))
        yield Table(
            (*head, *((t.heading(name),) for name in also)), tuple(rows), frozenset(range(1, len(head) + len(also)))
        )
        yield Paragraph(_verdict(t, effect))
    yield from _importance(t)


def _label(group: Group) -> str:
    return setting(group.value) if group.low is None else f"{setting(group.low)}-{setting(group.high)}"


def _where(t: Teller, effect: Effect, group: Group, key: str) -> Line:
    if group.low is None:
        text = setting(group.value)
        return (
            (t.plain(f"{key}.value", group.value, group.trials),) if not isinstance(group.value, str) else (Name(text),)
        )
    return line(
        "{low} to {high}",
        low=t.plain(f"{key}.low", group.low, group.trials),
        high=t.plain(f"{key}.high", group.high, group.trials),
    )


def _differs(effect: Effect, name: str) -> bool:
    values = [getattr(trial, name) for trial in effect.trials]
    return all(values) and max(values) > 1.05 * min(values)


def _mean(t: Teller, group: Group, name: str, key: str) -> Line:
    values = [getattr(trial, name) for trial in group.trials]
    return (t.of_metric(key, name, sum(values) / len(values), group.trials, name),)


def _verdict(t: Teller, effect: Effect) -> Line:
    key = f"effect.{effect.setting}"
    if effect.constant:
        return ("All of them are equal.",)
    if effect.p is None or effect.corrected is None:
        return line(
            "{n} trials are too few to say whether this is more than chance.", n=t.count(f"{key}.n", effect.trials)
        )
    how: Line = (effect.how,)
    if effect.strength is not None:
        rho = t.plain(f"{key}.rho", effect.strength, effect.trials, text=f"{effect.strength:+.2f}".replace("-", "−"))
        how = (effect.how, " ", rho)
    tail = line(
        " ({how}, {p}, corrected for the number of parameters)",
        how=how,
        p=t.p(f"{key}.p", effect.corrected, effect.trials),
    )
    if effect.measurable:
        word = "measurable effect"
        if effect.strength is not None:
            word = (
                f"measurable effect: {t.heading(t.record.metric)} "
                f"{'rises' if effect.strength > 0 else 'falls'} as it grows"
            )
        return (Name(word[:1].upper() + word[1:]), *tail, ".")
    return ("No measurable effect: these differences may be chance", *tail, ".")


def _importance(t: Teller) -> Iterator[Block]:
    found = t.record.importance
    if found is None or len(found.shares) < 2:
        return
    yield Heading(3, ("Importance",))
    rows = []
    for name, share in found.shares.items():
        fact = Fact(f"importance.{name}", share, f"{share:.0%}", found.trials)
        rows.append(((t.name(name),), (fact,)))
    yield Table((("Parameter",), ("Share of the variation",)), tuple(rows), frozenset({1}))
    how = "fANOVA" if found.method == "fanova" else "PED-ANOVA"
    caveat = f", {found.caveat}" if found.caveat else ""
    yield Paragraph((f"By {how}{caveat}. A parameter that changed together with another shares its importance.",))
