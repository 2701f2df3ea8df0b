"""How an objective changes with settings that matter: E4 rises or falls, E5 best inside, E7 two work together, E9 a
category against another; and the numbers of such sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import combinations

from hptui.core.format import setting
from hptui.core.parameters import Int
from hptui.core.trial import Trial, Value
from hptui.results.analysis.cohort import active_settings
from hptui.results.analysis.evidence import EffectAnalysis
from hptui.results.claims.claim import Claim
from hptui.results.claims.comparability import length_tail
from hptui.results.claims.shipped import is_shown
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line, join_parts, join_with_and, line

MIN_TRIALS_FOR_CATEGORIES = 20
"""Of fewer trials no category is stated to be better than another: most that seemed so were inert."""
NEAR_END = 0.125
"""Share of a range from its end within which a trial is near the end: half a step of an averaged curve."""


def shape_claims(facts: FactWriter, analysis: EffectAnalysis, name: str) -> Iterator[Claim]:
    """Yield how an objective changes with a setting that matters, where the curve says so."""
    metric, curve = analysis.objective.metric, analysis.averaged.curve(name)
    key, sign = f"curve.{metric}.{name}", 1.0 if analysis.objective.goal == "minimize" else -1.0
    if not curve.factor.ordered:
        yield from _categories(facts, analysis, name)
        return
    direction = curve.direction
    ends = curve.contrast(0, len(curve.values) - 1)
    if direction and is_shown("E4"):
        text = line(
            "On average {metric} {moves} as {name} grows, by about {mean} ({low} to {high}) from {first} to "
            "{last}{cut}{tail}.",
            cut=cut_tail(facts, analysis),
            metric=facts.name(metric),
            moves="rises" if direction > 0 else "falls",
            name=facts.name(name),
            **sizes_of(facts, key, metric, (ends.mean, ends.low, ends.high), analysis.trials),
            first=facts.of_value(f"{key}.first", curve.values[0], analysis.trials),
            last=facts.of_value(f"{key}.last", curve.values[-1], analysis.trials),
            tail=(*_tried_once(facts, analysis, name, key), *length_tail(facts, name)),
        )
        yield Claim("E4", text, {"change": ends.mean, "direction": direction}, name, numbers_of(analysis.trials))
        return
    place = curve.inside(sign)
    if place is not None and is_shown("E5"):
        text = line(
            "On average {metric} is {better} at {name} = {value} than at the ends of its range, {first} and "
            "{last}{rests_on}{tail}.",
            rests_on=_rests_on(facts, analysis, name, key),
            metric=facts.name(metric),
            better="lower" if sign > 0 else "higher",
            name=facts.name(name),
            value=facts.of_value(f"{key}.best", short_value(curve.values[place]), analysis.trials),
            first=facts.of_value(f"{key}.first", short_value(curve.values[0]), analysis.trials),
            last=facts.of_value(f"{key}.last", short_value(curve.values[-1]), analysis.trials),
            tail=length_tail(facts, name),
        )
        yield Claim("E5", text, {"best": curve.values[place]}, name, numbers_of(analysis.trials))


def _rests_on(facts: FactWriter, analysis: EffectAnalysis, name: str, key: str) -> Line:
    """Return ` (tried from 9e-5 to 0.05; …)`: how far it was tried, and which places were compared."""
    parts = [part for part in (_tried(facts, analysis, name), _compared(facts, analysis, name, key)) if part]
    rests_on: Line = (" (", *join_parts(parts, "; "), ")") if parts else ()
    return (*rests_on, *_tried_once(facts, analysis, name, key))


def _tried_once(facts: FactWriter, analysis: EffectAnalysis, name: str, key: str) -> Line:
    """Return `; only one trial has 64` behind what rests on such a value; () if there is none.

    What lies between a value and its neighbours is the model's there, and so is much of an interval.
    """
    curve, factor = analysis.averaged.curve(name), analysis.factor(name)
    known = len(factor.levels) or (factor.parameter.size if isinstance(factor.parameter, Int) else 0)
    if known != len(curve.values):
        return ()
    settings = [active_settings(facts.view, trial) for trial in analysis.trials]
    counts = {value: sum(name in row and row[name] == value for row in settings) for value in curve.values}
    once = [value for value, count in counts.items() if count == 1]
    values = [facts.of_value(f"{key}.once.{i}", short_value(value), analysis.trials) for i, value in enumerate(once)]
    each = " each" if len(once) > 1 else ""
    return line(f"; only one trial{each} has {{values}}", values=join_with_and((v,) for v in values)) if once else ()


def _compared(facts: FactWriter, analysis: EffectAnalysis, name: str, key: str) -> Line:
    """Return which values between the ends were compared, of those near which trials lie; () if all were."""
    curve = analysis.averaged.curve(name)
    parameter = curve.factor.parameter
    inside = [value for i, value in enumerate(curve.values[1:-1], 1) if i in curve.tried]
    known = len(curve.factor.levels) or (parameter.size if isinstance(parameter, Int) else None)
    if known == len(curve.values) == len(inside) + 2:
        return ()
    values = [facts.of_value(f"{key}.at.{i}", short_value(value), analysis.trials) for i, value in enumerate(inside)]
    return line(
        "between them {values} {was} compared",
        values=join_with_and((v,) for v in values),
        was="was" if len(values) == 1 else "were",
    )


def _tried(facts: FactWriter, analysis: EffectAnalysis, name: str) -> Line:
    """Return `tried from 9e-5 to 0.05` where no trial is near one of the ends that are named; else ()."""
    factor, settings = analysis.factor(name), [active_settings(facts.view, trial) for trial in analysis.trials]
    tried = sorted((row[name] for row in settings if name in row), key=factor.coordinate)
    ends = [factor.coordinate(value) for value in (factor.grid()[0], tried[0], tried[-1], factor.grid()[-1])]
    if ends[1] - ends[0] <= NEAR_END and ends[3] - ends[2] <= NEAR_END:
        return ()
    low, high = (
        facts.of_value(f"curve.{name}.tried.{end}", short_value(value), analysis.trials)
        for end, value in (("low", tried[0]), ("high", tried[-1]))
    )
    return line("tried from {low} to {high}", low=low, high=high)


def _categories(facts: FactWriter, analysis: EffectAnalysis, name: str) -> Iterator[Claim]:
    """Yield which values of a category are better than which others."""
    if not is_shown("E9") or len(analysis.trials) < MIN_TRIALS_FOR_CATEGORIES:
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
        text = line(
            "On average {name} = {better} is better than {worse}, by about {mean} ({low} to {high}){cut}.",
            cut=cut_tail(facts, analysis),
            name=facts.name(name),
            better=facts.of_value(f"{key}.better", curve.values[better], analysis.trials),
            worse=facts.of_value(f"{key}.worse", curve.values[worse], analysis.trials),
            **sizes_of(facts, key, metric, (contrast.mean, contrast.low, contrast.high), analysis.trials),
        )
        yield Claim(
            "E9",
            text,
            {"probability": round(max(contrast.above, 1 - contrast.above), 4)},
            name,
            numbers_of(analysis.trials),
        )


def together_claims(facts: FactWriter, analysis: EffectAnalysis) -> Iterator[Claim]:
    """Yield the pairs of settings that matter and work together."""
    if not is_shown("E7"):
        return
    metric = analysis.objective.metric
    for pair in analysis.averaged.together:
        key = f"together.{metric}.{pair.first}.{pair.second}"
        (low, at_low), (high, at_high) = pair.at
        values = {"low": low, "high": high, "at_low": at_low, "at_high": at_high}
        text = line(
            "{first} and {second} work together (evidence {e}, {c} needed): on average {first} = {at_low} is better "
            "than {at_high} at {second} = {low}, and worse at {second} = {high}.",
            first=facts.name(pair.first),
            second=facts.name(pair.second),
            e=one_digit(key, pair.evidence, analysis.trials),
            c=one_digit(f"{key}.needed", pair.needed, analysis.trials),
            **{
                name: facts.of_value(f"{key}.{name}", short_value(value), analysis.trials)
                for name, value in values.items()
            },
        )
        premise = {
            "evidence": round(pair.evidence, 1),
            "needed": round(pair.needed, 1),
            "probability": round(pair.probability, 2),
        }
        yield Claim("E7", text, premise, f"{pair.first}+{pair.second}", numbers_of(analysis.trials))


def cut_tail(facts: FactWriter, analysis: EffectAnalysis) -> Line:
    """Return `, values above 3.1 counted as that`, behind a size; () where no value was cut."""
    cuts = [line("{side} {cut}", side=side, cut=cut) for side, cut in cut_values(facts, analysis)]
    counted = "that" if len(cuts) == 1 else "these"
    return line(", values {cuts} counted as {counted}", cuts=join_with_and(cuts), counted=counted) if cuts else ()


def cut_values(facts: FactWriter, analysis: EffectAnalysis) -> list[tuple[str, Fact]]:
    """Return from where on values were cut: `above` or `below`, and the value."""
    metric, scores, low = analysis.objective.metric, analysis.scores, analysis.objective.goal == "minimize"
    return [
        (
            "above" if is_above else "below",
            facts.of_metric(f"effects.{metric}.{key}", metric, cut, analysis.trials),
        )
        for key, cut, is_above in (("cut", scores.cut, low), ("better_cut", scores.better_cut, not low))
        if cut is not None
    ]


# numbers -----------------------------------------------------------------------------------------------------------


def one_digit(key: str, value: float, trials: Sequence[Trial]) -> Fact:
    """Return a number rounded to one decimal: more would depend on the library of linear algebra."""
    rounded = round(value, 1)
    return Fact(key, rounded, f"{rounded:.1f}", numbers_of(trials))


def numbers_of(trials: Sequence[Trial]) -> tuple[int, ...]:
    """Return the numbers of trials."""
    return tuple(trial.number for trial in trials)


def short(value: float, digits: int = 2) -> float:
    """Return a number with few significant digits."""
    return float(f"{value:.{digits}g}")


def short_value(value: Value) -> Value:
    """Return a value of a setting with three digits where it is a float."""
    return short(value, 3) if isinstance(value, float) else value


def rounded_up(value: float) -> float:
    """Return a number rounded up to two significant digits: an upper limit must not be rounded down."""
    if value <= 0 or not math.isfinite(value):
        return value
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return math.ceil(value / unit - 1e-9) * unit


def sizes_of(
    facts: FactWriter, key: str, metric: str, values: tuple[float, float, float], trials: Sequence[Trial]
) -> dict[str, Fact]:
    """Return a size and the bounds of its interval, with digits enough for bounds that print differently."""
    mean, low, high = (abs(value) for value in values)
    low, high = min(low, high), max(low, high)
    digits = next((n for n in (2, 3, 4) if short(low, n) != short(high, n)), 2)
    sizes = {
        name: size_of(facts, f"{key}.{end}", metric, value, trials, digits)
        for name, end, value in (("mean", "change", mean), ("low", "low", low), ("high", "high", high))
    }
    unit = sizes["high"].text.partition(" ")[2]
    if unit:  # named once: `8 to 14 points`
        sizes["low"] = replace(sizes["low"], text=sizes["low"].text.removesuffix(f" {unit}"))
    return sizes


def size_of(facts: FactWriter, key: str, metric: str, value: float, trials: Sequence[Trial], digits: int = 2) -> Fact:
    """Return the size of a difference, with few significant digits and without a sign."""
    if digits > 2:
        rounded = short(value, digits)
        return Fact(key, rounded, f"{rounded:.{digits}g}", numbers_of(trials))
    fact = facts.difference(key, metric, short(value), trials)
    return Fact(fact.key, fact.value, fact.text.lstrip("+"), fact.trials, fact.field)


def in_rate_points(facts: FactWriter, metric: str, fact: Fact) -> Fact:
    """Return a difference of a rate in percentage points; that of another metric as it is."""
    if not facts.is_rate(metric) or fact.text.endswith(("point", "points")):
        return fact
    digits = fact.text.lstrip("+−")
    size = Decimal(digits).scaleb(2 if facts.is_share(metric) else 0)
    return replace(fact, text=f"{fact.text.removesuffix(digits)}{size:f} point{'' if size == 1 else 's'}")
