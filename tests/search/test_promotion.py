"""The rule of promotion on recorded learning curves: the replay of `tests.benchmarks.fidelity`, as a bound."""

from __future__ import annotations

import json
import random
import statistics

import pytest

from tests.benchmarks.fidelity import CURVES, RULES, SEEDS, promotion_for, replay


@pytest.mark.parametrize("kind", ["charlm", "sft"])
def test_the_same_best_is_there_in_a_third_of_the_steps(kind: str) -> None:
    curves = [run["loss"] for run in json.loads(CURVES.read_text())["curves"][kind]]
    promotion = promotion_for(RULES["asha, warmup 1/9, eta 3"])
    for lanes, count in ((1, 60), (4, 27)):
        drawn = [random.Random(f"draw {seed}").sample(curves, count) for seed in range(SEEDS)]
        outcomes = [replay(some, promotion, lanes, seed) for seed, some in enumerate(drawn)]
        assert statistics.median(outcome.regret for outcome in outcomes) <= 0.05
        assert statistics.median(outcome.steps for outcome in outcomes) <= 1 / 3
