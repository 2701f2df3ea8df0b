"""Caveats of the best trial: its interval, trials that do not differ, other lengths, its origin, its best step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from hptui.core.trial import CURVE_INCOMPLETE, Reason, Role, Trial, TrialStatus
from hptui.results import claims
from hptui.results.analysis.cohort import training_length, trials_by_length
from hptui.results.claims.comparability import unit_word
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line, Name, capitalize_first, join_parts, line
from hptui.results.sections.curves import stopped_early


def caveats(facts: FactWriter, trial: Trial) -> Iterator[Line]:
    """Yield all caveats of the best trial."""
    for claim in claims.best_claims(facts):
        yield claim.line
    if trial.facts.get(CURVE_INCOMPLETE):
        yield (
            "Its curve is incomplete: an attempt was killed, and what it had reported last cannot be read again, so a "
            "better or a worse value may be missing.",
        )
    if trial.role is Role.IMPORTED:
        yield _import_caveat(trial)
    others = {trial.stage for trial in facts.view.trials if trial.status is TrialStatus.COMPLETE} - {trial.stage}
    if others and trial.stage:
        yield line(
            "It is of stage {stage}; trials of stages with other settings are not ranked with it.",
            stage=Name(trial.stage),
        )
    ties = [winner for winner in facts.data.best_trials if winner.number != trial.number]
    if ties:
        yield line("{ties} reached exactly the same value.", ties=capitalize_first(facts.trials(ties, "best.ties")))
    yield from length_caveats(facts, trial)
    yield from _step_caveat(facts, trial)
    yield from stopped_early(facts, trial)


def _import_caveat(trial: Trial) -> Line:
    """Return that the best trial was imported, and from where."""
    file, row = (str(trial.facts.get(f"imported_{fact}") or "") for fact in ("from", "place"))
    parts = [(Name(row),), (Name(PurePath(file).name, code=True),)] if file and row else []
    source: Line = (" from ", *join_parts(parts, " of ")) if parts else ()
    return ("It was imported", *source, ": only a person knows whether it was measured as the others were.")


def length_caveats(facts: FactWriter, trial: Trial) -> Iterator[Line]:
    """Yield a caveat if the best trained for another length than most trials, or others did."""
    own_length, groups = training_length(facts.view, trial), trials_by_length(facts.view, facts.data.order)
    if own_length is None or len(groups) < 2:
        return
    common_length = next(length for length in groups)
    if len(groups[common_length]) * 2 <= len(facts.data.order):  # no length is that of most trials
        yield line(
            "It trained for {amount} {unit}; the trials trained for {n} different lengths, so their values cannot "
            "simply be compared.",
            amount=_length_fact(facts, trial),
            unit=unit_word(own_length),
            n=facts.of_value("length.n", len(groups), facts.data.order),
        )
        return
    others = [length for length in groups if length != own_length]
    if common_length == own_length:
        other_trials = [other for length in others for other in groups[length]]
        yield line(
            "It trained for {amount} {unit}; {rest} trained for another length, so their values "
            "cannot simply be compared.",
            amount=_length_fact(facts, trial),
            unit=unit_word(own_length),
            rest=facts.trials(other_trials, "length.rest"),
        )
        return
    best_of_common = groups[common_length][0]
    yield line(
        "It trained for {amount} {unit}, most others for {usual}: part of its lead may be the {longer} training. "
        "Among those that trained for {usual} {unit}, {mate} is the best, with {value}.",
        amount=_length_fact(facts, trial),
        unit=unit_word(own_length),
        usual=_length_fact(facts, best_of_common),
        longer="longer" if own_length.amount > common_length.amount else "shorter",
        mate=facts.trial(best_of_common),
        value=(facts.value(best_of_common, facts.data.metric),),
    )


def _length_fact(facts: FactWriter, trial: Trial) -> Fact:
    length = training_length(facts.view, trial)
    assert length is not None
    return facts.of_value(f"trial.{trial.number}.length", length.amount, [trial], field=length.field)


def _step_caveat(facts: FactWriter, trial: Trial) -> Iterator[Line]:
    """Yield the best step compared with the last and the planned one."""
    summary = facts.data.summaries.get(facts.data.metric, {}).get(trial.number)
    if summary is None or summary.n < 2:
        return
    is_minimized = facts.study.objective.goal == "minimize"
    step, last = (summary.low_step if is_minimized else summary.high_step), summary.step
    if step is None:
        return
    text = line(
        "Its best step was its last, {step}"
        if step == last
        else "Best at step {step}; it ended at step {last} with {value}",
        step=facts.of_value("best.step", step, [trial]),
        last=facts.of_value("best.last_step", last, [trial]),
        value=facts.of_metric("best.last", facts.data.metric, summary.value, [trial]),
    )
    if trial.reason is Reason.EARLY_STOP:
        text += (", where it was stopped early",)
    if trial.total_steps:
        text += line(
            ", of {planned} planned",
            planned=facts.of_value("best.planned", trial.total_steps, [trial], field="total_steps"),
        )
    yield (*text, ".")
