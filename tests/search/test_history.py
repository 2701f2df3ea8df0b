"""What engines hear of trials, and through which space."""

import math
import random
from dataclasses import replace

import pytest

from hptui import studyfile
from hptui.core.expressions import parse
from hptui.core.parameters import Choice, Float, Int
from hptui.core.trial import Reason, Rejection, Role, Trial, TrialStatus
from hptui.search.history import (
    MAX_REPLAYED_REJECTIONS,
    MEMORY_MARGIN,
    Identities,
    ObservationKind,
    known_identities,
    read_history,
)
from hptui.search.projection import DUPLICATE_REASON, SpaceProjection
from tests.search.kit import LOSS, LOSS_AND_SPEED, space, study, trial

BASE = {"lr": 1e-3, "rank": 16, "alpha": 16, "epochs": 3, "optimizer": "adam", "momentum": 0.0}
LR = Float("lr", 1e-5, 1e-1, log=True)
RANK = Choice("rank", (8, 16, 32, 64))
LENS = SpaceProjection(space([LR, RANK], "rank <= 32"), BASE)


def heard(*trials, lens=LENS, objectives=LOSS):
    return read_history(lens, study(lens.space, objectives=objectives), trials).observations


def one(status, reason=None, objectives=LOSS, **more):
    told = heard(trial(0, {"lr": 1e-4}, status=status, reason=reason, **more), objectives=objectives)
    return told[0] if told else None


def test_a_complete_trial_is_told_with_its_values_and_at_its_point():
    (told,) = heard(trial(0, {"lr": 1e-4}, {"loss": 1, "other": 5.0}))
    assert told.point == {"lr": 1e-4, "rank": 16}
    assert (told.kind, told.values, told.margin) == (ObservationKind.VALUES, (1.0,), 0.0)
    assert type(told.values[0]) is float


def test_several_objectives_come_in_the_studys_order():
    (told,) = heard(trial(0, {}, {"speed": 2.0, "loss": 1.0}), objectives=LOSS_AND_SPEED)
    assert told.values == (1.0, 2.0)
    assert heard(trial(0, {}, {"loss": 1.0}), objectives=LOSS_AND_SPEED) == ()


def test_a_pruned_trial_is_told_with_what_it_showed_last():
    pruned = one(TrialStatus.PRUNED, Reason.PRUNER, metrics={"loss": 2.5}, progress=0.4)
    assert (pruned.kind, pruned.shown, pruned.values) == (ObservationKind.PARTIAL, (400, 2.5), ())
    assert one(TrialStatus.PRUNED, metrics={"loss": math.nan}).shown is None
    assert one(TrialStatus.PRUNED, metrics={"loss": 2.5}, objectives=LOSS_AND_SPEED).shown is None
    assert one(TrialStatus.FAILED, Reason.TIMEOUT, metrics={"loss": 2.5}, progress=0.4).shown == (400, 2.5)
    (told,) = heard(replace(trial(0, {}, status=TrialStatus.PRUNED, metrics={"loss": 2.5}), last_step=30))
    assert told.shown == (30, 2.5)


@pytest.mark.parametrize("reason", [Reason.OOM, Reason.HOST_OOM])
def test_a_trial_without_memory_is_told_as_a_violated_constraint(reason):
    told = one(TrialStatus.FAILED, reason, metrics={"loss": 0.1})
    assert (told.kind, told.margin, told.values, told.shown) == (ObservationKind.VIOLATED, MEMORY_MARGIN, (), None)


@pytest.mark.parametrize(("goal", "bad"), [("minimize", 5 + math.sqrt(8 / 3)), ("maximize", 1 - math.sqrt(8 / 3))])
def test_a_diverged_trial_is_told_as_the_worst_and_one_standard_deviation(goal, bad):
    objectives = (replace(LOSS[0], goal=goal),)
    known = [trial(number, {"lr": 10**-number}, {"loss": value}) for number, value in ((1, 1.0), (2, 3.0), (3, 5.0))]
    diverged = trial(4, {"lr": 0.1}, status=TrialStatus.FAILED, reason=Reason.NAN)
    infinite = trial(5, {"lr": 0.05}, {"loss": math.inf})
    told = heard(*known, diverged, infinite, objectives=objectives)
    assert [one.values[0] for one in told[3:]] == pytest.approx([bad, bad])
    assert heard(diverged) == (), "with nothing to compare, nothing is made up"


