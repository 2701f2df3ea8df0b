"""The trainer's own preparation of a study, in a process next to the runner: once, before the first trial.

    prepare/{config.json, lock, events.jsonl, ...}   as an attempt's directory

The store keeps a key of the settings that were prepared; other settings are prepared again. A runner that starts while
a preparation runs waits for its end; one that was lost is repeated, up to `MAX_LOST_PREPARATIONS` times.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import uuid
from pathlib import Path
from typing import Any

from hptui.core.planned_trials import PrepareRequest
from hptui.core.study import Study
from hptui.core.trial import TrialStatus
from hptui.execution.attempt_files import end_event, log_tail
from hptui.execution.attempts import Attempts
from hptui.execution.executor import (
    Executor,
    Handle,
    Launch,
    LaunchRecord,
    Lease,
    PlacedExecutor,
    find_executor,
    usable_cpu_cores,
)
from hptui.execution.probe import LOCAL
from hptui.store.paths import StudyDir
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.run_directory import RunDir, read_json
from hptui.store.safe_reading import read_lines
from hptui.store.store import Store

log = logging.getLogger(__name__)

MAX_LOST_PREPARATIONS = 3
"""Lost preparations after which the study does not run."""


class Preparation:
    """The preparation of one study. It is done at once if the trainer has none."""

    def __init__(self, sd: StudyDir, store: Store, attempts: Attempts) -> None:
        self.sd, self.store, self.attempts = sd, store, attempts
        self.run = RunDir(sd.root / "prepare")
        self._lost = 0
        self._started = False
        self._handle: Handle | None = None
        self._local: Executor | None = None
        self._request: tuple[Study, PrepareRequest, str] | None = None

    def state(self, study: Study) -> bool | str:
        """Return True when trials may begin, False when not yet, or a text that says why they must not."""
        if not self.attempts.spec.prepares:
            return True
        if self._request is None or self._request[0] is not study:
            request = PrepareRequest.for_study(study, self.attempts.spec.prepares, self.store.read.defaults())
            self._request = study, request, preparation_key(study, request)
        _, request, key = self._request
        if self.store.read.get_meta(MetaKey.PREPARED) == key:
            return True
        config = read_json(self.run.config)
        handle = self._find_handle(config)
        process = handle.state()
        if not process.gone:
            self._started = True
            return False
        if process.proof != "never":
            handle.collect()
        if not isinstance(config, dict) or config.get("key") != key or not (self._started or end_event(self.run)):
            return self._start(study, key, request)
        self._started = False
        return self._read_end(study, key, request)

    def _find_handle(self, config: object) -> Handle:
        """Return the handle of the preparation that was started last, by this runner or by an earlier one."""
        if self._handle is None:
            token = str(config.get("token")) if isinstance(config, dict) else ""
            self._handle = self._executor().adopt(LaunchRecord(token, self.run))
        return self._handle

    def _executor(self) -> Executor:
        """Return the executor of this machine if attempts run on others: preparations run here."""
        if not isinstance(self.attempts.executor, PlacedExecutor):
            return self.attempts.executor
        if self._local is None:
            self._local = find_executor(LOCAL)  # it needs no places, so it is not opened
        self._local.poll()
        return self._local

    def _forget_handle(self) -> None:
        if self._handle is not None:
            self._handle.forget()
            self._handle = None

    def _start(self, study: Study, key: str, request: PrepareRequest) -> bool | str:
        self._forget_handle()
        shutil.rmtree(self.run.root, ignore_errors=True)
        token = uuid.uuid4().hex
        launch = Launch(
            run=self.run,
            token=token,
            config={
                "prepare": True,
                "key": key,
                "token": token,
                "kind": study.trainer.kind,
                "directory": study.directory,
                **request.to_json(),
                "cache": str(self.sd.cache),
                "threads": usable_cpu_cores(),
            },
            cwd=study.directory if Path(study.directory).is_dir() else str(self.sd.root),
            environment={"CUDA_VISIBLE_DEVICES": "", "PYTHONUNBUFFERED": "1"},
            command=[*self.attempts.spec.command, str(self.run.root)],
            entry=self.attempts.spec.entry,
        )
        self.store.add_event("info", EventKind.PREPARE, "the trainer looks at data and model before the first trial")
        self._started = True
        self._handle = self._executor().start(launch, Lease())
        return False

    def _read_end(self, study: Study, key: str, request: PrepareRequest) -> bool | str:
        end = end_event(self.run)
        if end is None:
            self._lost += 1
            last_line = " ".join(log_tail(self.run, 1)) or "it left no word"
            return (
                self._start(study, key, request)
                if self._lost < MAX_LOST_PREPARATIONS
                else f"the preparation of the study died: {last_line}"
            )
        if end["status"] != TrialStatus.COMPLETE:
            self._delete_run()
            return f"the study cannot run ({end['reason']}): {end.get('message') or 'no reason was given'}"
        self._commit_findings(key)
        return True

    def _commit_findings(self, key: str) -> None:
        """Commit the facts and warnings that the preparation reported, all of them or none."""
        self._forget_handle()
        with self.store.transaction(durable=True):
            recorded = {event.message for event in self.store.read.events() if event.kind == EventKind.DATA}
            for event in read_events(self.run):
                if event["k"] == "warning" and event["message"] not in recorded:
                    self.store.add_event("warning", EventKind.DATA, str(event["message"]))
                elif event["k"] == "facts":
                    self.store.set_meta(MetaKey.FACTS, json.dumps({**self.store.read.study_facts(), **event["facts"]}))
            self.store.set_meta(MetaKey.PREPARED, key)

    def _delete_run(self) -> None:
        """Delete a failed run, so that the next start of the study tries again: the cause may be fixed."""
        shutil.rmtree(self.run.root, ignore_errors=True)

    def cancel(self) -> None:
        """Kill a running preparation, since the study has come to rest."""
        config = read_json(self.run.config)
        if not isinstance(config, dict):
            return
        handle = self._find_handle(config)
        if not handle.state().gone:
            handle.signal("kill")
            handle.collect()


def read_events(run: RunDir) -> list[dict[str, Any]]:
    """Return all events of a run directory."""
    lines, offset, parsed = *read_lines(run.events, 0), list[dict[str, Any]]()
    while lines:
        parsed += [json.loads(line) for line in lines]
        lines, offset = read_lines(run.events, offset)
    return parsed


def preparation_key(study: Study, request: PrepareRequest) -> str:
    """Return a hash of the settings that a preparation is made for."""
    parts = [study.trainer.kind, study.directory, request.to_json()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]
