"""The sections `Search space`, `Fixed and derived parameters` and `Optimisation`."""

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


def space(facts: Teller) -> Iterator[Block]:
    """Yield parameter, range, type, scale, current value and impact; conditions and constraints."""
    parameters = facts.study.space.parameters
    if not parameters:
        return
    yield Heading(2, ("Search space",))
    impact = any(parameter.note for parameter in parameters)
    head: list[Line] = [("Parameter",), ("Range",), ("Type",), ("Scale",), ("Current",)]
    rows = []
    for parameter in parameters:
        current = facts.view.base.get(parameter.name)
        current_cell: Line = (
            (_baseline_fact(facts, parameter.name),)
            if parameter.name in facts.view.base and current is not None
            else (NOTHING,)
        )
        row: list[Line] = [
            (facts.name(parameter.name),),
            _range_cell(parameter),
            (_type_name(parameter),),
            (_scale_name(parameter),),
            current_cell,
        ]
        rows.append(tuple([*row, (Words(parameter.note),) if parameter.note else (NOTHING,)] if impact else row))
    yield Table(tuple([*head, ("Impact",)] if impact else head), tuple(rows))
    for parameter in parameters:
        if parameter.when is not None:
            yield Paragraph(
                line(
                    "{name} is only searched where {when}.",
                    name=facts.name(parameter.name),
                    when=Name(parameter.when.text, code=True),
                )
            )
    if facts.study.space.constraints:
        constraints = joined(Name(constraint.text, code=True) for constraint in facts.study.space.constraints)
        yield Paragraph(line("Constraints: {told}.", told=constraints))  # language: placeholder
    if len(facts.record.revisions) > 1:
        revision_count = facts.plain("study.revisions", len(facts.record.revisions), field="study.revision")
        reasons = joined((Name(revision.why) for revision in facts.record.revisions[1:] if revision.why), "; ")
        yield Paragraph(
            line(
                "The study was changed after it had begun; this is revision {n}{why}.",
                n=revision_count,
                why=(" (", *reasons, ")") if reasons else (),
            )
        )


def _baseline_fact(facts: Teller, name: str) -> Fact:
    return Fact(f"base.{name}", facts.view.base[name], setting(facts.view.base[name]), (), f"trainer.{name}")


def _range_cell(parameter: Parameter) -> Line:
    key = f"space.{parameter.name}"
    if isinstance(parameter, Choice):
        return (Fact(key, list(parameter.choices), f"[{', '.join(map(setting, parameter.choices))}]", (), key),)
    text = f"[{number_text(parameter.low)}, {number_text(parameter.high)}]" + (
        f", step {number_text(parameter.step)}" if parameter.step else ""
    )
    return (Fact(key, [parameter.low, parameter.high], text, (), key),)


def _type_name(parameter: Parameter) -> str:
    if isinstance(parameter, Choice):
        return "discrete" if parameter.ordinal else "categorical"
    return "integer" if isinstance(parameter, Int) else "continuous"


def _scale_name(parameter: Parameter) -> str:
    return NOTHING if isinstance(parameter, Choice) else "log" if parameter.log else "linear"


def fixed(facts: Teller) -> Iterator[Block]:
    """Yield all settings that were not searched, and the definitions of derived ones."""
    settings = facts.study.trainer.settings
    searched = {*facts.study.space.names, *(derived.name for derived in facts.study.space.derived)}
    fixed_settings = {name: value for name, value in settings.items() if name not in searched}
    if fixed_settings or facts.study.space.derived:
        yield Heading(2, ("Fixed and derived parameters",))
    if fixed_settings:
        rows = tuple(
            ((facts.name(name),), _value_cell(f"base.{name}", name, value)) for name, value in fixed_settings.items()
        )
        yield Table((("Parameter",), ("Value",)), rows)
    yield from _derived_blocks(facts)
    yield from _effective_batch(facts)


def derived(facts: Teller) -> Iterator[Block]:
    """Yield the definitions of derived settings, for the style with a table of all settings."""
    if facts.study.space.derived:
        yield Heading(2, ("Derived parameters",))
        yield from _derived_blocks(facts)


def _derived_blocks(facts: Teller) -> Iterator[Block]:
    if facts.study.space.derived:
        lines = [
            line(
                "{name} = {expr}{note}",
                name=facts.name(setting.name),
                expr=Name(setting.expr.text, code=True),
                note=(" (", Words(setting.note), ")") if setting.note else (),
            )
            for setting in facts.study.space.derived
        ]
        yield Bullets(tuple(lines))


def _value_cell(key: str, name: str, value: Value) -> Line:
    return (Fact(key, value, setting(value) if value != "" else NOTHING, (), f"trainer.{name}"),)


def _effective_batch(facts: Teller) -> Iterator[Block]:
    settings: Mapping[str, Value] = facts.view.base
    batch, accumulation = setting_of(settings, "batch"), setting_of(settings, "accumulation")
    effective = effective_batch(settings)
    if (
        batch
        and accumulation
        and effective is not None
        and settings.get(accumulation) not in (None, 1)
        and {batch, accumulation}.isdisjoint(facts.study.space.names)
    ):
        yield Paragraph(
            line(
                "Effective batch size: {batch} × {times} = {whole} examples per optimizer step.",
                batch=_baseline_fact(facts, batch),
                times=_baseline_fact(facts, accumulation),
                whole=facts.plain("base.effective_batch", effective),
            )
        )


