"""What settings do: E0 too few trials, E1 matters, E2 one of a group does, E3 nothing seen, E4 rises or falls, E5 best
inside, E7 two work together, E8 the search chose, E9 a category against another, EN which trials count, I1 ignored."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

from hptui.core.format import setting
from hptui.core.trial import Trial, TrialStatus, Value
from hptui.results.analysis.evidence import EffectAnalysis, SettingEvidence
from hptui.results.claims.claim import Claim
from hptui.results.claims.comparability import length_tail
from hptui.results.claims.shipped import SHIPPED
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line, capitalize_first, join_parts, join_with_and, line

SAMPLERS_WITHOUT_MEMORY = ("random", "grid", "qmc", "sobol", "list")
"""Samplers that choose no trial by the values of earlier ones."""
LEFT_OUT_TEXTS = {
    "out of memory": "ran out of memory",
    "failed": "failed",
    "stopped": "were stopped",
    "continued": "began from another one's checkpoint",
    "no value": "have no value",
    "no curve": "left no curve",
}


def effect_claims(facts: FactWriter, metric: str | None = None, stage: str | None = None) -> list[Claim]:
    """Return everything that may be said of settings for an objective, in the order in which it is to be read."""
    analysis = facts.data.effect_analysis(metric, stage)
    if analysis.reason:
        claim = _nothing(facts, analysis)
        return [claim] if claim is not None else []
    claims = [*_which_trials(facts, analysis)]
    for group in analysis.matter:
        claims += _matters(facts, analysis, group)
    claims += _either(facts, analysis)
    claims += _together(facts, analysis)
    claims += _unseen(facts, analysis)
    return claims


def _nothing(facts: FactWriter, analysis: EffectAnalysis) -> Claim | None:
    """Return why nothing is said of settings; None where nothing was varied."""
    trials, key = analysis.trials, f"effects.{analysis.objective.metric}"
    if analysis.reason == "few" and trials:
        text = line(
            "{n} too few to tell what a setting does.",
            n=(
                facts.count(f"{key}.n", trials),
                " comparable trial is" if len(trials) == 1 else " comparable trials are",
            ),
        )
    elif analysis.reason == "equal":
        text = line(
            "The values of {n} differ too little to tell what a setting does.",
            n=facts.count_with_noun(f"{key}.n", trials, "trial"),
        )
    else:
        return None
    return Claim("E0", text, {"trials": len(trials), "reason": analysis.reason}, "", _numbers(trials))


def _which_trials(facts: FactWriter, analysis: EffectAnalysis) -> Iterator[Claim]:
    """Yield which trials count with a part of their curve, which do not count, and what was cut."""
    key, parts = f"effects.{analysis.objective.metric}", []
    partial, scores = analysis.scores.partial, analysis.scores
    if partial:
        pruned = all(trial.status is TrialStatus.PRUNED for trial in partial)
        what = "pruned" if pruned else "unfinished"
        one_only = len(partial) == 1
        parts.append(
            line(
                "{n} {what} {trial} with what {it} showed until {stopped}",
                n=facts.count(f"{key}.partial", partial),
                what=what,
                trial="trial counts" if one_only else "trials count",
                it="it" if one_only else "they",
                stopped="it was stopped" if one_only else "they were stopped",
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
    others = facts.data.cohort.other_length
    if others and analysis.scores.scores:
        parts.append(
            line(
                "{n} of another length of training {do} not count",
                n=facts.count(f"{key}.other_length", others),
                do="does" if len(others) == 1 else "do",
            )
        )
    if scores.cut is not None:
        cut = facts.of_metric(f"{key}.cut", analysis.objective.metric, _short(scores.cut, 4), analysis.trials)
        side = "above" if analysis.objective.goal == "minimize" else "below"
        parts.append(line("values {side} {cut} count as {cut}", side=side, cut=cut))
    if scores.thinned:
        parts.append(line("of {n} trials every k-th was used", n=facts.of_value(f"{key}.thinned", scores.thinned)))
    if parts:
        premise = {"partial": len(partial), "cut": scores.cut, "trials": len(analysis.trials)}
        yield Claim("EN", (*capitalize_first(join_parts(parts, "; ")), "."), premise, "", _numbers(analysis.trials))


def _evidence_text(facts: FactWriter, analysis: EffectAnalysis, group: SettingEvidence) -> Line:
    key = f"evidence.{analysis.objective.metric}.{'+'.join(group.settings)}"
    return line(
        "evidence {e}, {c} needed; {n} trials, {m} settings",
        e=_one_digit(f"{key}", group.evidence, analysis.trials),
        c=_one_digit(f"{key}.needed", group.needed, analysis.trials),
        n=facts.count(f"effects.{analysis.objective.metric}.n", analysis.trials),
        m=facts.of_value(f"effects.{analysis.objective.metric}.settings", len(analysis.groups)),
    )


def _one_digit(key: str, value: float, trials: Sequence[Trial]) -> Fact:
    """Return a number rounded to one decimal: more would depend on the library of linear algebra."""
    rounded = round(value, 1)
    return Fact(key, rounded, f"{rounded:.1f}", _numbers(trials))


def _premise(analysis: EffectAnalysis, group: SettingEvidence) -> dict[str, float]:
    return {
        "evidence": round(group.evidence, 1),
        "needed": round(group.needed, 1),
        "skill": round(analysis.skill, 2),
        "trials": len(analysis.trials),
        "settings": len(analysis.groups),
    }


def _name(facts: FactWriter, analysis: EffectAnalysis, name: str) -> Line:
    """Return a setting, followed by those derived from it."""
    space = analysis.space
    derived = [entry.name for entry in space.derived if name in entry.expr.names] if space is not None else []
    if not derived:
        return (facts.name(name),)
    followers = join_with_and(facts.name(entry) for entry in derived)
    return line(
        "{name} (with {derived}, which follows it)"
        if len(derived) == 1
        else "{name} (with {derived}, which follow it)",
        name=facts.name(name),
        derived=followers,
    )


def _matters(facts: FactWriter, analysis: EffectAnalysis, group: SettingEvidence) -> Iterator[Claim]:
    metric, premise = analysis.objective.metric, _premise(analysis, group)
    if len(group.settings) > 1:
        if "E2" in SHIPPED:
            text = line(
                "{names} matters for {metric} ({evidence}): they changed together in all {n} trials, so nobody can say "
                "which.",
                names=join_parts((_name(facts, analysis, name) for name in group.settings), ", ", " or "),
                metric=facts.name(metric),
                evidence=_evidence_text(facts, analysis, group),
                n=facts.count(f"effects.{metric}.n", analysis.trials),
            )
            yield Claim("E2", text, premise, "+".join(group.settings), _numbers(analysis.trials))
        return
    name = group.settings[0]
    text = line(
        "{name} matters for {metric} ({evidence}){tail}.",
        name=_name(facts, analysis, name),
        metric=facts.name(metric),
        evidence=_evidence_text(facts, analysis, group),
        tail=length_tail(facts, name),
    )
    yield Claim("E1", text, premise, name, _numbers(analysis.trials))
    yield from _shape(facts, analysis, name)


def _shape(facts: FactWriter, analysis: EffectAnalysis, name: str) -> Iterator[Claim]:
    """Yield how an objective changes with a setting that matters, where the curve says so."""
    metric, curve = analysis.objective.metric, analysis.averaged.curve(name)
    key, sign = f"curve.{metric}.{name}", 1.0 if analysis.objective.goal == "minimize" else -1.0
    if not curve.factor.ordered:
        yield from _categories(facts, analysis, name)
        return
    direction = curve.direction
    ends = curve.contrast(0, len(curve.values) - 1)
    if direction and "E4" in SHIPPED:
        text = line(
            "{metric} {moves} as {name} grows, by about {mean} ({low} to {high}) from {first} to {last}.",
            metric=facts.name(metric),
            moves="rises" if direction > 0 else "falls",
            name=facts.name(name),
            mean=_size(facts, f"{key}.change", metric, abs(ends.mean), analysis.trials),
            low=_size(facts, f"{key}.low", metric, min(abs(ends.low), abs(ends.high)), analysis.trials),
            high=_size(facts, f"{key}.high", metric, max(abs(ends.low), abs(ends.high)), analysis.trials),
            first=facts.of_value(f"{key}.first", curve.values[0], analysis.trials),
            last=facts.of_value(f"{key}.last", curve.values[-1], analysis.trials),
        )
        yield Claim("E4", text, {"change": ends.mean, "direction": direction}, name, _numbers(analysis.trials))
        return
    place = curve.inside(sign)
    if place is not None and "E5" in SHIPPED:
        text = line(
            "{metric} is {best} around {name} = {value} and {worse} at both ends.",
            metric=facts.name(metric),
            best="lowest" if sign > 0 else "highest",
            name=facts.name(name),
            value=facts.of_value(f"{key}.best", _short_value(curve.values[place]), analysis.trials),
            worse="higher" if sign > 0 else "lower",
        )
        yield Claim("E5", text, {"best": curve.values[place]}, name, _numbers(analysis.trials))


def _categories(facts: FactWriter, analysis: EffectAnalysis, name: str) -> Iterator[Claim]:
    """Yield which values of a category are better than which others."""
    if "E9" not in SHIPPED:
        return
    metric, curve = analysis.objective.metric, analysis.averaged.curve(name)
    sign = 1.0 if analysis.objective.goal == "minimize" else -1.0
    pairs = list(combinations(range(len(curve.values)), 2))
    limit = 1 - 0.05 / max(1, len(pairs)) / 2
    for i, j in pairs:
        contrast = curve.contrast(i, j)
        if max(contrast.above, 1 - contrast.above) < limit:
            continue
        better, worse = (i, j) if sign * contrast.mean > 0 else (j, i)
        key = f"curve.{metric}.{name}.{setting(curve.values[better])}.{setting(curve.values[worse])}"
        sizes = sorted((abs(contrast.low), abs(contrast.high)))
        text = line(
            "{name} = {better} is better than {worse}, by about {mean} ({low} to {high}).",
            name=facts.name(name),
            better=facts.of_value(f"{key}.better", curve.values[better], analysis.trials),
            worse=facts.of_value(f"{key}.worse", curve.values[worse], analysis.trials),
            mean=_size(facts, f"{key}.mean", metric, abs(contrast.mean), analysis.trials),
            low=_size(facts, f"{key}.low", metric, sizes[0], analysis.trials),
            high=_size(facts, f"{key}.high", metric, sizes[1], analysis.trials),
        )
        yield Claim(
            "E9",
            text,
            {"probability": round(max(contrast.above, 1 - contrast.above), 4)},
            name,
            _numbers(analysis.trials),
        )


def _either(facts: FactWriter, analysis: EffectAnalysis) -> Iterator[Claim]:
    if "E2" not in SHIPPED or analysis.skill < 0.1:
        return
    for pair in analysis.either:
        text = line(
            "{names} matters for {metric} ({evidence}): they changed together too often to say which.",
            names=join_parts((_name(facts, analysis, name) for name in pair.settings), ", ", " or "),
            metric=facts.name(analysis.objective.metric),
            evidence=_evidence_text(facts, analysis, pair),
        )
        yield Claim("E2", text, _premise(analysis, pair), "+".join(pair.settings), _numbers(analysis.trials))


def _together(facts: FactWriter, analysis: EffectAnalysis) -> Iterator[Claim]:
    if "E7" not in SHIPPED:
        return
    metric = analysis.objective.metric
    for pair in analysis.averaged.together:
        key = f"together.{metric}.{pair.first}.{pair.second}"
        (low, at_low), (high, at_high) = pair.at
        where = join_with_and(
            line(
                "{best} at {second} {value}",
                best=facts.of_value(f"{key}.{end}", _short_value(best), analysis.trials),
                second=facts.name(pair.second),
                value=facts.of_value(f"{key}.{end}.at", _short_value(value), analysis.trials),
            )
            for end, value, best in (("low", low, at_low), ("high", high, at_high))
        )
        text = line(
            "{first} and {second} work together (evidence {e}, {c} needed): the best {first} is {where}.",
            first=facts.name(pair.first),
            second=facts.name(pair.second),
            e=_one_digit(key, pair.evidence, analysis.trials),
            c=_one_digit(f"{key}.needed", pair.needed, analysis.trials),
            where=where,
        )
        premise = {"evidence": round(pair.evidence, 1), "needed": round(pair.needed, 1)}
        yield Claim("E7", text, premise, f"{pair.first}+{pair.second}", _numbers(analysis.trials))


def _unseen(facts: FactWriter, analysis: EffectAnalysis) -> Iterator[Claim]:
    """Yield for each setting without evidence how much it may still change the objective."""
    metric = analysis.objective.metric
    for group in analysis.unseen:
        names = join_parts((_name(facts, analysis, name) for name in group.settings), ", ", " and ")
        if "E3" in SHIPPED:
            widest = max(analysis.averaged.curve(name).widest for name in group.settings)
            size = _size(facts, f"unseen.{metric}.{'+'.join(group.settings)}", metric, _up(widest), analysis.trials)
            text = line(
                "Nothing was seen of {names}: over {its} range {it} may still change {metric} by up to {size}.",
                names=names,
                its="its" if len(group.settings) == 1 else "their",
                it="it" if len(group.settings) == 1 else "they",
                metric=facts.name(metric),
                size=size,
            )
            premise = {**_premise(analysis, group), "up_to": widest}
        else:
            text, premise = line("Nothing was seen of {names}.", names=names), _premise(analysis, group)
        yield Claim("E3", text, premise, "+".join(group.settings), _numbers(analysis.trials))


def mattered(facts: FactWriter) -> Claim:
    """Return what mattered in one phrase: the settings with evidence, and of how many others nothing was seen."""
    analysis = facts.data.effect_analysis()
    if analysis.reason:
        claim = _nothing(facts, analysis)
        if claim is None:
            return Claim("E0", ("nothing was varied",), {"reason": analysis.reason})
        return Claim("E0", (*_lower(claim.line)[:-1], _without_stop(claim.line[-1])), claim.premise, "", claim.trials)
    metric, parts = analysis.objective.metric, []
    told = [group for group in analysis.matter if len(group.settings) == 1 or "E2" in SHIPPED]
    if analysis.skill >= 0.1 and "E2" in SHIPPED:
        told += list(analysis.either)
    for group in told:
        key = f"evidence.{metric}.{'+'.join(group.settings)}"
        parts.append(
            line(
                "{names} ({e}, {c} needed)",
                names=join_parts((facts.name(name) for name in group.settings), ", ", " or "),
                e=_one_digit(key, group.evidence, analysis.trials),
                c=_one_digit(f"{key}.needed", group.needed, analysis.trials),
            )
        )
    unseen = [name for group in analysis.unseen for name in group.settings]
    text = join_with_and(parts)
    if unseen:
        number = facts.of_value(f"unseen.{metric}.n", len(unseen), analysis.trials)
        if parts:
            text += line(
                "; of {n} {others} nothing was seen", n=number, others="other" if len(unseen) == 1 else "others"
            )
        else:
            text = (
                line("nothing was seen of the {n} settings that varied", n=number)
                if len(unseen) > 1
                else line("nothing was seen of {name}", name=facts.name(unseen[0]))
            )
    premise = {"matter": ["+".join(group.settings) for group in told], "unseen": unseen}
    return Claim("E1", text, premise, "", _numbers(analysis.trials))


def search_caveat(facts: FactWriter) -> Claim | None:
    """Return that the search chose its trials, for above tables of groups; None if it did not."""
    engines = {trial.engine for trial in facts.data.effect_trials if trial.engine} or {facts.study.search.sampler}
    chosen = sorted(engine for engine in engines if engine not in SAMPLERS_WITHOUT_MEMORY)
    if not chosen:
        return None
    text = line("The search chose these trials: group means compare where it looked, not what a setting does.")
    return Claim("E8", text, {"samplers": list(chosen)})


def ignored_claims(facts: FactWriter) -> list[Claim]:
    """Return the settings that the trainer seems to ignore: other values of them, and equal curves that move."""
    claims = []
    for ignored in facts.data.ignored_settings:
        first, second = ignored.pairs[0]
        more = len(ignored.pairs) - 1
        text = line(
            "{name} seems to be ignored: {first} and {second} have {a} and {b}, and the very same curves{more}.",
            name=facts.name(ignored.setting),
            first=facts.trial(first),
            second=facts.trial(second),
            a=facts.setting(first, ignored.setting),
            b=facts.setting(second, ignored.setting),
            more=line(
                " (and {n} {pairs} more)",
                n=facts.of_value(f"inert.{ignored.setting}.more", more),
                pairs="pair" if more == 1 else "pairs",
            )
            if more
            else (),
        )
        numbers = tuple(sorted({trial.number for pair in ignored.pairs for trial in pair}))
        claims.append(Claim("I1", text, {"pairs": len(ignored.pairs)}, ignored.setting, numbers))
    return claims


# small things ---------------------------------------------------------------------------------------------------------


def _numbers(trials: Sequence[Trial]) -> tuple[int, ...]:
    return tuple(trial.number for trial in trials)


def _short(value: float, digits: int = 2) -> float:
    """Return a number with few significant digits."""
    return float(f"{value:.{digits}g}")


def _short_value(value: Value) -> Value:
    return _short(value, 3) if isinstance(value, float) else value


def _up(value: float) -> float:
    """Return a number rounded up to two significant digits: an upper limit must not be rounded down."""
    if value <= 0 or not math.isfinite(value):
        return value
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return math.ceil(value / unit - 1e-9) * unit


def _size(facts: FactWriter, key: str, metric: str, value: float, trials: Sequence[Trial]) -> Fact:
    """Return the size of a difference, with two significant digits and without a sign."""
    fact = facts.difference(key, metric, _short(value), trials)
    return Fact(fact.key, fact.value, fact.text.lstrip("+"), fact.trials, fact.field)


def _lower(text: Line) -> Line:
    first = text[0]
    return (first[:1].lower() + first[1:], *text[1:]) if isinstance(first, str) else text


def _without_stop(part: object) -> str:
    return str(part).removesuffix(".")
