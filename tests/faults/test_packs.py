"""Trials that share a process: whoever dies, nothing finished is lost, and one never touches another."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hptui.store.paths import StudyDir
from hptui.store.run_directory import RunDir, lock_is_held, read_json
from tests.faults.harness import ACTS, Nemesis, Subject
from tests.support import toy

KILLS = 20
REST = "[resources]\npack = {pack}\nlost_retries = 1000000\nmin_free_gb = 0.0"


def study(folder: Path, name: str, pack: object = 4, **options: object) -> Path:
    """A toy study whose trials share a process, and save often."""
    given = {"steps": 60, "step_seconds": 0.008, "trials": 6, "trainer": "checkpoint_every = 7", "search": "seed = 5"}
    return toy(folder, name, **{**given, "rest": REST.format(pack=pack), **options})  # type: ignore[arg-type]


def hosts(sd: StudyDir) -> list[tuple[int, int]]:
    """(shim, process) of the living hosts of a study."""
    found = []
    for folder in sorted((sd.root / "packs").glob("[0-9]*")):
        facts = read_json(RunDir(folder).shim)
        if isinstance(facts, dict) and lock_is_held(RunDir(folder).lock):
            found.append((facts["shim"], facts["worker"]))
    return found


@pytest.fixture
def deadly() -> Iterator[None]:
    """Let the nemesis kill hosts and their shims, too."""

    def kill(place: int) -> object:
        def act(nemesis: Nemesis, subject: Subject) -> str:
            living = hosts(subject.sd)
            if not living or not subject.kill(nemesis.random.choice(living)[place]):
                return ""
            return f"{('shim of host', 'host')[place]}"

        return act

    ACTS["kill host"] = (12, kill(1))  # type: ignore[assignment]
    ACTS["kill shim of host"] = (6, kill(0))  # type: ignore[assignment]
    yield
    del ACTS["kill host"], ACTS["kill shim of host"]


def battle(home: Path, folder: Path, kills: int, seed: int) -> dict[str, int]:
    subject = Subject(home, study(folder, "packed", 3, trials=100_000, sampler="tpe"), slots=3)
    nemesis = Nemesis(seed, [subject], folder / "acts.jsonl")
    with subject.kept():
        nemesis.attack(kills, pace=0.08, seconds=120 + kills)
        nemesis.rest()
        assert not nemesis.findings, nemesis.story()
        subject.finish()
    try:
        now = subject.judge()
    except AssertionError as error:
        raise AssertionError(f"{error}\n{nemesis.story()}") from None
    assert any(len(attempts) > 1 for attempts in now.attempts.values())
    print(f"{dict(nemesis.kills)}, {dict(nemesis.acts)}, {subject.gauge}")
    return dict(nemesis.kills)


@pytest.mark.usefixtures("deadly")
def test_nothing_is_lost_whoever_is_killed(home: Path, tmp_path: Path) -> None:
    kills = battle(home, tmp_path, KILLS, int(os.environ.get("HPTUI_FAULT_SEED", "1")))
    assert kills.get("kill host"), kills
