"""What to search next: N1 a range that holds the best trials, N2 a range to widen, O1 what more trials may bring."""

from __future__ import annotations

import math
from collections.abc import Sequence
from shlex import quote

from hptui.core.format import setting
from hptui.core.parameters import Choice
from hptui.core.shorthand import parse_parameter
from hptui.core.trial import Role, Trial, TrialStatus, Value
from hptui.core.values import is_number
from hptui.results.analysis.cohort import searched_space
from hptui.results.analysis.comparable import unequal_coordinate
from hptui.results.analysis.edges import BestAtEdge, bests_at_edge, edge_of, lie_at_an_end
from hptui.results.analysis.evidence import EffectAnalysis
from hptui.results.analysis.outward import OutwardRange, best_quarter, outward_range, range_of_values
from hptui.results.claims.chosen import of_its_length
from hptui.results.claims.claim import Claim
from hptui.results.claims.repeats import what_repeats_show
from hptui.results.claims.shipped import is_shown
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line, join_with_and, line

SURE_AT_END = 0.95
"""Probability that an end is better than a third of the range inwards from which to widen it."""
LIKELY_IN_PARTS = 0.7
"""Probability that it is better, at which an end of any other setting does not speak against widening."""
MIN_SKILL_FOR_RANGE = 0.3
"""Share of the variation that the model must predict of left-out trials before a range is stated."""


def edges_to_widen(facts: FactWriter) -> list[tuple[BestAtEdge, float]]:
    """Return the edges to widen, with the probability that the end is better than inwards."""
    best = facts.data.best
    if best is None or not is_shown("N2") or len(facts.study.objectives) > 1 or not _is_searched(facts):
        return []
    analysis = facts.data.effect_analysis()
    if analysis.reason:
        return []
    matter = {group.settings[0]: group.needed for group in analysis.matter if len(group.settings) == 1}
    suggestion = []
    for edge in bests_at_edge(facts.view, best):
        if edge.setting not in matter or _changes_length(facts, edge.setting) or _fails_at(facts, edge):
            continue
        at = edge.setting, edge.low, matter[edge.setting]
        probability = analysis.averaged.better_at_end(*at)
        if probability >= SURE_AT_END and analysis.averaged.better_at_end_in_parts(*at) >= LIKELY_IN_PARTS:
            suggestion.append((edge, probability))
    return suggestion


def _fails_at(facts: FactWriter, edge: BestAtEdge) -> bool:
    """Return whether half of the trials at an edge, or more, failed: beyond it more would."""
    parameter = searched_space(facts.view).get(edge.setting)
    if parameter is None:
        return False
    side = "low" if edge.low else "high"
    ended = [trial for trial in facts.view.trials if trial.role is not Role.REPLICATE and not trial.status.open]
    there = [trial for trial in ended if edge_of(parameter, facts.view.settings(trial).get(edge.setting)) == side]
    return 2 * sum(trial.status is TrialStatus.FAILED for trial in there) >= len(there) > 0


def _changes_length(facts: FactWriter, setting: str) -> bool:
    """Return whether a setting changes how much a trial sees, so that its best value is no advice."""
    return unequal_coordinate(facts.view, facts.data.effect_trials, setting, facts.data.facts) is not None


def edge_claims(facts: FactWriter) -> list[Claim]:
    """Return the ranges to widen: the best lies at their end, and the averaged curve is better there."""
    claims, best = [], facts.data.best
    for edge, probability in edges_to_widen(facts):
        assert best is not None
        share, above = round(min(probability, 0.99), 2), "above " if probability > 0.99 else ""  # nothing is certain
        text = line(
            "Widen {name} {side} {bound}: the best lies {there}, which is better than a third of the range inwards "
            "(probability {above}{p}).",
            above=above,
            name=facts.name(edge.setting),
            side="below" if edge.low else "beyond",
            bound=facts.of_value(f"edge.{edge.setting}.bound", edge.bound, [best]),
            there=("at that end",)
            if setting(edge.value) == setting(edge.bound)
            else line("near that end, at {value}", value=facts.setting(best, edge.setting)),
            p=Fact(f"edge.{edge.setting}.p", share, f"{share:.2f}"),
        )
        claims.append(Claim("N2", text, {"probability": share}, edge.setting, (best.number,)))
    return claims


def _is_searched(facts: FactWriter) -> bool:
    """Return whether anything was proposed from the space: of a list, another range would change nothing."""
    return any(trial.role is Role.SEARCH for trial in facts.view.trials)


