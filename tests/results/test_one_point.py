"""What is said of a curve does not rest on one point of it: flat and falling curves with one outlier anywhere."""

import math
import random

import pytest

from hptui.core.trial import Role
from hptui.results.analysis.turn import is_improving, pooled_scatter, scatter_for, turn_of, window_gain
from hptui.results.diagnosis import diagnose, scatter_pools
from tests.results.kit import curve, view_of
from tests.results.seeds import one

NOISE = 0.02


def level(die, n):
    return [2 * math.exp(-6 * i / n) + 1 + die.gauss(0, NOISE) for i in range(n)]


@pytest.mark.parametrize("n", [12, 13, 17, 18, 20, 24, 40, 100])
@pytest.mark.parametrize("sign", [-1, 1])
def test_an_outlier_makes_no_curve_improve_or_turn(n, sign):
    die, wrong = random.Random(n), 0
    for _ in range(60):
        values = [1 + die.gauss(0, NOISE) for _ in range(n)]
        pool = pooled_scatter([[1 + die.gauss(0, NOISE) for _ in range(n)] for _ in range(8)])
        values[die.randrange(n - 1 - n // 3, n)] += sign * die.uniform(8, 80) * NOISE
        scatter = scatter_for(values, pool)
        wrong += is_improving(window_gain(values, scatter))
        wrong += n >= 20 and turn_of(values, pool) is not None
    assert wrong <= 2


@pytest.mark.parametrize("n", [12, 18, 24, 40, 100])
def test_what_goes_on_to_the_end_is_still_seen(n):
    die, gains, turns = random.Random(n), 0, 0
    for _ in range(40):
        falling = [1 - 30 * NOISE * i / n + die.gauss(0, NOISE) for i in range(n)]
        rising = [1 + 60 * NOISE * abs(i / n - 0.5) + die.gauss(0, NOISE) for i in range(n)]
        pool = pooled_scatter([level(die, n) for _ in range(8)])
        gains += is_improving(window_gain(falling, scatter_for(falling, pool)))
        turns += turn_of(rising, pool) is not None
    assert turns >= 38
    assert gains >= (0 if n < 24 else 10 if n < 40 else 25)


@pytest.mark.parametrize("points", [1, 2, 3])
def test_overfitting_needs_more_than_one_evaluation(points):
    for seed in range(6):
        die = random.Random(seed)

        def falls(die=die):
            return [1 + math.exp(-i) + die.gauss(0, 0.01) for i in range(8)]

        trials = [one(n, {"lr": 1e-3 * (n + 1)}, {"val_loss": 1.0}, role=Role.SEARCH) for n in range(6)]
        curves = {n: {"val_loss": curve(*falls())} for n in range(6)}
        val = [*falls()[: 8 - points], *(3.0 + die.gauss(0, 0.01) for _ in range(points))]
        curves[0] = {
            "val_loss": curve(*val),
            "train_loss": curve(*(2 - i / 40 for i in range(40))),
        }
        text = 'name = "c"\n[objective]\nmetric = "val_loss"\n[trainer]\nkind = "c:train"\nlr = 1e-3\n'
        view = view_of(trials, text + '[space]\nlr = "1e-4..1e-2 log"\n[search]\ntrials = 6\n')
        found = diagnose(view, trials[0], curves[0], scatter_pools(view, curves))
        assert (found.claim == "C2") == (points > 1)
