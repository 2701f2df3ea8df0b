"""Attempts of one study: start and adopt them, request their end, forget them once recorded.

Where they run is their executor's business. The study may change to another one: what runs stays where it is."""

from __future__ import annotations

import json
import logging
import shlex
import time
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from hptui import studyfile
from hptui.core.dataclass import dataclass
from hptui.core.memory import SHRUNK
from hptui.core.study import Study
from hptui.core.trial import Attempt, AttemptState, Trial, TrialStatus, Value
from hptui.execution.attempt_checkpoints import checkpoint_folder, remove_superseded, resume_paths
from hptui.execution.attempt_files import set_aside_unrecorded
from hptui.execution.executor import (
    Executor,
    GpuExecutor,
    Handle,
    Launch,
    LaunchRecord,
    Lease,
    PlacedExecutor,
    StartFailed,
    WarmExecutor,
    WorkerSpec,
    find_executor,
)
from hptui.execution.gpu_record import faulty_gpus, peak_of_one_gpu
from hptui.execution.ingest import event_reader_for
from hptui.execution.packing import PackDecision, decide_packing, place_fits, record_packing_of
from hptui.execution.probe import LOCAL
from hptui.execution.reconcile import UnreachableHandle, restore_attempt
from hptui.execution.recorded_metrics import recorded_metrics
from hptui.execution.rungs import next_rung
from hptui.execution.running_attempt import RunningAttempt
from hptui.store.crash_points import crash_point
from hptui.store.paths import StudyDir
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.run_directory import RunDir
from hptui.store.store import Store

log = logging.getLogger(__name__)

MAX_SETTLE_S = 8.0
"""How long a runner that must leave waits for attempts that it has just started."""
MAX_WAIT_NEAR_S = 60.0
"""How long a trial waits for a place on the machine that has its checkpoints, before it begins on another one."""


@dataclass(frozen=True, slots=True)
class RecordedAttempt:
    """An attempt that is recorded and not yet started, with its place."""

    attempt: Attempt
    trial: Trial
    lease: Lease
    packing: PackDecision


