"""Attempts of one study on this machine: start and adopt them, request their end, forget them once recorded."""

from __future__ import annotations

import json
import logging
import os
import shlex
import socket
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hptui import studyfile
from hptui.core.study import Study
from hptui.core.trial import Attempt, AttemptState, Trial, TrialStatus, Value
from hptui.execution.finalize import restore_attempt
from hptui.execution.ingest import event_reader_for
from hptui.execution.local.devices import Slot, slot_environment
from hptui.execution.local.environment import gpu_facts
from hptui.execution.local.executor import Launch, LocalExecutor, SlotPool, kill_marked_processes, open_shim_pidfd
from hptui.execution.local.launcher import LauncherClient
from hptui.execution.local.shim import boot_id
from hptui.execution.running_attempt import RunningAttempt
from hptui.store.crash_points import crash_point
from hptui.store.paths import StudyDir
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.run_directory import RunDir, lock_is_held, put_control, read_json
from hptui.store.store import Store

log = logging.getLogger(__name__)

MAX_START_S = 240.0
"""Time that an attempt's shim may take to appear, before the launcher is taken for stuck and replaced."""
COLD_START_VARIABLE = "HPTUI_COLD"
"""Environment variable that, when set, starts every attempt in a fresh process and not from the launcher."""


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """How the attempts of a study are run: the command for a fresh process, the launcher's entry and what it imports.

    `facts` goes into every attempt's record: git commit, host, versions. `prepares` names the settings that the trainer
    examines once, before the first trial; empty: the trainer has no preparation.
    """

    command: Sequence[str]
    entry: str = ""
    preload: Sequence[str] = ()
    facts: Mapping[str, Value] = field(default_factory=dict)
    prepares: Sequence[str] = ()


