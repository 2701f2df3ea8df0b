"""The memory model: what it learns from peaks and failures, what it refuses, and what it leaves alone."""

from __future__ import annotations

import json
import math
import random
import statistics
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from hptui.core.parameters import Choice, Int
from hptui.core.trial import Reason, Role, Trial, TrialStatus, Value
from hptui.search.engine import make_engine
from hptui.search.history import read_history
from hptui.search.memory import Evidence, MemoryLimits, MemoryModel, capacity_gib, needed_gib
from hptui.search.memory_fit import fit
from hptui.search.projection import SpaceProjection
from hptui.studyfile import from_json, to_json
from hptui.trainers.sft.memory_terms import RULE
from tests.benchmarks import memory_wall as wall
from tests.search.kit import space, study


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("model")
    (place / "model").mkdir()
    (place / "model" / "config.json").write_text(json.dumps(wall.SHAPE))
    return place


def ran_out(trials: list[Trial]) -> float:
    late = trials[wall.FIRST :]
    return sum(trial.reason is Reason.OOM for trial in late) / len(late)


@pytest.mark.parametrize("kind", ["sizes", "names"])
def test_at_most_a_tenth_runs_out_of_memory_after_five_trials(folder: Path, kind: str) -> None:
    capacity, shares = wall.capacity(), {}
    for mode in ("off", "refuse"):
        runs = [
            wall.course(wall.make("random", kind, mode, seed, folder), kind, 30, seed, capacity) for seed in range(3)
        ]
        shares[mode] = sum(map(ran_out, runs)) / len(runs)
    assert shares["off"] > 0.25
    assert shares["refuse"] <= 0.1


def test_a_search_that_takes_the_largest_that_is_admitted_keeps_to_it(folder: Path) -> None:
    """Whoever has learnt that larger is better proposes nothing but the edge, where the noise of peaks decides."""
    capacity = wall.capacity()
    for kind in ("names", "sizes"):
        runs = [
            wall.course(wall.make("random", kind, "refuse", seed, folder), kind, 40, seed, capacity, press=True)
            for seed in range(3)
        ]
        assert sum(map(ran_out, runs)) / len(runs) <= 0.1
        needs = [wall.peak_gib({**wall.BASE, **trial.params}) for run in runs for trial in run[20:]]
        assert statistics.quantiles(needs, n=4)[2] > 0.75 * capacity, "it does reach the edge"


@pytest.mark.parametrize("constant", [0.0, 2.0, 6.0])
@pytest.mark.parametrize("seed", range(3))
def test_small_trials_foretell_large_ones_whatever_all_of_them_need(constant: float, seed: int) -> None:
    """Powers of settings without a constant beside them would make of small peaks too small large ones."""
    draw = random.Random(seed)
    batch, length, halved = draw.uniform(0.5, 1.0), draw.uniform(0.5, 1.0), draw.uniform(0.3, 0.9)
    space_ = space(
        [Int("batch", 1, 64, log=True), Int("length", 64, 4096, log=True), Choice("recompute", (False, True))]
    )
    spec = study(space_, "random")
    base: dict[str, Value] = {"batch": 8, "length": 512, "recompute": False}

    def peak(params: Mapping[str, Any]) -> float:
        size = (params["batch"] / 8) ** batch * (params["length"] / 512) ** length
        return constant + 3.0 * size * (halved if params["recompute"] else 1.0)

    evidence = []
    for _ in range(25):
        params = {one.name: one.sample(draw) for one in space_.parameters}
        gib = peak(params) * math.exp(0.03 * draw.gauss(0, 1))
        evidence.append(Evidence(params, min(gib, 12.0), exceeded=gib > 12.0))
    model = MemoryModel(spec, base, evidence, 12.0)
    off = []
    for _ in range(200):
        params = {one.name: one.sample(draw) for one in space_.parameters}
        prediction = model.predict(params)
        assert prediction is not None
        if 9.0 < peak(params) < 24.0:
            off.append(math.log(prediction.gib / peak(params)))
    assert abs(statistics.mean(off)) < 0.12


