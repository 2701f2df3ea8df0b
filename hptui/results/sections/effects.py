"""What each setting did: groups with n and interval, ranks, one factor at a time, importance; and what it did not."""

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
LEAST = 3
"""A mean of fewer values than these has no interval worth reading."""


def per_parameter(t: Teller) -> Iterator[Block]:
    """A table of groups for each setting, with what a test says of it."""
    found = [one for one in t.record.effects if len(one.groups) > 1]
    if not found:
        return
    yield Heading(2, ("Effect of each parameter",))
    if t.record.stepwise:
        yield from _steps(t)
        return
    if len(t.record.field) < FEW:
        n = t.count("effects.n", t.record.field)
        yield Paragraph(line("{n} trials are too few to tell effects from chance.", n=n))
        return
    stage = t.record.field[0].stage
    if t.record.field != t.record.order:
        yield Paragraph(line("Among the trials of stage {stage}, which has the most.", stage=Name(stage or "none")))
    groups = lengths(t.view, t.record.field)
    if len(groups) > 1:
        rest = [one for length in list(groups)[1:] for one in groups[length]]
        which = t.trials(rest, "length.others")
        yield Paragraph(
            line("Careful: trials of different length of training are mixed here ({which} differ).", which=which)
        )
    metric = t.record.metric
    for effect in found:
        yield Heading(3, (t.name(effect.setting),))
        also = [one.metric for one in t.study.objectives[1:]]
        also += [name for name in ALSO if _differs(t, effect, name)]
        head: list[Line] = [
            (t.name(effect.setting),),
            ("Trials",),
            ("Mean ", t.name(metric)),
            (t.confidence(), " interval of the mean"),
        ]
        rows = []
        for group in effect.groups:
            key = f"group.{effect.setting}.{label(group)}"
            row: list[Line] = [where(t, group, key), (t.count(f"{key}.trials", group.trials),)]
            row.append((t.of_metric(f"{key}.mean", metric, group.mean, group.trials, f"values.{metric}"),))
            row.append(_interval(t, group, metric, key))
            row += [_mean(t, group, name, f"{key}.{name}") for name in also]
            rows.append(tuple(row))
        yield Table(
            (*head, *(((t.name(name),) if name in ALSO else ("Mean ", t.name(name))) for name in also)),
            tuple(rows),
            frozenset(range(1, len(head) + len(also))),
        )
        yield Paragraph(_verdict(t, effect))
        costs = [told for name in also if (told := _cost_verdict(t, effect.setting, name)) is not None]
        if costs:
            yield Paragraph((*joined(costs, "; "), "."))
    yield from _importance(t)


def _interval(t: Teller, group: Group, metric: str, key: str) -> Line:
    """Of two values one could be given, so wide that it says nothing."""
    if group.interval is None:
        return ("not repeated",)
    if group.counts is None and len(group.trials) < LEAST:
        return ("too few",)
    return t.interval(f"{key}.interval", metric, group.interval, group.trials)


def _steps(t: Teller) -> Iterator[Block]:
    """One factor at a time: each step from the baseline, on every metric, on time and memory."""
    known = {name: place for place, name in enumerate(t.view.base)}
    steps = sorted(
        t.record.steps, key=lambda step: (known.get(next(iter(step.changed)), len(known)), step.trial.number)
    )
    own = changes(t.view, steps[0].base, steps[0].trial)
    said = [one.metric for one in own if one.metric in t.study.metrics or one.metric == t.record.metric]
    names = [name for name in said if name == t.record.metric or not is_cost(name)]
    names += [name for name in ALSO if all(getattr(step.trial, name) for step in steps)]
    rows = []
    for step in steps:
        what = joined(
            (t.name(n), " ", *t.setting(step.base, n), " → ", *t.setting(step.trial, n)) for n in step.changed
        )
        rows.append((t.trial(step.trial), what, *(_step_cell(t, step, name) for name in names)))
    base = next(iter(steps)).base
    yield Table(
        (("Trial",), ("Changed alone",), *((t.name(name),) for name in names)),
        tuple(rows),
        frozenset(range(2, len(names) + 2)),
    )
    yield Paragraph(line("Each against {base}. Not repeated: small differences may be chance.", base=t.trial(base)))


