"""Tables of settings, shares, sizes, places and ranges, computed again from recorded trials and dense algebra."""

import math
import re
from itertools import pairwise

import numpy as np
import pytest

from hptui.results import claims
from hptui.results.analysis.shares import importance_of
from hptui.results.document import render_markdown
from hptui.results.fact_index import build_fact_index
from hptui.results.fact_writer import FactWriter
from hptui.results.report import compose_report
from tests.results.generated import Made
from tests.results.histories.make import NAMES
from tests.results.truth import histories, record_of

STATUSES = {"complete": ("complete",), "pruned": ("pruned",), "failed": ("failed", "stopped")}


def test_rows_of_settings_count_what_was_recorded():
    rows = 0
    for seed in range(100, 114):
        made = Made(seed)
        facts = build_fact_index(render_markdown(compose_report(made.record(), "results")))
        base = {"learning_rate": 1e-3, "dropout": 0.1, "lora_rank": 16, "batch_size": 8, "adapter": "lora"}
        ended = [t for t in made.trials if str(t.role) != "base"]
        total: dict[str, int] = {}
        for key, fact in facts.items():
            if not (match := re.fullmatch(r"isolated\.(\w+)\.(.+)\.n", key)):
                continue
            name, place = match.groups()
            default = base.get(name, {"steps": 100, "epochs": 1}.get(name))
            values = [(t, t.params.get(name, None if str(t.role) == "imported" else default)) for t in ended]
            if place == "not set":  # what an imported trial does not tell
                inside = [t for t, value in values if value is None]
            values = [(t, value) for t, value in values if value is not None]
            low, high = (facts.get(f"isolated.{name}.{place}.{end}") for end in ("low", "high"))
            if place != "not set" and low is not None:
                inside = [t for t, v in values if low.value <= v <= (high or low).value]
            elif place != "not set":
                exact = facts.get(f"isolated.{name}.{place}.value")  # a text has no fact of its own
                inside = [t for t, v in values if v == (place if exact is None else exact.value)]
            assert fact.value == len(inside), (seed, key)
            for label, statuses in STATUSES.items():
                count = facts[f"isolated.{name}.{place}.{label}"].value
                assert count == sum(str(t.status) in statuses for t in inside), (seed, key, label)
            total[name] = total.get(name, 0) + fact.value
            rows += 1
        native = sum(str(t.role) != "imported" for t in ended)
        assert all(native <= count <= len(ended) for count in total.values()), (seed, total)
    assert rows > 40


class Dense:
    """What the fitted weights say of a setting, averaged over points of its own, without the product's algebra."""

    def __init__(self, record, positions) -> None:
        analysis = record.effect_analysis()
        self.model, self.x = analysis.model, positions
        full = analysis.model.full
        self.weights, self.scale, self.noise = np.maximum(full.weights, 0.1), full.scale, full.noise
        self.category = np.array([name == "f" for name in NAMES])
        y = np.array([score.value for score in analysis.scores.scores])
        self.mean, self.sd = y.mean(), y.std()
        rng = np.random.default_rng(5)
        drawn = rng.random((400, 6))
        drawn[:, 3], drawn[:, 4] = np.floor(drawn[:, 3] * 16) / 15, np.floor(drawn[:, 4] * 4) / 3
        drawn[:, 5] = np.floor(drawn[:, 5] * 3)
        self.points = drawn
        self.k = self.kernel(self.x, self.x) + (self.noise + 1e-8) * np.eye(len(y))
        self.alpha = np.linalg.solve(self.k, (y - self.mean) / self.sd)

    def kernel(self, a, b):
        squares = (a[:, None, :] - b[None, :, :]) ** 2
        squares = np.where(self.category, (a[:, None, :] != b[None, :, :]).astype(float), squares)
        r = np.sqrt(squares @ self.weights + 1e-12)
        return self.scale * (1 + 5**0.5 * r + 5 / 3 * r * r) * np.exp(-(5**0.5) * r) + 1

    def curve(self, name, places):
        """Averages at places of one setting, and their covariance."""
        groups = []
        for place in places:
            moved = self.points.copy()
            moved[:, NAMES.index(name)] = place
            groups.append(moved)
        cross = np.array([self.kernel(group, self.x).mean(0) for group in groups])
        prior = np.array([[self.kernel(a[:150], b[:150]).mean() for b in groups] for a in groups])
        shrunk = cross @ np.linalg.solve(self.k, cross.T)
        return self.mean + self.sd * (cross @ self.alpha), self.sd**2 * (prior - shrunk)


