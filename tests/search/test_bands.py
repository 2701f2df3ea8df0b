"""The hyperband of W&B sweep files: bands are counts of reports."""

import pytest

from hptui.core.study import Objective
from hptui.search.pruners import ProgressCurve, WandbHyperbandPruner
from hptui.search.pruners.halving import sweep_bands

LOSS = Objective("loss")


def over_reports(*values):
    return ProgressCurve(tuple(float(n) for n in range(1, len(values) + 1)), values)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"min_iter": 3, "max_iter": None, "s": 0, "eta": 3}, (3, 9, 27, 81)),
        ({"min_iter": None, "max_iter": 27, "s": 2, "eta": 3}, (3, 9)),
        ({"min_iter": None, "max_iter": 10, "s": 2, "eta": 3}, (1, 3)),
    ],
)
def test_bands_are_those_of_wandb(given, expected):
    assert sweep_bands(**given)[: len(expected)] == expected


def test_whoever_is_behind_the_threshold_at_a_band_is_stopped():
    pruner = WandbHyperbandPruner(LOSS, (3, 9))
    peers = {
        n: over_reports(9.0, 9.0, float(n)) for n in range(1, 6)
    }  # at report 3: 1 to 5; the threshold is the third
    assert not pruner.verdict(9, {**peers, 9: over_reports(9.0, 9.0, 3.0)}, peers).prune
    found = pruner.verdict(9, {**peers, 9: over_reports(9.0, 9.0, 3.5)}, peers)
    assert found.why == "loss 3.50 is behind 3.00, where the best of 6 trials that came to report 3 end"


def test_nobody_is_judged_before_the_first_band_or_alone():
    pruner = WandbHyperbandPruner(LOSS, (3, 9))
    peers = {1: over_reports(1.0, 1.0, 1.0)}
    assert not pruner.verdict(9, {**peers, 9: over_reports(9.0, 9.0)}, peers).prune
    assert not pruner.verdict(9, {9: over_reports(9.0, 9.0, 9.0)}, ()).prune


def test_strict_looks_at_the_band_and_lenient_at_the_best_before():
    peers = {n: over_reports(5.0, 5.0, float(n)) for n in range(1, 6)}
    own = {9: over_reports(1.5, 9.0, 9.0)}
    assert WandbHyperbandPruner(LOSS, (3,)).verdict(9, {**peers, **own}, peers).prune
    assert not WandbHyperbandPruner(LOSS, (3,), strict=False).verdict(9, {**peers, **own}, peers).prune