@pytest.mark.parametrize("status", [TrialStatus.RUNNING, TrialStatus.PAUSED, TrialStatus.WAITING])
def test_a_trial_that_is_under_way_is_told_as_one_to_stay_away_from(status):
    assert one(status).kind is ObservationKind.AVOID


@pytest.mark.parametrize("reason", sorted(set(Reason) - {Reason.OOM, Reason.HOST_OOM, Reason.NAN, Reason.TIMEOUT}))
@pytest.mark.parametrize("status", [TrialStatus.FAILED, TrialStatus.STOPPED])
def test_what_says_nothing_about_the_settings_is_not_told(status, reason):
    assert one(status, reason, metrics={"loss": 0.1}) is None
    history = read_history(LENS, study(LENS.space), [trial(0, {"lr": 1e-4}, status=status, reason=reason)])
    assert history.seen, "but its configuration is known"


def test_an_imported_trial_teaches_only_what_is_known_of_it():
    known = {"lr": 1e-4, "rank": 8}
    assert heard(trial(0, {"lr": 1e-4}, {"loss": 1.0}, role=Role.IMPORTED)) == ()
    assert [one.values for one in heard(trial(0, known, {"loss": 1.0}, role=Role.IMPORTED))] == [(1.0,)]


def test_roles_make_no_difference():
    for role in set(Role) - {Role.IMPORTED}:
        (told,) = heard(trial(0, {"lr": 1e-4}, {"loss": 1.0}, role=role))
        assert told.values == (1.0,)


def test_a_hand_picked_trial_that_misses_a_constraint_is_told_so():
    (told,) = heard(trial(0, {"rank": 64}, {"loss": 1.0}, role=Role.MANUAL))
    assert told.values == (1.0,)
    assert told.margin == pytest.approx(math.log(2))


@pytest.mark.parametrize(
    ("params", "point"),
    [
        ({}, {"lr": 1e-3, "rank": 16}),
        ({"rank": 8.0}, {"lr": 1e-3, "rank": 8.0}),
        ({"lr": 0.5}, None),
        ({"rank": 12}, None),
        ({"rank": True}, None),
        ({"rank": None}, None),
        ({"epochs": 3}, {"lr": 1e-3, "rank": 16}),
        ({"epochs": 30}, None),
        ({"gone": 1}, None),
    ],
)
def test_what_fits_the_space(params, point):
    assert LENS.point(params) == point


def test_an_added_parameter_stands_at_its_baseline_value():
    assert SpaceProjection(space([LR, Int("epochs", 1, 10)]), BASE).point({"lr": 1e-4}) == {"lr": 1e-4, "epochs": 3}
    assert SpaceProjection(space([LR, Int("epochs", 5, 10)]), BASE).point({"lr": 1e-4}) is None
    assert SpaceProjection(space([LR, Int("unknown", 5, 10)]), BASE).point({"lr": 1e-4}) is None


def test_a_derived_value_must_be_what_it_is_derived_as_today():
    lens = SpaceProjection(space([RANK], derived={"alpha": "2 * rank"}), BASE)
    assert lens.point({"rank": 8, "alpha": 16}) == {"rank": 8}
    assert lens.point({"rank": 8, "alpha": 32}) is None
    assert lens.point({}) == {"rank": 16}, "the baseline evaluates no expr"
    assert lens.identity({"rank": 16, "alpha": 32}) != lens.identity({}), "but it is another configuration"


def test_an_inactive_parameter_says_nothing():
    momentum = Float("momentum", 0.0, 0.9, when=parse("optimizer == 'sgd'"))
    lens = SpaceProjection(space([Choice("optimizer", ("adam", "sgd")), momentum]), BASE)
    assert lens.point({"momentum": 5.0}) == {"optimizer": "adam"}
    assert lens.point({"optimizer": "sgd"}) == {"optimizer": "sgd", "momentum": 0.0}
    assert lens.identity({"optimizer": "adam", "momentum": 0.5}) == lens.identity({})
    assert lens.identity({"optimizer": "sgd", "momentum": 0.5}) != lens.identity({"optimizer": "sgd"})


