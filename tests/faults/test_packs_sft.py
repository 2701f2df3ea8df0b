"""Real fine-tunings that share a process, under kills. `python -m tests.faults.sft_packs` fights longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from hptui.core.trial import HOST_LOST
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.trainers import worker
from tests.faults import sft_packs
from tests.support import trials
from tests.trainers.attempts import events
from tests.trainers.sft import tiny

pytestmark = [pytest.mark.process, pytest.mark.torch]


def alone(folder: Path, numbers: list[int]) -> dict[int, float]:
    """The losses of the trials, each trained by itself in this process."""
    losses = {}
    for number in numbers:
        settings = {"steps": sft_packs.STEPS, "eval_every": 20, "lora_alpha": 8, "batch_size": 4}
        settings |= sft_packs.TRIALS[number]
        given = {**tiny.TINY, "log_every": 60, **settings}
        run = tiny.make(folder / "alone", "sft", given, number=number, seed=3, objectives=["eval_loss"])
        assert worker.main(str(run.root)) == 0
        losses[number] = [e["m"]["eval_loss"] for e in events(run, "metrics") if "eval_loss" in e["m"]][-1]
    return losses


def attempts(sd: StudyDir) -> dict[int, int]:
    with StoreReader.open(sd) as reader:
        lost = [one for one in reader.attempts() if HOST_LOST in one.environment]
    return {one.trial: one.n for one in lost}


def test_losses_are_those_of_each_trial_alone_whoever_is_killed(home: Path, tmp_path: Path) -> None:
    """A worker and then the host are killed while one trial diverges: nobody else is touched, nothing is repeated."""
    folder = tiny.study(tmp_path)
    (tmp_path / "alone").mkdir()
    tiny.study(tmp_path / "alone")
    file = sft_packs.file_of(folder, "pack = 4", count=4)
    sd = sft_packs.battle(home, file, ["worker", "host"], seed=1)
    assert sft_packs.judge(sd, alone(folder, [0, 1, 3])) == []
    shared = [trial for trial in trials(sd) if "pack_with" in trial.facts or trial.attempts > 1]
    assert len(shared) >= 3
    assert max(trial.attempts for trial in trials(sd)) >= 2
    assert len(attempts(sd)) in (0, 2, 3)  # none where the trials had ended before the host was killed
