"""TPE learns: better than chance on every kind of study, from a history that it is rebuilt from before every ask."""

import math
import random
import statistics

import pytest

from hptui.core.expressions import parse
from hptui.core.parameters import Choice, Float, Int
from hptui.core.trial import Reason, Role, TrialStatus
from tests.search.kit import LOSS_AND_SPEED, ask, drive, losses, space, study, trial

LR = Float("lr", 1e-5, 1e-1, log=True)
QUADRATIC = space([LR, Float("x", -5, 5), Int("n", 1, 100), Choice("width", (8, 16, 32, 64, 128))])


def quadratic(settings):
    far = (math.log10(settings["lr"]) + 3) ** 2 + (settings["x"] - 2) ** 2 / 4 + ((settings["n"] - 70) / 30) ** 2
    return {"loss": far + (math.log2(settings["width"]) - 5) ** 2 / 2}


def test_the_first_trials_are_those_of_random_search():
    first = [
        [done.params for done in drive(study(QUADRATIC, sampler, seed=5), 5, quadratic)]
        for sampler in ("random", "tpe")
    ]
    assert first[0] == first[1]


def test_a_goal_to_maximize_is_understood():
    def far(settings):
        return {"speed": -((settings["x"] - 0.8) ** 2)}

    runs = [drive(study(space([Float("x", 0, 1)]), objectives=LOSS_AND_SPEED[1:], seed=s), 30, far) for s in range(4)]
    late = [abs(done.params["x"] - 0.8) for trials in runs for done in trials[15:]]
    assert statistics.median(late) < 0.15, "by chance it would be 0.3"


def test_numbers_to_choose_from_have_an_order():
    """With an order, the value beside the best is tried; as categories, nothing connects them."""

    def tried(ordered):
        searched = space([Choice("width", tuple(2**k for k in range(12)), ordered=ordered), Float("x", 0, 1)])
        known = [
            trial(number, {"width": 2 ** (number % 12), "x": (number * 0.377) % 1}, {"loss": abs(number % 12 - 7.6)})
            for number in range(36)
            if number % 12 != 7
        ]
        return [ask(study(searched, seed=seed), known).params["width"] for seed in range(60)]

    assert tried(True).count(2**7) >= 3
    assert tried(False).count(2**7) == 0


def test_lists_texts_and_booleans_can_be_chosen():
    choices = ("cosine", "linear", True, False, ["warmup", 100], ["warmup", 200])

    def measure(settings):
        return {"loss": settings["x"] + (settings["schedule"] != ["warmup", 200])}

    searched = space([Choice("schedule", choices), Float("x", 0, 1)])
    runs = [drive(study(searched, seed=seed), 40, measure) for seed in range(3)]
    late = [done.params["schedule"] for trials in runs for done in trials[20:]]
    assert late.count(["warmup", 200]) > 15, "by chance it would be 10 of 60"
    assert all(any(type(one) is type(choice) and one == choice for choice in choices) for one in late)


def test_steps_come_back_as_they_are_written():
    asked = study(space([Float("dropout", 0.0, 0.95, step=0.1), Int("layers", 2, 25, step=4), Float("x", 0, 1)]))
    trials = drive(asked, 30, lambda settings: {"loss": abs(settings["dropout"] - 0.3) + settings["layers"] / 25})
    assert {str(done.params["dropout"]) for done in trials} <= {f"0.{digit}" for digit in range(10)}
    assert {done.params["layers"] for done in trials} <= {2, 6, 10, 14, 18, 22}


@pytest.mark.parametrize("reason", [Reason.OOM, Reason.NAN])
def test_a_wall_is_learned(reason):
    """The wider the better, until it does not fit: without being told, the search would run into the wall for ever."""
    searched = space([Float("width", 0, 1), Float("x", 0, 1)])

    def shares(seed, reason):
        trials = []
        for number in range(40):
            params = ask(study(searched, seed=seed), trials).params
            if params["width"] > 0.5:
                trials.append(trial(number, params, status=TrialStatus.FAILED, reason=reason))
            else:
                trials.append(trial(number, params, {"loss": (params["x"] - 0.3) ** 2 - params["width"]}))
        return statistics.mean(done.status is TrialStatus.FAILED for done in trials[20:])

    assert statistics.mean(shares(seed, reason) for seed in range(4)) < 0.6
    assert statistics.mean(shares(seed, Reason.CRASH) for seed in range(2)) > 0.8


def test_what_diverges_is_avoided():
    asked = study(space([LR]))
    trials = []
    for number in range(40):
        params = ask(asked, trials).params
        exponent = math.log10(params["lr"])
        if exponent > -2.5:
            trials.append(trial(number, params, status=TrialStatus.FAILED, reason=Reason.NAN))
        else:
            trials.append(trial(number, params, {"loss": (exponent + 3) ** 2}))
    assert sum(done.status is TrialStatus.FAILED for done in trials[20:]) <= 6


def test_pruned_trials_teach():
    """Every trial is pruned or not by its x alone; the search still finds the good side."""
    asked = study(space([Float("x", 0, 1)]))
    trials = []
    for number in range(30):
        params = ask(asked, trials).params
        loss = {"loss": abs(params["x"] - 0.2)}
        if params["x"] > 0.4:
            cut = trial(number, params, status=TrialStatus.PRUNED, metrics={"loss": 2.0}, progress=0.3)
            trials.append(cut)
        else:
            trials.append(trial(number, params, loss))
    assert sum(done.status is TrialStatus.PRUNED for done in trials[15:]) <= 4