class Attempts:
    """The attempts of a study that run now, by token, and the executors that they were handed to."""

    def __init__(self, sd: StudyDir, store: Store, study: Study, spec: WorkerSpec) -> None:
        self.sd, self.store, self.study, self.spec = sd, store, study, spec
        self.live, self.ingest = dict[str, RunningAttempt](), event_reader_for(store, study)
        self._executors, self._avoided = dict[str, Executor](), set[str]()
        self._reserved: Lease | None = None
        self._trainers, self._uuid = dict[int, Mapping[str, Value]](), store.read.study().uuid
        self._waits_near, self._capacity = dict[int, float](), 0
        self.executor = self.executor_named(study.resources.executor)

    def executor_named(self, name: str) -> Executor:
        """Return the opened executor of a name."""
        if name not in self._executors:
            executor = find_executor(name)
            executor.open(self.sd, self.spec, self.study.placed_resources, self._peak)
            self._executors[name] = executor
        return self._executors[name]

    def executors(self) -> Collection[Executor]:
        """Return the executors that attempts of this study were handed to, or will be."""
        return self._executors.values()

    def revise(self, study: Study) -> None:
        """Follow a new revision of the study; running attempts keep their places."""
        self._release()
        self.study = study
        self.executor = self.executor_named(study.resources.executor)
        self.executor.revise(self.study.placed_resources)

    def reserve(self) -> bool:
        """Hold a place for the next start; return False when none can be had now."""
        if self._avoided:
            self.avoid_faulty_gpus()  # a request to go on gives them another chance
        self._reserved = self._reserved or self.executor.reserve()
        return self._reserved is not None

    def avoid_faulty_gpus(self) -> bool:
        """Keep attempts off GPUs that failed, and record each once; return whether places are left."""
        if not isinstance(self.executor, GpuExecutor):
            return True
        faults = faulty_gpus(self.store.read.attempts(), float(self.store.read.get_meta(MetaKey.SINCE) or 0.0))
        for message in dict.fromkeys(faults[gpu] for gpu in faults if gpu not in self._avoided):
            self.store.add_event("error", EventKind.GPU_FAULT, message)  # GPUs of one trial share a sentence
        self._avoided = set(faults)
        return self.executor.avoid(self._avoided)

    def free_slots(self) -> int:
        """Return the number of attempts that may be started now."""
        here = [live for live in self.live.values() if not isinstance(live.handle, UnreachableHandle)]
        return max(0, self.executor.capacity() - len(here))

    def capacity_changed(self) -> bool:
        """Return whether there are more or fewer places than at the last call: a machine has come or gone."""
        before, self._capacity = self._capacity, self.executor.capacity()
        return before != self._capacity

    def _peak(self) -> float | None:
        """Return the most memory (GiB) that attempts needed of one GPU; None: not known yet."""
        return peak_of_one_gpu(self.store.read.attempts())

    # start ------------------------------------------------------------------------------------------------------

    def record(self, trial: Trial) -> RecordedAttempt | None:
        """Record the next attempt of a trial, which `launch` starts; return None when no place can be had now."""
        lease = self._lease_for(trial)
        packing = decide_packing(self.study, self.spec, self.executor, self.store, trial, self._trainer_of)
        if lease is None or not place_fits(self.executor, lease, packing):
            return None
        if not trial.attempts and trial.replicate_of is None:
            trial = replace(trial, revision=self.store.read.revision())
        attempt = Attempt(
            token=uuid.uuid4().hex,
            trial=trial.number,
            n=trial.attempts + 1,
            state=AttemptState.STARTING,
            boot_id=lease.boot,
            host=lease.host,
            device=lease.label,
            started=time.time(),
            environment={**self.spec.facts, **lease.facts, "command": shlex.join(self.spec.command)},
        )
        try:
            with self.store.transaction(durable=True):
                self.store.insert_attempt(attempt)
                begun = {"started": trial.started or attempt.started, "revision": trial.revision}
                self.store.update_trial(trial.number, status=TrialStatus.RUNNING, reason=None, message="", **begun)
                record_packing_of(self.store, trial, packing)
        except BaseException:  # a full disk, for example: without this the place would stay taken by this process
            self.executor.release(lease)
            raise
        return RecordedAttempt(attempt, replace(trial, status=TrialStatus.RUNNING), lease, packing)

    def discard(self, recorded: RecordedAttempt) -> None:
        """Release what was held for an attempt whose record was rolled back."""
        self.executor.release(recorded.lease)

    def _lease_for(self, trial: Trial) -> Lease | None:
        """Return a place for a trial's next attempt: near its checkpoints, if there is one within a while."""
        placed = self.executor if isinstance(self.executor, PlacedExecutor) else None
        if placed is not None and self._reserved is not None and not placed.holds(self._reserved):
            self._reserved = None  # its machine was lost meanwhile
        if trial.attempts and placed is not None:
            last = self.store.read.attempts(trial.number)[-1]
            if self._reserved is not None and self._reserved.label.partition(" ")[0] == last.device.partition(" ")[0]:
                held, self._reserved = self._reserved, None
                return held
            lease, worthwhile = placed.reserve_near(last.device)
            waited_s = time.monotonic() - self._waits_near.setdefault(trial.number, time.monotonic())
            if lease is not None or (worthwhile and waited_s < MAX_WAIT_NEAR_S):
                if lease is not None:
                    self._waits_near.pop(trial.number, None)
                return lease
        self._waits_near.pop(trial.number, None)
        lease, self._reserved = self._reserved or self.executor.reserve(), None
        return lease

    def launch(self, recorded: RecordedAttempt) -> RunningAttempt:
        """Hand a recorded attempt to the executor. One that cannot be started is found gone at the next turn."""
        attempt, trial, lease, packing = recorded.attempt, recorded.trial, recorded.lease, recorded.packing
        crash_point("after_insert_attempt")
        run, resources = RunDir(self.sd.attempt(trial.number, attempt.n)), self.study.resources
        handle: Handle | None = None
        try:
            if note := set_aside_unrecorded(run, attempt.token):
                self.store.add_event("warning", EventKind.SUSPECT, note, trial.number)
            launch = Launch(
                token=attempt.token,
                run=run,
                config=self.worker_config(trial, attempt, lease),
                command=[*self.spec.command, str(run.root)],
                entry=self.spec.entry,
                cwd=self.study.directory if Path(self.study.directory).is_dir() else str(self.sd.root),
                environment={"PYTHONUNBUFFERED": "1"},
                pause_grace=resources.pause_grace,
                stop_grace=resources.stop_grace,
                pack=packing.request,
            )
            handle = self.executor.start(launch, lease)
        except StartFailed as error:
            log.error("trial %d: %s", trial.number, error)
        finally:  # also when the machine is in trouble: the attempt is recorded, so its end must be, too
            record = LaunchRecord(attempt.token, run, lease.label, lease.boot)
            live = RunningAttempt(attempt, trial, run, handle or self.executor.adopt(record))
            self.live[attempt.token] = live
        if handle is not None and handle.warm:
            self.store.update_attempt(attempt.token, warm=True)
        return live

    def _trainer_of(self, trial: Trial) -> Mapping[str, Value]:
        """Return the `[trainer]` table of the trial's own revision: a paused trial continues as it began."""
        if trial.revision not in self._trainers:
            spec = self.store.read.spec_json(trial.revision)
            self._trainers[trial.revision] = studyfile.from_json(spec).trainer.settings
        return self._trainers[trial.revision]

    def _checkpoints(self, number: int) -> Path:
        return self.sd.checkpoints(number, self.study.checkpoint_directory, self._uuid)

    def worker_config(self, trial: Trial, attempt: Attempt, lease: Lease) -> dict[str, Any]:
        """Return the worker's `config.json`: all settings as requested, and the directories to write to."""
        study, number = self.study, trial.number
        shared = self._checkpoints(number)
        shrunk: Any = trial.facts.get(SHRUNK) or {}  # the same in every attempt
        own = shared if self.executor.name == LOCAL else checkpoint_folder(shared, attempt.n)
        return {
            "token": attempt.token,
            "study": study.name,
            "trial": number,
            "attempt": attempt.n,
            "seed": trial.seed,
            "programs": json.loads(self.store.read.get_meta(MetaKey.PROGRAMS) or "{}"),
            "role": str(trial.role),
            "kind": study.trainer.kind,
            "directory": study.directory,
            "settings": {**self._trainer_of(trial), **trial.params, **shrunk},
            "shrunk": shrunk,
            "params": dict(trial.params),
            "objectives": [objective.metric for objective in study.objectives],
            "trial_dir": str(self.sd.trial(number)),
            "checkpoints": str(own),
            "resume_from": resume_paths(self.sd.trial(number), self.store, number, own),
            "continues": str(self.sd.starting_checkpoint(number)) if trial.continued_from is not None else "",
            "artifacts": str(self.sd.artifacts(number)),
            "cache": str(self.sd.cache),
            "keep_checkpoints": study.resources.keep_checkpoints,
            "threads": lease.threads,
            "gpus_per_trial": study.resources.gpus_per_trial,
            "device": "cuda" if lease.gpus else "",
            "try_steps": None,
            "recorded": recorded_metrics(self.store, study, number) if attempt.n > 1 else {},
            **next_rung(self.store, study, trial),
        }

    # follow -----------------------------------------------------------------------------------------------------

    def adopt(self, attempt: Attempt, trial: Trial) -> RunningAttempt:
        """Take over an attempt that an earlier runner started, from the executor that it was handed to."""
        live = self.live[attempt.token] = restore_attempt(self.sd, attempt, trial, self.executor_named)
        return live

    def poll(self) -> None:
        """Let the executors take in what has happened."""
        for executor in self._executors.values():
            executor.poll()
            for notice in executor.notices() if isinstance(executor, GpuExecutor) else ():
                self.store.add_event("error", EventKind.GPU_FAULT, notice)
            if isinstance(executor, WarmExecutor) and (notice := executor.cold_start_notice()):
                self.store.add_event("warning", EventKind.COLD_START, notice)
        for live in self.live.values():
            live.handle.sync()

    def wait_handles(self) -> Iterator[int]:
        """Yield the descriptors that become readable when an executor has news."""
        for executor in self._executors.values():
            yield from executor.wait_handles()

    def refresh_requested_ends(self) -> None:
        """Read from the store which running attempts a command has asked to end."""
        for attempt in self.store.read.attempts(open=True):
            if live := self.live.get(attempt.token):
                live.requested_end = attempt.asked

    def drop_fenced(self) -> None:
        """Abandon attempts that a command has fenced in the store."""
        recorded = {attempt.token for attempt in self.store.read.attempts(open=True)}
        for live in [live for token, live in self.live.items() if token not in recorded]:
            self.abandon(live)

    def abandon(self, live: RunningAttempt) -> None:
        """Follow a fenced attempt no more; its executor goes on to end it wherever it is found."""
        self.live.pop(live.attempt.token, None)
        with suppress(Exception):  # it is recorded as fenced, so the next runner fences it again
            live.handle.fence()
            live.handle.forget()

    def request_end(self, live: RunningAttempt, verb: str, asked: str, message: str) -> None:
        """Record that a running attempt shall end, and why; then pass the verb on to it."""
        with self.store.transaction(durable=True):
            self.store.update_attempt(live.attempt.token, asked=asked, message=message)
            self.store.add_event("info", EventKind(asked), message, live.trial.number)
        crash_point("before_control")
        live.requested_end, live.end_message = asked, message
        live.handle.signal(verb)

    def forget(self, live: RunningAttempt) -> None:
        """Release what an attempt held, once its end is recorded."""
        self.live.pop(live.attempt.token, None)
        live.handle.forget()
        if live.attempt.n > 1:
            remove_superseded(self._checkpoints(live.trial.number), live.attempt.n)

    def settled(self) -> bool:
        """Return whether this process may be replaced now without ending an attempt."""
        return all(executor.settled() for executor in self._executors.values())

    def settle(self) -> None:
        """Wait a few seconds until this process may end without ending an attempt that only begins."""
        deadline = time.monotonic() + MAX_SETTLE_S
        while not self.settled() and time.monotonic() < deadline:
            self.poll()
            time.sleep(0.05)  # the launcher's messages come within milliseconds, or not at all

    def retire(self) -> None:
        """Give all places back, since the study has come to rest."""
        for executor in self._executors.values():
            executor.retire()

    def _release(self) -> None:
        """Release the place that was held for the next start."""
        if self._reserved is not None:
            self.executor.release(self._reserved)
        self._reserved = None

    def close(self) -> None:
        """Release what this process holds. Running attempts go on."""
        self._release()
        for executor in self._executors.values():
            executor.close()
