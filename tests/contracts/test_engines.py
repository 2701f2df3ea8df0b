"""What every engine promises. One suite, run on each: grid, random, TPE, and TPE for several objectives."""

import json
import logging
import math
import os
import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hptui.model.expressions import parse
from hptui.model.parameters import Choice, Float, Int
from hptui.model.space import key_of
from hptui.model.trial import Reason, Rejection, Role, TrialStatus
from hptui.search.engine import make_engine
from tests.search.kit import LOSS, LOSS_AND_SPEED, ask, drive, space, study, trial

ENGINES = {"grid": LOSS, "random": LOSS, "tpe": LOSS, "tpe-multi": LOSS_AND_SPEED}

LR = Choice("lr", (1e-5, 1e-4, 1e-3, 1e-2))
RANK = Choice("rank", (8, 16, 32, 64))
BATCH = Int("batch", 1, 4)
OPTIMIZER = Choice("optimizer", ("adam", "sgd"))
MOMENTUM = Float("momentum", 0.0, 0.9, step=0.3, when=parse("optimizer == 'sgd'"))

FULL = space([LR, RANK, BATCH, OPTIMIZER, MOMENTUM], "rank * batch <= 64", derived={"alpha": "2 * rank"})
BASE = {"lr": 1e-3, "rank": 16, "batch": 1, "optimizer": "adam", "momentum": 0.0, "alpha": 16, "epochs": 3}


@pytest.fixture(params=ENGINES)
def make(request):
    """A study of one engine over a space."""

    def made(searched=FULL, **more):
        sampler = request.param.partition("-")[0]
        return study(searched, sampler, objectives=ENGINES[request.param], **{"base": BASE, **more})

    return made


def measure(settings):
    loss = (math.log10(settings["lr"]) + 3) ** 2 + abs(settings["rank"] - 32) / 20 + settings.get("momentum", 0.0)
    return {"loss": loss, "speed": settings["batch"] / settings["rank"]}


def plain(proposal):
    return None if proposal is None else (proposal.params, proposal.rejections, proposal.engine)


def test_proposals_are_feasible_settled_and_new(make):
    trials = drive(make(), 40, measure)
    assert len(trials) == 40
    for done in trials:
        assert FULL.settle(BASE, done.params) == done.params
        assert FULL.contains(done.params)
        assert FULL.margin(BASE, done.params) <= 0
        assert done.params["alpha"] == 2 * done.params["rank"]
        assert ("momentum" in done.params) == (done.params["optimizer"] == "sgd")
        assert all(type(done.params[name]) is int for name in ("rank", "batch"))
    assert len({key_of(done.params) for done in trials}) == 40


def test_an_engine_rebuilt_before_every_ask_proposes_what_the_lasting_one_does(make):
    asked = make()
    lasting, trials = make_engine(asked), []
    for number in range(25):
        lasting.sync(trials)
        proposal = lasting.ask(number)
        assert plain(ask(asked, trials)) == plain(proposal)
        assert plain(lasting.ask(number)) == plain(proposal), "asking twice changes nothing"
        trials.append(trial(number, proposal.params, measure(proposal.params), rejections=proposal.rejections))


def test_the_order_in_which_trials_are_handed_over_does_not_matter(make):
    asked, trials = make(), drive(make(), 15, measure)
    for seed in range(3):
        assert plain(ask(asked, random.Random(seed).sample(trials, 15))) == plain(ask(asked, trials))


def test_a_history_that_was_stored_and_read_back_gives_the_same_proposal(make):
    asked, trials = make(), drive(make(), 15, measure)
    stored = [
        replace(
            done,
            params=json.loads(json.dumps(done.params, sort_keys=True)),
            rejections=tuple(replace(one, params=json.loads(json.dumps(one.params))) for one in done.rejections),
        )
        for done in trials
    ]
    assert plain(ask(asked, stored)) == plain(ask(asked, trials))


PROGRAM = """
import json, sys
from tests.contracts.test_engines import BASE, ENGINES, FULL, measure
from tests.search.kit import drive, study
name = sys.argv[1]
trials = drive(study(FULL, name.partition("-")[0], objectives=ENGINES[name], base=BASE, seed=7), 12, measure)
print(json.dumps([[done.params, [one.params for one in done.rejections]] for done in trials]))
"""