def test_running_trials_keep_the_next_ones_away():
    """Without results between them, parallel slots do not all get the same neighbourhood."""
    asked = study(space([Float("x", 0, 1), Float("y", 0, 1)]), seed=2)
    trials = drive(asked, 20, lambda settings: {"loss": (settings["x"] - 0.5) ** 2 + (settings["y"] - 0.5) ** 2})

    def spread(told):
        known, points = list(trials), []
        for number in range(20, 28):
            params = ask(asked, known, number).params
            points.append((params["x"], params["y"]))
            if told:
                known.append(trial(number, params, status=TrialStatus.RUNNING))
        return statistics.mean(math.dist(a, b) for a in points for b in points if a != b)

    assert spread(told=True) > spread(told=False)


def test_infeasible_proposals_are_fed_back_and_never_run():
    searched = space(
        [Choice("width", (16, 32, 64, 128, 256, 512)), Choice("batch", (4, 8, 16, 32, 64)), LR], "width * batch <= 1000"
    )

    def measure(settings):
        return {"loss": (math.log10(settings["lr"]) + 3) ** 2 - 0.4 * math.log2(settings["width"])}

    runs = [drive(study(searched, seed=seed), 25, measure) for seed in range(4)]
    chance = [drive(study(searched, "random", seed=seed), 25, measure) for seed in range(4)]
    rejected = [one for trials in runs for done in trials for one in done.rejections]
    assert rejected
    assert all(one.why == "width * batch <= 1000" or one.margin == 0 for one in rejected)
    assert all(one.params["width"] * one.params["batch"] > 1000 for one in rejected if one.margin > 0)
    assert len(rejected) < 4 * 25 * 3, "fed back, it soon proposes what is feasible"
    assert statistics.mean(min(losses(t)) for t in runs) < statistics.mean(min(losses(t)) for t in chance)


def test_it_learns_where_almost_nothing_is_feasible():
    searched = space(
        [Int("dim", 64, 1024, step=64), Int("heads", 2, 32), LR, Float("decay", 0, 0.3)], "dim == 64 * heads"
    )

    def measure(settings):
        return {"loss": (math.log10(settings["lr"]) + 3) ** 2 + (settings["heads"] - 9) ** 2 / 16}

    best = {
        sampler: statistics.mean(
            min(losses(drive(study(searched, sampler, seed=seed), 25, measure))) for seed in range(3)
        )
        for sampler in ("random", "tpe")
    }
    assert best["tpe"] < best["random"] / 2


def test_conditional_parameters_are_learned_in_their_branch():
    searched = space(
        [
            Choice("optimizer", ("adam", "sgd", "lion")),
            Float("momentum", 0.0, 1.0, when=parse("optimizer == 'sgd'")),
            Float("beta", 0.0, 1.0, when=parse("optimizer == 'adam'")),
            LR,
        ]
    )

    def measure(settings):
        branch = {"sgd": abs(settings.get("momentum", 0) - 0.9), "adam": 0.5 + settings.get("beta", 0), "lion": 1.0}
        return {"loss": branch[settings["optimizer"]] + (math.log10(settings["lr"]) + 3) ** 2 / 4}

    late = [done for seed in range(3) for done in drive(study(searched, seed=seed), 50, measure)[30:]]
    chosen = [done.params for done in late if done.params["optimizer"] == "sgd"]
    assert len(chosen) > len(late) / 2
    assert statistics.median(abs(params["momentum"] - 0.9) for params in chosen) < 0.15
    assert not any("beta" in params for params in chosen)


def test_several_objectives_are_traded_against_each_other():
    """Loss wants x = 0.2, speed wants x = 0.8; y only hurts. Both ends are looked at, and y becomes small."""

    def measure(settings):
        x, y = settings["x"], settings["y"]
        return {"loss": (x - 0.2) ** 2 + y, "speed": 1 - (x - 0.8) ** 2 - y}

    asked = study(space([Float("x", 0, 1), Float("y", 0, 1)]), objectives=LOSS_AND_SPEED)
    late = [done.params for done in drive(asked, 60, measure)[30:]]
    assert statistics.median(params["y"] for params in late) < 0.15
    assert sum(0.1 < params["x"] < 0.9 for params in late) > 20
    assert min(params["x"] for params in late) < 0.4 < 0.6 < max(params["x"] for params in late)


def test_trials_from_elsewhere_and_replicates_inform():
    rng = random.Random(1)
    known = [
        trial(number, params, quadratic(params), role=rng.choice([Role.IMPORTED, Role.REPLICATE, Role.MANUAL]))
        for number, params in enumerate(QUADRATIC.sample({}, rng) for _ in range(60))
    ]
    informed = [losses(drive(study(QUADRATIC, seed=seed), 66, quadratic, known))[60:] for seed in range(4)]
    blind = [losses(drive(study(QUADRATIC, "random", seed=seed), 6, quadratic)) for seed in range(4)]
    assert statistics.median(map(statistics.median, informed)) < statistics.median(map(statistics.median, blind)) / 2


def test_a_narrowed_space_goes_on_learning_from_the_trials_inside_it():
    before = drive(study(QUADRATIC), 40, quadratic)
    narrowed = space(
        [Float("lr", 1e-4, 1e-2, log=True), Float("x", 0, 5), Int("n", 40, 100), Choice("width", (16, 32, 64))]
    )
    after = losses(drive(study(narrowed), 50, quadratic, before))[40:]
    fresh = losses(drive(study(narrowed), 10, quadratic))
    assert statistics.median(after) < statistics.median(fresh)
