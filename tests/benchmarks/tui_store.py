"""A study of many trials and points, written straight into a store.

    python -m tests.benchmarks.tui_store HOME [TRIALS] [POINTS_PER_TRIAL]

What the benchmarks of the screens look at. Nothing is trained for it: the numbers are made up, and no result.
"""

from __future__ import annotations

import math
import random
import shutil
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from hptui import studyfile
from hptui.core.trial import Attempt, AttemptState, Reason, Role, StudyState, Trial, TrialStatus
from hptui.store.paths import StudyDir
from hptui.store.store import Store
from tests.benchmarks.common import machine  # noqa: F401  (puts the repository on the path)

START = 1_800_000_000.0
FILE = """
name = "{name}"
about = "Numbers made up for a benchmark of the screens."
[objective]
metric = "val_loss"
[trainer]
kind = "charlm"
[space]
learning_rate = {{ low = 1e-5, high = 1e-2, log = true }}
model_dim = {{ choices = [32, 64, 128, 256] }}
num_layers = {{ low = 1, high = 8, int = true }}
dropout = {{ low = 0.0, high = 0.3 }}
batch_size = {{ choices = [8, 16, 32, 64] }}
[search]
sampler = "random"
trials = {trials}
"""


TRIALS, POINTS_PER_TRIAL = 10_000, 1120
"""Ten million points in all: pruned and failed trials have half as many as others."""


def ready(home: Path, name: str = "big") -> StudyDir:
    """The study in HOME, whole: one whose making was broken off is made anew. Says how much is in it."""
    sd = StudyDir.for_study(home, name)
    trials, points = counts(sd)
    if trials < TRIALS or points < TRIALS * 1000:
        if sd.root.exists():
            print(f"{sd.root} has {trials:,} trials and {points:,} points: it is made anew, which takes minutes")
            shutil.rmtree(sd.root)
        make(home, name=name)
        trials, points = counts(sd)
    print(f"{trials:,} trials, {points:,} points")
    return sd


def counts(sd: StudyDir) -> tuple[int, int]:
    """The trials and the points of a study."""
    if not sd.exists():
        return 0, 0
    with closing(sqlite3.connect(f"file:{sd.db}?mode=ro", uri=True)) as conn:
        [trials] = conn.execute("SELECT count(*) FROM trials").fetchone()
        [points] = conn.execute("SELECT coalesce(sum(n), 0) FROM metric_last").fetchone()
    return trials, points


def make(
    home: Path, trials: int = TRIALS, points: int = POINTS_PER_TRIAL, name: str = "big", running: int = 2
) -> StudyDir:
    """The study in HOME: `points` points a trial, in two metrics; the last `running` trials run."""
    study = studyfile.read_text(FILE.format(name=name, trials=trials), directory=str(home))
    sd = StudyDir.for_study(home, name)
    chance = random.Random(0)
    with Store.create(sd, studyfile.to_json(study), name) as store:
        store.connection.handle.execute("PRAGMA synchronous = OFF")
        for start in range(0, trials, 200):
            with store.transaction():
                for number in range(start, min(trials, start + 200)):
                    _trial(store, chance, number, points, alive=number >= trials - running)
        store.set_state(StudyState.RUNNING)
    return sd


def _trial(store: Store, chance: random.Random, number: int, points: int, alive: bool) -> None:
    params = {
        "learning_rate": 10 ** chance.uniform(-5, -2),
        "model_dim": chance.choice([32, 64, 128, 256]),
        "num_layers": chance.randint(1, 8),
        "dropout": round(chance.uniform(0, 0.3), 3),
        "batch_size": chance.choice([8, 16, 32, 64]),
    }
    kind = 0.5 if alive or number < 8 else chance.random()
    status, reason = (
        (TrialStatus.RUNNING, None)
        if alive
        else (TrialStatus.COMPLETE, Reason.FINISHED)
        if kind < 0.8
        else (TrialStatus.PRUNED, Reason.PRUNER)
        if kind < 0.95
        else (TrialStatus.FAILED, Reason.OOM)
    )
    count = points // 2 if status is not TrialStatus.COMPLETE else points
    pace, floor = chance.uniform(0.1, 0.6), chance.uniform(1.6, 2.4)
    evals = max(1, count // 11)
    steps = count - evals
    loss = [floor + 2.5 * math.exp(-step * pace / 60) + chance.gauss(0, 0.04) for step in range(1, steps + 1)]
    found = [("train_loss", step, loss[step - 1], None, step * 0.05) for step in range(1, steps + 1)]
    val = [
        ("val_loss", step * 10, loss[min(steps, step * 10) - 1] + 0.05, None, step * 0.5)
        for step in range(1, evals + 1)
    ]
    ended = None if alive else START + 60 * number + 50
    best = min((point[2] for point in val), default=None)
    trial = Trial(
        number,
        "",
        status,
        Role.SEARCH,
        params,
        reason=reason,
        values={"val_loss": best} if status is TrialStatus.COMPLETE and best is not None else None,
        message="CUDA out of memory" if reason is Reason.OOM else "",
        total_steps=points,
        last_step=steps,
        progress=steps / points,
        started=START + 60 * number,
        ended=ended,
        seconds=50.0,
        created=START,
        engine="random",
    )
    store.insert_trial(trial)
    state = AttemptState.RUNNING if alive else AttemptState.DONE
    store.insert_attempt(Attempt(f"{number:032x}", number, 1, state, started=START + 60 * number, ended=ended))
    store.add_points(number, 1, found + val)


if __name__ == "__main__":
    began = time.monotonic()
    made = make(Path(sys.argv[1]), *(int(word) for word in sys.argv[2:4]))
    print(f"{made.root}: {made.db.stat().st_size / 1e6:.0f} MB in {time.monotonic() - began:.0f} s")
