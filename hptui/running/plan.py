"""Plan what a runner does next: a pure function of what is recorded. The runner only carries it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hptui.model.trial import Reason, Role, StudyState, Trial, TrialStatus

SAME_FAILURE = 3
"""The study pauses when its first trials, this many, all fail for the same reason."""
CRASHES_IN_A_ROW = 5
"""The study pauses when the last trials, this many, all crashed."""
CRASHES = {Reason.CRASH, Reason.USAGE, Reason.SETUP, Reason.NO_METRIC, Reason.HUNG}
"""Reasons that count as a crash of the trainer."""
HOPELESS = {Reason.USAGE, Reason.NO_METRIC}
"""Failures that every further trial would repeat."""

ASKED_FOR = {Role.MANUAL, Role.REPLICATE}
"""Roles of trials that a person has queued: they run although the search is over."""


@dataclass(frozen=True, slots=True)
class State:
    """All that a plan depends on.

    `since` is when a person last started the study: older failures are ignored. `stop_reason` says which condition of
    `until` is met, `spent` that the engine has nothing new to propose, `listed` that it never does. `stage` is the
    current one, to which `budget` applies; `stagnation` says why its search ends before that, `has_next_stage` that
    another one follows. `missing_replicates` are still to be recorded, as (trial, k).
    """

    study: StudyState
    trials: Sequence[Trial]
    free_slots: int
    budget: int | None
    since: float = 0.0
    over: str = ""
    spent: bool = False
    listed: bool = False
    stage: str = ""
    enough: str = ""
    more: bool = False
    repeats: Sequence[tuple[int, int]] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """Run a recorded trial."""

    number: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Have the engine propose a new trial, and run it."""


@dataclass(frozen=True, slots=True)
class Repeat:
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


Action = Start | Ask | Repeat | Advance | Abort | End


def plan(state: State) -> list[Action]:
    """Return the next actions, in order; an empty list means to wait."""
    running = [trial for trial in state.trials if trial.status is TrialStatus.RUNNING]
    if state.study is not StudyState.RUNNING:
        return [] if running else [End(_state_at_rest(state.study), "")]
    if problem := hopeless(state):
        return [Abort(problem)]
    if state.over:
        queued = [trial for trial in waiting(state.trials) if trial.role in ASKED_FOR]
        if queued and state.free_slots:
            return [Start(trial.number) for trial in queued[: state.free_slots]]
        return [] if running else [End(StudyState.DONE, state.over)]
    if state.repeats:
        return [Repeat(number, k) for number, k in state.repeats]
    actions: list[Action] = [Start(trial.number) for trial in waiting(state.trials)[: state.free_slots]]
    more = min(state.free_slots - len(actions), left(state))
    actions += [Ask()] * (0 if state.spent or state.enough else max(0, more))
    if not actions and not running and not waiting(state.trials):
        paused = any(trial.status is TrialStatus.PAUSED for trial in state.trials)
        return [Advance() if state.more and not paused else _end_of_study(state)]
    return actions


def waiting(trials: Sequence[Trial]) -> list[Trial]:
    """Return the recorded trials to be run: those begun already first, then by number."""
    trials_waiting = [trial for trial in trials if trial.status is TrialStatus.WAITING]
    return sorted(trials_waiting, key=lambda trial: (trial.attempts == 0, trial.number))


def left(state: State) -> int:
    """Return the number of new trials that the budget still allows."""
    if state.budget is None:
        return state.free_slots
    in_stage = [trial for trial in state.trials if not state.stage or trial.stage == state.stage]
    return max(0, state.budget - sum(trial.role.counts for trial in in_stage))


def _state_at_rest(study: StudyState) -> StudyState:
    return StudyState.PAUSED if study is StudyState.DRAINING else study


def _end_of_study(state: State) -> End:
    paused = [trial.number for trial in state.trials if trial.status is TrialStatus.PAUSED]
    if paused:
        return End(StudyState.PAUSED, f"only paused trials are left: {', '.join(map(str, paused))}")
    if state.enough:
        return End(StudyState.DONE, state.enough)
    if state.spent and left(state) > 0 and not state.listed:
        return End(StudyState.DONE, "the search space is spent: every feasible configuration has been tried")
    return End(StudyState.DONE, "")


def hopeless(state: State) -> str:
    """Return why going on would waste time; '' if it would not."""
    ended = sorted(
        (
            trial
            for trial in state.trials
            if trial.ended is not None
            and trial.ended >= state.since
            and not trial.status.open
            and _counts_for_abort(trial)
        ),
        key=lambda trial: (trial.ended, trial.number),
    )
    usable = any(trial.status is TrialStatus.COMPLETE and trial.role is not Role.BASE for trial in state.trials)
    if ended and not usable and ended[-1].reason in HOPELESS:
        return f"trial {ended[-1].number} failed ({ended[-1].reason}): {ended[-1].message}"
    first = ended[:SAME_FAILURE]
    reasons = {trial.reason if trial.status is TrialStatus.FAILED else None for trial in first}
    if not usable and len(first) == SAME_FAILURE and len(reasons) == 1 and None not in reasons:
        return f"the first {SAME_FAILURE} trials all failed ({first[0].reason}); the last: {first[-1].message}"
    latest = ended[-CRASHES_IN_A_ROW:]
    if len(latest) == CRASHES_IN_A_ROW and all(trial.reason in CRASHES for trial in latest):
        return f"{CRASHES_IN_A_ROW} trials in a row crashed; the last: {latest[-1].message}"
    return ""


def _counts_for_abort(trial: Trial) -> bool:
    ran_here = trial.role not in (Role.IMPORTED, Role.BASE) and trial.reason is not Reason.USER
    return ran_here and trial.ended is not None and not trial.status.open