def _step_cell(t: Teller, step: Step, name: str) -> Line:
    old, new = measured(step.base, name), measured(step.trial, name)
    if old is None or new is None:
        return ("–",)
    change = change_of(t.view, name, old, new)
    if name in ALSO and old != new and t.shown(name, old) == t.shown(name, new):
        return ("about equal",)
    key = f"step.{step.trial.number}.{name}"
    delta = t.difference(key, name, new - old, [step.base, step.trial]) if old != new else "equal"
    word = "" if change.better is None or name in ALSO else " better" if change.better else " worse"
    return (delta, word)


def label(group: Group) -> str:
    """A group's name within the keys of facts."""
    return setting(group.value) if group.low is None else f"{setting(group.low)}-{setting(group.high)}"


def where(t: Teller, group: Group, key: str) -> Line:
    """The value of a group, or from where to where its values lie."""
    if group.low is not None and group.low == group.high:
        return (t.plain(f"{key}.low", group.low, group.trials),)
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


def _differs(t: Teller, effect: Effect, name: str) -> bool:
    """Whether the groups cost clearly differently, also as they would be shown."""
    values = [getattr(trial, name) for trial in effect.trials]
    if not all(values) or max(values) <= 1.05 * min(values):
        return False
    means = [sum(getattr(one, name) for one in group.trials) / len(group.trials) for group in effect.groups]
    return len({t.shown(name, mean) for mean in means}) > 1


def _mean(t: Teller, group: Group, name: str, key: str) -> Line:
    field = name if name in ALSO else f"values.{name}"
    values = [value for trial in group.trials if (value := measured(trial, name)) is not None]
    return (t.of_metric(key, name, sum(values) / len(values), group.trials, field),) if values else (NOTHING,)


def _verdict(t: Teller, effect: Effect) -> Line:
    key = f"effect.{effect.setting}"
    if effect.constant:
        return ("All of them are equal.",)
    if effect.p is None or effect.corrected is None:
        return line(
            "{n} trials are too few to say whether this is more than chance.", n=t.count(f"{key}.n", effect.trials)
        )
    how: Line = (effect.how,)
    if effect.steady and effect.strength is not None:
        rho = t.plain(f"{key}.rho", effect.strength, effect.trials, text=f"{effect.strength:+.2f}".replace("-", "−"))
        how = (effect.how, " ", rho)
    tail = line(
        " ({how}, {p}, corrected for the number of parameters)",
        how=how,
        p=t.p(f"{key}.p", effect.corrected, effect.trials),
    )
    if effect.measurable and effect.steady and effect.strength is not None:
        moves = "rises" if effect.strength > 0 else "falls"
        told = line("Measurable effect: {metric} {moves} as it grows", metric=t.name(t.record.metric), moves=moves)
        return (*told, *tail, *_shadow(t, effect), ".")
    if effect.measurable:
        down = t.study.objective.goal == "minimize"
        best = (min if down else max)(effect.groups, key=lambda group: group.mean)
        told = line(
            "Measurable effect: {metric} is best for {where}",
            metric=t.name(t.record.metric),
            where=where(t, best, f"group.{effect.setting}.{label(best)}"),
        )
        return (*told, *tail, *_shadow(t, effect), ".")
    return ("No measurable effect: these differences may be chance", *tail, ".")


def _shadow(t: Teller, effect: Effect) -> Line:
    """That the effect may be another setting's, where the two changed together."""
    pairs = [(one.one, one.other) for one in t.record.confounded if effect.setting in (one.one, one.other)]
    others = [other if one == effect.setting else one for one, other in pairs]
    names = listed(t.name(name) for name in others)
    return line("; it may be that of {names}, which changed with it", names=names) if others else ()


def _cost_verdict(t: Teller, setting: str, name: str) -> Line | None:
    """The same for another objective, time or memory, where it is more than chance."""
    found = next((one for one in t.record.effects_on(name) if one.setting == setting), None)
    if found is None or not found.measurable or found.corrected is None:
        return None
    if not found.steady:
        return line(
            "{name} differs between them ({how}, {p})",
            name=t.name(name),
            how=found.how,
            p=t.p(f"effect.{setting}.{name}.p", found.corrected, found.trials),
        )
    key, strength = f"effect.{setting}.{name}", found.strength or 0.0
    return line(
        "{name} {moves} as it grows ({how} {rho}, {p})",
        name=t.name(name),
        moves="rises" if strength > 0 else "falls",
        how=found.how,
        rho=t.plain(f"{key}.rho", strength, found.trials, text=f"{strength:+.2f}".replace("-", "−")),
        p=t.p(f"{key}.p", found.corrected, found.trials),
    )


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
