"""The sections `Trials` (the table in the study's columns) and `Best and worst`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hptui.core.format import NO_VALUE
from hptui.core.trial import FROM_STEP, FROM_TRIAL, Role, Trial, TrialStatus
from hptui.core.values import is_number
from hptui.results import claims
from hptui.results.analysis.cohort import measured_value, objective_value, violates_outcome
from hptui.results.analysis.effects import OneFactorStep
from hptui.results.analysis.reference import metric_change, metric_changes
from hptui.results.columns import default_columns
from hptui.results.document import Block, Bullets, Heading, Paragraph, ReportTable
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Bold, Line, Name, UserText, join_parts, line
from hptui.results.roles import goal_of, is_cost

MAX_ROWS = 200
"""A longer table is cut to the best trials."""
TOP_RANKS, BOTTOM_RANKS = 3, 3
"""Ranks shown from the top and from the bottom."""
GENERATED_NAME_ROLES = (Role.BASE, Role.BASELINE)
"""Roles whose name the runner generates."""
TEXT_COLUMNS = ("name", "title", "note", "status", "reason", "role", "message", "engine", "stage")
"""Columns that hold text."""


def trial_table(facts: FactWriter) -> Iterator[Block]:
    """Yield the table of trials."""
    yield Heading(2, ("Trials",))
    trials = list(facts.view.trials)
    if not trials:
        yield Paragraph(("No trial has started.",))
        return
    shown_trials = _shown_trials(facts, trials)
    names = _columns(facts, shown_trials)
    best = {winner.number for winner in facts.data.best_trials}
    best_values = _best_values(facts, names)
    head: tuple[Line, ...] = tuple((Name(facts.heading(name)),) for name in names)
    rows = [
        tuple(_cell(facts, trial, name, best_values, trial.number in best, names) for name in names)
        for trial in shown_trials
    ]
    numeric_columns = frozenset(
        index
        for index, name in enumerate(names)
        if name not in TEXT_COLUMNS and _all_numbers(facts, shown_trials, name)
    )
    yield ReportTable(head, tuple(rows), numeric_columns)
    if len(shown_trials) < len(trials):
        yield Paragraph(
            line(
                "{n} of {all} trials are shown: the best ones.",
                n=facts.count("table.n", shown_trials),
                all=facts.count("study.trials", trials),
            )
        )
    yield from _legend(facts, shown_trials, names)


def _all_numbers(facts: FactWriter, trials: Sequence[Trial], name: str) -> bool:
    """Return whether all values of a column are numbers."""
    settings = [facts.view.settings(trial) for trial in trials]
    return all(is_number(values[name]) for values in settings if name in values)


def _shown_trials(facts: FactWriter, trials: Sequence[Trial]) -> list[Trial]:
    if len(trials) <= MAX_ROWS:
        return list(trials)
    return sorted(facts.data.order[:MAX_ROWS], key=lambda trial: trial.number)


def _columns(facts: FactWriter, trials: Sequence[Trial]) -> list[str]:
    """Return the study's own columns, with the status if not all trials are complete."""
    configured = list(facts.study.report.columns)
    all_complete = all(trial.status is TrialStatus.COMPLETE for trial in trials)
    names = [name for name in default_columns(facts.view) if name in configured or name not in ("status", "reason")]
    if "title" in configured or "name" in configured:
        names = [name for name in names if name in configured]
        names = [name for name in configured if name in names]
    if (
        "name" in names
        and "name" not in configured
        and all(trial.name in ("", f"trial-{trial.number}") for trial in trials)
    ):
        names.remove("name")
    named = [
        row for row in trials if row.name not in ("", f"trial-{row.number}") and row.role not in GENERATED_NAME_ROLES
    ]
    if "name" not in configured and not named:
        names = [name for name in names if name != "name"]
    if "title" not in names and "name" not in names and "number" not in names:
        names.insert(0, "number")
    objectives = [goal.metric for goal in facts.study.objectives]
    filled = [
        name
        for name in names
        if name == "number"
        or name in configured
        or name in objectives
        or any(facts.cell(trial, name) != (NO_VALUE,) for trial in trials)
        or name in TEXT_COLUMNS
    ]
    return filled if all_complete or "status" in filled else [*filled, "status"]


def _best_values(facts: FactWriter, names: Sequence[str]) -> dict[str, float]:
    """Return the best value of each metric's column; time and memory are not judged."""
    best_values = {}
    for name in names:
        is_quality = name == facts.data.metric or (name in facts.study.metrics and not is_cost(name))
        goal = goal_of(facts.study, name) if is_quality else None
        values = [value for trial in facts.data.order if (value := measured_value(trial, name)) is not None]
        if goal is not None and len(set(values)) > 1:
            best_values[name] = min(values) if goal == "minimize" else max(values)
    return best_values


def _number_cell(facts: FactWriter, trial: Trial, named: bool) -> Line:
    """Return a trial's number, with its role if no other column shows it."""
    role = {Role.BASE: " (base model)", Role.BASELINE: " (baseline)"}.get(trial.role, "")
    if trial.replicate_of is not None:
        original = facts.of_value(
            f"trial.{trial.number}.replicate_of", trial.replicate_of, [trial], field="replicate_of"
        )
        return (facts.number(trial), " (repeats ", original, ")")
    if trial.continued_from is not None:
        origin = [
            facts.of_value(f"trial.{trial.number}.{name}", trial.facts[name], [trial], field=f"facts.{name}")
            for name in (FROM_TRIAL, FROM_STEP)
        ]
        return (facts.number(trial), " (continues trial ", origin[0], " at step ", origin[1], ")")
    if trial.role is Role.IMPORTED:
        return (facts.number(trial), " (imported)")
    return (facts.number(trial), role) if role and not named else (facts.number(trial),)