def suggested_ranges(facts: FactWriter) -> list[OutwardRange]:
    """Return the ranges of the best trials for the settings that matter, widened at an edge."""
    if len(facts.study.objectives) != 1 or not facts.data.candidates or not _is_searched(facts):
        return []
    analysis = facts.data.effect_analysis()
    if analysis.reason or analysis.skill < MIN_SKILL_FOR_RANGE:
        return []
    if facts.data.effect_trials != facts.data.order:
        return []
    edges = {edge.setting: "low" if edge.low else "high" for edge, _ in edges_to_widen(facts)}
    ranges = []
    for group in analysis.matter:
        parameter = searched_space(facts.view).get(group.settings[0])
        trials = [] if parameter is None else best_quarter(facts.view, parameter.name)
        if len(group.settings) > 1 or parameter is None or not trials or _changes_length(facts, parameter.name):
            continue
        if isinstance(parameter, Choice) and parameter.name in edges:
            continue  # to be widened by choices that only a person knows
        edge = edges.get(parameter.name, "")
        if not edge and lie_at_an_end(facts.view, parameter, facts.data.candidates[0], trials):
            continue
        suggestion = outward_range(facts.view, parameter, trials, edge)
        if suggestion is not None and not _leaves_out_better(analysis, suggestion):
            ranges.append(suggestion)
    # Within a space of which everything has run, a narrower one has nothing new.
    return [suggestion for suggestion in ranges if suggestion.wider or not facts.data.is_spent]


def _leaves_out_better(analysis: EffectAnalysis, suggestion: OutwardRange) -> bool:
    """Return whether the objective is better on average at a value that the claims name than in a range."""
    curve = analysis.averaged.curve(suggestion.setting)
    if not curve.factor.ordered:
        return False
    sign = 1.0 if analysis.objective.goal == "minimize" else -1.0
    place = curve.inside(sign)
    if place is None and curve.direction:
        place = 0 if curve.direction * sign > 0 else -1
    then = parse_parameter(suggestion.setting, suggestion.then)
    if place is None:
        return False
    better = curve.values[place]
    if isinstance(then, Choice):
        inside: list[Value] = list(then.choices)
        is_in = then.contains(better)
    else:
        is_in = is_number(better) and then.low <= better <= then.high
        middle = math.sqrt(then.low * then.high) if then.log else (then.low + then.high) / 2
        inside = [then.low, middle, then.high]
    if is_in:
        return False
    means = sign * analysis.averaged.curve_at(suggestion.setting, [better, *inside]).mean
    return bool(means[0] < means[1:].min())


def range_claims(facts: FactWriter) -> list[Claim]:
    """Return the ranges in which the best trials lie: what was seen, not what is optimal."""
    claims = []
    for suggestion in suggested_ranges(facts):
        key = f"space.{suggestion.setting}"
        numbers = tuple(trial.number for trial in suggestion.trials)
        parameter = searched_space(facts.view).get(suggestion.setting)
        is_conditional = parameter is not None and parameter.when is not None
        then = Fact(f"recommend.{suggestion.setting}", suggestion.then, suggestion.then, numbers)
        held, room = _held(facts, suggestion, then)
        text = line(
            "The range {then} goes on beyond that end of {name}, and holds the best {n} trials{apart}; the range "
            "searched is {now}."
            if suggestion.wider
            else "The best {n} trials that use {name}{apart} have it {held}; the range searched is {now}{new}{room}."
            if is_conditional
            else "The best {n} trials{apart} have {name} {held}; the range searched is {now}{new}{room}.",
            n=facts.count(f"recommend.{suggestion.setting}.n", suggestion.trials),
            apart=_do_not_count(facts, suggestion),
            name=facts.name(suggestion.setting),
            then=then,
            held=held,
            room=room,
            now=Fact(f"{key}.now", suggestion.now, suggestion.now, (), key),
            new=", which an earlier trial lies outside of" if suggestion.new else "",
        )
        claims.append(Claim("N1", text, {"range": suggestion.then}, suggestion.setting, numbers))
    return claims


def _held(facts: FactWriter, suggestion: OutwardRange, then: Fact) -> tuple[Line, Line]:
    """Return `in 0.003..0.02`, what the trials have, and that the proposed range has room around them."""
    parameter = searched_space(facts.view).get(suggestion.setting)
    values = [facts.view.settings(trial).get(suggestion.setting) for trial in suggestion.trials]
    text = "" if parameter is None else range_of_values(parameter, values)
    if text == suggestion.then.split(" ")[0] or text == suggestion.then:
        return line("in {then}", then=then), ()
    what = "also has what was not tried" if isinstance(parameter, Choice) else "has room around them"
    room = line("; {then} {what}", then=then, what=what)
    if not text:
        return line("at {value}", value=facts.setting(suggestion.trials[0], suggestion.setting)), room
    numbers = tuple(trial.number for trial in suggestion.trials)
    return line("in {held}", held=Fact(f"recommend.{suggestion.setting}.held", text, text, numbers)), room


def _do_not_count(facts: FactWriter, suggestion: OutwardRange) -> Line:
    """Return ` (2 of them imported)` of best trials that are not looked at for what a setting does."""
    cohort, key = facts.data.cohort, f"recommend.{suggestion.setting}"
    named = {trial.number for trial in suggestion.trials}
    parts = [
        line("{n} of them {what}", n=facts.count(f"{key}.apart.{what}", apart), what=what)
        for what, trials in (("imported", cohort.imported), *cohort.other_trials)
        if (apart := [trial for trial in trials if trial.number in named])
    ]
    return (" (", *join_with_and(parts), ")") if parts else ()


