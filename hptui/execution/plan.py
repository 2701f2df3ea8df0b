"""Plan what a runner does next: a pure function of what is recorded. The runner only carries it out."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hptui.core.dataclass import dataclass
from hptui.core.trial import Reason, Role, StudyState, Trial, TrialStatus
from hptui.core.usage import has_run_with_options_of, is_input_mistake
from hptui.execution.trial_ledger import TrialLedger

MAX_SAME_FAILURES = 3
"""The study pauses when its first trials, this many, all fail for the same reason."""
MAX_CRASHES_IN_A_ROW = 5
"""The study pauses when the last trials, this many, all crashed."""
CRASH_REASONS = {Reason.CRASH, Reason.USAGE, Reason.SETUP, Reason.NO_METRIC, Reason.HUNG, Reason.UNREADABLE}
"""Reasons that count as a crash of the trainer."""

REQUESTED_ROLES = {Role.MANUAL, Role.REPLICATE}
"""Roles of trials that a person has queued: they run although the search is over."""


@dataclass(frozen=True, slots=True)
class PlanState:
    """All that a plan depends on.

    `since` is when a person last started the study: older failures are ignored. `stop_reason` says which condition of
    `until` is met, `spent` why the engine has nothing new to propose, `listed` that it never does. `stage` is the
    current one, to which `budget` applies; `stagnation` says why its search ends before that, `has_next_stage` that
    another one follows. `missing_replicates` are still to be recorded, as (trial, k). `promotable` are the trials that
    go on from their rungs, `promotable_at_end` those that do when nothing else will come to any rung. `base` names the
    settings of the study file.
    """

    study: StudyState
    trials: Sequence[Trial] | TrialLedger
    free_slots: int
    budget: int | None
    since: float = 0.0
    stop_reason: str = ""
    spent: str = ""
    listed: bool = False
    stage: str = ""
    stagnation: str = ""
    has_next_stage: bool = False
    missing_replicates: Sequence[tuple[int, int]] = ()
    promotable: Sequence[int] = ()
    promotable_at_end: Sequence[int] = ()
    base: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """Run a recorded trial."""

    number: int


@dataclass(frozen=True, slots=True)
class Propose:
    """Have the engine propose a new trial, and run it."""


@dataclass(frozen=True, slots=True)
class Promote:
    """Let a trial that is paused at a rung go on from there."""

    number: int


@dataclass(frozen=True, slots=True)
class PruneAtRungs:
    """End the trials that are left at rungs: nothing else will come there. `why`: what has cut the study short."""

    numbers: tuple[int, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class RunReplicate:
    """Record a replicate of a complete trial, with its seed + k."""

    number: int
    k: int


@dataclass(frozen=True, slots=True)
class Advance:
    """Begin the next stage."""


@dataclass(frozen=True, slots=True)
class Abort:
    """Stop what runs and pause the study, since it cannot go on by itself."""

    message: str


@dataclass(frozen=True, slots=True)
class End:
    """Record that the study has come to rest: nothing is left to do."""

    state: StudyState
    message: str


Action = Start | Propose | Promote | PruneAtRungs | RunReplicate | Advance | Abort | End


def plan(state: PlanState) -> list[Action]:
    """Return the next actions, in order; an empty list means to wait."""
    trials = ledger_of(state)
    if state.study is not StudyState.RUNNING:
        return [] if trials.running else [End(_state_at_rest(state.study), "")]
    if problem := reason_to_abort(state):
        return [Abort(problem)]
    if state.stop_reason:
        queued = [trial for trial in trials.waiting() if trial.role in REQUESTED_ROLES]
        if queued and state.free_slots:
            return [Start(trial.number) for trial in queued[: state.free_slots]]
        if trials.at_rungs and not trials.running:
            return [PruneAtRungs(tuple(sorted(trials.at_rungs)), state.stop_reason)]
        return [] if trials.running else [End(StudyState.DONE, state.stop_reason)]
    if state.missing_replicates:
        return [RunReplicate(number, k) for number, k in state.missing_replicates]
    actions: list[Action] = [Start(trial.number) for trial in trials.waiting(state.free_slots)]
    actions += [Promote(number) for number in state.promotable[: state.free_slots - len(actions)]]
    more = min(state.free_slots - len(actions), trials_left(state))
    actions += [Propose()] * (0 if state.spent or state.stagnation else max(0, more))
    proposes = not (state.spent or state.stagnation) and (state.budget is None or trials_left(state) > 0)
    if not state.free_slots and (proposes or state.promotable):
        return []  # no machine is reached now: that ends no study
    if not actions and not trials.running and not trials.waiting(1):
        if state.promotable_at_end:
            return [Promote(number) for number in state.promotable_at_end[: state.free_slots]]
        if trials.at_rungs and not trials.paused:  # one that a person has paused may still come to a rung
            return [PruneAtRungs(tuple(sorted(trials.at_rungs)))] if state.free_slots else []
        return [Advance() if state.has_next_stage and not trials.paused else _end_of_study(state)]
    return actions


def ledger_of(state: PlanState) -> TrialLedger:
    """Return the trials of a state with what is counted of them."""
    return state.trials if isinstance(state.trials, TrialLedger) else TrialLedger(state.trials)


def trials_left(state: PlanState) -> int:
    """Return the number of new trials that the budget still allows."""
    if state.budget is None:
        return state.free_slots
    return max(0, state.budget - ledger_of(state).counted(state.stage))


def _state_at_rest(study: StudyState) -> StudyState:
    return StudyState.PAUSED if study is StudyState.DRAINING else study


def _end_of_study(state: PlanState) -> End:
    if paused := ledger_of(state).paused:
        return End(StudyState.PAUSED, f"only paused trials are left: {', '.join(map(str, sorted(paused)))}")
    if state.stagnation:
        return End(StudyState.DONE, state.stagnation)
    if state.spent and trials_left(state) > 0 and not state.listed:
        return End(StudyState.DONE, state.spent)
    return End(StudyState.DONE, "")


def reason_to_abort(state: PlanState) -> str:
    """Return why going on would waste time; '' if it would not."""
    trials = ledger_of(state)
    ended = trials.ends_since(state.since)
    if message := _usage_error(ended.with_usage_error(), trials.values(), state.base):
        return message
    first, latest = ended.first(MAX_SAME_FAILURES), ended.last(MAX_CRASHES_IN_A_ROW)
    if latest and not trials.usable and latest[-1].reason is Reason.NO_METRIC:
        return f"trial {latest[-1].number} failed ({latest[-1].reason}): {latest[-1].message}"
    reasons = {trial.reason if trial.status is TrialStatus.FAILED else None for trial in first}
    if not trials.usable and len(first) == MAX_SAME_FAILURES and len(reasons) == 1 and None not in reasons:
        return f"the first {MAX_SAME_FAILURES} trials all failed ({first[0].reason}); the last: {first[-1].message}"
    if len(latest) == MAX_CRASHES_IN_A_ROW and all(trial.reason in CRASH_REASONS for trial in latest):
        return f"{MAX_CRASHES_IN_A_ROW} trials in a row crashed; the last: {latest[-1].message}"
    return ""


def _usage_error(failed: Sequence[Trial], trials: Collection[Trial], base: Collection[str]) -> str:
    """Return the usage error that stops the study; '' if there is none.

    A combination that the script rejects is one bad configuration, once a trial with the same options has completed.
    """
    for trial in failed:
        has_run = any(has_run_with_options_of(trial, other, base) for other in trials)
        if is_input_mistake(trial.message) or not has_run:
            return f"trial {trial.number} failed (usage): {trial.message}"
    return ""
