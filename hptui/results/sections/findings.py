"""The section `Key observations`: what settings do, regions of failure, steps from the baseline, stages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hptui.core.values import is_number
from hptui.results import claims
from hptui.results.analysis.effects import OneFactorStep
from hptui.results.document import Block, Bullets, Heading
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Line, join_parts, line
from hptui.results.sections.trials import step_effect


def equal_lines(facts: FactWriter) -> Iterator[Line]:
    """Yield that all trials have the same value, which usually indicates a mistake."""
    order = facts.data.order
    values = {(trial.values or {})[facts.data.metric] for trial in order}
    if len(order) > 1 and len(values) == 1 and not facts.data.is_stepwise:
        yield line(
            "All {n} trials have the same {metric}, {value}: either nothing that was varied matters, or the metric "
            "does not tell them apart.",
            n=facts.count("equal.n", order),
            metric=facts.name(facts.data.metric),
            value=(facts.value(order[0], facts.data.metric),),
        )


STEP_COSTS = ("seconds", "peak_memory_gb")
"""Costs that are stated with a step."""
MAX_LISTED_STEPS = 4
"""With more changes of one setting, its groups describe it better than single steps."""


def observations(facts: FactWriter) -> Iterator[Block]:
    """Yield the observations as a numbered list; each is computed from the trials."""
    lines = [
        *equal_lines(facts),
        *_lines(_effects(facts)),
        *_lines(claims.region_claims(facts)),
        *_one_factor_lines(facts),
        *_lines(claims.ignored_claims(facts)),
        *_lines(claims.stage_claims(facts)),
    ]
    if lines:
        yield Heading(2, ("Key observations",))
        yield Bullets(tuple(lines), "1.")


def _effects(facts: FactWriter) -> list[claims.Claim]:
    """Return what may be stated of settings, of every objective."""
    if facts.data.is_stepwise:
        return []
    return [claim for goal in facts.study.objectives for claim in claims.effect_claims(facts, goal.metric)]


def _lines(matches: Iterable[claims.Claim]) -> list[Line]:
    return [claim.line for claim in matches]


def _one_factor_lines(facts: FactWriter) -> Iterator[Line]:
    steps = facts.data.steps
    for names in dict.fromkeys(tuple(step.changed) for step in steps):
        own_steps = sorted((step for step in steps if tuple(step.changed) == names), key=_step_order)
        parts = []
        for step in (
            own_steps if len(own_steps) <= MAX_LISTED_STEPS or facts.data.is_stepwise else ()
        ):  # else covered by its groups
            if effect := step_effect(facts, step):
                values = join_parts(facts.setting(step.trial, name) for name in names)
                parts.append(
                    line("{what}: {told}", what=values, told=_with_costs(facts, step, effect))  # language: placeholder
                )
        if parts:
            start = join_parts((facts.name(name), " ", *facts.setting(own_steps[0].base, name)) for name in names)
            yield line("Changed alone from {start} to {parts}.", start=start, parts=join_parts(parts, "; to "))


def _step_order(step: OneFactorStep) -> tuple[float, int]:
    """Return a sort key: the new value of a step, if it is a number."""
    _, value = next(iter(step.changed.values()))
    return (float(value) if is_number(value) else 0.0, step.trial.number)


def _with_costs(facts: FactWriter, step: OneFactorStep, text: Line) -> Line:
    for name in STEP_COSTS:
        old, new = getattr(step.base, name), getattr(step.trial, name)
        if (
            old
            and new
            and abs(new - old) / old > 0.02
            and facts.format_value(name, old) != facts.format_value(name, new)
        ):
            text += (
                ", ",
                facts.name(name),
                " ",
                facts.difference(f"step.{step.trial.number}.{name}", name, new - old, [step.base, step.trial]),
            )
    return text