@pytest.mark.parametrize("name", ENGINES)
def test_proposals_do_not_depend_on_the_process(name):
    def proposals(hash_seed):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-W", "error", "-c", PROGRAM, name]
        root = Path(__file__).parents[2]
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=root).stdout

    assert proposals("1") == proposals("2")


@pytest.mark.parametrize("name", ["random", "tpe", "tpe-multi"])
def test_another_seed_and_another_number_draw_anew(name):
    def first(seed, number):
        return ask(
            study(FULL, name.partition("-")[0], objectives=ENGINES[name], base=BASE, seed=seed), [], number
        ).params

    assert len({key_of(first(seed, 0)) for seed in range(20)}) > 10
    assert len({key_of(first(0, number)) for number in range(20)}) > 10


def test_every_configuration_is_proposed_once_and_then_the_space_is_spent(make):
    small = space([Choice("rank", (8, 16, 32)), BATCH, OPTIMIZER, MOMENTUM], "rank * batch <= 32")
    everything = {key_of(one) for one in small.enumerate(BASE, 10_000)}
    asked = make(small)
    trials = drive(asked, 1000, lambda settings: measure({**BASE, **settings}))
    assert sorted(key_of(done.params) for done in trials) == sorted(everything)
    assert ask(asked, trials) is None
    assert ask(asked, trials, 5000) is None


def test_a_space_without_feasible_points_is_spent_at_once(make):
    assert ask(make(space([LR, RANK], "rank > 64")), []) is None


def test_an_empty_space_has_one_configuration(make):
    asked = make(space([]))
    assert ask(asked, []).params == {}
    assert ask(asked, [trial(0, {}, {"loss": 1.0, "speed": 1.0})]) is None


@pytest.mark.parametrize("status", list(TrialStatus))
def test_a_configuration_with_a_trial_is_not_proposed_again_whatever_became_of_it(make, status):
    asked = make(space([RANK]))
    values = {"loss": 1.0, "speed": 1.0} if status is TrialStatus.COMPLETE else None
    known = [trial(number, {"rank": rank}, values, status=status) for number, rank in enumerate((8, 32, 64))]
    assert ask(asked, known).params == {"rank": 16}


def test_the_baseline_is_a_configuration_like_any_other(make):
    baseline = trial(0, {}, {"loss": 1.0, "speed": 1.0}, role=Role.BASELINE)
    trials = drive(make(space([RANK])), 10, measure, [baseline])
    assert sorted(done.params["rank"] for done in trials[1:]) == [8, 32, 64]


def test_a_listed_trial_that_changes_something_else_is_another_configuration(make):
    listed = trial(0, {"rank": 8, "epochs": 30}, {"loss": 1.0, "speed": 1.0}, role=Role.LISTED)
    trials = drive(make(space([RANK])), 10, measure, [listed])
    assert sorted(done.params["rank"] for done in trials[1:]) == [8, 16, 32, 64]