def usable_cpu_cores() -> int:
    """Return the number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Attempts:
    """The attempts of a study that run now, by token, with the slots they hold and the executor that starts them."""

    def __init__(self, sd: StudyDir, store: Store, study: Study, trainer: WorkerSpec) -> None:
        self.sd, self.store, self.study, self.trainer = sd, store, study, trainer
        self.live: dict[str, RunningAttempt] = {}
        self.ingest = event_reader_for(store, study)
        warm = bool(trainer.preload) and not os.environ.get(COLD_START_VARIABLE)
        self.executor = LocalExecutor(LauncherClient(trainer.entry, trainer.preload, os.environ) if warm else None)
        if self.executor.launcher is not None:
            self.executor.launcher.ensure()
        self._slots = SlotPool(study.resources, self._peak)
        self._reserved: tuple[Slot, list[int]] | None = None

    def revise(self, study: Study) -> None:
        """Follow a new revision of the study; running attempts keep their slots."""
        self._release()
        self.study, self._slots = study, SlotPool(study.resources, self._peak)
        for token, live in self.live.items():
            self._slots.take(token, live.attempt.device)

    def reserve(self) -> bool:
        """Hold a slot for the next start; return False when none can be had now."""
        self._reserved = self._reserved or self._slots.claim()
        return self._reserved is not None

    def free_slots(self) -> int:
        """Return the number of attempts that may be started now."""
        return max(0, len(self._slots) - len(self.live))

    @property
    def waiting_reason(self) -> str:
        """Why the last start got no slot, if GPU memory was the reason; else ''."""
        return self._slots.waiting_reason

    def _peak(self) -> float | None:
        """Return the most GPU memory (GiB) that an attempt of this study has needed; None: not known yet."""
        return max((a.peak_gpu_gb for a in self.store.read.attempts() if a.peak_gpu_gb), default=None)

    # start ------------------------------------------------------------------------------------------------------

    def start(self, trial: Trial) -> RunningAttempt | None:
        """Start the next attempt of a trial; return None when no slot can be had now."""
        claimed, self._reserved = self._reserved or self._slots.claim(), None
        if claimed is None:
            return None
        slot, locks = claimed
        if not trial.attempts and trial.replicate_of is None:
            trial = replace(trial, revision=self.store.read.study().revision)
        attempt = Attempt(
            token=uuid.uuid4().hex,
            trial=trial.number,
            n=trial.attempts + 1,
            state=AttemptState.STARTING,
            boot_id=boot_id(),
            host=socket.gethostname(),
            device=slot.label,
            started=time.time(),
            environment={**self.trainer.facts, **gpu_facts(slot.gpus), "command": shlex.join(self.trainer.command)},
        )
        try:
            with self.store.transaction(durable=True):
                self.store.insert_attempt(attempt)
                begun = {"started": trial.started or attempt.started, "revision": trial.revision}
                self.store.update_trial(trial.number, status=TrialStatus.RUNNING, reason=None, message="", **begun)
        except BaseException:  # a full disk, for example: without this the slot would stay locked by this process
            for lock in locks:
                os.close(lock)
            raise
        crash_point("after_insert_attempt")
        live = RunningAttempt(
            attempt, replace(trial, status=TrialStatus.RUNNING), RunDir(self.sd.attempt(trial.number, attempt.n))
        )
        self.live[attempt.token] = live
        self._slots.take(attempt.token, slot.label)
        self._launch(live, slot, locks)
        return live

    def _launch(self, live: RunningAttempt, slot: Slot, locks: Sequence[int]) -> None:
        """Hand the attempt to the executor.

        An attempt that cannot be started has a free lock, so the next turn of the runner finds it lost.
        """
        resources = self.study.resources
        launch = Launch(
            run=live.run,
            token=live.attempt.token,
            config=self.worker_config(live.trial, live.attempt, slot),
            cwd=self.study.directory if Path(self.study.directory).is_dir() else str(self.sd.root),
            environment={**slot_environment(slot), "PYTHONUNBUFFERED": "1"},
            command=[*self.trainer.command, str(live.run.root)],
            locks=locks,
            pause_grace=resources.pause_grace,
            stop_grace=resources.stop_grace,
        )
        try:
            warm, live.shim = self.executor.start(launch)
        except BlockingIOError as error:
            log.error("trial %d: %s", live.trial.number, error)
            return
        self.store.update_attempt(live.attempt.token, warm=warm)
        live.handle = open_shim_pidfd(live.shim, live.run) if live.shim is not None else None

    def _trainer_of(self, trial: Trial) -> Mapping[str, Value]:
        """Return the `[trainer]` table of the trial's own revision: a paused trial continues as it began."""
        spec = self.store.read.spec_json(trial.revision)
        return studyfile.from_json(spec).trainer.settings

    def worker_config(self, trial: Trial, attempt: Attempt, slot: Slot) -> dict[str, Any]:
        """Return the worker's `config.json`: all settings as requested, and the directories to write to."""
        study, number = self.study, trial.number
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
            "settings": {**self._trainer_of(trial), **trial.params},
            "params": dict(trial.params),
            "objectives": [objective.metric for objective in study.objectives],
            "trial_dir": str(self.sd.trial(number)),
            "checkpoints": str(self.sd.checkpoints(number, study.checkpoint_directory, self.store.read.study().uuid)),
            "continues": str(self.sd.starting_checkpoint(number)) if trial.continued_from is not None else "",
            "artifacts": str(self.sd.artifacts(number)),
            "cache": str(self.sd.cache),
            "keep_checkpoints": study.resources.keep_checkpoints,
            "threads": max(1, usable_cpu_cores() // max(1, len(self._slots))),
            "device": "cuda" if slot.gpus else "",
            "try_steps": None,
        }

    # follow -----------------------------------------------------------------------------------------------------

    def adopt(self, attempt: Attempt, trial: Trial) -> RunningAttempt:
        """Take over an attempt that an earlier runner started."""
        live = restore_attempt(self.sd, attempt, trial)
        facts = read_json(live.run.shim)
        if isinstance(facts, dict):
            live.shim, live.handle = facts.get("shim"), open_shim_pidfd(facts.get("shim"), live.run)
        self.live[attempt.token] = live
        self._slots.take(attempt.token, attempt.device)
        return live

    def alive(self, live: RunningAttempt) -> bool:
        """Return True while the attempt's lock is held.

        The lock alone decides, never a pid: pids are reused. An attempt whose start hangs is killed with its launcher.
        """
        if not lock_is_held(live.run.lock):
            return False
        if live.shim is None:
            facts = read_json(live.run.shim)
            if isinstance(facts, dict):
                live.shim, live.handle = facts.get("shim"), open_shim_pidfd(facts.get("shim"), live.run)
            elif time.monotonic() - live.last_event_at > MAX_START_S and self.executor.launcher is not None:
                log.error("trial %d does not start; a new launcher is taken", live.trial.number)
                self.executor.launcher.close()
                kill_marked_processes(live.attempt.token, live.run)
                live.reset_clocks()
        return True

    def confirm(self) -> None:
        """Note which shims the launcher has started, and reap those that this process started."""
        self.executor.reap()
        if self.executor.launcher is None:
            return
        for token, pid in self.executor.launcher.poll().items():
            if live := self.live.get(token):
                live.shim, live.handle = pid, open_shim_pidfd(pid, live.run)

    def handles(self) -> Iterator[int]:
        """Yield the descriptors to poll: the ends of shims, and the launcher's messages."""
        for live in self.live.values():
            if live.handle is not None:
                yield live.handle
        if self.executor.launcher is not None and self.executor.launcher.fileno() >= 0:
            yield self.executor.launcher.fileno()

    def refresh_requested_ends(self) -> None:
        """Read from the store which running attempts a command has asked to end."""
        for attempt in self.store.read.attempts(open=True):
            if live := self.live.get(attempt.token):
                live.requested_end = attempt.asked

    def request_end(self, live: RunningAttempt, verb: str, asked: str, message: str) -> None:
        """Record that a running attempt shall end, and why; then write the verb to its `control` file."""
        with self.store.transaction(durable=True):
            self.store.update_attempt(live.attempt.token, asked=asked, message=message)
            self.store.add_event("info", EventKind(asked), message, live.trial.number)
        crash_point("before_control")
        live.requested_end, live.end_message = asked, message
        put_control(live.run, verb)

    def forget(self, live: RunningAttempt) -> None:
        """Release what an attempt held, once its end is recorded."""
        live.close()
        self.live.pop(live.attempt.token, None)
        self._slots.free(live.attempt.token)

    def _release(self) -> None:
        """Release the slot that was held for the next start."""
        for lock in self._reserved[1] if self._reserved else ():
            os.close(lock)
        self._reserved = None

    def close(self) -> None:
        """Release the runner's handles and the launcher. Running attempts go on."""
        self._release()
        for live in self.live.values():
            live.close()
        if self.executor.launcher is not None:
            self.executor.launcher.close()
