"""What a runner does next: a pure function of what is recorded. The loop only carries it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hptui.model.trial import Reason, Role, StudyState, Trial, TrialStatus

SAME_FAILURE = 3
CRASHES_IN_A_ROW = 5
CRASHES = {Reason.CRASH, Reason.USAGE, Reason.SETUP, Reason.NO_METRIC, Reason.HUNG}
HOPELESS = {Reason.USAGE, Reason.NO_METRIC}
"""Failures that every further trial would repeat."""

ASKED_FOR = {Role.MANUAL, Role.REPLICATE}
"""What a person has queued runs although the search is over."""


@dataclass(frozen=True, slots=True)
class State:
    """All that a decision rests on.

    `since` is when a person last started the study: older failures are forgiven. `over` says which condition of `until`
    is met, `spent` that the engine has nothing new to propose, `listed` that it never does. `stage` is the one under
    way, which `budget` is for; `enough` says why its search ends before that, `more` that another stage follows.
    `repeats` are the runs with other seeds that are still to be recorded, as (trial, k).
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
    """Record a run of a complete trial with its seed + k."""

    number: int
    k: int


@dataclass(frozen=True, slots=True)
class Advance:
    """Begin the next stage."""


@dataclass(frozen=True, slots=True)
class Abort:
    """The study cannot go on by itself: stop what runs, become paused, say why."""

    message: str


@dataclass(frozen=True, slots=True)
class End:
    """Nothing is left to do."""

    state: StudyState
    message: str


Action = Start | Ask | Repeat | Advance | Abort | End


def plan(state: State) -> list[Action]:
    """The next actions, in order. An empty list: wait."""
    running = [trial for trial in state.trials if trial.status is TrialStatus.RUNNING]
    if state.study is not StudyState.RUNNING:
        return [] if running else [End(_rest(state.study), "")]
    if problem := hopeless(state):
        return [Abort(problem)]
    if state.over:
        asked = [trial for trial in waiting(state.trials) if trial.role in ASKED_FOR]
        if asked and state.free_slots:
            return [Start(trial.number) for trial in asked[: state.free_slots]]
        return [] if running else [End(StudyState.DONE, state.over)]
    if state.repeats:
        return [Repeat(number, k) for number, k in state.repeats]
    actions: list[Action] = [Start(trial.number) for trial in waiting(state.trials)[: state.free_slots]]
    more = min(state.free_slots - len(actions), left(state))
    actions += [Ask()] * (0 if state.spent or state.enough else max(0, more))
    if not actions and not running and not waiting(state.trials):
        paused = any(trial.status is TrialStatus.PAUSED for trial in state.trials)
        return [Advance() if state.more and not paused else _finished(state)]
    return actions


def waiting(trials: Sequence[Trial]) -> list[Trial]:
    """Recorded trials to be run, those begun already first, then by number."""
    found = [trial for trial in trials if trial.status is TrialStatus.WAITING]
    return sorted(found, key=lambda trial: (trial.attempts == 0, trial.number))


def left(state: State) -> int:
    """How many new trials the budget still allows."""
    if state.budget is None:
        return state.free_slots
    own = [trial for trial in state.trials if not state.stage or trial.stage == state.stage]
    return max(0, state.budget - sum(trial.role.counts for trial in own))


def _rest(study: StudyState) -> StudyState:
    return StudyState.PAUSED if study is StudyState.DRAINING else study


def _finished(state: State) -> End:
    paused = [trial.number for trial in state.trials if trial.status is TrialStatus.PAUSED]
    if paused:
        return End(StudyState.PAUSED, f"only paused trials are left: {', '.join(map(str, paused))}")
    if state.enough:
        return End(StudyState.DONE, state.enough)
    if state.spent and left(state) > 0 and not state.listed:
        return End(StudyState.DONE, "the search space is spent: every feasible configuration has been tried")
    return End(StudyState.DONE, "")


def hopeless(state: State) -> str:
    """Why going on would only burn time, or ''."""
    ended = sorted(
        (
            t
            for t in state.trials
            if t.ended is not None and t.ended >= state.since and not t.status.open and _judged(t)
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
    row = ended[-CRASHES_IN_A_ROW:]
    if len(row) == CRASHES_IN_A_ROW and all(trial.reason in CRASHES for trial in row):
        return f"{CRASHES_IN_A_ROW} trials in a row crashed; the last: {row[-1].message}"
    return ""


def _judged(trial: Trial) -> bool:
    by_us = trial.role not in (Role.IMPORTED, Role.BASE) and trial.reason is not Reason.USER
    return by_us and trial.ended is not None and not trial.status.open
