"""What is on record of a script that prints, logs and reports: observer, events and a real store, in this process."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from hptui.core.study import Study
from hptui.core.trial import Attempt, AttemptState, Role, Trial, TrialStatus
from hptui.execution.executor import Handle
from hptui.execution.ingest import event_reader_for
from hptui.execution.recorded_metrics import recorded_metrics
from hptui.execution.running_attempt import RunningAttempt
from hptui.scripts.observe import ScriptObserver, make_line_reader
from hptui.scripts.process import OutputSplitter
from hptui.scripts.recover import EarlierAttempts, recover_points
from hptui.scripts.settings import read_command_spec
from hptui.store.paths import StudyDir
from hptui.store.run_directory import RunDir
from hptui.store.store import Store
from hptui.studyfile import from_json
from tests.trainers.attempts import context, make

COMMAND = {"command": ["true"]}


def study_of(objective: str) -> Study:
    return from_json({"name": "s", "objective": {"metric": objective}, "trainer": {"kind": "command", **COMMAND}})


class Script:
    """One trial of a script: its attempts, and what the store has of it."""

    def __init__(self, folder: Path, store: Store, number: int, objective: str = "val_loss", **settings: Any) -> None:
        self.folder, self.store, self.number, self.objective = folder, store, number, objective
        self.settings, self.study = {**COMMAND, **settings}, study_of(objective)
        self.output = folder / "trials" / f"{number:04d}" / "output"
        self.output.mkdir(parents=True)
        store.insert_trial(Trial(number, str(number), TrialStatus.RUNNING, Role.SEARCH, {}))
        self.attempt = 0

    def begin(self, resumes_after: int | None = None) -> None:
        """Begin an attempt."""
        self.attempt += 1
        recorded = recorded_metrics(self.store, self.study, self.number) if self.attempt > 1 else {}
        over = {"objectives": [self.objective], "recorded": recorded}
        self.run = make(self.folder, "command", self.settings, number=self.number, attempt=self.attempt, **over)
        self.trial, self.events = context(self.run)
        self.trial.resumes_after = resumes_after
        spec = read_command_spec(self.settings)
        self.earlier = EarlierAttempts(
            self.trial, "reports.jsonl", lambda: make_line_reader(spec, self.trial.objectives)
        )
        self.covered = self.earlier.covered_until()
        self.events.emit("hello", resumed_step=resumes_after)
        reports = self.run.root / "reports.jsonl"
        self.observer = ScriptObserver(spec, self.trial, lambda text, _: text, self.output, reports)
        self.splitter = OutputSplitter(self.observer.take_line)
        token = f"{self.number}-{self.attempt}"
        row = Attempt(token, self.number, self.attempt, AttemptState.RUNNING, started=time.time())
        self.store.insert_attempt(row)
        self.unknown = recover_points(self.earlier, self.observer.collector, self.observer.existing_readings())

    def say(self, data: bytes) -> None:
        """Print, as the worker hears it and keeps it in the log."""
        with self.run.log.open("ab") as log:
            log.write(data)
        self.splitter._take(self.splitter._decoder.decode(data))

    def tick(self, *, last: bool = False) -> None:
        self.observer._files_read_at = 0.0
        self.observer.tick(last)

    def end(self, *, kept: int | None = None) -> None:
        """End the attempt; `kept`: it is killed, and only so many of its events have reached the disk."""
        if kept is None:
            self.splitter._take("\n")
            self.tick(last=True)
            self.events.emit("end", status="complete", reason="finished", message="", m={}, nonfinite={})
        else:
            self.observer.collector.flush(everything=True)
        self.events.close()
        if kept is not None:
            lines = self.run.events.read_bytes().splitlines(keepends=True)
            self.run.events.write_bytes(b"".join(lines[: 1 + kept]))
        [row] = [one for one in self.store.read.attempts(self.number) if one.n == self.attempt]
        live = RunningAttempt(row, self.store.read.trial(self.number), RunDir(self.run.root), cast(Handle, None))
        assert event_reader_for(self.store, self.study).drain(live, 60.0)

    def curve(self, metric: str = "") -> list[tuple[int, float]]:
        return [(step, value) for step, value, _ in self.store.read.curve(self.number, metric or self.objective)]

    def values(self, metric: str = "") -> list[float]:
        return [value for _, value in self.curve(metric)]

    def warnings(self) -> list[str]:
        return [event.message for event in self.store.read.events(trial=self.number) if event.level != "info"]


def open_store(folder: Path) -> Store:
    return Store.create(StudyDir.for_study(folder, "s"), {}, "s")


def without_redraws(values: Iterable[float]) -> list[float]:
    """Values without those that equal the one before."""
    found: list[float] = []
    for value in values:
        if not found or found[-1] != value:
            found.append(value)
    return found