@pytest.fixture(scope="module")
def searched():
    found = []
    for kind, run, count in (("bowl", 3, 20), ("conf", 4, 40), ("cliff", 5, 40), ("lin2", 2, 24), ("noise", 1, 20)):
        units, values = histories(kind)
        record = record_of(units[run, :count], values[run, :count])
        found.append((record, FactWriter(record), Dense(record, units[run, :count])))
    # E4 needs a study whose best lies at an end: settings drawn at random, the loss falls with c.
    rng = np.random.default_rng(3)
    units = np.c_[rng.random((30, 3)), rng.integers(0, 16, 30) / 15, rng.integers(0, 4, 30) / 3, rng.integers(0, 3, 30)]
    record = record_of(units, 30 - 25 * units[:, 2] + rng.normal(size=30))
    return [*found, (record, FactWriter(record), Dense(record, units))]


def test_sizes_directions_and_places_are_those_of_dense_algebra(searched):
    said: dict[str, int] = {}
    for record, facts, dense in searched:
        analysis = record.effect_analysis()
        for claim in claims.effect_claims(facts):
            if claim.kind not in ("E3", "E4", "E5") or (claim.kind == "E3" and "up_to" not in claim.premise):
                continue
            said[claim.kind] = said.get(claim.kind, 0) + 1
            name = claim.subject
            curve = analysis.averaged.curve(name)
            mean, cov = dense.curve(name, [curve.factor.coordinate(value) for value in curve.values])
            gap = lambda i, j, cov=cov: math.sqrt(max(1e-12, cov[i, i] + cov[j, j] - 2 * cov[i, j]))
            ends = range(len(mean))
            if claim.kind == "E3":
                widest = max(abs(mean[i] - mean[j]) + 3.5 * gap(i, j) for i in ends for j in ends if i < j)
                assert claim.premise["up_to"] >= 0.75 * widest  # models in which it changes fast may say more
                assert claim.premise["up_to"] < analysis.scores.range
            elif claim.kind == "E4":
                assert claim.premise["change"] == pytest.approx(mean[-1] - mean[0], rel=0.1)
                assert {np.sign(b - a) for a, b in pairwise(mean)} == {claim.premise["direction"]}
            else:
                place = list(curve.values).index(claim.premise["best"])
                assert mean[place] < min(mean[0], mean[-1])
                assert mean[0] - mean[place] > 1.5 * gap(0, place)
                assert mean[-1] - mean[place] > 1.5 * gap(-1, place)
    assert min(said.get(kind, 0) for kind in ("E3", "E4", "E5")) > 0, said


def test_shares_are_those_of_dense_algebra(searched):
    compared = 0
    for record, _, dense in searched:
        result = importance_of(record.effect_analysis())
        if result is None or not result.shares:
            continue
        assert sum(result.shares.values()) + result.together + result.unexplained == pytest.approx(1, abs=2e-3)
        points = dense.points
        whole = (dense.mean + dense.sd * (dense.kernel(points, dense.x) @ dense.alpha)).var()
        for name, share in result.shares.items():
            levels = {"d": np.arange(16) / 15, "e": np.arange(4) / 3, "f": np.arange(3)}
            alone = dense.curve(name, levels.get(name, (np.arange(20) + 0.5) / 20))[0]
            own = alone.var() / whole * (1 - result.unexplained)
            assert share == pytest.approx(own, abs=0.12), name
            compared += 1
    assert compared > 3


def test_ranges_hold_the_best_quarter_as_anyone_would_count_it(searched):
    ranges = 0
    for record, facts, _ in searched:
        trials = sorted(record.view.trials, key=lambda t: (t.values["val_loss"], t.number))
        best = trials[: max(3, math.ceil(len(trials) / 4))]
        for claim in claims.range_claims(facts):
            assert set(claim.trials) == {t.number for t in best}
            low, high = re.match(r"([\d.e-]+?)\.\.([\d.e-]+)", claim.premise["range"]).groups()
            assert all(float(low) <= t.params[claim.subject] <= float(high) for t in best)
            ranges += 1
    assert ranges > 1
