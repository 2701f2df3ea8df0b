"""Caveats of the best trial: how sure its value is, its equals, its origin, its best step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from hptui.core.stages import comparable
from hptui.core.trial import Reason, Role, Trial, TrialStatus
from hptui.results import claims
from hptui.results.analysis.fresh import runs_of
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Line, Name, join_parts, line
from hptui.results.sections.curves import stopped_early


def caveats(facts: FactWriter, trial: Trial) -> Iterator[Line]:
    """Yield all caveats of the best trial."""
    has_test = facts.data.range_test is not None  # that nothing was repeated is on the first screen
    yield from (claim.line for claim in claims.best_claims(facts) if claim.kind != "R1" or has_test)
    order, metric = facts.data.order, facts.data.metric
    if len(order) > 1 and len({(other.values or {})[metric] for other in order}) == 1:
        yield line(
            "All {n} trials have the same {metric}, {value}: it does not tell them apart.",
            n=facts.count("equal.n", order),
            metric=facts.name(metric),
            value=(facts.value(order[0], metric),),
        )
    if trial.incomplete_curve:
        yield (
            "Its curve is incomplete: an attempt was killed, and what it had reported last cannot be read again, so a "
            "better or a worse value may be missing.",
        )
    if trial.role is Role.IMPORTED:
        yield _import_caveat(trial)
    others = {
        other.stage
        for other in facts.view.trials
        if other.status is TrialStatus.COMPLETE and not comparable(facts.study, other.stage, trial.stage)
    }
    if others and trial.stage:
        yield line(
            "It is of stage {stage}; trials of stages with other settings are not ranked with it.",
            stage=Name(trial.stage),
        )
    ties = [winner for winner in facts.data.best_trials if winner.number != trial.number]
    if ties and len(ties) + 1 < len(order):
        yield line("{ties} reached exactly the same value.", ties=facts.trials(ties, "best.ties", capital=True))
    if trial.values == facts.originals.get(trial.number, trial).values:  # of a mean, each run has its own steps
        yield from _step_caveat(facts, trial)
        yield from stopped_early(facts, trial)


def _import_caveat(trial: Trial) -> Line:
    """Return that the best trial was imported, and from where."""
    file, row = (str(trial.facts.get(f"imported_{fact}") or "") for fact in ("from", "place"))
    parts = [(Name(row),), (Name(PurePath(file).name, code=True),)] if file and row else []
    source: Line = (" from ", *join_parts(parts, " of ")) if parts else ()
    return ("It was imported", *source, ": only a person knows whether it was measured as the others were.")


def is_of_curve(facts: FactWriter, trial: Trial) -> bool:
    """Return whether a trial's value is a point of its curve: a function may return another one."""
    summary = facts.data.summaries.get(facts.data.metric, {}).get(trial.number)
    value = (trial.values or {}).get(facts.data.metric)
    return summary is None or value is None or value in (summary.value, summary.low, summary.high)


def _step_caveat(facts: FactWriter, trial: Trial) -> Iterator[Line]:
    """Yield the best step compared with the last and the planned one."""
    summary = facts.data.summaries.get(facts.data.metric, {}).get(trial.number)
    if summary is None or summary.n < 2 or not is_of_curve(facts, trial):
        return
    is_minimized = facts.study.objective.goal == "minimize"
    step, last = (summary.low_step if is_minimized else summary.high_step), summary.step
    if step is None or (step != last and summary.value in (summary.low, summary.high) and summary.low == summary.high):
        return  # it never changed
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


def of_evaluations(facts: FactWriter, trial: Trial) -> Line:
    """Return of how many evaluations the value is the lowest, highest or last; the runs of a mean."""
    original = facts.originals.get(trial.number, trial)
    if trial.values != original.values:
        return (" (mean of ", facts.count("best.seeds", runs_of(facts.view, original)), " runs)")
    summary = facts.data.summaries.get(facts.data.metric, {}).get(trial.number)
    if summary is None or summary.n < 2:
        return ()
    objective = facts.study.objective
    which = "last" if objective.select != "best" else "lowest" if objective.goal == "minimize" else "highest"
    evaluations = facts.of_value(f"trial.{trial.number}.evaluations", summary.n, [trial])
    if not is_of_curve(facts, trial):
        return (" (stated at its end, after ", evaluations, " evaluations)")
    return (f" ({which} of ", evaluations, " evaluations)")
