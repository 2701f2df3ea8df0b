"""The first screen's line on settings: which mattered, and of which it was not shown."""

from __future__ import annotations

from hptui.core.trial import Role
from hptui.results.claims.claim import Claim
from hptui.results.claims.shapes import numbers_of, one_digit
from hptui.results.claims.shipped import is_shown
from hptui.results.claims.too_few import nothing_stated
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Line, Name, join_parts, join_with_and, line, lower_first

MAX_UNSEEN = 3
"""Settings not shown to matter that are named on the first screen; of more only the number is stated."""


def without_value(facts: FactWriter) -> str:
    """Return why no trial is the best."""
    if not facts.study.objectives:
        return "the study has no objective"
    if facts.data.order and not facts.data.candidates:
        return "no trial keeps the study's conditions"
    has_base = any(trial.role is Role.BASE and trial.values for trial in facts.view.trials)
    return "only the untrained model has a value" if has_base else "no trial has a value"


def mattered(facts: FactWriter) -> Claim:
    """Return what mattered in one phrase, and of how many other settings nothing was seen."""
    if not facts.study.objectives:
        return Claim("E0", ("not known: the study has no objective",), {"reason": "no objective"})
    if len(facts.study.objectives) == 1:
        return _mattered_for(facts, facts.data.metric)
    by_objective = [(goal.metric, _mattered_for(facts, goal.metric)) for goal in facts.study.objectives]
    if len({claim.sentence for _, claim in by_objective}) == 1:
        return by_objective[0][1]
    text = join_parts(
        (line("for {metric}: {text}", metric=facts.name(name), text=claim.line) for name, claim in by_objective), " · "
    )
    return Claim("E1", text, {name: dict(claim.premise) for name, claim in by_objective}, "", by_objective[0][1].trials)


def _mattered_for(facts: FactWriter, objective: str) -> Claim:
    """Return what mattered for one objective."""
    analysis = facts.data.effect_analysis(objective)
    if analysis.reason:
        claim = nothing_stated(facts, analysis)
        if claim is None:
            ended = any(not trial.status.open for trial in facts.view.trials)
            why = without_value(facts) if ended and not facts.data.order else _why_nothing(facts)
            if (
                facts.data.order
                and len(facts.data.view.trials) > len(analysis.trials)
                and not facts.data.ignored_settings
            ):
                why = "the trials that count do not differ in any setting"
            return Claim("E0", (why,), {"reason": analysis.reason})
        return Claim("E0", _as_phrase(claim.line), claim.premise, "", claim.trials)
    metric, parts = analysis.objective.metric, []
    named = [group for group in analysis.matter if len(group.settings) == 1 or is_shown("E2")]
    for group in named:
        key = f"evidence.{metric}.{'+'.join(group.settings)}"
        parts.append(
            line(
                "{names} (evidence {e}, {c} needed)",
                names=join_parts((facts.name(name) for name in group.settings), ", ", " or "),
                e=one_digit(key, group.evidence, analysis.trials),
                c=one_digit(f"{key}.needed", group.needed, analysis.trials),
            )
        )
    unseen = [name for group in analysis.unseen for name in group.settings]
    text = join_with_and(parts)
    if unseen:
        number = facts.of_value(f"unseen.{metric}.n", len(unseen), analysis.trials)
        names = join_parts((facts.name(name) for name in unseen), ", ", " or ")
        if parts:
            others = names if len(unseen) <= MAX_UNSEEN else line("{n} others", n=number)
            text += line("; not shown for {others}", others=others)
        elif len(unseen) > MAX_UNSEEN:
            text = line("not shown for any of the {n} settings that varied", n=number)
        else:
            text = line("not shown for {names}", names=names)
    if facts.data.effect_stage:
        text = line("in stage {stage}: {text}", stage=Name(facts.data.effect_stage), text=text)
    premise = {"matter": ["+".join(group.settings) for group in named], "unseen": unseen}
    return Claim("E1", text, premise, "", numbers_of(analysis.trials))


def _as_phrase(text: Line) -> Line:
    """Return a sentence without its capital and its full stop."""
    return (*lower_first(text[:-1]), str(text[-1]).removesuffix("."))


def _why_nothing(facts: FactWriter) -> str:
    """Return that nothing was varied, or that nothing that was varied changes a curve."""
    return "what was varied seems to be ignored" if facts.data.ignored_settings else "nothing was varied"
