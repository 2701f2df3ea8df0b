"""Twelve fixed studies from which every plot is drawn: each has something that a plot could lose or draw wrongly."""

import math
import random
from collections.abc import Callable
from pathlib import Path

from hptui.core.trial import Role, Trial, TrialStatus
from hptui.store.paths import StudyDir
from tests.operations.made import make, trial
from tests.results.plots import stores

SPACE = """
    name = "{name}"
    [objective]
    metric = "loss"
    goal = "{goal}"
    [trainer]
    kind = "toy"
    {trainer}
    [space]
    {space}
    [search]
    sampler = "random"
    trials = 20
    [metrics.loss]
    format = ".3f"
"""


def text(name: str, space: str, goal: str = "minimize", trainer: str = "") -> str:
    return SPACE.format(name=name, goal=goal, space="\n    ".join(space.strip().splitlines()), trainer=trainer)


def points(one: Trial):
    """Points of a curve that falls to the trial's value; of one without a value, a third of it."""
    end = next(iter((one.values or {"loss": 2.0}).values()))
    for step in range(1, 10 if one.status is TrialStatus.COMPLETE else 4):
        yield ("loss", step, end + 2 * math.exp(-step / 3), None, float(step))


def complete(number: int, loss: float, **params) -> Trial:
    return trial(number, "complete", "finished", loss, params=params)


def outside(home: Path) -> StudyDir:
    """Listed trials lie outside today's range: two above, one below, one of them the best."""
    space = (
        "learning_rate = { low = 1e-4, high = 1e-2, log = true }\nwidth = { choices = [16, 32, 64] }\ndepth = '2..6'"
    )
    rng = random.Random(5)
    trials = [
        complete(n, 0.5 + rng.random(), learning_rate=10 ** rng.uniform(-4, -2), width=16 << n % 3, depth=2 + n % 5)
        for n in range(9)
    ]
    trials.append(complete(9, 0.2, learning_rate=0.03, width=32, depth=4))
    trials.append(complete(10, 1.9, learning_rate=0.1, width=16, depth=3))
    trials.append(complete(11, 1.4, learning_rate=2e-5, width=64, depth=9))
    trials.append(trial(12, "failed", "oom", params={"learning_rate": 0.5, "width": 64, "depth": 6}))
    return stores.write(home, text("outside", space), trials, points)


def removed_choice(home: Path) -> StudyDir:
    """A choice was removed from the space after trials had run with it."""
    space = "width = { choices = [16, 32, 64] }\nschedule = { choices = ['cosine', 'linear'] }"
    widths, schedules = (16, 32, 64, 128), ("cosine", "linear", "step")
    trials = [complete(n, 0.4 + n % 5 / 10, width=widths[n % 4], schedule=schedules[n % 3]) for n in range(10)]
    trials.append(trial(10, "pruned", "pruner", params={"width": 64, "schedule": "step"}))
    return stores.write(home, text("removed", space), trials, points)


def without_setting(home: Path) -> StudyDir:
    """Imported trials do not record every setting."""
    space = "learning_rate = { low = 1e-5, high = 1e-1, log = true }\ndropout = '0.0..0.5'\nwidth = '16..64'"
    rng = random.Random(2)
    trials = [
        complete(n, rng.random() + 0.3, learning_rate=10 ** rng.uniform(-5, -1), dropout=rng.random() / 2, width=16 + n)
        for n in range(8)
    ]
    known = {"learning_rate": 1e-3, "width": 20}
    trials += [trial(n, "complete", "finished", 0.4, role=Role.IMPORTED, params=known) for n in (8, 9)]
    return stores.write(home, text("without", space), trials, points)


def not_finite(home: Path) -> StudyDir:
    """Points and settings that are no finite numbers; a diverged trial."""
    space = "learning_rate = { low = 1e-5, high = 1e-1, log = true }\nclip = '0.1..10.0'\nwidth = '16..64'"
    clips = (1.0, 2.0, float("inf"), 4.0, 0.5, 3.0)
    trials = [
        complete(n, 0.5 + n / 10, learning_rate=10.0 ** -(1 + n % 4), clip=clip, width=16 + 4 * n)
        for n, clip in enumerate(clips)
    ]
    trials.append(trial(6, "failed", "nan", params={"learning_rate": 0.1, "clip": 10.0, "width": 16}))
    trials.append(
        trial(7, "complete", "finished", float("inf"), params={"learning_rate": 0.1, "clip": 9.0, "width": 17})
    )

    def odd(one: Trial):
        for step in range(1, 7):
            value = math.inf if step == 3 else None if step == 5 else 1.0 / step
            yield ("loss", step, value, "nan" if value is None else None, 1.0)

    return stores.write(home, text("finite", space), trials, odd)