def _stage_line(facts: Teller, stage: Stage) -> Line:
    """Return a stage in one line: `final: the best 2 again with epochs = 30, 3 seeds each`."""
    key = f"stage.{stage.name}"

    def fact(name: str, value: Value) -> Fact:
        return facts.plain(f"{key}.{name}", value, field="study.stage")

    text: Line = (Name(stage.name), ": ")
    if stage.searches:
        limit = stage.trials if stage.trials is not None else facts.study.search.trials
        text += ("trials without limit",) if limit is None else (fact("trials", limit), " trials")
        text += (" around the best before",) if stage.best is not None else ()
    else:
        text += ("the best ", fact("best", stage.best), " again")
    if stage.set:
        text += (" with ", *joined((facts.name(name), " = ", fact(name, value)) for name, value in stage.set.items()))
    return (*text, ", ", fact("seeds", stage.seeds), " seeds each") if stage.seeds > 1 else text


def search(facts: Teller) -> Iterator[Block]:
    """Yield sampler, budget, objectives, pruner, and the rules that stop trials and the study."""
    yield Heading(2, ("Optimisation",))
    study, settings = facts.study, facts.study.search
    lines: list[Line] = []
    engines = list(dict.fromkeys(trial.engine for trial in facts.view.trials if trial.engine))
    engines_text = f" (used: {', '.join(engines)})" if engines and engines != [settings.sampler] else ""
    lines.append(item("Algorithm", Name(f"{settings.sampler}{engines_text}")))
    if study.stages:
        lines.append(item("Stages", *joined((_stage_line(facts, stage) for stage in study.stages), "; ")))
    elif settings.trials is not None:
        lines.append(
            item("Budget", facts.plain("study.search.trials", settings.trials, field="study.search.trials"), " trials")
        )
    elif settings.sampler not in ("list", "grid"):
        lines.append(item("Budget", "until stopped"))
    lines.append(item("Seed", facts.plain("study.search.seed", settings.seed, field="study.search.seed")))
    for objective in study.objectives:
        parts: list[Line] = [(str(objective.goal), " ", facts.name(objective.metric))]
        parts.append(
            (("the best point of each trial" if objective.select == "best" else "the last point of each trial"),)
        )
        if (n := behind(facts, objective.metric)) is not None:
            parts.append(line("over {n} examples", n=n))
        lines.append(item("Objective", *joined(parts)))
    if settings.pruner.kind != "none":
        lines.append(item("Pruner", Name(settings.pruner.kind)))
    lines += [item("Stop rule", Name(str(rule), code=True)) for rule in settings.stop]
    lines += [
        item("Outcome", Name(rule.text, code=True), ", else a trial is never the best") for rule in settings.outcome
    ]
    until = {
        "hours": settings.until.hours,
        "trials without improvement": settings.until.no_improvement,
        "target": settings.until.target,
    }
    for condition, value in until.items():
        if value is not None:
            lines.append(
                item(
                    "Ends after" if condition != "target" else "Ends at",
                    facts.plain(f"study.until.{condition}", value),
                    f" {condition}" if condition != "target" else "",
                )
            )
    lines += _prior_knowledge(facts)
    if facts.record.rejected:
        n = facts.plain("study.rejected", facts.record.rejected, text=f"{facts.record.rejected:,}")
        lines.append(item("Not run", n, " proposals were infeasible or known already"))
    yield Bullets(tuple(lines))


def _prior_knowledge(facts: Teller) -> Iterator[Line]:
    """Yield prior knowledge of the search: sources, how many of their trials were used, what did not fit."""
    has_several_stages = len(facts.record.knowledge) > 1
    for stage, sources in facts.record.knowledge.items():
        for n, source in enumerate(sources):
            key, field = f"knowledge.{stage or 'all'}.{n}", f"knowledge.{stage}.{n}"
            numbers = [trial for trial in facts.view.trials if trial.number in source.get("numbers", ())]
            used = facts.plain(f"{key}.heard", source["heard"], numbers, field=f"{field}.heard")
            available = facts.plain(f"{key}.trials", source["trials"], numbers, field=f"{field}.trials")
            parts: list[Line] = [(Name(f"stage {stage}: "),)] if has_several_stages and stage else []
            if "study" in source:
                parts.append(line("{heard} of {every} trials of the study ", heard=used, every=available))
                parts.append((Name(source["study"], code=True), " (", Name(source["uuid"], code=True), ")"))
            else:
                parts.append(line("{heard} of {every} experiments imported from ", heard=used, every=available))
                parts.append((Name(source["file"], code=True),))
            if source["heard"] < source["trials"]:
                unused = facts.plain(f"{key}.left", source["trials"] - source["heard"], numbers)
                parts.append(line("; {rest} did not inform it: in ", rest=unused))
                parts.append((Name(f"{source['misfit']} {source['why']}"),))
            yield item("Known before", *(piece for part in parts for piece in part))