def _cell(
    facts: FactWriter, trial: Trial, name: str, best_values: dict[str, float], best: bool, names: Sequence[str]
) -> Line:
    cell = (
        _text_cell(facts, trial, name)
        if name in TEXT_COLUMNS
        else _number_cell(facts, trial, "title" in names or "name" in names)
        if name == "number"
        else facts.cell(trial, name)
    )
    if cell == (NO_VALUE,) or not cell:
        return (NO_VALUE,)
    is_best_value = name in best_values and not trial.is_unranked and measured_value(trial, name) == best_values[name]
    return (Bold(cell),) if (best and name != "note") or is_best_value else cell


def _text_cell(facts: FactWriter, trial: Trial, name: str) -> Line:
    if name == "note":
        return (UserText(trial.note),) if trial.note else (NO_VALUE,)
    if name == "status":
        reason = f" ({trial.reason})" if trial.reason and trial.status is not TrialStatus.COMPLETE else ""
        return (f"{trial.status}{reason}",)
    if name == "title":
        return (Name(trial.title or trial.name or f"trial {trial.number}"),)
    text = str(getattr(trial, name) or "")
    return (Name(text),) if text else (NO_VALUE,)


def step_effect(facts: FactWriter, step: OneFactorStep) -> Line:
    """Return the change of the objective by a step: `perplexity +0.8 (worse)`."""
    objective_changes = [
        item for item in metric_changes(facts.view, step.base, step.trial) if item.metric == facts.data.metric
    ]
    if not objective_changes or step.trial.values is None or step.base.values is None:
        return ()
    change = objective_changes[0]
    if change.old == change.new:
        return (facts.name(change.metric), " equal")
    word = "" if change.better is None else " (better)" if change.better else " (worse)"
    delta = facts.difference(
        f"step.{step.trial.number}.{change.metric}", change.metric, change.new - change.old, [step.base, step.trial]
    )
    return (facts.name(change.metric), " ", delta, word)


def _legend(facts: FactWriter, shown: Sequence[Trial], names: Sequence[str]) -> Iterator[Block]:
    sentences: list[Line] = []
    if facts.data.order:
        bold = "best trials are" if len(facts.data.best_trials) > 1 else "best trial is"
        sentences.append((f"The {bold} in bold, and in each metric's column the best value.",))
    if any(trial.note for trial in shown) and "note" in names:
        sentences.append((f"What stands in quotation marks under {facts.heading('note')} was written by a person.",))
    if any(trial.status is not TrialStatus.COMPLETE for trial in shown):
        sentences.append((f"{NO_VALUE} was not measured: only a complete trial has a value of an objective.",))
    imported = [trial for trial in shown if trial.role is Role.IMPORTED]
    if imported:
        trials_text = facts.count_with_noun(
            "table.imported", imported, "trial was imported: it", "trials were imported: they"
        )
        sentences.append((*trials_text, " ran elsewhere, and only a person knows whether in the same way."))
    violating = [trial for trial in facts.data.order if violates_outcome(facts.view, trial)]
    if violating:
        trials_text = facts.trials(violating, "outcome.broken")
        sentences.append(line("Breaking a condition of the study, never the best: {which}.", which=trials_text))
    sentences += [claim.line for claim in claims.length_claims(facts)]
    if sentences:
        yield Paragraph(join_parts(sentences, " "))


def best_and_worst(facts: FactWriter) -> Iterator[Block]:
    """Yield the first and the last ranks with their difference to the baseline; ties share a rank."""
    order = facts.data.order
    if len(order) < TOP_RANKS + 2 or len(facts.study.objectives) > 1:
        return
    yield Heading(2, ("Best and worst",))
    ranks: dict[str, list[Trial]] = {}
    for trial in order:  # values that look equal share a rank
        ranks.setdefault(facts.format_value(facts.data.metric, objective_value(facts.view, trial)), []).append(trial)
    tied_trials = list(ranks.values())
    yield Bullets(tuple(_rank_line(facts, rank) for rank in tied_trials[:TOP_RANKS]), "1.")
    if len(tied_trials) > TOP_RANKS + BOTTOM_RANKS:
        yield Paragraph(("The worst:",))
        yield Bullets(tuple(_rank_line(facts, rank) for rank in tied_trials[-BOTTOM_RANKS:]))


def _rank_line(facts: FactWriter, tied: Sequence[Trial]) -> Line:
    value = objective_value(facts.view, tied[0])
    text = line(
        "{value}: {trials}",
        value=(facts.value(tied[0], facts.data.metric),),
        trials=facts.trials(tied, f"rank.{value!r}"),
    )
    base = facts.view.baseline
    if base is not None and base.number not in [trial.number for trial in tied] and base in facts.data.order:
        change = metric_change(facts.view, facts.data.metric, objective_value(facts.view, base), value)
        if change.share is not None:
            share = facts.percentage(f"rank.{value!r}.baseline", change.share, [tied[0], base], signed=True)
            text += line(", {share} against the baseline", share=share)
    return text