def negative(home: Path) -> StudyDir:
    """A logarithmic range, and trials at zero and below."""
    space = "weight_decay = { low = 1e-6, high = 1e-1, log = true }\nwidth = '16..64'\nbeta = '0.8..0.99'"
    decays = (1e-5, 1e-3, 0.0, 1e-2, -0.5, 1e-4)
    trials = [
        complete(n, 1.0 - n / 10, weight_decay=decay, width=16 + 8 * n, beta=0.8 + n / 50)
        for n, decay in enumerate(decays)
    ]
    return stores.write(home, text("negative", space), trials, points)


def maximized(home: Path) -> StudyDir:
    """A maximized objective, whole numbers on a logarithmic range, steps, weights; a baseline, a stopped trial."""
    space = """
batch = { low = 1, high = 512, int = true, log = true }
dropout = { low = 0.0, high = 0.4, step = 0.1 }
optimizer = { choices = ["adam", "sgd", "lion"], weights = [4, 1, 1] }
"""
    names = ("adam", "sgd", "lion")
    trials = [
        complete(n, 0.3 + n * 7 % 11 / 20, batch=2**n, dropout=n % 5 / 10, optimizer=names[n % 3]) for n in range(10)
    ]
    trials[0] = trial(
        0, "complete", "finished", 0.45, role=Role.BASELINE, params={"batch": 32, "dropout": 0.1, "optimizer": "adam"}
    )
    trials.append(trial(10, "stopped", "user", params={"batch": 3, "dropout": 0.15, "optimizer": "sgd"}))
    return stores.write(home, text("maximized", space, "maximize"), trials, points)


def replicated(home: Path) -> StudyDir:
    """Runs of one configuration with other seeds: no trials of the ranking, but an interval."""
    space = "learning_rate = { low = 1e-5, high = 1e-1, log = true }\nwidth = '16..64'"
    trials = [complete(n, 0.5 + n * 3 % 7 / 10, learning_rate=10.0 ** -(1 + n % 4), width=16 + 5 * n) for n in range(7)]
    trials += [
        trial(7 + n, "complete", "finished", 0.5 + n / 50, params=trials[0].params, replicate_of=0, role=Role.REPLICATE)
        for n in range(3)
    ]
    return stores.write(home, text("replicated", space), trials, points)


def one_setting(home: Path) -> StudyDir:
    """A single setting, and a value at both ends."""
    space = "learning_rate = { low = 1e-5, high = 1e-1, log = true }"
    trials = [complete(n, 1e-3 * 10**n, learning_rate=10.0 ** -(1 + n)) for n in range(5)]
    return stores.write(home, text("single", space), trials, points)


def running(home: Path) -> StudyDir:
    """A study under way: few complete trials, others wait, run, are paused."""
    space = "learning_rate = { low = 1e-5, high = 1e-1, log = true }\nwidth = '16..64'\ndepth = '1..8'"
    trials = [complete(n, 0.9 - n / 5, learning_rate=10.0 ** -(2 + n), width=20 + n, depth=n + 1) for n in range(3)]
    for n, status in enumerate(("running", "paused", "waiting"), start=3):
        params = {"learning_rate": 1e-3, "width": 30, "depth": 2}
        trials.append(trial(n, status, params=params, ended=None))
    return stores.write(home, text("running", space), trials, points)


def failures(home: Path) -> StudyDir:
    """Everything that can become of a trial."""
    return make(home)


def two(home: Path) -> StudyDir:
    """Two objectives, failed and pruned trials."""
    return stores.two(home, 40)


STUDIES: dict[str, Callable[[Path], StudyDir]] = {
    "failures": failures,
    "seed": stores.math_sft,
    "two": two,
    "outside": outside,
    "removed": removed_choice,
    "without": without_setting,
    "finite": not_finite,
    "negative": negative,
    "maximized": maximized,
    "replicated": replicated,
    "single": one_setting,
    "running": running,
}
"""A study by its name."""
