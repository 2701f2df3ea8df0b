"""What settings do: E0 too few trials, E1 matters, E2 one of a group does, E3 nothing seen, E4 rises or falls, E5 best
inside, E7 two work together, E9 a category against another, EN which trials count."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from hptui.core.expressions import Expression
from hptui.core.trial import TrialStatus
from hptui.results.analysis.evidence import EffectAnalysis, SettingEvidence
from hptui.results.analysis.scores import became_nan
from hptui.results.claims.claim import Claim
from hptui.results.claims.comparability import length_tail
from hptui.results.claims.shapes import (
    cut_tail,
    cut_values,
    numbers_of,
    one_digit,
    rounded_up,
    shape_claims,
    size_of,
    together_claims,
)
from hptui.results.claims.shipped import is_shown
from hptui.results.claims.too_few import nothing_stated
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Line, Name, capitalize_first, join_parts, join_with_and, line

MIN_TRIALS_FOR_SIZE = 20
"""Of fewer complete trials it is not stated how much a setting without evidence may still change."""
LEFT_OUT_TEXTS = {
    "out of memory": "ran out of memory",
    "failed": "failed",
    "stopped": "were stopped",
    "continued": "began from another one's checkpoint",
    "no value": "have no value",
    "no curve": "left no curve",
}


def effect_claims(facts: FactWriter, metric: str | None = None, stage: str | None = None) -> list[Claim]:
    """Return all that may be stated of settings for an objective, in the order of reading."""
    analysis = facts.data.effect_analysis(metric, stage)
    if analysis.reason:
        claim = nothing_stated(facts, analysis)
        return [claim] if claim is not None else []
    claims = [*_which_trials(facts, analysis)]
    for group in analysis.matter:
        claims += _matters(facts, analysis, group)
    claims += together_claims(facts, analysis)
    claims += _unseen(facts, analysis)
    return claims


def _which_trials(facts: FactWriter, analysis: EffectAnalysis) -> Iterator[Claim]:
    """Yield which trials count with a part of their curve, which do not count, and what was cut."""
    key, parts = f"effects.{analysis.objective.metric}", []
    partial, scores = analysis.scores.partial, analysis.scores
    goal, goals = analysis.objective.metric, len(facts.study.objectives)
    diverged = [trial for trial in partial if became_nan(trial, goal, goals)]
    partial = [trial for trial in partial if not became_nan(trial, goal, goals)]
    if diverged:
        parts.append(
            line(
                "{n} that became NaN or infinite {count} as the worst",
                n=facts.count_with_noun(f"{key}.diverged", diverged, "trial"),
                count="counts" if len(diverged) == 1 else "count",
            )
        )
    if partial:
        pruned = all(trial.status is TrialStatus.PRUNED for trial in partial)
        what = "pruned" if pruned else "unfinished"
        one_only = len(partial) == 1
        parts.append(
            line(
                "{n} {what} {trial} with what {it} showed{stopped}",
                n=facts.count(f"{key}.partial", partial),
                what=what,
                trial="trial counts" if one_only else "trials count",
                it="it" if one_only else "they",
                stopped="" if not pruned else " until it was stopped" if one_only else " until they were stopped",
            )
        )
    for why, trials in scores.left_out.items():
        if why in LEFT_OUT_TEXTS:
            count = facts.count(f"{key}.{why.replace(' ', '_')}", trials)
            text = LEFT_OUT_TEXTS[why].replace("were ", "was ").replace("have ", "has ") if len(trials) == 1 else ""
            parts.append(
                line(
                    "{n} {why} and do{es} not count",
                    n=count,
                    why=text or LEFT_OUT_TEXTS[why],
                    es="es" if len(trials) == 1 else "",
                )
            )
    if scores.scores:
        left_out = [(f" {what}", "trial", trials) for what, trials in facts.data.cohort.other_trials]
        if facts.data.cohort.imported:
            left_out.append(("", "imported trial", facts.data.cohort.imported))
        for n, (what, noun, others) in enumerate(left_out):
            counted = facts.count_with_noun(f"{key}.left_out.{n}", others, noun)
            do = "does" if len(others) == 1 else "do"
            parts.append(line("{n}{what} {do} not count", n=counted, what=what, do=do))
    if cuts := cut_values(facts, analysis):
        of: Line = (" of ", facts.name(goal)) if goals > 1 else ()
        values = [line("{side} {cut} count as {cut}", side=side, cut=cut) for side, cut in cuts]
        parts.append(line("values{of} {counted}", of=of, counted=join_parts(values, ", those ")))
    if scores.thinned:
        used = facts.count(f"{key}.used", analysis.trials)
        every = facts.of_value(f"{key}.thinned", scores.thinned)
        parts.append(line("{used} of {n} trials were used, evenly in their order", used=used, n=every))
    if parts:
        premise = {
            "partial": len(partial) + len(diverged),
            "cut": scores.cut,
            "better_cut": scores.better_cut,
            "trials": len(analysis.trials),
        }
        yield Claim("EN", (*capitalize_first(join_parts(parts, "; ")), "."), premise, "", numbers_of(analysis.trials))


def _evidence_text(facts: FactWriter, analysis: EffectAnalysis, group: SettingEvidence) -> Line:
    metric, objectives = analysis.objective.metric, len(facts.study.objectives)
    key = f"evidence.{metric}.{'+'.join(group.settings)}"
    text = line(
        "evidence {e}, {c} needed; {n} trials, {m}",
        e=one_digit(f"{key}", group.evidence, analysis.trials),
        c=one_digit(f"{key}.needed", group.needed, analysis.trials),
        n=facts.count(f"effects.{metric}.n", analysis.trials),
        m=_settings_looked_at(facts, analysis),
    )
    if objectives > 1:
        text += (" x ", facts.of_value("effects.objectives", objectives, field="study.objectives"), " objectives")
    return text


def _settings_looked_at(facts: FactWriter, analysis: EffectAnalysis) -> Line:
    """Return `4 settings`, or `4 settings in 3 groups` where some changed together: groups are tested."""
    key, count = f"effects.{analysis.objective.metric}.settings", len(analysis.groups)
    settings = sum(len(group.settings) for group in analysis.groups)
    number = facts.of_value(key, settings)
    if settings == count:
        return (number, " setting" if settings == 1 else " settings")
    groups = facts.of_value(f"{key}.groups", count)
    return line("{m} settings in {n} {groups}", m=number, n=groups, groups="group" if count == 1 else "groups")


def _premise(analysis: EffectAnalysis, group: SettingEvidence) -> dict[str, float]:
    return {
        "evidence": round(group.evidence, 1),
        "needed": round(group.needed, 1),
        "skill": round(analysis.skill, 2),
        "trials": len(analysis.trials),
        "settings": len(analysis.groups),
    }


def _name(facts: FactWriter, analysis: EffectAnalysis, name: str) -> Line:
    """Return a setting, followed by those derived from it and by its condition."""
    space = analysis.space
    derived = [entry.name for entry in space.derived if name in entry.expr.names] if space is not None else []
    when = _condition(analysis, name)
    text: Line = (facts.name(name),)
    if derived:
        follow = " (with {derived}, which follows it)" if len(derived) == 1 else " (with {derived}, which follow it)"
        text += line(follow, derived=join_with_and(facts.name(entry) for entry in derived))
    if when is not None:
        text += line(" (in use where {when})", when=Name(when.text, code=True))
    return text


def _condition(analysis: EffectAnalysis, name: str) -> Expression | None:
    """Return the condition under which a setting is in use; None without."""
    parameter = analysis.space.get(name) if analysis.space is not None else None
    return parameter.when if parameter is not None else None


def _matters(facts: FactWriter, analysis: EffectAnalysis, group: SettingEvidence) -> Iterator[Claim]:
    metric, premise = analysis.objective.metric, _premise(analysis, group)
    if len(group.settings) > 1:
        if is_shown("E2"):
            text = line(
                "{names} matters for {metric} ({evidence}): they changed together wherever they are in use, "
                "so nobody can say which."
                if any(_condition(analysis, name) is not None for name in group.settings)
                else "{names} matters for {metric} ({evidence}): they changed together in these {n} trials, so nobody "
                "can say which.",
                names=join_parts((_name(facts, analysis, name) for name in group.settings), ", ", " or "),
                metric=facts.name(metric),
                evidence=_evidence_text(facts, analysis, group),
                n=facts.count(f"effects.{metric}.n", analysis.trials),
            )
            yield Claim("E2", text, premise, "+".join(group.settings), numbers_of(analysis.trials))
        return
    name = group.settings[0]
    text = line(
        "{name} matters for {metric} ({evidence}){tail}.",
        name=_name(facts, analysis, name),
        metric=facts.name(metric),
        evidence=_evidence_text(facts, analysis, group),
        tail=length_tail(facts, name),
    )
    yield Claim("E1", text, premise, name, numbers_of(analysis.trials))
    yield from shape_claims(facts, analysis, name)


def _unseen(facts: FactWriter, analysis: EffectAnalysis) -> Iterator[Claim]:
    """Yield how much the settings without evidence may still change the objective."""
    metric, groups = analysis.objective.metric, analysis.unseen
    if not groups:
        return
    numbers = numbers_of(analysis.trials)
    if len(analysis.trials) - len(analysis.scores.partial) < MIN_TRIALS_FOR_SIZE or not is_shown("E3"):
        yield unseen_of_few(facts, analysis, [name for group in groups for name in group.settings])
        return
    for group in groups:
        widest, whole = math.inf, analysis.scores.range
        if not group.is_open:
            widest = max(analysis.averaged.largest_change(name, group.needed, whole) for name in group.settings)
        if widest >= whole:
            yield _without_size(facts, analysis, group)
            continue
        single = len(group.settings) == 1
        ordered = all(analysis.factor(name).ordered for name in group.settings)
        text = line(
            "These trials do not show that {names} {matters}{of}: {where} {it} change {metric} by up to {size}{cut}.",
            cut=cut_tail(facts, analysis),
            of=_of_several(facts, metric),
            names=join_parts((_name(facts, analysis, name) for name in group.settings), ", ", " and "),
            matters="matters" if single else "matter",
            where=f"{'over' if ordered else 'among'} {'its' if single else 'their'} {'range' if ordered else 'values'}",
            it=("it" if single else "they") + (" may still gradually" if ordered else " may still"),
            metric=facts.name(metric),
            size=size_of(
                facts, f"unseen.{metric}.{'+'.join(group.settings)}", metric, rounded_up(widest), analysis.trials
            ),
        )
        premise = {**_premise(analysis, group), "up_to": widest}
        yield Claim("E3", text, premise, "+".join(group.settings), numbers)


def _without_size(facts: FactWriter, analysis: EffectAnalysis, group: SettingEvidence) -> Claim:
    """Return that nothing is stated of the size of an effect.

    A setting, or a step in another one, explains the values; or it may change as much as all values differ.
    """
    premise = {**_premise(analysis, group), "alone": round(group.alone, 1), "range": analysis.scores.range}
    single = len(group.settings) == 1
    text = line(
        "These trials do not show whether {names} {matters} for {metric} or another setting does that has a step."
        if group.is_open
        else "These trials do not show that {names} {matters} for {metric}, nor how much {it} may still change it.",
        names=join_parts((_name(facts, analysis, name) for name in group.settings), ", ", " and "),
        matters="matters" if single else "matter",
        metric=facts.name(analysis.objective.metric),
        it="it" if single else "they",
    )
    return Claim("E3", text, premise, "+".join(group.settings), numbers_of(analysis.trials))


def unseen_of_few(facts: FactWriter, analysis: EffectAnalysis, names: Sequence[str]) -> Claim:
    """Return that nothing was seen of settings, and that there are too few trials to bound what they do."""
    metric, numbers = analysis.objective.metric, numbers_of(analysis.trials)
    partial = {trial.number for trial in analysis.scores.partial}
    whole = [trial for trial in analysis.trials if trial.number not in partial]
    text = line(
        "These trials do not show that {names} {matters}{of}; {n} are too few to say how much {it} may still change "
        "{metric}.",
        of=_of_several(facts, metric),
        names=join_parts((_name(facts, analysis, name) for name in names), ", ", " or "),
        matters="matters",
        n=(facts.count(f"effects.{metric}.whole", whole), " complete ones")
        if partial
        else facts.count(f"effects.{metric}.n", whole),
        it="it" if len(names) == 1 else "they",
        metric=facts.name(metric),
    )
    return Claim("E3", text, {"trials": len(numbers)}, "+".join(names), numbers)


def _of_several(facts: FactWriter, metric: str) -> Line:
    """Return ` for METRIC` where there are several objectives; the sentence before may be of another one."""
    return (" for ", facts.name(metric)) if len(facts.study.objectives) > 1 else ()
