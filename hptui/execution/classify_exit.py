"""Classify how an attempt ended, from what its run directory says. Pure.

The end event and the released lock decide; an exit code alone never makes a trial complete.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.gpu_faults import is_gpu_fault
from hptui.core.memory_texts import memory_reason
from hptui.core.study import Objective
from hptui.core.trial import AttemptState, Reason, TrialStatus
from hptui.store.records import MetricSummary

END_BY_REQUEST = {
    "prune": (AttemptState.PRUNED, TrialStatus.PRUNED, Reason.PRUNER),
    "threshold": (AttemptState.PRUNED, TrialStatus.PRUNED, Reason.THRESHOLD),
    "pause": (AttemptState.PAUSED, TrialStatus.PAUSED, Reason.USER),
    "stop": (AttemptState.STOPPED, TrialStatus.STOPPED, Reason.USER),
    "kill": (AttemptState.STOPPED, TrialStatus.STOPPED, Reason.USER),
    "timeout": (AttemptState.FAILED, TrialStatus.FAILED, Reason.TIMEOUT),
    "hung": (AttemptState.FAILED, TrialStatus.FAILED, Reason.HUNG),
}
"""Requested end -> states of an attempt that obeyed it. `timeout` and `hung` reach the worker as `stop`, `threshold` as
`prune`."""

ATTEMPT_STATE_OF = {
    TrialStatus.COMPLETE: AttemptState.DONE,
    TrialStatus.PRUNED: AttemptState.PRUNED,
    TrialStatus.PAUSED: AttemptState.PAUSED,
    TrialStatus.STOPPED: AttemptState.STOPPED,
    TrialStatus.FAILED: AttemptState.FAILED,
}
"""State of an attempt whose trial ended with a status."""


@dataclass(frozen=True, slots=True)
class AttemptEnd:
    """How an attempt ended. `status` None: the machine lost it, and the same trial runs again."""

    attempt: AttemptState
    status: TrialStatus | None
    reason: Reason
    message: str = ""


@dataclass(frozen=True, slots=True)
class ExitFacts:
    """What is known of an attempt whose lock is free.

    `end` is its end event, `exit` its `exit.json`; None where it left none that can be used, and `unreadable` then
    quotes one that is there all the same. `last_line` is the last line of its log, `why` what another machine says.
    `notice` is why a scheduler asked it to end, `never` says that it was taken back before it began.
    """

    end: Mapping[str, Any] | None
    exit: Mapping[str, Any] | None
    asked: str = ""
    rebooted: bool = False
    last_line: str = ""
    unreadable: str = ""
    why: str = ""
    notice: Reason | None = None
    never: bool = False


NOTICES = {
    Reason.LIMIT: "its job came to its time limit",
    Reason.PREEMPTED: "its job was ended early (preempted, or cancelled)",
}
"""Why a scheduler ended an attempt early."""


def classify_exit(facts: ExitFacts) -> AttemptEnd:
    """Return how an attempt ended, before its objective is examined."""
    if facts.notice and facts.asked not in END_BY_REQUEST and _ended_by_notice(facts):
        return AttemptEnd(AttemptState.LOST, None, facts.notice, NOTICES[facts.notice])
    if facts.never and facts.asked in END_BY_REQUEST:
        return _obeyed(facts.asked, "before it began")
    if facts.end is not None:
        return _by_event(facts.end, facts.asked)
    if facts.unreadable and facts.asked not in END_BY_REQUEST:
        return AttemptEnd(AttemptState.FAILED, TrialStatus.FAILED, Reason.UNREADABLE, facts.unreadable)
    if facts.exit is None:
        reason = Reason.REBOOT if facts.rebooted else Reason.LOST
        vanished = facts.why or "its process vanished without a trace"
        why = "the machine was restarted" if facts.rebooted else vanished
        return AttemptEnd(AttemptState.LOST, None, reason, why)
    return _by_exit(facts.exit, facts)


def _ended_by_notice(facts: ExitFacts) -> bool:
    """Return whether an attempt ended because it was asked to, and not by itself before."""
    if facts.end is not None:
        return facts.end["reason"] in (Reason.USER, Reason.LOST)
    return facts.exit is None or facts.exit.get("asked") == "pause" or facts.exit.get("signal") in (9, 15)


def _by_event(end: Mapping[str, Any], asked: str) -> AttemptEnd:
    status, reason = TrialStatus(end["status"]), Reason(end["reason"])
    message = str(end.get("message") or "")
    if status is TrialStatus.STOPPED and asked in ("timeout", "hung"):
        return _obeyed(asked, message)
    if reason.is_machine_loss:
        return AttemptEnd(
            AttemptState.FAILED if reason is Reason.DISK_FULL else AttemptState.LOST, None, reason, message
        )
    if status is TrialStatus.PRUNED and asked == "threshold":
        return _obeyed(asked, message)
    if reason is Reason.RUNG:  # it paused by itself; a request that came meanwhile counts, a pause is one already
        return _obeyed(asked, message) if asked in END_BY_REQUEST and asked != "pause" else _at_rung(message)
    if status is TrialStatus.PAUSED and asked == "resume":
        return AttemptEnd(AttemptState.PAUSED, None, reason, "resumed before it had paused")
    return AttemptEnd(ATTEMPT_STATE_OF[status], status, reason, message)


def _at_rung(message: str) -> AttemptEnd:
    return AttemptEnd(AttemptState.PAUSED, TrialStatus.PAUSED, Reason.RUNG, message)


def _obeyed(asked: str, message: str) -> AttemptEnd:
    attempt, status, reason = END_BY_REQUEST[asked]
    texts = {"timeout": "it ran longer than its timeout", "hung": "nothing moved for longer than hang_after"}
    return AttemptEnd(attempt, status, reason, texts.get(asked, message))


def _by_exit(exit_: Mapping[str, Any], facts: ExitFacts) -> AttemptEnd:
    """Classify an attempt without an end event: killed, or dead in a way that Python could not report."""
    asked = facts.asked or str(exit_.get("asked") or "")
    if asked in END_BY_REQUEST:
        escalated = exit_.get("insisted") and asked != "kill"
        return _obeyed(asked, "it did not stop in time and was killed" if escalated else "")
    number, code = exit_.get("signal"), exit_.get("code")
    if number == 9 and exit_.get("oom_kills"):
        return AttemptEnd(
            AttemptState.FAILED, TrialStatus.FAILED, Reason.HOST_OOM, "killed by the kernel: out of host memory"
        )
    cause = f"killed by signal {number}" if number else f"exit code {code}, without a result"
    message = f"{cause}: {facts.last_line}" if facts.last_line else cause
    if number in (9, 15):
        # hptui sent no such signal: an administrator, a batch system or a person did. The trial is not to blame.
        return AttemptEnd(AttemptState.LOST, None, Reason.LOST, cause)
    memory = memory_reason(facts.last_line)
    if memory is None and is_gpu_fault(facts.last_line):
        return AttemptEnd(AttemptState.LOST, None, Reason.GPU_FAULT, message)
    return AttemptEnd(AttemptState.FAILED, TrialStatus.FAILED, memory or Reason.CRASH, message)


def objective_values(
    objectives: Sequence[Objective], summary: Mapping[str, MetricSummary], final: Mapping[str, float]
) -> tuple[dict[str, float], Reason | None, str]:
    """Return (values, None, "") of a finished trial, or ({}, reason, message) when it has none.

    `summary` is the store's summary of each metric's points, `final` what the trainer returned. A last value that is
    not finite makes the trial a failure, whatever it reached before.
    """
    values: dict[str, float] = {}
    for objective in objectives:
        points, returned = summary.get(objective.metric), final.get(objective.metric)
        if points is None and returned is None:
            names = sorted({*summary, *final})
            reported = f"it reported {', '.join(names)}" if names else "it reported no metric at all"
            return {}, Reason.NO_METRIC, f"{objective.metric!r} was never reported; {reported}"
        last = returned if returned is not None else points.value if points is not None else math.nan
        if not math.isfinite(last):
            return {}, Reason.NAN, f"{objective.metric} ended as {_odd(last)}"
        values[objective.metric] = _select(objective, points, last)
    return values, None, ""


def _select(objective: Objective, points: MetricSummary | None, last: float) -> float:
    if objective.select == "last" or points is None:
        return float(last)
    seen = [value for value in (points.low, points.high, last) if value is not None]
    return float(objective.best(seen))


def _odd(value: float) -> str:
    return "NaN" if math.isnan(value) else ("infinity" if value > 0 else "minus infinity")