CHANGES = {
    "narrowed": space([Choice("lr", (1e-3, 1e-2)), RANK, BATCH], "rank * batch <= 64"),
    "widened": space([Choice("lr", (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)), RANK, Int("batch", 1, 16)]),
    "other steps": space([Choice("lr", (3e-4, 1e-3)), Int("rank", 8, 64, step=8), BATCH]),
    "another kind": space([LR, Choice("rank", (8, 16, 32, 64), ordered=False), Choice("batch", (1, 2, 4, 8))]),
    "added": space([LR, RANK, BATCH, Choice("epochs", (1, 3, 10))]),
    "added, its baseline outside": space([LR, RANK, BATCH, Choice("epochs", (10, 30))]),
    "removed": space([LR, BATCH]),
    "conditional now": space([LR, BATCH, Choice("rank", (8, 16, 32), when=parse("batch >= 2"))]),
    "a tighter constraint": space([LR, RANK, BATCH], "rank * batch <= 16", "lr * rank < 0.1"),
    "another formula": space([LR, RANK, BATCH], derived={"alpha": "4 * rank"}),
    "nothing in common": space([Choice("dropout", (0.0, 0.1, 0.2, 0.3, 0.4, 0.5))]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_space_can_be_edited_under_a_history(make, change):
    before, after = drive(make(), 20, measure), CHANGES[change]
    asked = make(after)
    trials = drive(asked, 26, lambda settings: measure({**BASE, **settings}), before)
    assert len(trials) == 26
    for done in trials[20:]:
        assert after.settle(BASE, done.params) == done.params
        assert after.contains(done.params)
        assert after.margin(BASE, done.params) <= 0


def test_any_history_can_be_heard(make):
    asked, rng = make(), random.Random(3)
    odd = [math.nan, math.inf, -math.inf, 0.0, 1e308, None]
    trials = []
    for number, (status, reason) in enumerate((status, reason) for status in TrialStatus for reason in (None, *Reason)):
        values = {"loss": rng.choice(odd[:5]), "speed": 1.0} if status is TrialStatus.COMPLETE and reason else {}
        rejections = (
            Rejection({"rank": 64, "batch": 4, "lr": 1e-4, "optimizer": "adam"}, "rank * batch <= 64", 0.7),
            Rejection({"unknown": 1}, "of a space long ago", 1.0),
        )
        done = trial(
            number,
            FULL.sample(BASE, rng),
            values,
            status=status,
            reason=reason,
            metrics={"loss": rng.choice(odd)},
            rejections=rejections,
            progress=rng.choice([None, 0.0, 0.4]),
        )
        trials.append(replace(done, last_step=rng.choice([None, 0, 17])))
        if number % 7 == 0:
            proposal = ask(asked, trials)
            assert FULL.margin(BASE, proposal.params) <= 0


@pytest.mark.parametrize("reason", [Reason.NAN, Reason.OOM, Reason.CRASH])
def test_a_history_of_nothing_but_failures_can_be_heard(make, reason):
    rng = random.Random(4)
    trials = [
        trial(number, FULL.sample(BASE, rng), status=TrialStatus.FAILED, reason=reason, metrics={"loss": math.nan})
        for number in range(12)
    ]
    assert FULL.margin(BASE, ask(make(), trials).params) <= 0


NARROW = {
    "one in 3600": space([Int("a", 1, 60), Int("b", 1, 60)], "a * b == 3481"),
    "one in 1800, beside others": space([Int("a", 1, 60), Int("b", 1, 60), Int("c", 1, 10)], "a * b == 3540"),
    "none in 3600": space([Int("a", 1, 60), Int("b", 1, 60)], "a * b == 3541"),
}


@pytest.mark.parametrize("name", NARROW)
def test_a_tiny_feasible_share_does_not_stall(make, name):
    asked, trials, slowest = make(NARROW[name], base={}), [], 0.0
    for number in range(8):
        start = time.process_time()
        proposal = ask(asked, trials, number)
        slowest = max(slowest, time.process_time() - start)
        if proposal is None:
            break
        assert NARROW[name].margin({}, proposal.params) <= 0
        trials.append(trial(number, proposal.params, {"loss": float(number), "speed": 1.0}))
    assert len(trials) == {"one in 3600": 1, "one in 1800, beside others": 8, "none in 3600": 0}[name]
    assert slowest < 2, "the machine that tests may be busy; alone it takes a tenth of this"


def test_an_expression_that_cannot_be_computed_everywhere_rules_out_only_those_points(make):
    shaky = space([Int("a", 0, 4), Int("b", 0, 4)], "a / b >= 1", derived={"ratio": "10 // (a - 2)"})
    trials = drive(make(shaky, base={}), 100, lambda settings: {"loss": settings["a"], "speed": settings["b"]})
    expected = {(a, b) for a in (0, 1, 3, 4) for b in (1, 2, 3, 4) if a >= b}
    assert {(done.params["a"], done.params["b"]) for done in trials} == expected


def test_an_engine_is_silent(make, capfd, caplog):
    caplog.set_level(logging.DEBUG, logger="optuna")
    drive(make(), 10, measure)
    assert capfd.readouterr() == ("", "")
    assert caplog.messages == []


def test_trials_are_not_altered(make):
    asked, trials = make(), drive(make(), 12, measure)
    before = repr(trials)
    ask(asked, trials)
    assert repr(trials) == before
