"""The sections `Search space`, `Fixed and derived parameters` and `Optimisation`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hptui.core.format import NO_VALUE, setting
from hptui.core.parameters import Choice, Int, Parameter
from hptui.core.stages import planned_in_stage
from hptui.core.study import Stage
from hptui.core.trial import Role, Trial, Value
from hptui.core.values import number_text, values_equal
from hptui.results.columns import varied_settings
from hptui.results.document import Block, Bullets, Heading, Paragraph, ReportTable
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line, Name, UserText, join_parts, join_with_and, line
from hptui.results.roles import effective_batch, setting_with_role
from hptui.results.sections.examples import sample_count
from hptui.results.sections.prior_knowledge import prior_knowledge
from hptui.results.sections.pruners import ended_none, pruner_text
from hptui.results.sections.revisions import revision_text
from hptui.results.sections.setup import labelled_line

MAX_UNKNOWN = 5
"""Settings that imported trials do not state, and that are named; of more their number is stated."""


def space(facts: FactWriter) -> Iterator[Block]:
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
            (facts.base_setting(parameter.name),)
            if parameter.name in facts.view.base and current is not None
            else (NO_VALUE,)
        )
        row: list[Line] = [
            (facts.name(parameter.name),),
            _range_cell(parameter),
            (_type_name(parameter),),
            (_scale_name(parameter),),
            current_cell,
        ]
        rows.append(tuple([*row, (UserText(parameter.note),) if parameter.note else (NO_VALUE,)] if impact else row))
    yield ReportTable(tuple([*head, ("Impact",)] if impact else head), tuple(rows))
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
        constraints = join_parts(Name(constraint.text, code=True) for constraint in facts.study.space.constraints)
        yield Paragraph(line("Constraints: {told}.", told=constraints))  # language: placeholder
    if changed := revision_text(facts):
        yield Paragraph(changed)


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
    return NO_VALUE if isinstance(parameter, Choice) else "log" if parameter.log else "linear"


def fixed(facts: FactWriter) -> Iterator[Block]:
    """Yield all settings that were not searched, and the definitions of derived ones."""
    settings = facts.study.trainer.settings
    searched = {*facts.study.space.names, *(derived.name for derived in facts.study.space.derived)}
    # What a stage, a list or a person changed was not fixed.
    varied = {name for trial in facts.view.trials for name in trial.params if _is_changed(facts, trial, name)}
    varied |= set(varied_settings(facts.view)) if facts.study.stages else set()
    edited = _edited_settings(facts)
    varied |= set(edited)
    fixed_settings = {name: value for name, value in settings.items() if name not in searched | varied}
    if fixed_settings or facts.study.space.derived or edited:
        yield Heading(2, ("Fixed and derived parameters",))
    if fixed_settings:
        unknown = _unknown_of_imported(facts, fixed_settings)
        is_elsewhere = bool(facts.view.trials) and all(t.role is Role.IMPORTED for t in facts.view.trials)
        rows = tuple(
            (
                (facts.name(name),),
                (NO_VALUE,) if is_elsewhere and name in unknown else _value_cell(f"base.{name}", name, value),
            )
            for name, value in fixed_settings.items()
        )
        yield ReportTable((("Parameter",), ("Value",)), rows)
        if unknown and not is_elsewhere:
            text = "What imported trials ran with is not known of {names}: the values are those of the others."
            many = facts.of_value("fixed.unknown", len(unknown))
            names = line("{n} of these settings", n=many) if len(unknown) > MAX_UNKNOWN else None
            yield Paragraph(line(text, names=names or join_with_and(facts.name(name) for name in unknown)))
    yield from (Paragraph(_edit_line(facts, name, trials)) for name, trials in edited.items())
    yield from _derived_blocks(facts)
    yield from _effective_batch(facts)


def _unknown_of_imported(facts: FactWriter, names: Iterable[str]) -> list[str]:
    """Return the settings that some imported trial does not state: it did not run by this study file."""
    imported = [trial for trial in facts.view.trials if trial.role is Role.IMPORTED]
    return [name for name in names if any(name not in facts.view.settings(trial) for trial in imported)]


def _edited_settings(facts: FactWriter) -> dict[str, list[Trial]]:
    """Return the settings that an edit changed, with the first trial that ran with each value."""
    begun = [trial for trial in facts.view.trials if trial.role is not Role.IMPORTED and trial.started is not None]
    first_of_revision: dict[int, Trial] = {}
    for trial in begun:
        first_of_revision.setdefault(trial.revision, trial)
    edited: dict[str, list[Trial]] = {}
    for name in facts.study.trainer.settings:
        if name in facts.study.space.names:
            continue
        by_value: dict[str, Trial] = {}
        for revision, trial in first_of_revision.items():
            settings = facts.view.trainers.get(revision, facts.study.trainer.settings)
            if name in settings and name not in trial.params:
                by_value.setdefault(setting(settings[name]), trial)
        if len(by_value) > 1:
            edited[name] = list(by_value.values())
    return edited


def _edit_line(facts: FactWriter, name: str, trials: list[Trial]) -> Line:
    """Return `warm was changed while the study ran: 5 from trial 0 on, 50 from trial 9 on.`"""
    parts = [
        line("{value} from {trial} on", value=facts.setting(trial, name), trial=facts.trial(trial)) for trial in trials
    ]
    return line("{name} was changed while the study ran: {parts}.", name=facts.name(name), parts=join_parts(parts))


def _is_changed(facts: FactWriter, trial: Trial, name: str) -> bool:
    """Return whether a trial ran with another value of a setting than the study file has."""
    settings = facts.study.trainer.settings
    return name in settings and not values_equal(trial.params[name], settings[name])


def derived(facts: FactWriter) -> Iterator[Block]:
    """Yield the definitions of derived settings, for the style with a table of all settings."""
    if facts.study.space.derived:
        yield Heading(2, ("Derived parameters",))
        yield from _derived_blocks(facts)


def _derived_blocks(facts: FactWriter) -> Iterator[Block]:
    if facts.study.space.derived:
        lines = [
            line(
                "{name} = {expr}{note}",
                name=facts.name(setting.name),
                expr=Name(setting.expr.text, code=True),
                note=(" (", UserText(setting.note), ")") if setting.note else (),
            )
            for setting in facts.study.space.derived
        ]
        yield Bullets(tuple(lines))


def _value_cell(key: str, name: str, value: Value) -> Line:
    return (Fact(key, value, setting(value) if value != "" else NO_VALUE, (), f"trainer.{name}"),)


def _effective_batch(facts: FactWriter) -> Iterator[Block]:
    if facts.view.trials and all(trial.role is Role.IMPORTED for trial in facts.view.trials):
        return  # of what ran elsewhere only the records are known
    settings: Mapping[str, Value] = facts.view.base
    batch, accumulation = setting_with_role(settings, "batch"), setting_with_role(settings, "accumulation")
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
                batch=facts.base_setting(batch),
                times=facts.base_setting(accumulation),
                whole=facts.of_value("base.effective_batch", effective),
            )
        )


def _stage_line(facts: FactWriter, stage: Stage) -> Line:
    """Return a stage in one line: `final: the best 2 again with epochs = 30, 3 seeds each`."""
    key = f"stage.{stage.name}"

    def fact(name: str, value: Value) -> Fact:
        return facts.of_value(f"{key}.{name}", value, field="study.stage")

    text: Line = (Name(stage.name), ": ")
    if stage.searches:
        planned = planned_in_stage(facts.study, stage)
        limit = None if planned is None else planned // stage.seeds
        text += ("trials without limit",) if limit is None else (fact("trials", limit), " trials")
        text += (" around the best before",) if stage.best is not None else ()
        text += _stage_space(facts, stage)
    else:
        text += ("the best ", fact("best", stage.best), " again")
    if stage.set:
        text += (
            " with ",
            *join_parts((facts.name(name), " = ", fact(name, value)) for name, value in stage.set.items()),
        )
    if stage.pruner is not None and stage.pruner.kind != "none":
        kind, _, *rule = pruner_text(facts, stage.pruner, f"{key}.pruner")
        own = [trial for trial in facts.view.trials if trial.stage == stage.name]
        text += (", pruned by ", kind, " (", *rule, *ended_none(facts, own, f"{key}.pruner"), ")")
    return (*text, ", ", fact("seeds", stage.seeds), " seeds each") if stage.seeds > 1 else text


def _stage_space(facts: FactWriter, stage: Stage) -> Line:
    """Return ` over lr in 1e-5..0.1 log and …` of a stage with a space of its own."""
    parameters = stage.space.parameters if stage.space is not None else ()
    ranges = [
        line(
            "{name} in {range}{when}",
            name=facts.name(p.name),
            range=Name(p.describe()),
            when=(" where ", Name(p.when.text, code=True)) if p.when is not None else "",
        )
        for p in parameters
    ]
    return (" over ", *join_with_and(ranges)) if ranges else ()


def search(facts: FactWriter) -> Iterator[Block]:
    """Yield sampler, budget, objectives, pruner, and the rules that stop trials and the study."""
    yield Heading(2, ("Optimisation",))
    study, settings = facts.study, facts.study.search
    lines: list[Line] = []
    engines = list(dict.fromkeys(trial.engine for trial in facts.view.trials if trial.engine))
    engines_text = f" (used: {', '.join(engines)})" if engines and engines != [settings.sampler] else ""
    own = (
        (facts.name(name), " = ", facts.of_value(f"study.search.sampler.{name}", value))
        for name, value in settings.sampler_settings.items()
    )
    lines.append(labelled_line("Algorithm", *join_parts([(Name(f"{settings.sampler}{engines_text}"),), *own])))
    if study.stages:
        lines.append(labelled_line("Stages", *join_parts((_stage_line(facts, stage) for stage in study.stages), "; ")))
    elif settings.trials is not None:
        lines.append(
            labelled_line(
                "Budget",
                facts.of_value("study.search.trials", settings.trials, field="study.search.trials"),
                " trial" if settings.trials == 1 else " trials",
            )
        )
    elif settings.sampler not in ("list", "grid"):
        lines.append(labelled_line("Budget", "until stopped"))
    lines.append(labelled_line("Seed", facts.of_value("study.search.seed", settings.seed, field="study.search.seed")))
    for objective in study.objectives:
        parts: list[Line] = [(str(objective.goal), " ", facts.name(objective.metric))]
        parts.append(
            (("the best point of each trial" if objective.select == "best" else "the last point of each trial"),)
        )
        if n := sample_count(facts, objective.metric):
            parts.append(line("over {n} examples", n=n))
        lines.append(labelled_line("Objective", *join_parts(parts)))
    if sum(goal.select == "best" for goal in study.objectives) > 1:
        lines.append(("Each objective has its own best point: values of one trial may be of different steps.",))
    if settings.pruner.kind != "none":
        apart = {stage.name for stage in study.stages if stage.pruner is not None}
        judged = [trial for trial in facts.view.trials if trial.stage not in apart]
        lines.append(labelled_line("Pruner", *pruner_text(facts, settings.pruner), *ended_none(facts, judged)))
    lines += [labelled_line("Stop rule", Name(str(rule), code=True)) for rule in settings.stop]
    lines += [
        labelled_line("Outcome", Name(rule.text, code=True), ", else a trial is never the best")
        for rule in settings.outcome
    ]
    until = {
        "hours": (settings.until.hours, " hour", " hours"),
        "trials without improvement": (
            settings.until.no_improvement,
            " trial without improvement",
            " trials without improvement",
        ),
        "target": (settings.until.target, "", ""),
    }
    for condition, (value, singular, plural) in until.items():
        if value is not None:
            label = "Ends after" if condition != "target" else "Ends at"
            amount = facts.of_value(f"study.until.{condition}", value)
            lines.append(labelled_line(label, amount, singular if value == 1 else plural))
    lines += prior_knowledge(facts)
    if facts.data.rejected:
        rejected = facts.of_value("study.rejected", facts.data.rejected, text=f"{facts.data.rejected:,}")
        noun = " proposal was" if facts.data.rejected == 1 else " proposals were"
        lines.append(labelled_line("Not run", rejected, f"{noun} infeasible or known already"))
    yield Bullets(tuple(lines))
