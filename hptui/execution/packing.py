"""Whether an attempt shares a process with others, how many may, and what is recorded of it.

`[resources] pack` asks for it; what cannot be packed runs in a process of its own, and the reason is recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from hptui import plugins
from hptui.core.dataclass import dataclass
from hptui.core.ranking import MEASURED_QUANTITIES
from hptui.core.required_metrics import CONDITION, OBJECTIVE, required_metrics
from hptui.core.study import Study
from hptui.core.trial import HOST_LOST, HOST_REFUSED, PACKED, Attempt, Trial, Value
from hptui.execution.executor import Executor, Handle, Lease, WorkerSpec
from hptui.execution.pack_request import PackRequest
from hptui.execution.running_attempt import RunningAttempt
from hptui.execution.watchdog import WatchdogAction
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.store import Store

FIRST_LANES = 4
"""Attempts that a host is given before anything is measured."""
MOST_LANES_CPU, MOST_LANES_GPU = 8, 16
"""Most attempts of a host with `pack = "auto"`, where proposals do not depend on results."""
MOST_LANES_LEARNING, TRIALS_PER_LANE = 8, 5
"""The same where they do: no more at once than a fifth of the trials, so that proposals learn from most of them."""
UNLIMITED_LANES = 4
"""The same for a study without a number of trials."""


@runtime_checkable
class PackingExecutor(Protocol):
    """What an executor may offer besides, if attempts can share a process on it."""

    def fits(self, lease: Lease, pack: PackRequest | None) -> bool:
        """Return whether an attempt can begin in a place. If not, the place is being made ready for it."""

    def slots(self) -> int:
        """Return the number of places for processes, each of which several attempts may share."""

    def companions(self, handle: Handle) -> list[Handle]:
        """Return the other attempts in the process that an attempt shares; none if it has its own."""

    def end_host(self, handle: Handle, *, once_empty: bool = False) -> None:
        """Kill the process that an attempt shares; its attempts are lost.

        With `once_empty` it is killed when its attempts have ended.
        """

    def pack_plans(self) -> list[Mapping[str, Any]]:
        """Return what the living hosts have measured and chosen."""

    def pack_refusal(self, key: str) -> str:
        """Return why a host has found that nothing of this key can be packed; ''."""


@dataclass(frozen=True, slots=True)
class PackDecision:
    """What was decided for an attempt: the request, or None and the reason. Both empty: nobody asked for packing."""

    request: PackRequest | None = None
    why_not: str = ""

    @property
    def fact(self) -> str:
        """What is recorded of the trial; '' for nothing."""
        return "yes" if self.request is not None else f"no: {self.why_not}" if self.why_not else ""


def decide_packing(
    study: Study,
    spec: WorkerSpec,
    executor: Executor,
    store: Store,
    trial: Trial,
    trainer_of: Callable[[Trial], Mapping[str, Value]],
) -> PackDecision:
    """Return whether the next attempt of a trial shares a process."""
    if study.resources.packing is None:
        return PackDecision()
    settings = {**trainer_of(trial), **trial.params}
    earlier = store.read.attempts(trial.number) if trial.attempts else ()
    if reason := cannot_pack(study, spec, executor) or _why_alone(trial, earlier):
        return PackDecision(None, reason)
    rule = spec.packing
    assert rule is not None
    assert isinstance(executor, PackingExecutor)
    if reason := rule.why_not(settings, role=str(trial.role)):
        return PackDecision(None, reason)
    key = rule.key(settings, Path(study.directory or "."))
    if reason := executor.pack_refusal(key):
        return PackDecision(None, reason)
    most = most_lanes(study, executor.has_gpus(), executor.slots())
    first = first_lanes(study, executor.has_gpus(), most)
    hang_after = study.resources.hang_after
    config = {"kind": study.trainer.kind, "directory": study.directory, "hang_after": hang_after}
    return PackDecision(PackRequest(key, config, first, most))


def place_fits(executor: Executor, lease: Lease, packing: PackDecision) -> bool:
    """Return whether an attempt can begin in a place. If not, it is given back, and is being made ready."""
    if not isinstance(executor, PackingExecutor) or executor.fits(lease, packing.request):
        return True
    executor.release(lease)
    return False


def cannot_pack(study: Study, spec: WorkerSpec, executor: Executor) -> str:
    """Return why no trial of a study can share a process; '' if some can."""
    if spec.packing is None:
        return f"the trainer {study.trainer.kind!r} runs one trial in a process"
    if not isinstance(executor, PackingExecutor):
        return f"trials share processes only on this machine, not with executor = {study.resources.executor!r}"
    return judged_reason(study, spec.packing.shared_metrics) or searched_reason(study, spec.packing.key_settings)


def judged_reason(study: Study, shared_metrics: Collection[str]) -> str:
    """Return which measure of the process trials are judged by, so that they cannot share one; ''."""
    judged = {metric.name: metric.where for metric in required_metrics(study) if metric.use in (OBJECTIVE, CONDITION)}
    for n, condition in enumerate(study.search.outcome):
        judged |= dict.fromkeys(condition.names, f"search.outcome[{n}]")
    shared = {*shared_metrics, *MEASURED_QUANTITIES}
    name = next((name for name in judged if name in shared), "")
    return f"{judged[name]} judges {name}, which is that of all trials in a process" if name else ""


def searched_reason(study: Study, key_settings: Sequence[str]) -> str:
    """Return why trials of a study have no base in common: a setting of the base that is searched; ''."""
    spaces = [study.space, *(stage.space for stage in study.stages if stage.space is not None)]
    names = {entry.name for space in spaces for entry in (*space.parameters, *space.derived)}
    varied = [name for name in key_settings if name in names]
    return f"{varied[0]} is searched, and trials that differ in it have no base in common" if varied else ""


def _why_alone(trial: Trial, earlier: Sequence[Attempt]) -> str:
    """Return why a trial whose last attempt shared a process gets one of its own; ''."""
    last = max((attempt for attempt in earlier if attempt.trial == trial.number), key=lambda a: a.n, default=None)
    if last is None:
        return ""
    if HOST_REFUSED in last.environment:
        return str(last.environment[HOST_REFUSED])
    return "the process that it shared ended" if HOST_LOST in last.environment else ""


def is_blameless(attempt: Attempt) -> bool:
    """Return whether an attempt was lost by the process that it shared: its trial is not to blame."""
    return HOST_LOST in attempt.environment or HOST_REFUSED in attempt.environment


def most_lanes(study: Study, on_gpu: bool, slots: int) -> int:
    """Return how many attempts a host may hold.

    As many as were asked for, else so few that proposals still learn from most results.
    """
    asked = study.resources.packing
    if isinstance(asked, int):
        return asked
    if _asks_ahead(study):
        return MOST_LANES_GPU if on_gpu else MOST_LANES_CPU
    trials = study.search.trials
    if trials is None:
        return max(1, UNLIMITED_LANES // max(1, slots))
    return max(1, min(MOST_LANES_LEARNING, trials // TRIALS_PER_LANE) // max(1, slots))


def first_lanes(study: Study, on_gpu: bool, most: int) -> int:
    """Return how many attempts a host is given before anything is measured.

    All where that was asked for, and where neither proposals nor memory speak against it: those that begin later would
    be left to end alone.
    """
    if isinstance(study.resources.packing, int) or (not on_gpu and _asks_ahead(study)):
        return most
    return min(FIRST_LANES, most)


def _asks_ahead(study: Study) -> bool:
    """Return whether proposals do not depend on results."""
    sampler = study.search.sampler
    return sampler != "auto" and bool(plugins.spec("samplers", sampler, study.directory).asks_ahead)


def record_packing_of(store: Store, trial: Trial, packing: PackDecision) -> None:
    """Record with a trial whether it shares a process, if that was asked for."""
    if packing.fact and trial.facts.get(PACKED) != packing.fact:
        facts = dict(store.read.trial(trial.number).facts)
        store.update_trial(trial.number, facts={**facts, PACKED: packing.fact})


class PackingRecord:
    """Records what hosts have measured and chosen, whenever their choice changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._recorded: tuple[Any, ...] | None = None
        self._places = -1

    def follow(self, executor: Executor) -> bool:
        """Take in the plans of the living hosts; return whether there are more or fewer places than before.

        The plan that has chosen the largest group is shown.
        """
        if isinstance(executor, PackingExecutor):
            self._record(executor.pack_plans())
        before, self._places = self._places, executor.capacity()
        return before != self._places

    def _record(self, plans: Sequence[Mapping[str, Any]]) -> None:
        chosen = [plan for plan in plans if plan.get("group") or plan.get("refused")]
        if not chosen:
            return
        plan = max(chosen, key=lambda plan: (plan["group"], plan["speedup"]))
        choice = (plan["group"], plan["lanes"], plan["refused"])
        if choice == self._recorded:
            return
        before = json.loads(self._store.read.get_meta(MetaKey.PACKING) or "null") if self._recorded is None else None
        with self._store.transaction():
            self._store.set_meta(MetaKey.PACKING, json.dumps(plan))
            if before is None or (before["group"], before["lanes"], before["refused"]) != choice:
                self._store.add_event("info", EventKind.PACKING, f"packing: {plan['why']}")
        self._recorded = choice


def follow_hung_host(
    store: Store, executor: Executor, live: RunningAttempt, others: Iterable[RunningAttempt], action: WatchdogAction
) -> bool:
    """Deal with a hang of a process that several attempts share; return False for any other.

    Nobody knows whose fault it is: it is recorded once, and with `on_hang = "stop"` each runs again alone.
    """
    if not isinstance(executor, PackingExecutor):
        return False
    tokens = {handle.token for handle in executor.companions(live.handle)}
    sharing = [live, *(other for other in others if other.attempt.token in tokens)]
    if len(sharing) == 1:
        if action.verb:
            executor.end_host(live.handle, once_empty=True)
        return False
    numbers = ", ".join(str(number) for number in sorted(other.trial.number for other in sharing))
    message = f"in the process that trials {numbers} share {action.message}"
    for other in sharing:
        other.hang_reported = True
    if action.verb:
        message += "; it is ended, and each of them runs again in a process of its own"
        executor.end_host(live.handle)
    store.add_event("error" if action.verb else "warning", EventKind.HUNG, message, live.trial.number)
    return True
