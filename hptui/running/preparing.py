"""The trainer's own preparation of a study, in a process beside the runner: once, before the first trial.

    prepare/{config.json, lock, events.jsonl, ...}   as an attempt's directory

Whether it is done stands in the store, with what it was done for: changed settings have it done once more. A runner
that starts while one is under way waits for its end; one that was lost begins anew, a few times.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import uuid
from pathlib import Path
from typing import Any

from hptui.model.ahead import Ahead
from hptui.model.study import Study
from hptui.model.trial import TrialStatus
from hptui.running.attempts import Attempts, cores
from hptui.running.finish import end_event, log_tail
from hptui.running.local import Launch, silence
from hptui.storage.paths import StudyDir
from hptui.storage.queries import FACTS
from hptui.storage.rundir import RunDir, is_held, put_control, read_json, read_lines
from hptui.storage.store import Store

log = logging.getLogger(__name__)

PREPARED = "prepared"
TRIES = 3


class Preparing:
    """The preparation of one study. Without one in its trainer, it is over before it begins."""

    def __init__(self, sd: StudyDir, store: Store, attempts: Attempts) -> None:
        self.sd, self.store, self.attempts = sd, store, attempts
        self.run = RunDir(sd.root / "prepare")
        self._lost = 0
        self._going = False
        self._seen: tuple[Study, Ahead, str] | None = None

    def over(self, study: Study) -> bool | str:
        """True: trials may begin. False: not yet, look again. A text: why they must not."""
        if not self.attempts.trainer.prepares:
            return True
        if self._seen is None or self._seen[0] is not study:
            ahead = Ahead.of(study, self.attempts.trainer.prepares, self.store.defaults())
            self._seen = study, ahead, key_of(study, ahead)
        _, ahead, key = self._seen
        if self.store.get_meta(PREPARED) == key:
            return True
        if is_held(self.run.lock):
            self._going = True
            return False
        config = read_json(self.run.config)
        if not isinstance(config, dict) or config.get("key") != key or not (self._going or end_event(self.run)):
            return self._start(study, key, ahead)
        self._going = False
        return self._finish(study, key, ahead)

    def _start(self, study: Study, key: str, ahead: Ahead) -> bool | str:
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
                **ahead.told(),
                "cache": str(self.sd.cache),
                "threads": cores(),
            },
            cwd=study.directory if Path(study.directory).is_dir() else str(self.sd.root),
            environment={"CUDA_VISIBLE_DEVICES": "", "PYTHONUNBUFFERED": "1"},
            command=[*self.attempts.trainer.command, str(self.run.root)],
        )
        self.store.event("info", "prepare", "the trainer looks at data and model before the first trial")
        self._going = True
        self.attempts.local.start(launch)
        return False

    def _finish(self, study: Study, key: str, ahead: Ahead) -> bool | str:
        end = end_event(self.run)
        if end is None:
            self._lost += 1
            said = " ".join(log_tail(self.run, 1)) or "it left no word"
            return (
                self._start(study, key, ahead) if self._lost < TRIES else f"the preparation of the study died: {said}"
            )
        if end["status"] != TrialStatus.COMPLETE:
            self._forget()
            return f"the study cannot run ({end['reason']}): {end.get('message') or 'no reason was given'}"
        self._take(key)
        return True

    def _take(self, key: str) -> None:
        """Commit what was found, all of it or nothing."""
        with self.store.transaction(durable=True):
            said = {event.message for event in self.store.events() if event.kind == "data"}
            for event in events(self.run):
                if event["k"] == "warning" and event["message"] not in said:
                    self.store.event("warning", "data", str(event["message"]))
                elif event["k"] == "facts":
                    self.store.set_meta(FACTS, json.dumps({**self.store.study_facts(), **event["facts"]}))
            self.store.set_meta(PREPARED, key)

    def _forget(self) -> None:
        """A failure counts for one start of the study: at the next, the user may have mended something."""
        shutil.rmtree(self.run.root, ignore_errors=True)

    def cancel(self) -> None:
        """The study rests: nothing of it may go on."""
        config = read_json(self.run.config)
        if is_held(self.run.lock) and isinstance(config, dict):
            put_control(self.run, "kill")
            silence(str(config.get("token")), self.run)


def events(run: RunDir) -> list[dict[str, Any]]:
    """All events of a directory."""
    lines, offset, found = *read_lines(run.events, 0), list[dict[str, Any]]()
    while lines:
        found += [json.loads(line) for line in lines]
        lines, offset = read_lines(run.events, offset)
    return found


def key_of(study: Study, ahead: Ahead) -> str:
    """What a preparation was made for."""
    told = [study.trainer.kind, study.directory, ahead.told()]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:16]
