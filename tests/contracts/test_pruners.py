"""What every pruner promises. One suite, run on each kind, over curves that never meet at the same step."""

import random
from dataclasses import replace

import pytest

from hptui import plugins
from hptui.core.study import Objective
from hptui.search.pruners import ProgressCurve, pruner_for, pruner_settings

LOSS = Objective("loss")
SPECS = {
    "median": pruner_settings("median"),
    "percentile": pruner_settings("percentile"),
    "asha": pruner_settings("asha"),
    "hyperband": pruner_settings("hyperband"),
    "patient": pruner_settings("patient"),
    "patient around median": pruner_settings("patient", wraps="median"),
    "threshold": pruner_settings("threshold", high=3.0),
}


def curve(to, count, until=1.0):
    """A loss that falls quickly from 4 to `to` in `count` reports, and then stays there."""
    progress = [step / count for step in range(1, count + 1) if step / count <= until]
    return ProgressCurve(tuple(progress), tuple(max(to, 4 - 20 * p * (4 - to) / 4) for p in progress))


def mirrored(one):
    return ProgressCurve(one.progress, tuple(-value for value in one.values))


PEERS = {number: curve(1 + number / 20, (7, 9, 13, 16, 29)[number % 5]) for number in range(20)}
BAD = curve(3.5, 11, until=0.75)
GOOD = curve(0.5, 11, until=0.75)


@pytest.fixture(params=SPECS)
def spec(request):
    return SPECS[request.param]


def judge(spec, own, peers=PEERS, objective=LOSS, trial=99):
    return pruner_for(spec, objective).verdict(trial, {**peers, trial: own}, peers.keys())


COUNTING = {"bands"}
"""Kinds that go by reports and not by progress, as W&B has them: `tests/search/test_bands.py`."""


def test_every_kind_is_here():
    assert {spec.kind for spec in SPECS.values()} | COUNTING == set(plugins.names("pruners"))


def test_a_bad_trial_is_pruned_and_told_why_in_numbers(spec):
    given = judge(spec, BAD)
    assert given.prune
    assert given.why.startswith("loss ")
    assert " %" in given.why
    assert "3.5" in given.why
    assert given == judge(spec, BAD), "the same question has the same answer"


def test_a_good_trial_goes_on(spec):
    assert not judge(spec, GOOD).prune


def test_a_trial_without_a_curve_goes_on(spec):
    assert not judge(spec, ProgressCurve((), ())).prune
    assert not pruner_for(spec, LOSS).verdict(99, PEERS, PEERS.keys()).prune


def test_nothing_is_pruned_before_the_warm_up(spec):
    assert not judge(replace(spec, warmup=0.8), BAD).prune


def test_the_leader_goes_on_unless_a_bound_is_broken(spec):
    worse = {number: curve(3.8, 11) for number in range(20)}
    assert judge(spec, BAD, worse).prune == (spec.kind == "threshold")


def test_the_first_trials_go_on_where_others_are_needed(spec):
    alone = spec.kind in ("threshold", "patient") and spec.values.get("wraps", "none") == "none"
    assert judge(spec, BAD, {number: PEERS[number] for number in range(4)}).prune == alone


def test_a_goal_to_maximize_is_mirrored(spec):
    up = Objective("loss", "maximize")
    peers = {number: mirrored(one) for number, one in PEERS.items()}
    turned = pruner_settings("threshold", low=-3.0) if spec.kind == "threshold" else spec
    assert judge(turned, mirrored(BAD), peers, up).prune
    assert not judge(turned, mirrored(GOOD), peers, up).prune


def test_points_out_of_order_and_without_a_number_change_nothing(spec):
    pairs = list(zip(BAD.progress, BAD.values, strict=True))
    random.Random(0).shuffle(pairs)
    mixed = ProgressCurve(tuple(p for p, _ in pairs), tuple(v for _, v in pairs))
    assert judge(spec, mixed) == judge(spec, BAD)
    if spec.kind != "threshold":
        holes = ProgressCurve((*mixed.progress, 0.5, 0.74), (*mixed.values, float("nan"), float("-inf")))
        assert judge(spec, holes) == judge(spec, BAD)


def test_whether_it_is_asked_often_or_seldom_the_reports_decide(spec):
    """The runner may read several reports at once: a verdict rests on the curve, not on when somebody looked."""
    first = next((p for p in BAD.progress if judge(spec, cut(BAD, p)).prune), None)
    assert first is not None
    assert all(judge(spec, cut(BAD, p)).prune for p in BAD.progress if p >= first)


def cut(one, share):
    count = sum(p <= share for p in one.progress)
    return ProgressCurve(one.progress[:count], one.values[:count])
