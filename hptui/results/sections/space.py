"""What was searched, what was derived, what stayed fixed; and how the search went about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hptui.model.format import NOTHING, setting
from hptui.model.parameters import Choice, Int, Parameter
from hptui.model.study import Stage
from hptui.model.trial import Value
from hptui.model.values import number_text
from hptui.results.document import Block, Bullets, Heading, Paragraph, Table
from hptui.results.facts import Fact, Line, Name, Words, joined, line
from hptui.results.roles import effective_batch, setting_of
from hptui.results.sections.setup import behind, item
from hptui.results.teller import Teller


def space(t: Teller) -> Iterator[Block]:
    """Parameter, range, type, scale, current value, impact."""
    parameters = t.study.space.parameters
    if not parameters:
        return
    yield Heading(2, ("Search space",))
    impact = any(one.note for one in parameters)
    head: list[Line] = [("Parameter",), ("Range",), ("Type",), ("Scale",), ("Current",)]
    rows = []
    for one in parameters:
        current = t.view.base.get(one.name)
        now: Line = (_base(t, one.name),) if one.name in t.view.base and current is not None else (NOTHING,)
        row: list[Line] = [(t.name(one.name),), _range(one), (_type(one),), (_scale(one),), now]
        rows.append(tuple([*row, (Words(one.note),) if one.note else (NOTHING,)] if impact else row))
    yield Table(tuple([*head, ("Impact",)] if impact else head), tuple(rows))
    for one in parameters:
        if one.when is not None:
            yield Paragraph(
                line(
                    "{name} is only searched where {when}.", name=t.name(one.name), when=Name(one.when.text, code=True)
                )
            )
    if t.study.space.constraints:
        told = joined(Name(one.text, code=True) for one in t.study.space.constraints)
        yield Paragraph(line("Constraints: {told}.", told=told))
    if len(t.record.revisions) > 1:
        n = t.plain("study.revisions", len(t.record.revisions), field="study.revision")
        why = joined((Name(one.why) for one in t.record.revisions[1:] if one.why), "; ")
        yield Paragraph(
            line(
                "The study was changed after it had begun; this is revision {n}{why}.",
                n=n,
                why=(" (", *why, ")") if why else (),
            )
        )


def _base(t: Teller, name: str) -> Fact:
    return Fact(f"base.{name}", t.view.base[name], setting(t.view.base[name]), (), f"trainer.{name}")


def _range(one: Parameter) -> Line:
    key = f"space.{one.name}"
    if isinstance(one, Choice):
        return (Fact(key, list(one.choices), f"[{', '.join(map(setting, one.choices))}]", (), key),)
    text = f"[{number_text(one.low)}, {number_text(one.high)}]" + (
        f", step {number_text(one.step)}" if one.step else ""
    )
    return (Fact(key, [one.low, one.high], text, (), key),)


def _type(one: Parameter) -> str:
    if isinstance(one, Choice):
        return "discrete" if one.ordinal else "categorical"
    return "integer" if isinstance(one, Int) else "continuous"


def _scale(one: Parameter) -> str:
    return NOTHING if isinstance(one, Choice) else "log" if one.log else "linear"


def fixed(t: Teller) -> Iterator[Block]:
    """Every setting that was not searched, and how derived ones follow."""
    own = t.study.trainer.settings
    searched = {*t.study.space.names, *(one.name for one in t.study.space.derived)}
    kept = {name: value for name, value in own.items() if name not in searched}
    if kept or t.study.space.derived:
        yield Heading(2, ("Fixed and derived parameters",))
    if kept:
        rows = tuple(((t.name(name),), _value(f"base.{name}", name, value)) for name, value in kept.items())
        yield Table((("Parameter",), ("Value",)), rows)
    yield from _derived(t)
    yield from _batch(t)


def derived(t: Teller) -> Iterator[Block]:
    """How derived settings follow from others, where a table of all settings has told the rest."""
    if t.study.space.derived:
        yield Heading(2, ("Derived parameters",))
        yield from _derived(t)


def _derived(t: Teller) -> Iterator[Block]:
    if t.study.space.derived:
        lines = [
            line(
                "{name} = {expr}{note}",
                name=t.name(one.name),
                expr=Name(one.expr.text, code=True),
                note=(" (", Words(one.note), ")") if one.note else (),
            )
            for one in t.study.space.derived
        ]
        yield Bullets(tuple(lines))


def _value(key: str, name: str, value: Value) -> Line:
    return (Fact(key, value, setting(value) if value != "" else NOTHING, (), f"trainer.{name}"),)


def _batch(t: Teller) -> Iterator[Block]:
    settings: Mapping[str, Value] = t.view.base
    batch, times = setting_of(settings, "batch"), setting_of(settings, "accumulation")
    whole = effective_batch(settings)
    if (
        batch
        and times
        and whole is not None
        and settings.get(times) not in (None, 1)
        and {batch, times}.isdisjoint(t.study.space.names)
    ):
        yield Paragraph(
            line(
                "Effective batch size: {batch} × {times} = {whole} examples per optimizer step.",
                batch=_base(t, batch),
                times=_base(t, times),
                whole=t.plain("base.effective_batch", whole),
            )
        )


def _stage(t: Teller, one: Stage) -> Line:
    """`final: the best 2 again with epochs = 30, 3 seeds each`."""
    key = f"stage.{one.name}"

    def fact(name: str, value: Value) -> Fact:
        return t.plain(f"{key}.{name}", value, field="study.stage")

    told: Line = (Name(one.name), ": ")
    if one.searches:
        limit = one.trials if one.trials is not None else t.study.search.trials
        told += ("trials without limit",) if limit is None else (fact("trials", limit), " trials")
        told += (" around the best before",) if one.best is not None else ()
    else:
        told += ("the best ", fact("best", one.best), " again")
    if one.set:
        told += (" with ", *joined((t.name(name), " = ", fact(name, value)) for name, value in one.set.items()))
    return (*told, ", ", fact("seeds", one.seeds), " seeds each") if one.seeds > 1 else told


def search(t: Teller) -> Iterator[Block]:
    """Who proposed, how many, towards what."""
    yield Heading(2, ("Optimisation",))
    study, own = t.study, t.study.search
    lines: list[Line] = []
    engines = list(dict.fromkeys(trial.engine for trial in t.view.trials if trial.engine))
    used = f" (used: {', '.join(engines)})" if engines and engines != [own.sampler] else ""
    lines.append(item("Algorithm", Name(f"{own.sampler}{used}")))
    if study.stages:
        lines.append(item("Stages", *joined((_stage(t, one) for one in study.stages), "; ")))
    elif own.trials is not None:
        lines.append(item("Budget", t.plain("study.search.trials", own.trials, field="study.search.trials"), " trials"))
    elif own.sampler not in ("list", "grid"):
        lines.append(item("Budget", "until stopped"))
    lines.append(item("Seed", t.plain("study.search.seed", own.seed, field="study.search.seed")))
    for objective in study.objectives:
        parts: list[Line] = [(str(objective.goal), " ", t.name(objective.metric))]
        parts.append(
            (("the best point of each trial" if objective.select == "best" else "the last point of each trial"),)
        )
        if (n := behind(t, objective.metric)) is not None:
            parts.append(line("over {n} examples", n=n))
        lines.append(item("Objective", *joined(parts)))
    if own.pruner.kind != "none":
        lines.append(item("Pruner", Name(own.pruner.kind)))
    lines += [item("Stop rule", Name(str(rule), code=True)) for rule in own.stop]
    lines += [item("Outcome", Name(one.text, code=True), ", else a trial is never the best") for one in own.outcome]
    until = {
        "hours": own.until.hours,
        "trials without improvement": own.until.no_improvement,
        "target": own.until.target,
    }
    for what, value in until.items():
        if value is not None:
            lines.append(
                item(
                    "Ends after" if what != "target" else "Ends at",
                    t.plain(f"study.until.{what}", value),
                    f" {what}" if what != "target" else "",
                )
            )
    lines += _known(t)
    if t.record.rejected:
        n = t.plain("study.rejected", t.record.rejected, text=f"{t.record.rejected:,}")
        lines.append(item("Not run", n, " proposals were infeasible or known already"))
    yield Bullets(tuple(lines))


def _known(t: Teller) -> Iterator[Line]:
    """What the search had from elsewhere: from which study or file, how many trials of it, and what did not fit."""
    several = len(t.record.knowledge) > 1
    for stage, sources in t.record.knowledge.items():
        for n, one in enumerate(sources):
            key, field = f"knowledge.{stage or 'all'}.{n}", f"knowledge.{stage}.{n}"
            numbers = [trial for trial in t.view.trials if trial.number in one.get("numbers", ())]
            heard = t.plain(f"{key}.heard", one["heard"], numbers, field=f"{field}.heard")
            every = t.plain(f"{key}.trials", one["trials"], numbers, field=f"{field}.trials")
            parts: list[Line] = [(Name(f"stage {stage}: "),)] if several and stage else []
            if "study" in one:
                parts.append(line("{heard} of {every} trials of the study ", heard=heard, every=every))
                parts.append((Name(one["study"], code=True), " (", Name(one["uuid"], code=True), ")"))
            else:
                parts.append(line("{heard} of {every} experiments imported from ", heard=heard, every=every))
                parts.append((Name(one["file"], code=True),))
            if one["heard"] < one["trials"]:
                rest = t.plain(f"{key}.left", one["trials"] - one["heard"], numbers)
                parts.append(line("; {rest} did not inform it: in ", rest=rest))
                parts.append((Name(f"{one['misfit']} {one['why']}"),))
            yield item("Known before", *(piece for part in parts for piece in part))