def range_command(facts: FactWriter) -> Fact | None:
    """Return the command that sets the suggested ranges; None if there are none."""
    ranges = suggested_ranges(facts)
    if not ranges:
        return None
    words = " ".join(f"{quote(suggestion.setting)}={quote(suggestion.then)}" for suggestion in ranges)
    trials = tuple(trial.number for trial in ranges[0].trials)
    return Fact("recommend.space", words, f"hptui space {quote(facts.view.row.name)} {words}", trials)


def _has_equal_values(facts: FactWriter, trials: Sequence[Trial]) -> bool:
    """Return whether some values are equal: then the best may be reached again without being exceeded."""
    return len({(trial.values or {}).get(facts.data.metric) for trial in trials}) < len(trials)


def _ended_later(facts: FactWriter, order: Sequence[Trial]) -> Line:
    """Return how many trials without a rank ended after the last of `order`; () if none did."""
    last, ranked = order[-1].ended, {trial.number for trial in order}
    later = [t for t in facts.view.trials if t.number not in ranked and t.ended and last and t.ended > last]
    parts = [
        (facts.count(f"outlook.later.{status}", same), f" {status}")
        for status in (TrialStatus.PRUNED, TrialStatus.FAILED, TrialStatus.STOPPED, TrialStatus.COMPLETE)
        if (same := [trial for trial in later if trial.status is status])
    ]
    words = [(count, " not ranked" if word == " complete" else word) for count, word in parts]
    return line("; {parts} ended later", parts=join_with_and(words)) if words else ()


def outlook(facts: FactWriter) -> list[Claim]:
    """Return what more trials may bring, and whether repeats would bring more."""
    suggestion = facts.data.outlook
    if suggestion is None:
        return []
    numbers = tuple(trial.number for trial in suggestion.order)
    claims = []
    n = facts.count("outlook.n", suggestion.order)
    if suggestion.kind == "grid":
        size = facts.of_value("outlook.size", suggestion.size)
        text = (
            line(
                "{left} of {size} configurations of the grid {have} not run.",
                have="has" if suggestion.left == 1 else "have",
                size=size,
                left=facts.of_value("outlook.left", suggestion.left),
            )
            if suggestion.left
            else line("All {size} configurations of the grid have run.", size=size)
        )
        claims.append(Claim("O1", text, {"left": suggestion.left, "size": suggestion.size}, "", numbers))
    else:
        ended = {trial.number for trial in suggestion.order}
        ranked = (
            " trials that keep the conditions"
            if len(facts.data.candidates) < len(facts.data.order)
            else f" ranked trials{of_its_length(facts)}"
            if len(facts.data.peers) < len(facts.data.candidates)
            else " ranked trials"
            if any(trial.number not in ended for trial in facts.view.trials)
            else ""
        )
        text = line(
            "The best{here} ended as number {at} of {n}{ranked}; {since} since without a better one."
            if suggestion.since
            else "The best{here} ended last of {n}{trials}{later}.",
            here=" of those that ran here" if any(trial.role is Role.IMPORTED for trial in facts.data.order) else "",
            ranked=ranked,
            trials=ranked or " trials",
            later=_ended_later(facts, suggestion.order),
            at=facts.of_value("outlook.best_at", suggestion.best_at, suggestion.order),
            n=n,
            since=facts.of_value("outlook.since", suggestion.since, suggestion.order),
        )
        if suggestion.kind == "independent":
            text += line(
                " {more} more independent {draws} would hold {a} {metric}{kept} with a chance of {most}{chance}, luck "
                "included.",
                draws="draw" if suggestion.more == 1 else "draws",
                kept=" that keeps the conditions" if facts.study.search.outcome else "",
                most="at most " if _has_equal_values(facts, suggestion.order) else "",
                a="a lower" if facts.study.objective.goal == "minimize" else "a higher",
                metric=facts.name(facts.data.metric),
                more=facts.of_value("outlook.more", suggestion.more, suggestion.order),
                chance=facts.percentage("outlook.chance", suggestion.chance, suggestion.order, digits=0),
            )
        claims.append(Claim("O1", text, {"best_at": suggestion.best_at, "since": suggestion.since}, "", numbers))
    test = facts.data.range_test
    can_repeat = test is not None and any(trial.role is not Role.IMPORTED for trial in (test.best, *test.alike))
    if test is not None and test.alike and can_repeat and not facts.data.dead_seeds:
        text = line(
            "Repeats are worth more than new trials: {n} cannot be told apart from the best{note}.",
            note=("; ", *note) if (note := what_repeats_show(facts)) else "",
            n=facts.count_with_noun("alike.same", test.alike, "other"),
        )
        claims.append(Claim("O2", text, {"alike": len(test.alike)}, "", tuple(t.number for t in test.alike)))
    return claims
