"""Any process, any moment: nothing finished is lost, nothing is recorded twice, nothing is left running."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.checker import MIB
from tests.faults.harness import Nemesis, Subject, attempt_in_training
from tests.support import run_to_rest, toy, trials, until

KILLS = 80
REST = "[resources]\nparallel = {slots}\nlost_retries = 1000000\nmin_free_gb = 0.0"


def study(folder: Path, name: str, slots: int, **options: object) -> Path:
    """A toy study that leaves children behind, saves often, and is never done by itself."""
    given = {
        "steps": 60,
        "step_seconds": 0.008,
        "sampler": "tpe",
        "trials": 100_000,
        "trainer": "checkpoint_every = 7\nchildren = 2",
        "space": "width = { choices = [16, 32, 64, 128] }",
        "search": "seed = 5",
        "rest": REST.format(slots=slots),
    }
    return toy(folder, name, **{**given, **options})  # type: ignore[arg-type]


def undisturbed(home: Path, folder: Path, count: int) -> list[dict[str, object]]:
    """What a study that nobody disturbs is proposed. The toy's loss does not depend on the time that a step takes."""
    file = study(folder, "undisturbed", 1, step_seconds=0.0, trials=count, trainer="")
    return [dict(trial.params) for trial in trials(run_to_rest(home, file))]


def battle(home: Path, folder: Path, kills: int, seed: int) -> None:
    """Attack a study with three slots and a sequential one until so many are killed, some of each kind; judge both."""
    wide = Subject(home, study(folder, "wide", 3), slots=3)
    single = Subject(home, study(folder, "single", 1))
    single.known.proposals = []
    nemesis = Nemesis(seed, [wide, single], folder / "acts.jsonl")
    with ExitStack() as stack:
        for subject in (wide, single):
            stack.enter_context(subject.kept())
        nemesis.attack(kills, pace=0.08, seconds=120 + kills)
        nemesis.rest()
        assert not nemesis.findings, nemesis.story()
        for subject in (wide, single):
            subject.finish()
    single.known.proposals = undisturbed(home, folder, len(trials(single.sd)))
    for subject in (wide, single):
        try:
            now = subject.judge()
        except AssertionError as error:
            raise AssertionError(f"{error}\n{nemesis.story()}") from None
        assert len(now.trials) > 5
        assert any(len(attempts) > 1 for attempts in now.attempts.values())
    assert set(nemesis.kills) == {"kill runner", "kill worker", "kill shim", "kill launcher"}
    assert min(nemesis.kills.values()) >= kills // 40, nemesis.kills
    print(f"{dict(nemesis.kills)}, {dict(nemesis.acts)}, {wide.gauge}, {single.gauge}")


@pytest.mark.timeout(600)
def test_nothing_is_lost_in_many_kills(home: Path, tmp_path: Path) -> None:
    battle(home, tmp_path, KILLS, int(os.environ.get("HPTUI_FAULT_SEED", "1")))


def test_cold_starts_are_as_safe(home: Path, tmp_path: Path) -> None:
    """A trainer of one's own is never warm: every attempt is a process of its own making."""
    (tmp_path / "mine.py").write_text(MINE)
    file = study(tmp_path, "cold", 2)
    file.write_text(file.read_text().replace('kind = "toy"', 'kind = "mine:trainer"'))
    subject = Subject(home, file, slots=2)
    nemesis = Nemesis(7, [subject], tmp_path / "acts.jsonl")
    with subject.kept():
        nemesis.attack(25, pace=0.15, seconds=120)
        nemesis.rest()
        assert not nemesis.findings, nemesis.story()
        subject.finish()
    subject.judge()
    assert not nemesis.kills["kill launcher"]


MINE = """
from hptui.trainers import toy

class Trainer:
    Settings = toy.ToySettings

    def __call__(self, settings, trial):
        return toy.train(settings, trial)

trainer = Trainer()
"""


def test_a_runner_that_loses_many_attempts_keeps_its_size(home: Path, tmp_path: Path) -> None:
    """I10 in full: what one process opens for attempts that come and go, it closes."""
    subject = Subject(home, study(tmp_path, "patient", 1, trainer="checkpoint_every = 1", step_seconds=0.05))
    subject.start()
    runner = subject.runner()
    seen: list[tuple[int, int]] = []
    for n in range(30):
        attempt = attempt_in_training(subject)
        pages = int(Path(f"/proc/{runner}/statm").read_text().split()[1])
        seen.append((len(os.listdir(f"/proc/{runner}/fd")), pages * os.sysconf("SC_PAGE_SIZE")))
        if n % 3 == 2:
            assert subject.kill(subject.launcher())
            continue
        assert subject.kill(attempt.shim if n % 3 else attempt.worker)
        until(lambda a=attempt: a.run not in [b.run for b in subject.attempts()])  # type: ignore[misc]
    assert subject.runner() == runner
    files, sizes = zip(*seen, strict=True)
    assert max(files[-10:]) <= max(files[:10])
    assert max(sizes[-10:]) <= sizes[5] + 8 * MIB
    assert subject.look() == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(2, 7))
def test_nothing_is_lost_in_a_thousand_kills(home: Path, tmp_path: Path, seed: int) -> None:
    battle(home, tmp_path, 1000, seed)
