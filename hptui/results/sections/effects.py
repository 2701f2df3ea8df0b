"""The section `What each setting did`: each setting in isolation, the claims about effects, one-factor steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from hptui.core.format import NO_VALUE, setting, share_text
from hptui.core.parameters import Choice
from hptui.core.trial import Role, Trial, TrialStatus
from hptui.results import claims
from hptui.results.analysis.cohort import distinct_configurations, measured_value, violates_outcome
from hptui.results.analysis.cost import is_trained_once
from hptui.results.analysis.edges import bests_at_edge
from hptui.results.analysis.effects import OneFactorStep
from hptui.results.analysis.fresh import runs_of_mean
from hptui.results.analysis.isolation import Isolation, IsolationRow
from hptui.results.analysis.reference import metric_change, metric_changes
from hptui.results.claims.claim import Claim
from hptui.results.claims.shapes import in_rate_points, rounded_up, size_of
from hptui.results.document import Block, Bullets, EndFold, Fold, Heading, Paragraph, ReportTable
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line, Name, join_parts, line
from hptui.results.fence import fenced
from hptui.results.roles import is_cost

COST_COLUMNS = ("seconds", "peak_memory_gb")
"""Costs that are shown next to the metric."""
MAX_SETTINGS = 8
"""Settings that the table of isolated settings has."""
STATEMENTS = ("E1", "E2", "E3", "E4", "E5", "E7", "E9")
"""Classes whose rates of false sentences were counted for some samplers only."""
UNUSED = "not in use"
"""The value of a conditional setting whose condition does not hold."""
NOT_SET = "not set"
"""The value of a setting that some trials ran without."""
MIN_TRIALS_FOR_ISOLATION = 2
"""With fewer ended trials there is nothing to isolate."""


def parameter_effects(facts: FactWriter) -> Iterator[Block]:
    """Yield the claims about the settings, and the table that shows each of them by itself."""
    steps = list(_step_table(facts)) if facts.data.is_stepwise and facts.data.steps else []
    effects = [claim for goal in facts.study.objectives for claim in claims.effect_claims(facts, goal.metric)]
    effects = list({claim.sentence: claim for claim in effects}.values())  # which trials count, once
    # That there are too few trials is on the first screen.
    lines = [claim.line for claim in (*effects, *claims.ignored_claims(facts)) if claim.kind != "E0"]
    table = [] if steps else list(_isolation_table(facts, effects))
    if not (table or steps or lines):
        return
    yield Heading(2, ("The settings",))
    if (table or lines) and facts.data.effect_stage:
        yield Paragraph(_which_stage(facts, facts.data.effect_stage))
    if lines:
        yield Bullets(tuple(lines))
    yield from steps
    caveat = claims.search_caveat(facts)
    if caveat is not None and (table or any(claim.kind in STATEMENTS for claim in effects)):
        yield Paragraph(caveat.line)
    yield from table
    yield from fenced("table of", "importance", lambda: _importance(facts))


def _which_stage(facts: FactWriter, stage: str) -> Line:
    """Return of which stage the settings are looked at, and why of that one."""
    complete: dict[str, list[Trial]] = {}
    for trial in facts.view.trials:
        if trial.status is TrialStatus.COMPLETE:
            complete.setdefault(trial.stage, []).append(trial)
    runs = {name: len(trials) for name, trials in complete.items()}
    configurations = {name: len(distinct_configurations(facts.view, trials)) for name, trials in complete.items()}
    best = facts.data.best
    if _is_alone_at_top(runs, stage):
        why = ", which has the most complete trials"
    elif _is_alone_at_top(configurations, stage):
        why = ", which has the most complete configurations"
    elif best is not None and best.stage == stage:
        why = ", which has the best trial"
    else:
        is_tied = configurations.get(stage) == max(configurations.values(), default=0)
        why = ", the first of those with as many complete configurations" if is_tied else ""
    return line("Among the trials of stage {stage}{why}.", stage=Name(stage), why=why)


def _is_alone_at_top(counts: Mapping[str, int], name: str) -> bool:
    return name in counts and all(counts[other] < counts[name] for other in counts if other != name)


def _importance(facts: FactWriter) -> Iterator[Block]:
    """Yield the shares of the settings that matter, of settings together, and of what is not explained."""
    result = facts.data.importance
    if result is None or not result.shares:
        return
    rows: list[tuple[Line, ...]] = [
        ((facts.name(name),), (Fact(f"importance.{name}", share, share_text(share), result.trials),))
        for name, share in result.shares.items()
    ]
    together = [("settings together", "together", result.together)] if len(result.shares) > 1 or result.together else []
    for label, key, share in (
        *together,
        ("noise, and what the model does not see", "unexplained", result.unexplained),
    ):
        rows.append(((label,), (Fact(f"importance.({key})", share, share_text(share), result.trials),)))
    yield Fold(("Importance",))
    yield ReportTable((("Setting",), ("Share of the variation",)), tuple(rows), frozenset({1}))
    yield EndFold()


def _isolation_table(facts: FactWriter, effects: Sequence[Claim]) -> Iterator[Block]:
    kept = [trial for trial in facts.data.effect_trials if not violates_outcome(facts.view, trial)]
    isolation = Isolation(facts.view, kept or facts.data.effect_trials)
    if len(isolation.trials) < MIN_TRIALS_FOR_ISOLATION or len(facts.study.objectives) != 1:
        return
    first = [claim.subject for claim in effects if claim.kind == "E1"]
    searched = isolation.space.names
    names = sorted(isolation.varied(), key=lambda name: (name not in first, first.index(name) if name in first else 0))
    names = [name for name in names if name in searched or not searched or _is_repeated(isolation.rows(name))]
    if not names:
        return
    shown = {name: _with_unused(isolation, name) for name in names[:MAX_SETTINGS]}
    has_rejections = any(row.infeasible for rows in shown.values() for row in rows)
    is_any_stopped = any(row.with_status(TrialStatus.STOPPED) for rows in shown.values() for row in rows)
    failed = "Failed or stopped" if is_any_stopped else "Failed"  # what a person stopped has not failed
    head: list[Line] = [("Setting",), ("Value",), ("Trials",), ("Complete",), ("Pruned",), (failed,)]
    head += [("Infeasible",)] if has_rejections else []
    head += [("Best ", facts.name(facts.data.metric)), ("Trial",)]
    cells = [
        _isolation_row(facts, isolation, name, row, is_first=index == 0, has_rejections=has_rejections)
        for name, rows in shown.items()
        for index, row in enumerate(rows)
    ]
    yield ReportTable(tuple(head), tuple(cells), frozenset(range(2, len(head) - 1)))
    if has_rejections:
        yield Paragraph(
            ("Infeasible is the share of the proposals of a row, or beyond it at an end, that broke a constraint.",)
        )
    cohort = facts.data.cohort
    left_out = {trial.number for _, trials in cohort.other_trials for trial in trials}
    left_out |= {trial.number for trial in cohort.imported}
    if any(trial.number in left_out for trial in isolation.trials):
        yield Paragraph(("The table has all trials that ended, also those that do not count above.",))
    yield from _whose_best_value(facts, isolation, kept)
    if len(names) > MAX_SETTINGS:
        more = len(names) - MAX_SETTINGS
        number = facts.of_value("isolation.more", more, isolation.trials)
        yield Paragraph(line("{n} more {settings} varied.", n=number, settings="setting" if more == 1 else "settings"))


def _whose_best_value(facts: FactWriter, isolation: Isolation, kept: Sequence[Trial]) -> Iterator[Block]:
    """Yield which trials the best values of the table are of, where not of all complete ones."""
    complete = [trial for trial in isolation.trials if trial.status is TrialStatus.COMPLETE]
    if any(trial.role is Role.REPLICATE for trial in complete):
        by_mean = isolation.is_ranked_by_means
        text = "a configuration is ranked by the mean of its runs" if by_mean else "repeats are not ranked"
        yield Paragraph((f"The best value is that of the ranked trials; {text}.",))
    if any(trial.continued_from is not None for trial in complete):
        yield Paragraph(("What began from a checkpoint of another trial has no part in the best value.",))
    if kept and len(kept) < len(facts.data.effect_trials):
        yield Paragraph(("Trials that break a condition of the study have no part in the best value.",))


def _with_unused(isolation: Isolation, name: str) -> list[IsolationRow]:
    """Return the rows of a setting, and a row of the trials that ran without it, if there are any."""
    rows, unused, parameter = isolation.rows(name), isolation.without(name), isolation.space.get(name)
    word = NOT_SET if parameter is None or parameter.when is None else UNUSED
    return [*rows, isolation.row_of(word, unused)] if unused else rows


def _is_repeated(rows: Sequence[IsolationRow]) -> bool:
    """Return whether two rows of a setting hold several trials."""
    return len(rows) > 1 and sorted(len(row.trials) for row in rows)[-2] > 1


def _isolation_row(
    facts: FactWriter, isolation: Isolation, name: str, row: IsolationRow, *, is_first: bool, has_rejections: bool
) -> tuple[Line, ...]:
    text = setting(row.value) if row.low is None or row.high is None else f"{setting(row.low)}-{setting(row.high)}"
    key = f"isolated.{name}.{text}"
    cells: list[Line] = [(facts.name(name),) if is_first else ("",), _value_cell(facts, row, key)]
    cells.append((facts.count(f"{key}.n", row.trials),))
    for label, statuses in (
        ("complete", (TrialStatus.COMPLETE,)),
        ("pruned", (TrialStatus.PRUNED,)),
        ("failed", (TrialStatus.FAILED, TrialStatus.STOPPED)),
    ):
        cells.append((facts.count(f"{key}.{label}", row.with_status(*statuses)),))
    if has_rejections:
        share = row.infeasible / row.proposals if row.proposals else 0.0
        fact = facts.percentage(f"{key}.infeasible", share, row.trials, digits=0)
        fact = replace(fact, text=share_text(share))
        cells.append((fact if row.proposals else NO_VALUE,))
    if row.best is None:
        return (*cells, (NO_VALUE,), (NO_VALUE,))
    best = facts.data.best
    is_best = best is not None and best.number == row.best.number
    choices = isolation.space.get(name)
    is_open = not isinstance(choices, Choice) or len(choices.choices) > 2  # of two values each is an end
    at_edge = [edge.setting for edge in bests_at_edge(facts.view, row.best)] if is_best and is_open else []
    edge = ", at its edge" if name in at_edge else ""
    mark = f" (the best{edge})" if is_best else ""
    return (*cells, (facts.value(row.best, facts.data.metric),), (facts.number(row.best), mark))


def _value_cell(facts: FactWriter, row: IsolationRow, key: str) -> Line:
    if row.low is not None and row.high is not None:
        low = facts.of_value(f"{key}.low", row.low, row.trials)
        if row.low == row.high:
            return (low,)
        return (low, " to ", facts.of_value(f"{key}.high", row.high, row.trials))
    if isinstance(row.value, str):
        return (Name(row.value),)
    return (facts.of_value(f"{key}.value", row.value, row.trials),)


def _step_table(facts: FactWriter) -> Iterator[Block]:
    """Yield a table of steps from the baseline: their effect on all metrics, time and memory."""
    order = {name: index for index, name in enumerate(facts.view.base)}
    steps = sorted(
        facts.data.steps, key=lambda step: (order.get(next(iter(step.changed)), len(order)), step.trial.number)
    )
    first_changes = metric_changes(facts.view, steps[0].base, steps[0].trial)
    metrics = [
        change.metric
        for change in first_changes
        if change.metric in facts.study.metrics or change.metric == facts.data.metric
    ]
    names = [name for name in metrics if name == facts.data.metric or not is_cost(name)]
    names += [name for name in COST_COLUMNS if all(getattr(step.trial, name) for step in steps)]
    rows = []
    for step in steps:
        changed = join_parts(
            (
                facts.name(setting_name),
                " ",
                *facts.setting(step.base, setting_name),
                " → ",
                *facts.setting(step.trial, setting_name),
            )
            for setting_name in step.changed
        )
        rows.append((facts.trial(step.trial), changed, *(_step_cell(facts, step, name) for name in names)))
    base = next(iter(steps)).base
    yield ReportTable(
        (("Trial",), ("Changed alone",), *((facts.column_name(name),) for name in names)),
        tuple(rows),
        frozenset(range(2, len(names) + 2)),
    )
    yield Paragraph(_step_caution(facts, base, steps))


def _step_caution(facts: FactWriter, base: Trial, steps: Sequence[OneFactorStep]) -> Line:
    """Return what the rows are compared with, and how large a difference may be chance."""
    name: Line = facts.trial(base)
    if facts.data.dead_seeds:
        return line("Each against {base}; the seed changes nothing.", base=name)
    noise = facts.data.noise
    counts = [max(1, len(runs_of_mean(facts.view, trial))) for trial in (base, *(step.trial for step in steps))]
    runs = "means of their runs" if max(counts) > 1 else "single runs"
    if noise is not None:
        metric = facts.data.metric
        size = rounded_up(noise.largest_by_chance(counts[0], counts[1:]))
        text = "Each against {base}, {runs}: a difference of {metric} below {size} may be chance."
        limit = in_rate_points(facts, metric, size_of(facts, f"step.noise.{metric}", metric, size, noise.trials))
        return line(text, base=name, runs=runs, metric=facts.name(metric), size=limit)
    compared = {step.trial.number for step in steps} | {base.number}
    repeated = any(trial.replicate_of in compared for trial in facts.view.trials)
    runs = runs if repeated or max(counts) > 1 else "one run each"
    return line("Each against {base}, {runs}: a difference may be chance.", base=name, runs=runs)


def _step_cell(facts: FactWriter, step: OneFactorStep, name: str) -> Line:
    old, new = measured_value(step.base, name), measured_value(step.trial, name)
    if old is None or new is None:
        return (NO_VALUE,)
    if name == "seconds" and not all(is_trained_once(facts.data.attempts, t) for t in (step.base, step.trial)):
        return (NO_VALUE,)
    change = metric_change(facts.view, name, old, new)
    delta = facts.change(f"step.{step.trial.number}.{name}", name, old, new, [step.base, step.trial])
    if name in COST_COLUMNS or isinstance(delta, str) or change.better is None:
        return (delta,)
    return (delta, " better" if change.better else " worse")
