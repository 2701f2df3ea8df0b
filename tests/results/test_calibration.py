"""How often the product says what is not so, on studies with a known truth; bounds are limits of binomials.

The searches were made once (`tests/results/histories`), so the tests are deterministic: a bound is missed only by a
change of code. The full run is `tests/benchmarks/truth.py`.
"""

from functools import cache
from random import Random

import numpy as np
import pytest
from scipy.stats import binom

from hptui.core.trial import Reason, TrialStatus
from hptui.results.analysis.failure_regions import failure_regions
from hptui.results.analysis.range_test import worse_means, worse_rates
from hptui.results.analysis.turn import (
    is_improving,
    is_level,
    pooled_scatter,
    scatter_for,
    turn_of,
    whole_gain,
    window_gain,
)
from hptui.results.report_data import ReportData
from tests.results.histories.make import REAL
from tests.results.truth import histories, inert, record_of, view_of

KINDS = ("noise", "bowl", "cliff", "inter", "conf")
LENGTHS = (20, 40)
STUDIES = 20
CERTAIN = 0.999


def limit(studies, rate=0.05):
    """The most events of this rate that are to be expected in so many studies."""
    return int(binom.ppf(CERTAIN, studies, rate))


@cache
def analyses(kind, count):
    units, values = histories(kind)
    return [record_of(units[run, :count], values[run, :count]).effect_analysis() for run in range(STUDIES)]


def named(analysis):
    return {name for group in analysis.matter for name in group.settings}


def false_of(kind, count):
    """In how many studies something is said to matter of which no part does."""
    real = set(REAL[kind])
    return sum(any(not real & set(group.settings) for group in one.matter) for one in analyses(kind, count))


def test_calibration_of_inert_settings_under_an_adaptive_search():
    cells = {(kind, count): false_of(kind, count) for kind in KINDS for count in LENGTHS}
    assert sum(cells.values()) <= limit(STUDIES * len(cells)), cells
    assert max(cells.values()) <= limit(STUDIES), cells


def test_calibration_finds_the_real_ones():
    share = lambda kind, count, name: np.mean([name in named(one) for one in analyses(kind, count)])
    for kind in ("bowl", "cliff"):
        assert share(kind, 20, "a") >= 0.75
        assert share(kind, 40, "a") >= 0.95
    assert max(share("inter", 40, "a"), share("inter", 40, "e")) >= 0.6, "two settings that matter only together"


def test_calibration_of_how_much_an_unseen_setting_may_change():
    """b rises by 2 from end to end in `lin2`, and does nothing in `bowl`: the size that is told must hold it."""
    units, values = histories("lin2")
    misses = 0
    for run in range(STUDIES):
        analysis = record_of(units[run, :20], values[run, :20]).effect_analysis()
        if "b" not in named(analysis):
            cut = analysis.scores.cut
            truth = 2.0 if cut is None else min(2.0, cut)
            # The cut makes the true change smaller; only a size below half of the uncut one is surely too small.
            size = analysis.averaged.largest_change("b", analysis.groups[1].needed, analysis.scores.range)
            misses += size < truth / 4
    assert misses <= limit(STUDIES)


def test_a_saw_tooth_that_looks_like_noise_gets_no_small_size():
    """Smooth models take `shelf` for noise in a third of studies; the true change of `a` is 20 standard deviations."""
    units, values = histories("shelf")
    unseen = 0
    for run in range(len(units)):
        analysis = record_of(units[run], values[run]).effect_analysis()
        group = next(group for group in analysis.groups if group.settings == ("a",))
        if not group.matters and not group.is_open:
            size = analysis.averaged.largest_change("a", group.needed, analysis.scores.range)
            assert size >= min(13.0, analysis.scores.range), run
            unseen += 1
    assert unseen >= 3


def test_calibration_of_the_range_test():
    rng = np.random.default_rng(0)
    rates = sum(
        any(worse_rates([(k, 200) for k in drawn], int(drawn.argmax()))) for drawn in rng.binomial(200, 0.5, (300, 15))
    )
    assert rates <= limit(300, 0.06)
    seeds = 0
    for drawn in rng.normal(size=(300, 10, 3)):
        means = drawn.mean(1)
        seeds += any(
            worse_means(list(means), [3] * 10, int(means.argmin()), float(drawn.std(1, ddof=1).mean() / 0.886), 20)
        )
    assert seeds <= limit(300, 0.06)


def failing(units, values, bad):
    """A study in which some trials became NaN."""
    record = record_of(units, values)
    trials = [
        trial.__class__(
            **{
                **{name: getattr(trial, name) for name in trial.__dataclass_fields__},
                "status": TrialStatus.FAILED if fails else trial.status,
                "reason": Reason.NAN if fails else trial.reason,
                "values": None if fails else trial.values,
            }
        )
        for trial, fails in zip(record.view.trials, bad, strict=True)
    ]
    return view_of(trials)