def test_a_configuration_is_the_same_however_it_is_written():
    assert LENS.identity({"rank": 16, "lr": 1e-3}) == LENS.identity({}) == LENS.identity({"rank": 16.0, "epochs": 3})
    assert LENS.identity({"rank": 8, "lr": 1e-4}) == LENS.identity({"lr": 1e-4, "rank": 8.0})
    assert LENS.identity({"rank": 8}) != LENS.identity({"rank": 32})


def test_a_judgement_says_why():
    settled, rejection = LENS.judge({"lr": 1e-4, "rank": 64}, set())
    assert rejection == Rejection(settled, "rank <= 32", pytest.approx(math.log(2)))
    _, rejection = LENS.judge({"lr": 1e-3, "rank": 16}, {LENS.identity({})})
    assert (rejection.why, rejection.margin) == (DUPLICATE_REASON, 0.0)


def test_stored_rejections_are_heard_before_their_trial_if_they_would_be_rejected_today():
    infeasible = Rejection({"lr": 1e-4, "rank": 64}, "rank <= 32", 0.69)
    duplicate = Rejection({"lr": 1e-4, "rank": 8}, DUPLICATE_REASON)
    relaxed = Rejection({"lr": 1e-4, "rank": 32}, "rank <= 16", 0.69)
    outside = Rejection({"lr": 1e-4, "rank": 128}, "rank <= 32", 1.4)
    trials = [
        trial(0, {"lr": 1e-4, "rank": 8}, {"loss": 1.0}),
        trial(1, {"rank": 8}, {"loss": 2.0}, rejections=(infeasible, duplicate, relaxed, outside)),
    ]
    assert [(told.kind, told.point["rank"]) for told in heard(*reversed(trials))] == [
        (ObservationKind.VALUES, 8),
        (ObservationKind.AVOID, 64),
        (ObservationKind.AVOID, 8),
        (ObservationKind.VALUES, 8),
    ]


def test_of_very_many_rejections_the_newest_are_heard():
    trials = [
        trial(
            number,
            {"lr": 1e-2},
            status=TrialStatus.FAILED,
            rejections=tuple(Rejection({"lr": 1e-5 * (1 + number * 7 + k), "rank": 64}, "", 1.0) for k in range(7)),
        )
        for number in range(100)
    ]
    told = heard(*trials)
    assert [round(one.point["lr"] / 1e-5) for one in told] == list(range(701 - MAX_REPLAYED_REJECTIONS, 701))


@pytest.mark.parametrize(
    ("message", "params", "kind"),
    [
        ("error: --rank must be at most --width", {"lr": 0.1}, ObservationKind.VIOLATED),
        ("error: unrecognized arguments: --lr=0.1", {"lr": 0.1}, None),  # the study stops: it is no evidence
        ("error: --rank must be at most --width", {"lr": 0.1, "rank": 8}, None),  # no trial with these options ran
    ],
)
def test_a_combination_that_the_script_rejects_is_told_as_a_violated_constraint(message, params, kind):
    good = trial(0, {"lr": 1e-4}, {"loss": 1.0})
    bad = replace(trial(1, params, status=TrialStatus.FAILED, reason=Reason.USAGE), message=message)
    assert [told.kind for told in heard(good, bad)[1:]] == ([kind] if kind else [])
    assert heard(bad) == ()


def test_identities_that_are_kept_are_those_that_are_made_anew():
    text = 'name = "a"\n[objective]\nmetric = "loss"\n[trainer]\nkind = "toy"\n[space]\n'
    text += 'learning_rate = "1e-5..1e-1 log"\nwidth = { choices = [16, 32] }\n'
    text += 'depth = { low = 1, high = 4, when = "width > 16" }\n'
    projection, draw = SpaceProjection(studyfile.read_text(text).space, {}), random.Random(1)
    kept, trials = Identities(projection), []
    for number in range(120):
        params = {"learning_rate": draw.choice((1e-3, draw.random())), "width": draw.choice((16, 32))}
        params["depth"] = number % 4 + 1
        trials.append(Trial(number - 3, "", TrialStatus.WAITING, Role.SEARCH, params))
        if draw.random() < 0.3:
            changed = draw.randrange(len(trials))
            trials[changed] = replace(trials[changed], params={**trials[changed].params, "depth": draw.randint(1, 4)})
        assert kept.of(trials) == known_identities(projection, trials)
