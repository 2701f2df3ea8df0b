"""A study is prepared once: whatever is killed in between, and anew when it has become another study."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hptui import studyfile
from hptui.core.planned_trials import representative_settings
from hptui.core.study import Study
from hptui.execution.executor import Launch, LaunchRecord, Lease
from hptui.execution.local.executor import LocalExecutor, LocalHandle
from hptui.execution.preparation import MAX_LOST_PREPARATIONS, Preparation
from hptui.store.paths import StudyDir
from hptui.store.run_directory import EventWriter, acquire_lock, write_json
from hptui.store.store import Store

FILE = """
name = "s"
[objective]
metric = "loss"
[trainer]
kind = "toy"
steps = 3
[space]
learning_rate = { low = 1e-4, high = 1e-1, log = true }
"""


class Starter(LocalExecutor):
    """Starts no processes: it remembers what was to be started, and holds its lock."""

    def __init__(self) -> None:
        super().__init__()
        self.launched: list[Launch] = []
        self.held: int | None = None

    def start(self, launch: Launch, lease: Lease) -> LocalHandle:
        launch.run.root.mkdir(parents=True)
        write_json(launch.run.config, launch.config)
        self.held = acquire_lock(launch.run.lock)
        self.launched.append(launch)
        return self.adopt(LaunchRecord(launch.token, launch.run))

    def say(self, kind: str, **fields: Any) -> None:
        writer = EventWriter(self.launched[-1].run.events, threaded=False)
        writer._sequence = len(self.launched[-1].run.events.read_bytes().splitlines())
        writer.emit(kind, **fields)
        writer.close()

    def die(self, *, end: str = "", reason: str = "finished", message: str = "") -> None:
        if end:
            self.say("end", status=end, reason=reason, message=message, m={})
        if self.held is not None:
            os.close(self.held)
        self.held = None


@pytest.fixture
def study(tmp_path: Path) -> Study:
    (tmp_path / "s.toml").write_text(FILE)
    return studyfile.read_file(tmp_path / "s.toml")


@pytest.fixture
def store(tmp_path: Path, study: Study) -> Iterator[Store]:
    with Store.create(StudyDir(tmp_path / "home" / "s"), studyfile.to_json(study), "s") as made:
        yield made


def preparing(store: Store, starter: Starter, prepares: tuple[str, ...] = ("steps",)) -> Preparation:
    spec = SimpleNamespace(prepares=prepares, command=("worker",), entry="")
    attempts: Any = SimpleNamespace(executor=starter, spec=spec)
    return Preparation(StudyDir(store.connection.path.parent), store, attempts)


def test_a_trainer_without_one_is_never_waited_for(store: Store, study: Study) -> None:
    starter = Starter()
    assert preparing(store, starter, prepares=()).state(study) is True
    assert starter.launched == []


def test_what_is_found_is_committed_once(store: Store, study: Study) -> None:
    starter = Starter()
    it = preparing(store, starter)
    assert it.state(study) is False
    assert it.state(study) is False
    [launch] = starter.launched
    assert launch.config["prepare"]
    assert launch.config["settings"] == {"steps": 3, "learning_rate": 1e-4}
    assert launch.environment["CUDA_VISIBLE_DEVICES"] == ""
    starter.say("warning", message="doubtful")
    starter.say("facts", facts={"rows": 5})
    starter.die(end="complete")
    assert it.state(study) is True
    assert store.read.study_facts() == {"rows": 5}
    assert [event.message for event in store.read.events() if event.kind == "data"] == ["doubtful"]
    again = preparing(store, starter)
    assert again.state(study) is True
    assert len(starter.launched) == 1
    changed = replace(study, trainer=replace(study.trainer, settings={"steps": 4}))
    assert again.state(changed) is False
    assert len(starter.launched) == 2


def test_one_that_ended_while_no_runner_lived_counts(store: Store, study: Study) -> None:
    starter = Starter()
    assert preparing(store, starter).state(study) is False
    assert preparing(store, starter).state(study) is False  # another runner: it waits
    starter.say("facts", facts={"rows": 5})
    starter.die(end="complete")
    assert preparing(store, starter).state(study) is True
    assert len(starter.launched) == 1


def test_one_that_dies_is_begun_again_a_few_times(store: Store, study: Study) -> None:
    starter = Starter()
    it = preparing(store, starter)
    for _ in range(MAX_LOST_PREPARATIONS):
        assert it.state(study) is False
        (starter.launched[-1].run.log).write_text("Killed\n")
        starter.die()
    assert it.state(study) == "the preparation of the study died: Killed"
    assert len(starter.launched) == MAX_LOST_PREPARATIONS


def test_a_mistake_stops_the_study_and_is_looked_for_again_at_the_next_start(store: Store, study: Study) -> None:
    starter = Starter()
    it = preparing(store, starter)
    assert it.state(study) is False
    starter.die(end="failed", reason="usage", message="train: there is no file")
    assert it.state(study) == "the study cannot run (usage): train: there is no file"
    assert preparing(store, starter).state(study) is False
    assert len(starter.launched) == 2


def test_a_study_that_rests_leaves_none_behind(store: Store, study: Study) -> None:
    starter = Starter()
    it = preparing(store, starter)
    it.state(study)
    it.cancel()
    assert starter.launched[-1].run.control.read_text().strip() == "kill"
    starter.die()


def test_settings_that_stand_for_the_trials_are_complete(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text(
        FILE + 'model = { choices = ["a", "b"] }\nsteps = { choices = [1, 2] }\nwidth = { expr = "steps * 2" }\n'
    )
    study = studyfile.read_file(tmp_path / "t.toml")
    assert representative_settings(study, {}) == {"steps": 3, "learning_rate": 1e-4, "model": "a", "width": 6}