@pytest.mark.parametrize("noise", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("told", [False, True], ids=["names", "sizes"])
def test_something_may_always_run_where_something_has_fitted(folder: Path, told: bool, noise: float) -> None:
    """Else a study would end as if its space were exhausted."""
    refusing = 0
    for seed in range(12):
        draw, evidence = random.Random(seed), list[Evidence]()
        capacity = 8.0 * math.exp(draw.uniform(0, 1))
        while len(evidence) < 12 or all(item.exceeded for item in evidence):
            params = wall.point(draw)
            gib = wall.peak_gib(params) * math.exp(noise * draw.gauss(0, 1))
            evidence.append(Evidence(params, min(gib, capacity), exceeded=gib > capacity))
        spec = wall.make("random", "sizes" if told else "names", "refuse", seed, folder)
        model = MemoryModel(spec, wall.BASE, evidence, capacity)
        if model.active:
            assert any(model.margin(item.params) == 0.0 for item in evidence if not item.exceeded)
            refusing += any(model.margin(item.params) > 0.0 for item in evidence)
    assert refusing >= 6


@pytest.mark.parametrize("count", [4, 6, 10, 40])
def test_the_error_of_a_peak_is_not_taken_for_less_where_few_have_settled_the_fit(count: int) -> None:
    draw, found = random.Random(count), []
    for _ in range(60):
        rows = [[1.0, *(draw.gauss(0, 1) for _ in range(4))] for _ in range(count)]
        measured = [(row, sum(row) + 0.2 * draw.gauss(0, 1), False) for row in rows]
        found.append(fit(measured, [1.0] * 5, [1.0] * 5, [-math.inf] * 5)[1])
    assert 0.1 <= statistics.mean(found) < 0.24


def known(number: int, gib: float, params: Mapping[str, Value], capacity: float = 10.0, **fields: Any) -> Trial:
    facts = {"memory_capacity_gb": capacity, "peak_gpu_allocated_gb": gib}
    done = Trial(number, "", TrialStatus.COMPLETE, Role.SEARCH, params, Reason.FINISHED, values={"loss": 1.0})
    return replace(done, facts=facts, **fields)


def failed(number: int, params: Mapping[str, Value]) -> Trial:
    facts = {"memory_capacity_gb": 10.0}
    return Trial(number, "", TrialStatus.FAILED, Role.SEARCH, params, Reason.OOM, facts=facts)


BATCHES = space([Int("batch_size", 1, 64)])
BASE: dict[str, Value] = {"batch_size": 4}


def history() -> list[Trial]:
    sizes = [known(n, 1.0 * batch, {"batch_size": batch}) for n, batch in enumerate((2, 4, 6, 8))]
    return [*sizes, failed(4, {"batch_size": 30})]


def spec(mode: str = "refuse", sampler: str = "random") -> Any:
    one = study(BATCHES, sampler)
    return replace(one, search=replace(one.search, memory=mode))


def test_what_exceeds_the_memory_is_refused_and_the_reason_says_how_much() -> None:
    projection, feasible = MemoryLimits(spec(), BASE).of(history())
    for batch in (1, 4, 8):
        assert projection.judge({"batch_size": batch}, frozenset())[1] is None
    for batch in (16, 32, 64):
        _, rejection = projection.judge({"batch_size": batch}, frozenset())
        assert rejection is not None
        assert rejection.margin > 0
        assert "of 10 GiB" in rejection.why
    for seed in range(50):
        drawn = feasible.draw(random.Random(seed), frozenset())
        assert drawn is not None
        assert drawn["batch_size"] < 16  # type: ignore[operator]


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe", "grid"])
def test_every_engine_keeps_to_it_and_is_a_function_of_the_history(sampler: str) -> None:
    trials = history()
    lasting = make_engine(spec(sampler=sampler), BASE)
    for number in range(5, 9):
        lasting.sync(trials)
        rebuilt = make_engine(spec(sampler=sampler), BASE)
        rebuilt.sync(random.Random(number).sample(trials, len(trials)))
        proposal = lasting.ask(number)
        assert proposal == rebuilt.ask(number)
        assert proposal is not None
        assert proposal.params.get("batch_size", 4) < 16  # type: ignore[operator]
        for rejection in proposal.rejections:
            assert rejection.why.startswith("memory:") or rejection.margin <= 0
        trials.append(known(number, float(proposal.params.get("batch_size", 4)), proposal.params))  # type: ignore[arg-type]


def test_it_says_nothing_before_it_knows_and_when_it_is_off() -> None:
    for mode, trials in (("off", history()), ("refuse", history()[:4]), ("refuse", history()[2:]), ("refuse", [])):
        assert MemoryLimits(spec(mode), BASE).model_of(trials) is None
    others = [replace(trial, number=-1 - trial.number) for trial in history()]
    assert MemoryLimits(spec(), BASE).model_of(others) is None  # another study may have had another machine
    assert from_json(to_json(spec("shrink"))).search.memory == "shrink"
    assert "memory" not in to_json(spec())["search"]


@pytest.mark.parametrize("noise", [0.0, 0.001, 0.01, 0.04])
@pytest.mark.parametrize("told", [True, False], ids=["with the GPU's size", "without"])
@pytest.mark.parametrize("seed", range(5))
def test_peaks_that_are_all_alike_refuse_nothing(noise: float, told: bool, seed: int) -> None:
    """Those of a process on the host, while GPU memory ran out that nobody measured."""
    draw, trials = random.Random(seed), []
    for number in range(20):
        params: dict[str, Value] = {"batch_size": draw.randint(1, 64)}
        end = failed(number, params) if params["batch_size"] > 20 else known(number, 1.0, params)
        peak = 3.0 * (1 + draw.uniform(-noise, noise))
        trials.append(replace(end, facts={"memory_capacity_gb": 80.0} if told else {}, peak_memory_gb=peak))
    limits = MemoryLimits(spec(), BASE)
    assert limits.model_of(trials) is None
    projection, _ = limits.of(trials)
    assert all(projection.judge({"batch_size": batch}, frozenset())[1] is None for batch in range(1, 65))


def test_what_has_run_is_judged_by_constraints_alone() -> None:
    trials = [*history(), known(5, 9.0, {"batch_size": 40})]  # it fitted, whatever the others say
    projection, _ = MemoryLimits(spec(), BASE).of(trials)
    observed = read_history(projection, spec(), trials).observations
    assert [one.margin for one in observed if one.trial is not None and one.trial.number == 5] == [0.0]
    plain = SpaceProjection(BATCHES, BASE)
    assert projection.missed_by({"batch_size": 40}) == plain.missed_by({"batch_size": 40}) == 0.0


PARTS = ("memory_model_gb", "memory_optimizer_gb", "memory_gradients_gb", "memory_activations_gb")


def test_a_trial_that_shared_a_process_needs_its_own_parts() -> None:
    facts = {**dict.fromkeys(PARTS, 1.0), "peak_gpu_allocated_gb": 30.0}
    base = known(0, 1.0, {}, peak_memory_gb=30.0)
    for more, expected in (({}, 30.0), ({"pack_group": 1.0}, 4.0), ({"pack_group": 4.0}, 4.0)):
        assert needed_gib(replace(base, facts={**facts, **more})) == expected
    assert needed_gib(replace(base, facts={"pack_group": 4.0})) is None
    assert needed_gib(replace(base, facts={})) == 30.0
    assert capacity_gib([replace(base, facts={})]) is None


def test_a_batch_that_is_made_smaller_keeps_the_batch_of_a_step(folder: Path) -> None:
    capacity, checked = wall.capacity(), 0
    trials = wall.course(wall.make("random", "sizes", "shrink", 0, folder), "sizes", 12, 0, capacity)
    model = MemoryLimits(wall.make("random", "sizes", "shrink", 0, folder), wall.BASE).model_of(trials)
    assert model is not None
    draw = random.Random(1)
    for _ in range(200):
        params = wall.point(draw)
        smaller = model.shrunk(params)
        if not smaller:
            assert smaller is not None or params["batch_size"] % 2 or model.margin(params) > 0
            continue
        checked += 1
        settings = {**wall.BASE, **params, **smaller}
        assert settings["batch_size"] * settings["gradient_accumulation"] == params["batch_size"]  # type: ignore[operator]
        prediction = model.predict({**params, **smaller})
        assert prediction is not None
        assert model.excess({**params, **smaller}) <= 0  # type: ignore[operator]
        assert model.margin(params) == 0.0
    assert checked >= 10
    assert RULE.smaller({"batch_size": 8, "effective_batch_size": 32}) == {"batch_size": 4}
    assert RULE.smaller({"batch_size": 3}) is None


def test_the_fit_recovers_factors_from_noisy_peaks_and_lower_bounds() -> None:
    draw = random.Random(0)
    for _ in range(20):
        true = [draw.uniform(0.3, 3.0) for _ in range(3)]
        rows = [[draw.expovariate(1.0) for _ in range(3)] for _ in range(60)]
        found = []
        for row in rows:
            value = sum(k * x for k, x in zip(true, row, strict=True))
            found.append((row, min(value, 4.0), value > 4.0))
        coefficients, noise, _ = fit(found, [1.0] * 3, [0.7] * 3, [0.0] * 3)
        assert all(abs(one - other) < 0.1 * other + 0.05 for one, other in zip(coefficients, true, strict=True))
        assert noise < 0.1


def one_after_another(
    measured: list[tuple[list[float], float, bool]], prior: list[float], spread: list[float], floors: list[float]
) -> list[float]:
    """The coefficients by the words of the fit, term by term."""
    noise, found = 0.1, list(prior)

    def off(row: list[float], value: float) -> float:
        return value - sum(k * x for k, x in zip(found, row, strict=True))

    def bounds() -> list[tuple[list[float], float, float]]:
        """Each bound's features, how far it is above the prediction, and the mean of what lies beyond it."""
        far = [(row, off(row, value) / noise) for row, value, exceeded in measured if exceeded]
        return [(row, bound, math.exp(norm.logpdf(bound) - norm.logsf(bound))) for row, bound in far]

    for _ in range(3):
        for _ in range(60):
            counted = [(row, value) for row, value, exceeded in measured if not exceeded]
            counted += [(row, mean * noise - off(row, 0.0)) for row, _, mean in bounds()]
            before = list(found)
            for j in range(len(prior)):
                weight = (noise / spread[j]) ** 2
                above = sum(row[j] * (off(row, value) + found[j] * row[j]) for row, value in counted)
                below = sum(row[j] ** 2 for row, _ in counted)
                found[j] = max(floors[j], (weight * prior[j] + above) / (weight + below))
            if all(abs(one - other) < 1e-6 for one, other in zip(before, found, strict=True)):
                break
        errors = [off(row, value) ** 2 for row, value, exceeded in measured if not exceeded]
        count = len(errors) + 2
        less = sum(bound * mean for _, bound, mean in bounds())
        noise = ((sum(errors) + 2 * 0.1**2) / max(count / 4, count - less)) ** 0.5
    told = [(row, 1.0) for row, _, exceeded in measured if not exceeded]
    told += [(row, mean * (mean - bound)) for row, bound, mean in bounds()]
    seen = np.array([[x * weight**0.5 for x in row] for row, weight in told]).reshape(-1, len(prior))
    covariance = np.linalg.inv(seen.T @ seen / noise**2 + np.diag([1 / own**2 for own in spread]))
    settled = sum(1 - covariance[j][j] / own**2 for j, own in enumerate(spread))
    return [*found, noise * ((len(errors) + 2) / max(2, len(errors) + 2 - settled)) ** 0.5]


@pytest.mark.parametrize("mean", [0.9, 1.0, 1.1])
def test_what_ran_out_is_believed_as_much_as_what_fitted(mean: float) -> None:
    """At the edge only peaks with luck are measured: the fit neither takes them for the rule nor the noise for less."""
    draw = random.Random(f"edge {mean}")
    found = []
    for _ in range(20):
        peaks = [mean * (1 + draw.gauss(0, 0.1)) for _ in range(60)]
        measured = [([1.0], min(peak, 1.0), peak > 1.0) for peak in peaks]
        coefficients, noise, _ = fit(measured, [1.0], [0.7], [0.0])
        found.append((coefficients[0], noise))
    means, noises = zip(*found, strict=True)
    assert statistics.mean(means) == pytest.approx(mean, rel=0.01)
    assert statistics.mean(noises) == pytest.approx(0.1 * mean, rel=0.15)


@pytest.mark.parametrize("seed", range(12))
def test_sums_over_the_trials_are_as_good_as_the_trials(seed: int) -> None:
    draw = random.Random(seed)
    size = draw.randint(1, 6)
    measured = []
    for _ in range(draw.randint(0, 30)):
        row = [draw.choice([0.0, 1.0, draw.uniform(0, 3)]) for _ in range(size)]
        measured.append((row, sum(row) * draw.uniform(0.7, 1.4), draw.random() < 0.3))
    prior, spread = [draw.uniform(0, 2) for _ in range(size)], [draw.uniform(0.3, 2) for _ in range(size)]
    floors = [draw.choice([0.0, -math.inf]) for _ in range(size)]
    coefficients, noise, _ = fit(measured, prior, spread, floors)
    assert [*coefficients, noise] == pytest.approx(one_after_another(measured, prior, spread, floors), abs=1e-9)