def test_calibration_of_regions_of_failure():
    units, values = histories("noise")
    claimed = dict.fromkeys(("random", "stretch", "start", "median"), 0)
    wall = 0
    for run in range(STUDIES):
        rng = np.random.default_rng(run)
        first = int(rng.integers(0, 17))
        bad = {name: np.zeros(20, bool) for name in claimed}
        bad["random"][rng.choice(20, 3, replace=False)] = True
        bad["stretch"][first : first + 4] = True  # for a time another program took the GPU
        bad["start"][:4] = True  # until somebody mended the script
        for n in range(5, 20):  # a pruner, of values that no setting changes
            bad["median"][n] = values[run, n] > np.median(values[run, :n][~bad["median"][:n]])
        for name, rows in bad.items():
            if 3 <= rows.sum() < 20:
                claimed[name] += bool(failure_regions(failing(units[run, :20], values[run, :20], rows)))
        behind = units[run, :40, 1] > 0.7
        regions = failure_regions(failing(units[run, :40], values[run, :40], behind)) if 3 <= behind.sum() < 40 else []
        wall += behind.sum() < 3 or any(c.setting == "b" for region in regions for c in region.conditions)
    assert max(claimed.values()) <= limit(STUDIES), claimed
    assert wall >= 0.9 * STUDIES


def made(n, kind, rho, rng, rise=0.0):
    """A curve that falls to a floor or is flat, with correlated noise of sd 0.05 and a rise at its end."""
    noise, last = [], 0.0
    for index in range(n):
        fresh = rng.gauss(0, 0.05)
        last = fresh if not index else rho * last + (1 - rho * rho) ** 0.5 * fresh
        noise.append(last)
    base = [2 + (1.5 * 2.718 ** (-6 * i / n) if kind == "fall" else 0.0) for i in range(n)]
    up = [max(0.0, (i / (n - 1) - 0.4) / 0.6) * rise * 0.05 for i in range(n)]
    return [b + e + u for b, e, u in zip(base, noise, up, strict=True)]


@pytest.mark.parametrize("n", [6, 10, 20, 40, 100])
def test_calibration_of_turns(n):
    rng, curves = Random(n), 200
    for kind, most in (("fall", 0.02), ("flat", 0.03)):
        for rho in (0.0, 0.3):
            turns = late = 0
            for _ in range(curves):
                values = made(n, kind, rho, rng)
                pool = pooled_scatter([values, *(made(n, kind, rho, rng) for _ in range(7))]) if n < 20 else None
                turns += turn_of(values, pool) is not None
                late += kind == "flat" and is_improving(window_gain(values, scatter_for(values, pool)))
            assert turns <= limit(curves, most), (kind, rho)
            assert late <= limit(curves, 0.02), (kind, rho)
    pool = pooled_scatter([made(n, "fall", 0.0, rng) for _ in range(8)]) if n < 20 else None
    assert sum(turn_of(made(n, "fall", 0.0, rng, rise=30), pool) is not None for _ in range(50)) >= 47


def test_calibration_beside_a_wall():
    """Better and better, and then it diverges: the usual learning rate. A smooth model alone would blame the others."""
    inert_called = found = 0
    studies = 10
    for run in range(studies):
        rng = np.random.default_rng([run, 7])
        units = np.c_[rng.random((30, 3)), rng.integers(0, 16, 30) / 15, rng.integers(0, 4, 30) / 3]
        units = np.c_[units, rng.integers(0, 3, 30)]
        values = 40 * (1 - units[:, 0]) + rng.normal(size=30)
        wall = units[:, 0] > 0.87
        names = [
            named(record_of(units, np.where(wall, 100, values)).effect_analysis()),
            named(ReportData(failing(units, values, wall)).effect_analysis()),
        ]
        inert_called += any(each - {"a"} for each in names)
        found += all("a" in each for each in names)
    assert inert_called <= limit(studies)
    assert found >= 0.9 * studies


@pytest.mark.parametrize("n", [15, 20, 40])
def test_calibration_of_curves_that_rest_or_do_not_learn(n):
    """C5 of a curve that still falls by more than 1 % of its gain, C6 of one that fell by four times its scatter."""
    rng, curves = Random(n), 60
    for shape in (lambda i: 1.5 * 2.718 ** (-2 * i / n), lambda i: 1.5 / (i + 1)):
        level = unlearned = 0
        pool = pooled_scatter([[2 + shape(i) + rng.gauss(0, 0.05) for i in range(n)] for _ in range(7)])
        for _ in range(curves):
            values = [2 + shape(i) + rng.gauss(0, 0.05) for i in range(n)]
            scatter = scatter_for(values, pool if n < 20 else None)
            late, whole = window_gain(values, scatter), whole_gain(values, scatter)
            level += is_level(late, whole) and not is_improving(late)
            unlearned += whole is not None and whole.gain < 2 * whole.error
        assert level <= limit(curves, 0.03)
        assert unlearned <= limit(curves, 0.02)


def test_calibration_names_every_setting_once():
    for kind in KINDS:
        for analysis in analyses(kind, 20):
            groups = [*analysis.matter, *analysis.unseen]
            assert sorted(name for group in groups for name in group.settings) == sorted("abcdef")
    assert inert("noise") == set("abcdef")
