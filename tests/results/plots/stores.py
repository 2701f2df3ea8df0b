"""Stores that figures are drawn from: the seeds' own tables, several objectives, many trials."""

import math
import random
from dataclasses import replace

from hptui.core.trial import Reason, TrialStatus
from hptui.store.store import Store
from tests.operations.made import make, trial

SEED_0 = [
    (1.54e-05, 128, 2),
    (7.98e-06, 256, 6),
    (5.32e-06, 128, 4),
    (8.66e-06, 256, 2),
    (3.13e-05, 1024, 0),
    (5.25e-05, 512, 0),
    (3.09e-05, 1024, 0),
    (5.63e-05, 512, 0),
    (7.21e-06, 512, 4),
    (3.64e-05, 512, 1),
    (1.46e-05, 256, 2),
    (5.11e-06, 128, 1),
    (1.04e-05, 256, 4),
    (5.24e-06, 128, 5),
    (1.36e-05, 128, 2),
]
"""Learning rate, batch size, correct answers of 200."""

MATH = """
    name = "math-sft"
    [objective]
    metric = "accuracy"
    goal = "maximize"
    [trainer]
    kind = "toy"
    learning_rate = 1e-5
    batch_size = 128
    [space]
    learning_rate = { low = 5e-6, high = 1e-4, log = true }
    batch_size = { choices = [128, 256, 512, 1024] }
    [search]
    sampler = "tpe"
    trials = 15
    baseline = false
    [metrics.accuracy]
    heading = "Accuracy"
    format = "percent"
    [metrics.format_failure]
    heading = "format failure"
    [metrics.wrong_answer]
    heading = "wrong answer"
"""

TWO = """
    name = "two"
    [[objective]]
    metric = "loss"
    goal = "minimize"
    [[objective]]
    metric = "seconds_per_token"
    goal = "minimize"
    [trainer]
    kind = "toy"
    [space]
    learning_rate = { low = 1e-5, high = 1e-1, log = true }
    width = { choices = [16, 32, 64, 128] }
    depth = "1..8 int"
    [search]
    sampler = "random"
    trials = 40
    [metrics.seconds_per_token]
    unit = "ms"
"""

ONE = """
    name = "many"
    [objective]
    metric = "loss"
    [trainer]
    kind = "toy"
    [space]
    learning_rate = { low = 1e-5, high = 1e-1, log = true }
    width = { choices = [16, 32, 64, 128] }
    depth = "1..8 int"
    dropout = { low = 0.0, high = 0.5 }
    [search]
    sampler = "random"
    trials = 5000
"""


def write(home, text, trials, points):
    """A study with these trials; `points` gives a trial's points."""
    sd = make(home, [], text=text)
    with Store.open(sd) as store, store.transaction():
        for one in trials:
            store.insert_trial(one)
            store.add_points(one.number, 1, points(one))
    return sd


def math_sft(home):
    """The trials of the first seed document, as data."""
    trials = []
    for number, (rate, batch, correct) in enumerate(SEED_0):
        params = {"learning_rate": rate, "batch_size": batch}
        trials.append(trial(number, "complete", "finished", params=params, values={"accuracy": correct / 200}))

    def points(one):
        rate, _, correct = SEED_0[one.number]
        wrong = 60 + 7 * one.number
        shares = {"accuracy": correct, "wrong_answer": wrong, "format_failure": 200 - wrong - correct}
        for name, k in shares.items():
            yield (name, 200, k / 200, None, 100.0)
            yield (f"{name}:k", 200, float(k), None, 100.0)
            yield (f"{name}:n", 200, 200.0, None, 100.0)
        noise = random.Random(one.number)
        for step in range(1, 201, 2):
            loss = 0.9 + 1.6 * math.exp(-step * rate * 3e3) + noise.gauss(0, 0.03)
            yield ("train_loss", step, loss, None, float(step))

    return write(home, MATH, trials, points)


def two(home, count=40):
    """Two objectives that pull apart; some trials failed, some were pruned."""
    rng = random.Random(3)
    trials = []
    for number in range(count):
        width, depth = rng.choice([16, 32, 64, 128]), rng.randint(1, 8)
        params = {"learning_rate": 10 ** rng.uniform(-5, -1), "width": width, "depth": depth}
        loss = 0.4 + 8 / (width * depth) ** 0.5 + 0.1 * (math.log10(params["learning_rate"]) + 3) ** 2
        one = trial(number, "complete", "finished", params=params)
        if number % 9 == 4:
            one = replace(one, status=TrialStatus.FAILED, reason=Reason.OOM)
        elif number % 7 == 3:
            one = replace(one, status=TrialStatus.PRUNED, reason=Reason.PRUNER)
        else:
            one = replace(one, values={"loss": loss, "seconds_per_token": 0.02 * width * depth + rng.random()})
        trials.append(one)
    return write(home, TWO, trials, lambda one: curve(one, 30))


def curve(one, steps):
    rng = random.Random(one.number)
    end = (one.values or {"loss": 2.0})["loss"]
    last = steps if one.status is TrialStatus.COMPLETE else steps // 3
    for step in range(1, last + 1):
        yield ("loss", step, end + 3 * math.exp(-step / 6) + rng.gauss(0, 0.02), None, float(step))
    if one.status is TrialStatus.COMPLETE:
        yield ("loss", steps, end, None, float(steps))


def many(home, count=5000, steps=20):
    """So many trials of one objective."""
    rng = random.Random(1)
    trials = []
    for number in range(count):
        rate, width, depth = 10 ** rng.uniform(-5, -1), rng.choice([16, 32, 64, 128]), rng.randint(1, 8)
        params = {"learning_rate": rate, "width": width, "depth": depth, "dropout": rng.random() / 2}
        loss = 0.4 + 4 / (width * depth) ** 0.5 + 0.1 * (math.log10(rate) + 3) ** 2 + rng.random() / 5
        trials.append(trial(number, "complete", "finished", loss, params=params))
    return write(home, ONE, trials, lambda one: curve(one, steps))
